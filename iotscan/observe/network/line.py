"""The way to one device: one conversation at a time, within its pace, its clocks and its budget.

Only :class:`~iotscan.observe.network.dial.Dialer` makes one.
"""

import hashlib
import socket
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

import anyio
import anyio.lowlevel
from anyio.streams.tls import TLSAttribute, TLSStream

from iotscan.model.audit import SendKind, Transport
from iotscan.model.run import Cost
from iotscan.model.scope import Pace
from iotscan.observe.network.conversation import WIRE_CAP, Announce, Connection, Datagram
from iotscan.observe.network.failures import (
    BudgetSpent,
    DeadlinePassed,
    PeerClosed,
    Refused,
    TimedOut,
    TlsFailed,
    Unreachable,
    dial_error,
)
from iotscan.observe.network.nudge import Nudged, nudge
from iotscan.observe.network.outgoing import Outgoing
from iotscan.observe.network.pace import Pacer
from iotscan.observe.network.refusal import keep_refusals
from iotscan.observe.network.tcp_stream import TcpStream, connect, place

_LOST_LIMIT = 2
_GENTLE_RATE = 1.0
"""Conversations a second with equipment that a stray byte can stop."""
_LAST_SEGMENTS = 4
"""Segments for the end of a conversation: our FIN, what acknowledges theirs, and what was on its way."""
_KNOCK_SEGMENTS = 12
"""Segments after which a knock is closed at once: a greeting takes fewer, one that floods would have all packets."""
_HANDSHAKE_CAP = 256 * 1024
"""Bytes that a TLS handshake, and what TLS adds to what is read inside, may take."""

Knock = Literal["open", "closed", "filtered"]


