"""Nothing is sent that the scope does not allow now, nor before it is written down."""

import hashlib
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from iotscan.model.audit import Send
from iotscan.model.device import Service
from iotscan.model.errors import BadInput
from iotscan.model.facts import PortSweep
from iotscan.model.scope import InScope, Mandate, Scope
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.connect_proxy import USER, connect_proxy
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.failures import DialError, OutOfScope
from iotscan.observe.network.line import Line
from iotscan.observe.network.outgoing import Outgoing, asking
from iotscan.observe.network.probe import Door
from iotscan.observe.network.sweep import sweep
from tests.observe.network.test_dial import FAST, HERE, closed_port, server
from tests.observe.network.tls_probes.test_connect_proxy import head, talk

LOOPBACK = Attached(interface="lo", address="127.0.0.1", network="127.0.0.0/8")
OPENS = datetime(2026, 11, 22, tzinfo=UTC)
CLOSES = OPENS + timedelta(hours=1)


class Clock:
    """A wall clock that a test sets."""

    def __init__(self, now: datetime = OPENS) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Log:
    """Keeps what it is told; refuses from the ``room``-th on."""

    def __init__(self, room: int = 1000) -> None:
        self.sends: list[Send] = []
        self._room = room

    def note(self, send: Send) -> None:
        if len(self.sends) >= self._room:
            raise BadInput("no room")
        self.sends.append(send)


def scope(*ports: int) -> Scope:
    mandate = Mandate(
        engagement="ACME-1",
        client="ACME",
        assessor="Example",
        authorized_by="Max Muster",
        reference="SOW-1",
        not_before=OPENS.isoformat(),
        not_after=CLOSES.isoformat(),
        expires="2026-12-01",
        in_scope=(InScope(networks=("127.0.0.0/8",), ports=tuple((p, p) for p in ports)),),
        file="scope.yaml",
        sha256="0" * 64,
    )
    return Scope(include=("127.0.0.0/8",), pace=FAST, mandate=mandate)


def test_every_send_is_written_down_first() -> None:
    log = Log()
    seen: list[int] = []

    def talk_back(connection: socket.socket) -> None:
        seen.append(len(log.sends))
        with suppress(OSError):
            while connection.recv(100):
                seen.append(len(log.sends))
                connection.sendall(b"x")

    async def main(port: int) -> None:
        line = Dialer(scope(), log, Clock()).line(HERE)
        await line.knock(port)
        with asking("http/1"):
            async with line.tcp(port) as connection:
                await connection.send(b"GET")
                await connection.receive()
        with asking("login/1", with_secrets=True):
            async with line.tcp(port) as connection:
                await connection.send(b"secret")
                await connection.receive()
        cost = line.cost()
        assert (cost.attempts, cost.connections, cost.bytes_sent) == (1, 2, 9)

    with server(talk_back) as port:
        anyio.run(main, port)
    assert [(s.kind, s.probe, s.length) for s in log.sends] == [
        ("knock", "", 0),
        ("connect", "http/1", 0),
        ("payload", "http/1", 3),
        ("connect", "login/1", 0),
        ("payload", "login/1", 6),
    ]
    assert [s.sha256 for s in log.sends if s.length] == [hashlib.sha256(b"GET").hexdigest(), ""]
    assert all(s.to == HERE and s.port == port for s in log.sends)


def test_datagrams_are_written_down_each() -> None:
    log = Log()

    async def main(port: int) -> None:
        line = Dialer(scope(), log, Clock()).line(HERE)
        with suppress(DialError):
            async with line.udp(port) as datagram:
                await datagram.ask(b"question", seconds=0.05, tries=2)
        assert line.cost().datagrams == 2

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((HERE, 0))
        anyio.run(main, deaf.getsockname()[1])
    assert [(s.kind, s.transport, s.length) for s in log.sends] == [("datagram", "udp", 8)] * 2


def door(line: Line, port: int) -> Door:
    return Door(line=line, service=Service(transport="tcp", port=port, protocol="tls"))


def test_what_a_library_sends_through_the_proxy_is_written_down() -> None:
    log = Log()

    async def main(port: int) -> None:
        line = Dialer(scope(), log, Clock()).line(HERE)
        with asking("certificate/1"):
            async with connect_proxy(door(line, port)) as proxy:
                await talk(proxy.at, head(f"{HERE}:{port}", proxy.password), b"hello")

    with server(lambda c: c.sendall(c.recv(100))) as port:
        anyio.run(main, port)
    assert USER
    assert [(s.kind, s.probe, s.length) for s in log.sends] == [
        ("connect", "certificate/1", 0),
        ("payload", "certificate/1", 5),
    ]


def test_what_cannot_be_written_down_is_not_sent() -> None:
    heard: list[bytes] = []

    async def main(port: int) -> None:
        line = Dialer(scope(), Log(room=1), Clock()).line(HERE)
        with pytest.raises(BadInput, match="no room"):
            async with line.tcp(port) as connection:
                await connection.send(b"x")
        with pytest.raises(BadInput, match="no room"):
            await line.knock(port)
        assert line.cost().bytes_sent == line.cost().attempts == 0

    with server(lambda c: heard.append(c.recv(1))) as port:
        anyio.run(main, port)
    assert b"x" not in heard


