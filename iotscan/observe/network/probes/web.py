"""GET over the dialer: one at a time, or several on a connection that the server keeps open.

Nothing but GET is ever sent. A redirect is followed at most once, and only on the same address and port.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import anyio
import msgspec

from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, TimedOut
from iotscan.observe.network.probe import Door, speaks_tls
from iotscan.wire.http import HEADER_CAP, BadResponse, Exchange, HttpResponse, Origin

_OVERHEAD = 2 * HEADER_CAP
_PATIENCE = 0.75
"""The share of a conversation's clock after which a body that still drips is cut off."""
_LOST_LIMIT = 2


class NotHttp(DialError):
    """The service answered, but not in HTTP that can be read."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One GET: its path, how many bytes of body are wanted, a byte range, whether a redirect is followed."""

    path: str
    cap: int
    byte_range: str = ""
    follow: bool = False


Reply = HttpResponse | DialError


def origin(door: Door) -> Origin:
    """Where the door leads, as a URL says it."""
    scheme = "https" if speaks_tls(door.service) else "http"
    return Origin(scheme=scheme, host=door.address, port=door.port, name=door.server_name)


async def get(door: Door, path: str, *, cap: int) -> HttpResponse:
    """One GET on a connection of its own, redirects not followed. Raises a DialError, NotHttp among them."""
    async with door.plain_or_tls(cap=cap + _OVERHEAD) as connection:
        exchange = Exchange(path, host=origin(door).authority, body_cap=cap)
        return await _converse(connection, exchange, _PATIENCE * door.line.pace.conversation_timeout)


async def ask_all(door: Door, asks: Sequence[Ask]) -> tuple[Reply, ...]:
    """The reply to each GET, in order: a response or the error that stood in its place.

    They share a connection as long as the server lets them. After two connections lost in a row the
    rest is left unasked and gets the last error.
    """
    round_trip = _RoundTrip(door, asks)
    while round_trip.has_more:
        await round_trip.run()
    return round_trip.replies()


class _RoundTrip:
    """The queue of one :func:`ask_all`: (place in the answer, what to ask, already redirected)."""

    def __init__(self, door: Door, asks: Sequence[Ask]) -> None:
        self._door = door
        self._origin = origin(door)
        self._queue: deque[tuple[int, Ask]] = deque(enumerate(asks))
        self._replies: dict[int, Reply] = {}
        self._lost = 0

    @property
    def has_more(self) -> bool:
        return bool(self._queue)

    def replies(self) -> tuple[Reply, ...]:
        return tuple(self._replies[at] for at in sorted(self._replies))

    async def run(self) -> None:
        """One connection: at least one reply, or an error for the first in the queue."""
        served = 0
        cap = sum(ask.cap + _OVERHEAD for _, ask in self._queue)
        try:
            async with self._door.plain_or_tls(cap=cap) as connection:
                while self._queue and await self._serve(connection):
                    served += 1
        except DialError as error:
            # A server may drop a connection it promised to keep: then the GET is asked again on a fresh one.
            if not served:
                self._lose(error)
        else:
            self._lost = 0

    async def _serve(self, connection: Connection) -> bool:
        """Ask the first in the queue; True when the connection carries another GET."""
        at, ask = self._queue[0]
        exchange = Exchange(
            ask.path,
            host=self._origin.authority,
            body_cap=ask.cap,
            byte_range=ask.byte_range,
            keep_alive=len(self._queue) > 1 or ask.follow,
        )
        patience = _PATIENCE * self._door.line.pace.conversation_timeout
        response = await _converse(connection, exchange, patience)
        self._queue.popleft()
        target = self._origin.resolve(response.header("location"), ask.path) if response.is_redirect else None
        if ask.follow and target:
            self._queue.appendleft((at, msgspec.structs.replace(ask, path=target, follow=False)))
        else:
            self._replies[at] = response
        return exchange.is_reusable

    def _lose(self, error: DialError) -> None:
        at, _ = self._queue.popleft()
        self._replies[at] = error
        self._lost += not isinstance(error, NotHttp)
        if self._lost >= _LOST_LIMIT:
            self._replies |= {later: error for later, _ in self._queue}
            self._queue.clear()


async def _converse(connection: Connection, exchange: Exchange, patience: float) -> HttpResponse:
    """Send the request and read until the response is complete or cut. Raises a DialError."""
    await connection.send(exchange.request)
    try:
        with anyio.move_on_after(patience):
            await _read(connection, exchange)
        if not exchange.is_complete and not exchange.has_head:
            raise TimedOut(f"no whole answer to GET in {patience:g} s")
        if not exchange.is_complete:
            exchange.cut("the body did not end in time")
        return exchange.response()
    except BadResponse as error:
        raise NotHttp(f"the answer to GET cannot be read: {error}") from error


async def _read(connection: Connection, exchange: Exchange) -> None:
    """Feed what comes until the response is complete; an error in the middle of a body cuts it."""
    try:
        while not exchange.is_complete:
            exchange.feed(await connection.receive(16 * 1024))
    except DialError:
        if not exchange.has_head:
            raise
        exchange.cut("the connection was lost within the body")


FRONT_PAGE_CAP: Final = 1024 * 1024
"""Bytes of a front page: a web application in one file fits."""
