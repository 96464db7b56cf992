"""Where one device stands: its address, its listening ports, and patience with whoever calls."""

import asyncio
import errno
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, cast

from iotscan.lab.ports import Ports
from iotscan.lab.workshop import Workshop

PATIENCE = 60.0
"""Seconds one connection may last unless its device says otherwise."""
CROWD = 1000
"""Connections the whole network holds; whoever comes then is turned away."""
READ_LIMIT = 16 * 1024
CLOSING_SECONDS = 2.0


class Hearing(Protocol):
    """What a caller says: an asyncio.StreamReader, or one inside TLS."""

    async def read(self, limit: int, /) -> bytes:
        """The next bytes, ``b""`` at the end."""

    async def readexactly(self, count: int, /) -> bytes:
        """That many bytes. Raises EOFError at the end."""


class Speaking(Protocol):
    """The way to a caller's ear."""

    def write(self, data: bytes, /) -> None:
        """Queue bytes."""

    async def drain(self) -> None:
        """Send them."""


Converse = Callable[[Hearing, Speaking], Awaitable[None]]
"""What a device says to one caller. It may end by any error that a caller can bring about."""

_CALLER = (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError)
"""What callers bring about: resets, ends, silence, lines without end, broken handshakes."""


class PortTaken(Exception):
    """An address and port that a device needs is in use."""


class Closable(Protocol):
    """Something that listens."""

    def close(self) -> None:
        """Stop listening."""


class Watch:
    """Counts the callers of all devices and knows when the last one came."""

    def __init__(self) -> None:
        self._callers = 0
        self._last = time.monotonic()
        self._listeners: dict[str, list[Closable]] = {}

    @property
    def idle_seconds(self) -> float:
        """Seconds since somebody last called, 0 while somebody is here."""
        return 0.0 if self._callers else time.monotonic() - self._last

    @property
    def is_full(self) -> bool:
        """True when no more callers are let in."""
        return self._callers >= CROWD

    def touch(self) -> None:
        """Somebody called."""
        self._last = time.monotonic()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Somebody is here."""
        self._callers += 1
        try:
            yield
        finally:
            self._callers -= 1
            self.touch()

    def keep(self, address: str, listener: Closable) -> None:
        """Close ``listener`` with the device at ``address``."""
        self._listeners.setdefault(address, []).append(listener)

    def close(self, address: str) -> None:
        """Stop listening at one address."""
        for listener in self._listeners.pop(address, []):
            listener.close()

    def close_all(self) -> None:
        """Stop listening everywhere."""
        for address in tuple(self._listeners):
            self.close(address)


class Place:
    """One device's address, its way to listen there, and the workshop its keys come from.

    ``is_maintained`` after the day on which somebody looked after the device (``iotscan lab maintain``).
    """

    def __init__(
        self, address: str, ports: Ports, workshop: Workshop, watch: Watch, *, is_maintained: bool = False
    ) -> None:
        self.address = address
        self.is_maintained = is_maintained
        self.workshop = workshop
        self.watch = watch
        self._ports = ports

    def port(self, well_known: int) -> int:
        """The TCP port in use for a well-known one."""
        return self._ports.tcp[well_known]

    async def listen(
        self,
        well_known: int,
        converse: Converse,
        *,
        patience: float | None = PATIENCE,
    ) -> None:
        """Have ``converse`` with every caller of a TCP port, at most ``patience`` seconds (None: for ever)."""

        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self.watch.is_full:
                writer.transport.abort()
                return
            with self.watch.visit():
                await _meet(converse, reader, writer, patience)

        port = self.port(well_known)
        with taken_means(self.address, port):
            server = await asyncio.start_server(meet, self.address, port, limit=READ_LIMIT)
        self.watch.keep(self.address, server)

    async def listen_udp(self, protocol: str, answer: Callable[[bytes], bytes | None]) -> None:
        """Answer every datagram to a protocol's UDP port with ``answer``'s bytes, or with silence for None."""
        port = self._ports.udp[protocol]
        with taken_means(self.address, port):
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Answering(answer, self.watch), local_addr=(self.address, port)
            )
        self.watch.keep(self.address, transport)


@contextmanager
def taken_means(address: str, port: int) -> Iterator[None]:
    """Turn the system's word for a port in use into PortTaken."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(
            f"{address}:{port} is taken: another practice network may be up (iotscan lab down), or another program"
        ) from error


async def _meet(
    converse: Converse, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float | None
) -> None:
    try:
        async with asyncio.timeout(patience):
            await converse(reader, writer)
        writer.close()
        async with asyncio.timeout(CLOSING_SECONDS):
            await writer.wait_closed()
    except _CALLER:
        return
    except Exception:
        logging.getLogger(__name__).exception("a device stumbled")
    finally:
        writer.transport.abort()


class _Answering(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], bytes | None], watch: Watch) -> None:
        self._answer = answer
        self._watch = watch
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Before Python 3.12 asyncio's datagram transport is no instance of its own abstract class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._watch.touch()
        reply = self._answer(data)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, addr)