def test_nothing_is_sent_outside_the_window() -> None:
    for now in (OPENS - timedelta(seconds=1), CLOSES):
        log = Log()
        dialer = Dialer(scope(), log, Clock(now))

        async def main(dialer: Dialer = dialer) -> None:
            line = dialer.line(HERE)
            for refused in (line.knock(1), line.tcp(1).__aenter__(), line.udp(1).__aenter__()):
                with pytest.raises(OutOfScope, match="window of ACME-1"):
                    await refused
            with pytest.raises(OutOfScope, match="window of ACME-1"):
                with dialer.group(LOOPBACK, "224.0.0.251", 5353) as call:
                    await call.ask(b"x")

        anyio.run(main)
        assert log.sends == []
        assert dialer.outgoing.is_closed


def test_a_conversation_under_way_stops_when_the_window_closes() -> None:
    clock = Clock()
    heard: list[bytes] = []

    async def main(port: int) -> None:
        async with Dialer(scope(), None, clock).line(HERE).tcp(port) as connection:
            await connection.send(b"1")
            await connection.receive()
            clock.now = CLOSES
            with pytest.raises(OutOfScope):
                await connection.send(b"2")

    def listen(connection: socket.socket) -> None:
        while data := connection.recv(10):
            heard.append(data)
            connection.sendall(b"x")

    with server(listen) as port:
        anyio.run(main, port)
    assert heard == [b"1"]


def through_proxy(dialer: Dialer, heard: list[bytes], before_second: Callable[[], None]) -> list[DialError | None]:
    """Two pieces of bytes through the proxy, ``before_second`` called between them; the proxy's error."""
    said: list[DialError | None] = []

    async def main(port: int) -> None:
        async with connect_proxy(door(dialer.line(HERE), port)) as proxy:
            async with await anyio.connect_tcp("127.0.0.1", proxy.at) as client:
                await client.send(head(f"{HERE}:{port}", proxy.password))
                assert b"200" in await client.receive()
                await client.send(b"1")
                await client.receive()
                before_second()
                await client.send(b"2")
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await client.receive()
            said.append(proxy.error)

    def listen(connection: socket.socket) -> None:
        while data := connection.recv(10):
            heard.append(data)
            connection.sendall(b"x")

    with server(listen) as port:
        anyio.run(main, port)
    return said


def test_a_library_is_cut_off_when_the_window_closes() -> None:
    clock, heard = Clock(), list[bytes]()

    def close() -> None:
        clock.now = CLOSES

    (error,) = through_proxy(Dialer(scope(), None, clock), heard, close)
    assert isinstance(error, OutOfScope)
    assert heard == [b"1"]


def test_a_library_is_cut_off_when_nothing_can_be_written_down() -> None:
    heard: list[bytes] = []
    with pytest.raises(BadInput, match="no room"):
        through_proxy(Dialer(scope(), Log(room=2), Clock()), heard, lambda: None)
    assert heard == [b"1"]


def test_a_clock_that_is_put_back_does_not_open_the_window_again() -> None:
    clock = Clock(CLOSES - timedelta(seconds=1))
    outgoing = Outgoing(scope(), None, clock)
    outgoing.require(HERE)
    clock.now = CLOSES
    with pytest.raises(OutOfScope):
        outgoing.require(HERE)
    clock.now = OPENS
    with pytest.raises(OutOfScope):
        outgoing.require(HERE)


def test_a_clock_that_stands_still_does_not_hold_the_window_open(monkeypatch: pytest.MonkeyPatch) -> None:
    outgoing = Outgoing(scope(), None, Clock())
    outgoing.require(HERE)
    later = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)
    with pytest.raises(OutOfScope):
        outgoing.require(HERE)


def test_ports_out_of_scope_are_neither_asked_nor_called_closed() -> None:
    log = Log()
    forbidden = closed_port()

    async def main(port: int) -> PortSweep:
        return await sweep(Dialer(scope(port), log, Clock()).line(HERE), (port, forbidden))

    with server(lambda c: None) as port:
        swept = anyio.run(main, port)
    assert swept == PortSweep(open=(port,), forbidden=(forbidden,))
    assert {s.port for s in log.sends} == {port}


def test_a_sweep_that_the_window_cut_calls_no_port_silent() -> None:
    async def main(port: int) -> PortSweep:
        return await sweep(Dialer(scope(), None, Clock(CLOSES)).line(HERE), (port,))

    with server(lambda c: None) as port:
        assert anyio.run(main, port) == PortSweep(forbidden=(port,))


def test_addresses_that_no_scope_allows() -> None:
    with pytest.raises(OutOfScope):
        Dialer(Scope(include=("0.0.0.0/0",))).line("169.254.169.254")
