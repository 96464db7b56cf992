"""One ClientHello to one service, and what came back: over a stream here, over datagrams in :mod:`.datagram_hellos`.

This is where questions meet a transport. What a reply proves is the interview's business.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

import anyio
import msgspec

from iotscan.observe.network.failures import DialError, PeerClosed, TooMuch
from iotscan.observe.network.probe import Door
from iotscan.wire.tls import sslv2
from iotscan.wire.tls.flight import Flight, FlightReader
from iotscan.wire.tls.hello import Offer, client_hello

PATIENCE = 5.0
"""Seconds that one hello waits for its answer."""
REST_PATIENCE = 1.0
"""Seconds for the rest of a flight, from a server that once sent no rest within all our patience."""
CAP = 128 * 1024
"""Bytes of one answer."""

Stop = Literal["whole", "closed", "reset", "silent", "dropped", "too_much", "failed"]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one hello came to.

    ``stop`` says why we stopped reading: the flight was ``whole`` (or ended by an alert or broken bytes), the peer
    ``closed`` or ``reset``, was ``silent`` until our patience ended, ``dropped`` a hello over datagrams and began anew,
    said ``too_much``, or there was no conversation at all (``failed``, with ``error``). ``heard`` is the number of
    bytes that came, ``start`` the first of them.
    """

    flight: Flight = Flight()
    stop: Stop
    error: DialError | None = None
    heard: int = 0
    start: bytes = b""


Ask = Callable[[Offer], Awaitable[Said]]
"""Sends one hello in a conversation of its own. Never raises a DialError."""


def over_stream(door: Door) -> Ask:
    """Hellos over TCP, each on its own connection, after the STARTTLS of the service where it needs one."""
    ends_flights = True

    async def ask(offer: Offer) -> Said:
        nonlocal ends_flights
        said = _Hearing(sslv2.Sslv2Reader() if offer.version == sslv2.VERSION else FlightReader())
        try:
            async with door.before_tls(cap=CAP) as connection:
                with anyio.move_on_after(PATIENCE) as clock:
                    try:
                        await connection.send(_hello(offer))
                        while not said.take(await connection.receive(16 * 1024)):
                            if said.has_answer and not ends_flights:
                                clock.deadline = min(clock.deadline, anyio.current_time() + REST_PATIENCE)
                    except PeerClosed:
                        said.stop = "reset"
        except TooMuch:
            said.stop = "too_much"
        except DialError as error:
            if not said.heard:
                return Said(stop="failed", error=error)
            said.stop = "silent"
        # A device that computes its signature for seconds is given them; one that has nothing more to say, once only.
        ends_flights = ends_flights and not (said.stop == "silent" and said.has_answer)
        return said.end()

    return ask


def _hello(offer: Offer) -> bytes:
    return sslv2.client_hello(offer.suites) if offer.version == sslv2.VERSION else client_hello(offer)


class _Hearing:
    """Bytes as they come in."""

    def __init__(self, reader: FlightReader | sslv2.Sslv2Reader) -> None:
        self._reader = reader
        self.heard = 0
        self._start = b""
        self.stop: Stop = "silent"

    @property
    def has_answer(self) -> bool:
        """True once the server decided."""
        return self._reader.flight.answer is not None

    def take(self, piece: bytes) -> bool:
        """The next bytes, ``b""`` at the end; true when there is nothing more to wait for."""
        if not piece:
            self.stop = "closed"
            return True
        self._start = self._start or piece[:16]
        self.heard += len(piece)
        if self._reader.feed(piece):
            self.stop = "whole"
        return self.stop == "whole"

    def end(self) -> Said:
        if self.stop != "silent":
            self._reader.closed()
        return Said(flight=self._reader.flight, stop=self.stop, heard=self.heard, start=self._start)
