"""What a probe speaks through: a byte stream or a datagram socket that counts and caps."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

import anyio
from anyio.abc import ByteStream

from iotscan.observe.network.failures import PeerClosed, TimedOut, TooMuch, dial_error

WIRE_CAP = 256 * 1024
"""Bytes that one conversation may receive unless its probe asks for another cap."""
DATAGRAM_CAP = 65535
_HEADERS = 28
"""Bytes of IPv4 and UDP headers."""


class Tally(Protocol):
    """Where a conversation counts what it costs the device."""

    datagrams: int
    bytes_sent: int
    bytes_received: int


Place = tuple[str, int] | tuple[str, int, int, int]
"""A socket's address, of IPv4 or IPv6."""
Announce = Callable[[bytes], None]
"""Told what is about to be sent; raises when it must not be."""


class Connection:
    """A byte stream to one service with a cap on what is received."""

    def __init__(self, stream: ByteStream, cap: int, announce: Announce) -> None:
        self._stream = stream
        self._left = cap
        self._announce = announce

    async def send(self, data: bytes) -> None:
        """Send all of ``data``; raises PeerClosed, and OutOfScope once the scope's window has closed."""
        self._announce(data)
        try:
            await self._stream.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError, ssl.SSLError) as error:
            raise PeerClosed("the connection was closed while sending") from error

    async def receive(self, limit: int = 4096) -> bytes:
        """The next bytes, ``b""`` at the end. Raises PeerClosed on a reset, TooMuch beyond the cap."""
        if self._left <= 0:
            raise TooMuch("the service sent more than we read")
        try:
            data = await self._stream.receive(min(limit, self._left))
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError, ssl.SSLError) as error:
            raise PeerClosed("the service reset the connection") from error
        self._left -= len(data)
        return data

    async def receive_while(self, wanted: Callable[[bytes], bool], limit: int = WIRE_CAP) -> bytes:
        """Read on while ``wanted(so_far)`` is true, up to ``limit`` bytes or the end of the stream."""
        got = b""
        while len(got) < limit and wanted(got):
            piece = await self.receive(limit - len(got))
            if not piece:
                break
            got += piece
        return got

    async def listen(self, seconds: float, limit: int = 4096) -> bytes:
        """What the service says of itself within ``seconds``; ``b""`` for silence. Never raises TimedOut."""
        got = b""
        with anyio.move_on_after(seconds):
            got = await self.receive(limit)
        return got


class Datagram:
    """A UDP socket to one service, with a cap on what is received.

    Connected, unless ``to`` says where to: then answers may come from any port of that address, and of no other.
    """

    def __init__(
        self, peer: socket.socket, line: Tally, cap: int, announce: Announce, *, to: Place | None = None
    ) -> None:
        self._peer = peer
        self._to = to
        self._line = line
        self._left = cap
        self._announce = announce

    async def send(self, payload: bytes) -> None:
        """Send one datagram. Raises BudgetSpent where the device may see no more, Refused on a closed port."""
        self._announce(payload)
        self._line.datagrams += 1
        self._line.bytes_sent += len(payload)
        with self._told():
            if self._to is None:
                self._peer.send(payload)
            else:
                self._peer.sendto(payload, self._to)

    async def receive(self, seconds: float) -> bytes:
        """The next datagram. Raises TimedOut after ``seconds``, Refused on a closed port, TooMuch beyond the cap."""
        if self._left <= 0:
            raise TooMuch("the service sent more than we read")
        with anyio.move_on_after(seconds), self._told():
            data = await self._heard()
            # Its headers count, too: a flood of empty datagrams has an end.
            self._left -= len(data) + _HEADERS
            self._line.bytes_received += len(data)
            return data
        raise TimedOut(f"no answer in {seconds:g} s")

    async def _heard(self) -> bytes:
        """The next datagram of the device; those of others count, and are not read."""
        while True:
            await anyio.wait_readable(self._peer)
            data, source = self._peer.recvfrom(DATAGRAM_CAP)
            if self._to is None or source[0] == self._to[0]:
                return data
            self._left -= len(data) + _HEADERS
            if self._left <= 0:
                raise TooMuch("others send more than we read")

    async def ask(self, payload: bytes, *, seconds: float = 1.5, tries: int = 2) -> bytes:
        """Send and return the first datagram back. Raises TimedOut after all tries, Refused on a closed port."""
        for _ in range(tries):
            await self.send(payload)
            with suppress(TimedOut):
                return await self.receive(seconds)
        raise TimedOut(f"no answer to {tries} datagrams")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # An ICMP "port unreachable" arrives as an error of the connected socket.
            raise dial_error(error, (self._to or self._peer.getpeername())[1]) from error
