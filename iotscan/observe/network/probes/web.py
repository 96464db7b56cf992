"""GET over the dialer: one at a time, or several on a connection that the server keeps open.

Nothing but GET is ever sent. A redirect is followed at most once, and only on the same address and port.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Final

import anyio
import msgspec

from iotscan.model.facts import Fact, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, TimedOut
from iotscan.observe.network.outgoing import asking
from iotscan.observe.network.probe import Door, Heard, Missed, speaks_tls
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.http import HEADER_CAP, BadResponse, Exchange, HttpResponse, Origin

_OVERHEAD = 2 * HEADER_CAP
_PATIENCE = 0.75
"""The share of a conversation's clock after which a body that still drips is cut off."""
_AHEAD = 0.5
"""The share of a conversation's clock in which what further probes will ask is asked at once."""
_LOST_LIMIT = 2
_CONTROL_CAP = 256 * 1024


class NotHttp(DialError):
    """The service answered, but not in HTTP that can be read."""


def origin(door: Door) -> Origin:
    """Where the door leads, as a URL says it."""
    scheme = "https" if speaks_tls(door.service) else "http"
    return Origin(scheme=scheme, host=door.address, port=door.port, name=door.server_name)


def nothing_found(fact: type[Fact], nobody: HttpResponse) -> Heard:
    """Nothing was found: absent, unless ``nobody`` (the answer for a path that no one has) says that nobody is told."""
    said = f"everything answers {nobody.status}"
    if nobody.status in (401, 403, 407):
        return _gap(fact, Reason.NOT_OBSERVABLE, f"{said} without credentials")
    if nobody.status >= 500 or nobody.status == 429:
        return _gap(fact, Reason.UNREADABLE, said)
    return Heard()


def _gap(fact: type[Fact], reason: Reason, detail: str) -> Heard:
    gap = Missed(need=kind_of(fact), status=AttemptStatus.UNREADABLE, reason=reason, detail=detail)
    return Heard(missed=(gap,))


def control(door: Door) -> Ask:
    """The GET of a path that nobody has: what it answers, a 200 means on this host."""
    return Ask(path=door.web.control(), cap=_CONTROL_CAP)


async def get(door: Door, path: str, *, cap: int) -> HttpResponse:
    """One GET, redirects not followed. Raises a DialError, NotHttp among them."""
    (reply,) = await ask_all(door, (Ask(path=path, cap=cap),))
    if isinstance(reply, DialError):
        raise reply
    return reply


async def ask_all(
    door: Door, asks: Sequence[Ask], *, onward: Callable[[HttpResponse], str] = lambda _: ""
) -> tuple[Reply, ...]:
    """The reply to each GET, in order: a response or the error that stood in its place.

    They share a connection as long as the server lets them, and what was asked before is not asked again. After two
    connections lost in a row the rest is left unasked and gets the last error. ``onward`` names a path that a response
    leads to: it is asked next, for whoever wants it, if the connection stays open.
    """
    round_trip = _RoundTrip(door, asks, onward)
    while round_trip.has_more:
        await round_trip.run()
    return round_trip.replies()


