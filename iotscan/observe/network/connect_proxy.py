"""A CONNECT proxy on loopback through which a library that dials by itself must go.

It serves one service of one device to whoever knows its one-time password, where it asks for one, over the device's
:class:`Line`: so scope, pace, budget, clocks and byte caps hold for the library as they do for us. Where
the service begins in the clear, the proxy speaks the words before TLS: the library finds TLS at once.
Source: RFC 9110 section 9.3.6 (CONNECT), RFC 7617 (Basic).
"""

import base64
import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketStream

from iotscan.model.errors import BadInput
from iotscan.observe.network.conversation import WIRE_CAP, Connection
from iotscan.observe.network.failures import BudgetSpent, DialError, PeerClosed, dial_error
from iotscan.observe.network.probe import Door
from iotscan.wire.tls.flight import Flight, FlightReader

USER = "iotscan"
_HEAD_CAP = 4096
_HEAD_SECONDS = 3.0


class ConnectProxy:
    """Where to connect, with which password, and what came of it."""

    def __init__(self, door: Door, *, cap: int, asks_password: bool = True, pause: float = 0.0) -> None:
        self._door = door
        self._cap = cap
        self._asks_password = asks_password
        self._pause = pause
        self.password = secrets.token_urlsafe(24)
        self.at = 0
        """The loopback port it listens on."""
        self.error: DialError | None = None
        """The first failure to have a conversation with the device, or to go on with one."""
        self.heard: list[Flight] = []
        """The server's first flight in each conversation, as our own parser reads it: a second opinion at no cost."""
        self.failure: BadInput | None = None
        """What the user has to mend: the audit log, say, cannot be written."""

    async def handle(self, client: SocketStream) -> None:
        """Serve one connection of the library."""
        async with client:
            try:
                head = await _read_head(client)
                refusal = self._refuse(head)
                if refusal:
                    await client.send(refusal)
                    return
                await self._tunnel(client)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, OSError):
                return

    def _refuse(self, head: bytes) -> bytes:
        lines = head.decode("latin-1").split("\r\n")
        token = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        expected = f"Proxy-Authorization: Basic {token}"
        knows = any(hmac.compare_digest(line.encode(), expected.encode()) for line in lines[1:])
        if self._asks_password and not knows:
            return _answer("407 Proxy Authentication Required")
        # Who connects through us may know an address without its zone: it is ours all the same.
        bare = self._door.address.partition("%")[0]
        if lines[0] not in {f"CONNECT {address}:{self._door.port} HTTP/1.1" for address in (self._door.address, bare)}:
            return _answer("403 Forbidden")
        return b""

    async def _tunnel(self, client: SocketStream) -> None:
        try:
            async with self._door.before_tls(cap=self._cap) as device:
                # nmap looks for these very words (7.93), sslyze for the number.
                await client.send(_answer("200 OK"))
                await anyio.sleep(self._pause)
                reader = FlightReader()
                try:
                    async with anyio.create_task_group() as both:
                        both.start_soon(self._pump_out, client, device, both.cancel_scope)
                        both.start_soon(self._pump_in, client, device, reader, both.cancel_scope)
                finally:
                    self.heard.append(reader.flight)
        except (DialError, BadInput) as error:
            self._remember(error)
            await client.send(_answer("502 Bad Gateway"))

    async def _pump_out(self, client: SocketStream, device: Connection, ended: anyio.CancelScope) -> None:
        """What leaves here may be refused at any time: then the conversation ends, and nothing else."""
        try:
            while True:
                await device.send(await client.receive())
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, PeerClosed):
            pass
        except (DialError, BadInput) as error:
            self._remember(error)
        ended.cancel()

    async def _pump_in(
        self, client: SocketStream, device: Connection, reader: FlightReader, ended: anyio.CancelScope
    ) -> None:
        try:
            while data := await device.receive():
                if not reader.flight.is_over:
                    reader.feed(data)
                await client.send(data)
        except BudgetSpent as error:
            # We end it, and not the device: what it would have said is open.
            self._remember(error)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, DialError):
            pass
        ended.cancel()

    def _remember(self, error: DialError | BadInput) -> None:
        if isinstance(error, BadInput):
            self.failure = self.failure or error
        else:
            self.error = self.error or error


async def _read_head(client: SocketStream) -> bytes:
    head = b""
    with anyio.move_on_after(_HEAD_SECONDS):
        while b"\r\n\r\n" not in head and len(head) < _HEAD_CAP:
            head += await client.receive(_HEAD_CAP - len(head))
    return head


def _answer(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\n\r\n".encode()


@asynccontextmanager
async def connect_proxy(
    door: Door, *, cap: int = WIRE_CAP, asks_password: bool = True, pause: float = 0.0
) -> AsyncIterator[ConnectProxy]:
    """A proxy to one service, while the block lasts; each CONNECT is one conversation.

    ``asks_password`` is False for a program that can give none, ``pause`` the seconds before it hears the service: some
    lose what comes together with our answer.

    Raises NoSocket where it cannot listen. What the block raises comes out in an exception group: catch within. Raises
    BadInput after the block when that kept a send from going.
    """
    proxy = ConnectProxy(door, cap=cap, asks_password=asks_password, pause=pause)
    try:
        opened = await anyio.create_tcp_listener(local_host="127.0.0.1")
    except OSError as error:
        raise dial_error(error, door.port) from error
    async with opened as listener:
        proxy.at = listener.extra_attributes[anyio.abc.SocketAttribute.local_port]()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, proxy.handle)
            try:
                yield proxy
            finally:
                tasks.cancel_scope.cancel()
    if proxy.failure is not None:
        raise proxy.failure