class Line:
    """The way to one device: one conversation at a time, paced, counted, and given up when it is lost."""

    def __init__(self, address: str, pace: Pace, sockets: anyio.Semaphore, outgoing: Outgoing) -> None:
        self.address = address
        self.pace = pace
        self._outgoing = outgoing
        self._sockets = sockets
        self._attempts = Pacer(pace.attempts_per_second)
        self._accepted = Pacer(pace.accepted_per_second)
        self._gentle = Pacer(_GENTLE_RATE)
        self._talking = anyio.Lock(fast_acquire=True)
        self._started = self._held_up = 0.0
        self._lost = 0
        self.attempts = self.connections = self.exchanges = self.datagrams = 0
        self.bytes_sent = self.bytes_received = self.frames = 0
        self._segments = 0
        self._spent: Counter[int] = Counter()

    def cost(self) -> Cost:
        """What this device has seen of us so far."""
        return Cost(
            attempts=self.attempts,
            connections=self.connections,
            exchanges=self.exchanges,
            datagrams=self.datagrams,
            packets=self.packets,
            bytes_sent=self.bytes_sent,
            bytes_received=self.bytes_received,
            frames=self.frames,
            seconds=round(time.monotonic() - self._started, 3) if self._started else 0.0,
        )

    def resume(self, cost: Cost) -> None:
        """Count what an interrupted run already spent on this device, besides what discovery has since."""
        self.attempts += cost.attempts
        self.connections += cost.connections
        self.exchanges += cost.exchanges
        self.datagrams += cost.datagrams
        self._segments += max(cost.packets - cost.datagrams, 0)
        self.bytes_sent += cost.bytes_sent
        self.bytes_received += cost.bytes_received
        self.frames += cost.frames

    def give_up(self) -> None:
        """Leave the device alone: it does not answer any more."""
        self._lost = _LOST_LIMIT

    @property
    def packets(self) -> int:
        """Packets that the device has seen beyond the port sweep."""
        return self._segments + self.datagrams

    @property
    def left(self) -> int:
        """Conversations that the device may still see."""
        return max(self.pace.connections - self.connections - self.exchanges, 0)

    def _check_clock(self) -> None:
        now = time.monotonic()
        self._started = self._started or now
        if now - self._started - self._held_up > self.pace.device_timeout:
            raise DeadlinePassed(f"{self.pace.device_timeout:g} s for this device are used up")

    def _check_budget(self) -> None:
        self._check_clock()
        if self._lost >= _LOST_LIMIT:
            raise Unreachable(f"stopped answering after {self.connections} connections; left alone")
        if not self.left:
            raise BudgetSpent(f"{self.pace.connections} connections for this device are used up")
        if self.packets >= self.pace.packets:
            raise BudgetSpent(f"{self.pace.packets} packets for this device are used up")

    def _check_service(self, port: int) -> None:
        """One service that keeps us waiting shall not take the time of the others, nor that of the whole run."""
        if self._spent[port] > 1000 * self.pace.service_timeout:
            raise DeadlinePassed(f"{self.pace.service_timeout:g} s of conversations with port {port} are used up")

    def _check_datagrams(self) -> None:
        self._check_clock()
        if self.datagrams >= self.pace.datagrams:
            raise BudgetSpent(f"{self.pace.datagrams} datagrams for this device are used up")

    def announce_echo(self, payload: bytes) -> None:
        """Count one ICMP echo request that is about to go. Raises BudgetSpent, DeadlinePassed, OutOfScope."""
        self._announcer("datagram", "icmp", 0)(payload)
        self.datagrams += 1
        self.bytes_sent += len(payload)

    def _announcer(self, kind: SendKind, transport: Transport, port: int) -> Announce:
        def announce(payload: bytes) -> None:
            if kind == "datagram":
                self._check_datagrams()
            self._outgoing.note(kind, self.address, transport, port, payload)

        return announce

    async def _connect(self, port: int, kind: Literal["knock", "connect"]) -> TcpStream:
        self._outgoing.require(self.address, port)  # before waiting for a turn that nobody may take
        await self._accepted.ready()
        await self._attempts.turn()
        self._outgoing.note(kind, self.address, "tcp", port)
        if kind == "knock":
            self.attempts += 1
        else:
            self.connections += 1
        try:
            stream = await connect(self.address, port, self.pace.connect_timeout, self)
        except TimeoutError as error:
            raise TimedOut(f"port {port} did not answer in {self.pace.connect_timeout:g} s") from error
        except OSError as error:
            told = dial_error(error, port)
            if isinstance(told, PeerClosed):
                self._accepted.spend()
            raise told from error
        self._accepted.spend()
        return stream

    async def knock(self, port: int) -> Knock:
        """Whether a TCP port accepts: one attempt of the port sweep, closed at once.

        A refusal is ``closed``; silence is ``filtered``. Raises DeadlinePassed, OutOfScope, and
        Unreachable when the network itself says so.
        """
        self._check_clock()
        await anyio.lowlevel.checkpoint()  # on loopback a sweep would never wait for anything
        async with self._sockets:
            try:
                stream = await self._connect(port, "knock")
            except Refused:
                return "closed"
            except TimedOut:
                return "filtered"
            except PeerClosed:
                return "open"
            stream.most_segments = _KNOCK_SEGMENTS
            await stream.leave()
            self._segments += stream.segments
            return "open"

    async def turn(self) -> None:
        """Return when the pace lets one more thing be sent: for what is no conversation."""
        await self._attempts.turn()

    async def nudge(self, port: int, payload: bytes, *, seconds: float, tries: int, farewell: bytes = b"") -> Nudged:
        """Whether anybody answers a datagram to a UDP port: a knock, and no conversation; see :mod:`~.nudge`.

        Raises DeadlinePassed, BudgetSpent, OutOfScope, and NoSocket.
        """
        self._check_clock()

        def announce(sent: bytes) -> None:
            self._announcer("datagram", "udp", port)(sent)
            self.datagrams += 1
            self.bytes_sent += len(sent)

        async with self._sockets:
            try:
                heard = await nudge(
                    self.address, port, payload, seconds=seconds, tries=tries, announce=announce, farewell=farewell
                )
            except OSError as error:
                raise dial_error(error, port) from error
        self.bytes_received += len(heard) if isinstance(heard, bytes) else 0
        return heard

    async def ready(self) -> None:
        """Return when the pace lets the next conversation begin: for whoever makes others wait meanwhile."""
        await self._accepted.ready()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """The block waits for something of ours that other devices use meanwhile: that is not on the device's clock."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._held_up += time.monotonic() - began

    @property
    def seconds_left(self) -> float:
        """Seconds of the device's clock that are left."""
        spent = time.monotonic() - self._started - self._held_up if self._started else 0.0
        return max(self.pace.device_timeout - spent, 0.0)

    async def admit(self, port: int, argv: tuple[str, ...]) -> None:
        """Return when a program of others may knock on a port by itself, once: at our pace, counted and written down.

        Whatever more it says to the device has to come through us. Raises a :class:`DialError`.
        """
        self._check_budget()
        self._outgoing.require(self.address, port)
        await self._accepted.ready()
        await self._attempts.turn()
        self._outgoing.note_program(self.address, port, argv)
        self.attempts += 1
        self._accepted.spend()

    @asynccontextmanager
    async def _conversation(self, port: int, *, is_hearsay: bool = False) -> AsyncIterator[TcpStream]:
        async with self._talking:
            self._check_budget()
            self._check_service(port)
            async with self._sockets:
                try:
                    stream = await self._connect(port, "connect")
                except (Refused, TimedOut, Unreachable):
                    self._lost += not is_hearsay
                    self._segments += 1
                    raise
                self._lost = 0
                async with self._talk(port, stream):
                    yield stream

    @asynccontextmanager
    async def _talk(self, port: int, stream: TcpStream) -> AsyncIterator[None]:
        stream.most_segments = max(self.pace.packets - self.packets - _LAST_SEGMENTS, 0)
        began, held_up = time.monotonic(), self._held_up
        try:
            with anyio.fail_after(self.pace.conversation_timeout):
                yield
        except TimeoutError as error:
            raise TimedOut(f"port {port} kept us waiting {self.pace.conversation_timeout:g} s") from error
        finally:
            await stream.leave()
            self._segments += stream.segments
            self._spent[port] += round(1000 * (time.monotonic() - began - (self._held_up - held_up)))

    @asynccontextmanager
    async def gentle(self, port: int, *, cap: int = WIRE_CAP) -> AsyncIterator[Connection]:
        """A TCP conversation at the lowest pace with a port that nobody has knocked on.

        Until it is accepted it is an attempt like a knock: that the port is closed or silent is no sign that the device
        is lost. Raises a :class:`DialError`.
        """
        async with self._talking:
            self._check_budget()
            await self._gentle.ready()
            async with self._sockets:
                stream = await self._connect(port, "knock")
                self.attempts -= 1
                self.connections += 1
                self._gentle.spend()
                self._lost = 0
                async with self._talk(port, stream):
                    yield Connection(stream, cap, self._announcer("payload", "tcp", port))

    @asynccontextmanager
    async def tcp(self, port: int, *, cap: int = WIRE_CAP, is_hearsay: bool = False) -> AsyncIterator[Connection]:
        """A TCP conversation within the conversation clock. Raises a :class:`DialError`.

        ``is_hearsay`` for a port that another device named: that it is closed or silent is no sign that this one is
        lost.
        """
        async with self._conversation(port, is_hearsay=is_hearsay) as stream:
            yield Connection(stream, cap, self._announcer("payload", "tcp", port))

    @asynccontextmanager
    async def tls(
        self, port: int, *, server_name: str = "", cap: int = WIRE_CAP, certificate: str = ""
    ) -> AsyncIterator[Connection]:
        """A conversation inside TLS, as permissive as OpenSSL allows and without any validation.

        For reading what stands behind TLS; what the TLS itself is worth, the TLS probe says. With ``certificate``, the
        SHA-256 of one that was judged before, nothing is said to a server that shows another.
        """
        async with self._conversation(port) as stream:
            self._outgoing.note("tls", self.address, "tcp", port)
            # OpenSSL reads on as long as what comes might be a handshake.
            stream.left = cap + _HANDSHAKE_CAP
            try:
                inner = await TLSStream.wrap(
                    stream,
                    server_side=False,  # anyio guesses "server" from a missing host name
                    hostname=server_name or None,
                    ssl_context=permissive_context(),
                    standard_compatible=False,
                )
            except (ssl.SSLError, anyio.BrokenResourceError, anyio.EndOfStream, OSError) as error:
                raise TlsFailed("the TLS handshake failed") from error
            shown = inner.extra(TLSAttribute.peer_certificate_binary, None) or b""  # noqa: S610  # no Django
            if certificate and hashlib.sha256(shown).hexdigest() != certificate:
                raise TlsFailed("the server shows another certificate than the one that was judged")
            yield Connection(inner, cap, self._announcer("payload", "tcp", port))

    @asynccontextmanager
    async def socket(self, port: int) -> AsyncIterator[socket.socket]:
        """A connected, non-blocking socket for a library that speaks its protocol on a given socket.

        The library may close it. The conversation clock holds as for :meth:`tcp`.
        """
        async with self._conversation(port) as stream:
            self._outgoing.note("library", self.address, "tcp", port)
            duplicate = stream.raw.dup()
            duplicate.setblocking(False)
            try:
                yield duplicate
            finally:
                duplicate.close()

    @asynccontextmanager
    async def udp(self, port: int, *, cap: int = WIRE_CAP, any_port: bool = False) -> AsyncIterator[Datagram]:
        """A UDP exchange with one port: one conversation of the device's budget, and every datagram counts, too.

        ``any_port`` for a protocol whose answers come from another port of the device than was asked.
        """
        async with self._talking:
            self._check_budget()
            self._outgoing.require(self.address, port)
            await self._attempts.turn()
            self.exchanges += 1
            async with self._sockets:
                try:
                    family, at = place(self.address, port)
                    peer = socket.socket(family, socket.SOCK_DGRAM)
                except OSError as error:
                    raise dial_error(error, port) from error
                try:
                    peer.setblocking(False)
                    announce = self._announcer("datagram", "udp", port)
                    if any_port:
                        keep_refusals(peer)
                    else:
                        peer.connect(at)
                    with anyio.fail_after(self.pace.conversation_timeout):
                        yield Datagram(peer, self, cap, announce, to=at if any_port else None)
                except TimeoutError as error:
                    raise TimedOut(f"UDP port {port} did not answer in time") from error
                except OSError as error:
                    raise dial_error(error, port) from error
                finally:
                    peer.close()


def permissive_context() -> ssl.SSLContext:
    """A client context that talks to anything OpenSSL still can: TLS 1.0, old suites, no validation."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: old servers lack RFC 5746
    return context