class _RoundTrip:
    """The queue of one :func:`ask_all`: (place in the answer, what to ask)."""

    def __init__(self, door: Door, asks: Sequence[Ask], onward: Callable[[HttpResponse], str]) -> None:
        self._door = door
        self._origin = origin(door)
        self._queue: deque[tuple[int, Ask]] = deque()
        self._replies: dict[int, Reply] = {}
        self._onward = onward
        self._lost = 0
        self._clock = door.line.pace.conversation_timeout
        for at, ask in enumerate(asks):
            if not self._remember(at, ask):
                self._queue.append((at, ask))

    @property
    def has_more(self) -> bool:
        return bool(self._queue)

    def replies(self) -> tuple[Reply, ...]:
        return tuple(self._replies[at] for at in sorted(self._replies))

    async def run(self) -> None:
        """One connection: at least one reply, or an error for the first in the queue."""
        served, web = 0, self._door.web
        if web.silence is not None:
            self._leave(web.silence)
            return
        cap = sum(ask.cap + _OVERHEAD for _, ask in self._queue)
        cap += web.planned_caps + web.planned_count * _OVERHEAD
        try:
            async with self._door.plain_or_tls(cap=cap) as connection:
                ends = anyio.current_time() + _AHEAD * self._clock
                while self._queue and await self._serve(connection):
                    served += 1
                if not self._queue and served:
                    await self._look_ahead(connection, ends)
        except DialError as error:
            # A server may drop a connection it promised to keep: then the GET is asked again on a fresh one.
            if self._queue and not served:
                web.note(error)
                self._lose(error)
        else:
            self._lost = 0
            web.note(None)

    async def _serve(self, connection: Connection) -> bool:
        """Ask the first in the queue; True when the connection carries another GET."""
        at, ask = self._queue[0]
        more = len(self._queue) > 1 or ask.follow or self._door.web.has_more
        response, is_reusable = await self._get(connection, ask, more, _PATIENCE * self._clock)
        self._queue.popleft()
        if onward := self._onward(response):
            self._door.web.plan_next(Ask(path=onward, cap=ask.cap))
        if not self._remember(at, ask):
            self._take(at, ask, response)
        return is_reusable

    async def _look_ahead(self, connection: Connection, ends: float) -> None:
        """Ask what the further probes will, as long as the connection carries it and half the clock is left."""
        web = self._door.web
        while anyio.current_time() < ends and (planned := web.next()):
            patience = ends + (_PATIENCE - _AHEAD) * self._clock - anyio.current_time()
            try:
                with asking(planned.label) if planned.label else nullcontext():
                    response, is_reusable = await self._get(connection, planned.ask, True, patience)
            except DialError as error:
                if isinstance(error, TimedOut):
                    # Who hangs on one path is not asked for it again.
                    web.keep(planned.ask, error)
                web.give_up()
                return
            if target := self._led_to(planned.ask, response):
                web.plan_next(target, planned.label)
            if not is_reusable:
                return

    async def _get(
        self, connection: Connection, ask: Ask, keep_alive: bool, patience: float
    ) -> tuple[HttpResponse, bool]:
        """The response, remembered, and whether the connection carries another GET. Raises a DialError."""
        exchange = Exchange(
            ask.path,
            host=self._origin.authority,
            body_cap=ask.cap,
            byte_range=ask.byte_range,
            keep_alive=keep_alive,
        )
        response = await _converse(connection, exchange, patience)
        self._door.web.keep(ask, response)
        self._door.web.closes |= keep_alive and not exchange.is_reusable and not response.is_truncated
        return response, exchange.is_reusable

    def _remember(self, at: int, ask: Ask) -> bool:
        """Answer from what was heard before; False where it was not."""
        reply = self._door.web.known(ask)
        if reply is not None:
            self._take(at, ask, reply)
        return reply is not None

    def _take(self, at: int, ask: Ask, reply: Reply) -> None:
        """Settle one place in the answer, or put where a redirect leads first in the queue."""
        target = self._led_to(ask, reply)
        if target is None:
            self._replies[at] = reply
        elif not self._remember(at, target):
            self._queue.appendleft((at, target))

    def _led_to(self, ask: Ask, reply: Reply) -> Ask | None:
        """What a redirect that is to be followed leads to on this service; None where there is none."""
        if not isinstance(reply, HttpResponse) or not reply.is_redirect or not ask.follow:
            return None
        path = self._origin.resolve(reply.header("location"), ask.path)
        return msgspec.structs.replace(ask, path=path, follow=False) if path else None

    def _lose(self, error: DialError) -> None:
        at, _ = self._queue.popleft()
        self._replies[at] = error
        self._lost += not isinstance(error, NotHttp)
        if self._lost >= _LOST_LIMIT:
            self._leave(error)

    def _leave(self, error: DialError) -> None:
        """Ask nothing of what is left."""
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
