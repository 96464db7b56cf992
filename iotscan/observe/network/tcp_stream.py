"""A TCP connection to a literal address: made, spoken through, counted and closed.

anyio's own way there resolves names and races addresses, and hands each piece through a transport and a protocol:
for one short question that costs several times what the question itself does.
"""

import errno
import os
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketAttribute

from iotscan.observe.network.conversation import Tally
from iotscan.observe.network.failures import BudgetSpent, TooMuch
from iotscan.observe.network.patience import patience
from iotscan.observe.network.refusal import keep_refusals, who_refused

_UNREAD = 64 * 1024
_FAREWELL = 64 * 1024
_FAREWELL_SECONDS = 0.3
"""How long a peer may take to close after us: near ones that close at all are done in a few milliseconds."""
_TCP_INFO = struct.Struct("=B135xI")
"""The state of a connection, and the segments it has sent: ``struct tcp_info`` of Linux (include/uapi/linux/tcp.h)."""
_TO_COME = {1: 2, 4: 1, 5: 1, 8: 1}
"""State (Linux, include/net/tcp_states.h) -> segments yet to be sent when it is closed: our FIN, the ACK of theirs."""
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY})


class TcpStream(ByteStream):
    """A connected socket as a stream of bytes, each of which ``tally`` counts.

    ``raw`` is non-blocking and belongs to the stream.
    """

    def __init__(self, raw: socket.socket, tally: Tally) -> None:
        self.raw = raw
        self.left: int | None = None
        """Bytes that may still be received, where a layer above reads without asking us: None for any number."""
        self.segments = 0
        """Segments that the peer has been sent, once this is closed."""
        self.most_segments: int | None = None
        """Segments that the peer may be sent, acknowledgements too: None for any number."""
        self._tally = tally

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The socket, for what asks anyio's streams for theirs."""
        return {SocketAttribute.raw_socket: lambda: self.raw}

    async def send(self, item: bytes) -> None:
        """Hand all of it to the kernel. Raises BrokenResourceError, BudgetSpent as :meth:`receive`."""
        self._check_segments()
        left = memoryview(item)
        while left:
            try:
                sent = self.raw.send(left)
            except BlockingIOError:
                await anyio.wait_writable(self.raw)
                continue
            except OSError as error:
                raise anyio.BrokenResourceError from error
            self._tally.bytes_sent += sent
            left = left[sent:]

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """The next bytes. Raises EndOfStream, BrokenResourceError on a reset, TooMuch beyond :attr:`left`.

        BudgetSpent beyond :attr:`most_segments`: each byte of one that drips costs it a packet of ours.

        It waits each time before it reads: so a peer that never stops talking does not stop our clocks.
        """
        while True:
            self._check_segments()
            if self.left is not None and self.left <= 0:
                raise TooMuch("the service sent more than we read")
            await anyio.wait_readable(self.raw)
            try:
                data = self.raw.recv(max_bytes)
            except BlockingIOError:
                continue
            except OSError as error:
                raise anyio.BrokenResourceError from error
            if not data:
                raise anyio.EndOfStream
            self._tally.bytes_received += len(data)
            self.left = None if self.left is None else self.left - len(data)
            return data

    async def send_eof(self) -> None:
        """Say that nothing more comes from us."""
        self.raw.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        """As :meth:`close`."""
        self.close()

    async def leave(self) -> None:
        """Say that we are done and close when the peer has, too: what it says until then must not meet a reset.

        A service that greets has often not heard of our going yet; a fragile one takes a reset amiss. Who does not
        leave in time is left.
        """
        with suppress(OSError, anyio.BrokenResourceError, anyio.EndOfStream, TooMuch, BudgetSpent):
            self.raw.shutdown(socket.SHUT_WR)
            with anyio.CancelScope(shield=True, deadline=anyio.current_time() + _FAREWELL_SECONDS):
                self.left = _FAREWELL
                while True:
                    await self.receive()
        self.close()

    def _check_segments(self) -> None:
        if self.most_segments is not None and _segments(self.raw) >= self.most_segments:
            raise BudgetSpent("the packets for this device are used up")

    def close(self) -> None:
        """Close at once: the kernel delivers what was sent.

        What has come and was not read goes first: with that unread the kernel would reset instead of closing.
        """
        with suppress(OSError):
            self._tally.bytes_received += len(self.raw.recv(_UNREAD))
        self.segments = self.segments or _segments(self.raw)
        self.raw.close()


def _segments(raw: socket.socket) -> int:
    """Segments that the peer will have been sent once a socket is closed; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        state, sent = _TCP_INFO.unpack(raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size))
    except (OSError, struct.error):  # closed already, or a kernel older than 4.2
        return 0
    return int(sent) + _TO_COME.get(state, 0)


async def connect(address: str, port: int, seconds: float, tally: Tally) -> TcpStream:
    """Connect to an IP address. Raises TimeoutError after ``seconds`` of our patience, OSError as the kernel says.

    What somebody on the way refuses in its name is EHOSTUNREACH: only itself refuses a connection.
    """
    family, at = place(address, port)
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        keep_refusals(raw)
        failure = raw.connect_ex(at)
        if failure in _UNDER_WAY:
            failure = raw.connect_ex(at)  # a near peer has answered by now, and then we need not wait at all
        if failure in _UNDER_WAY:
            with patience(seconds):
                await anyio.wait_writable(raw)
            failure = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        failure = failure or _lack_of_peer(raw)
        if failure == errno.ECONNREFUSED and who_refused(raw, address, failure) == "another":
            failure = errno.EHOSTUNREACH  # a firewall's word is none of the address's
        if failure not in (0, errno.EISCONN):
            raise OSError(failure, os.strerror(failure))
        keep_refusals(raw, are_kept=False)
    except BaseException:
        raw.close()
        raise
    return TcpStream(raw, tally)


def place(address: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """The family of an IP address and its port as the kernel wants to be told. Raises OSError for a zone not there."""
    if ":" not in address:
        return socket.AF_INET, (address, port)
    # A link-local address carries its zone, which the kernel wants as a number.
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return socket.AF_INET6, found[0][4]


def _lack_of_peer(raw: socket.socket) -> int:
    """ETIMEDOUT for a connection that is none: under load an event loop may miss that connecting failed.

    One that the peer has reset since was there: whoever reads learns of it.
    """
    try:
        raw.getpeername()
    except OSError:
        return 0 if raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET else errno.ETIMEDOUT
    return 0
