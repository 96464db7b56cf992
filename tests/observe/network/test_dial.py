"""The one door to a socket: scope, pace, clocks, budget, caps."""

import contextlib
import errno
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import anyio
import pytest

from iotscan.model.scope import Pace, Scope
from iotscan.observe.network import line as line_module
from iotscan.observe.network import pace
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.failures import (
    BudgetSpent,
    DeadlinePassed,
    NoSocket,
    OutOfScope,
    PeerClosed,
    Refused,
    TimedOut,
    TooMuch,
    Unreachable,
)

FAST = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1000, conversation_timeout=2)
HERE = "127.0.0.9"


@contextlib.contextmanager
def server(talk) -> Iterator[int]:
    """Serve ``talk(connection)`` on a port of HERE until the block ends."""
    listener = socket.create_server((HERE, 0))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def dialer(pace: Pace = FAST, include: tuple[str, ...] = ("127.0.0.0/8",), exclude: tuple[str, ...] = ()) -> Dialer:
    return Dialer(Scope(include=include, exclude=exclude, pace=pace))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return probe.getsockname()[1]


def test_out_of_scope_is_refused_before_a_socket_exists() -> None:
    with pytest.raises(OutOfScope):
        dialer(include=("192.0.2.0/24",)).line(HERE)
    with pytest.raises(OutOfScope):
        dialer(exclude=(f"{HERE}/32",)).line(HERE)
    with pytest.raises(OutOfScope):
        dialer().line("localhost")


def test_a_knock_tells_open_from_closed() -> None:
    async def main(port: int) -> None:
        line = dialer().line(HERE)
        assert await line.knock(port) == "open"
        assert await line.knock(closed_port()) == "closed"
        assert line.cost().attempts == 2

    with server(lambda c: c.recv(1)) as port:
        anyio.run(main, port)


def test_a_connection_without_a_peer_is_no_open_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda raw, at: 0)  # the event loop missed that it failed
    assert anyio.run(dialer().line(HERE).knock, 9) == "filtered"


def test_a_conversation_and_its_cost() -> None:
    async def main(port: int) -> None:
        line = dialer().line(HERE)
        async with line.tcp(port) as connection:
            await connection.send(b"ping")
            assert await connection.receive() == b"ping"
        cost = line.cost()
        assert (cost.connections, cost.bytes_sent, cost.bytes_received) == (1, 4, 4)

    with server(lambda c: c.sendall(c.recv(4))) as port:
        anyio.run(main, port)


def test_more_than_the_cap_is_not_read() -> None:
    async def main(port: int) -> None:
        async with dialer().line(HERE).tcp(port, cap=1000) as connection:
            assert len(await connection.receive_while(lambda got: len(got) < 1000)) == 1000
            with pytest.raises(TooMuch):
                await connection.receive()

    with server(lambda c: c.sendall(b"x" * 10_000_000)) as port:
        anyio.run(main, port)


def test_a_drip_ends_at_the_conversation_clock() -> None:
    pace = Pace(attempts_per_second=2000, accepted_per_second=2000, conversation_timeout=0.3)
    released = threading.Event()

    def drip(connection: socket.socket) -> None:
        while not released.wait(0.05):
            connection.sendall(b".")

    async def main(port: int) -> None:
        with pytest.raises(TimedOut):
            async with dialer(pace).line(HERE).tcp(port) as connection:
                await connection.receive_while(lambda _: True)

    with server(drip) as port:
        anyio.run(main, port)
        released.set()


def test_one_conversation_does_not_overspend_the_packets() -> None:
    """Each word of a device that has us answer, and each byte of one that drips, costs it a packet of ours."""

    def echo(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(1):
            connection.sendall(data)

    async def main(port: int) -> None:
        line = dialer(Pace(attempts_per_second=2000, accepted_per_second=2000)).line(HERE)
        async with line.tcp(port) as connection:

            async def converse() -> None:
                for _ in range(1000):
                    await connection.send(b".")
                    await connection.receive()

            with pytest.raises(BudgetSpent):
                await converse()
        assert 400 < line.packets <= 500
        assert line.cost().packets == line.packets

    with server(echo) as port:
        anyio.run(main, port)


def test_a_knock_at_one_that_floods_leaves_the_packets_to_others() -> None:
    def flood(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            connection.sendall(b".")

    async def main(port: int) -> None:
        line = dialer(Pace(attempts_per_second=2000, accepted_per_second=2000)).line(HERE)
        assert await line.knock(port) == "open"
        assert line.packets < 50

    with server(flood) as port:
        anyio.run(main, port)


def test_a_reset_is_named() -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    async def main(port: int) -> None:
        async with dialer().line(HERE).tcp(port) as connection:
            await connection.send(b"x")
            with pytest.raises(PeerClosed):
                await connection.receive()

    with server(reset) as port:
        anyio.run(main, port)


def test_one_conversation_at_a_time() -> None:
    at_once: list[int] = []
    open_now = 0
    lock = threading.Lock()

    def count(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"x")

    async def main(port: int) -> None:
        nonlocal open_now
        line = dialer().line(HERE)

        async def talk() -> None:
            nonlocal open_now
            async with line.tcp(port) as connection:
                with lock:
                    open_now += 1
                    at_once.append(open_now)
                await connection.send(b"x")
                await connection.receive()
                with lock:
                    open_now -= 1

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(talk)

    with server(count) as port:
        anyio.run(main, port)
    assert at_once == [1] * 5


def test_the_budget_ends_the_questions() -> None:
    async def main(port: int) -> None:
        line = dialer(Pace(attempts_per_second=2000, accepted_per_second=2000, connections=2)).line(HERE)
        for _ in range(2):
            async with line.tcp(port):
                pass
        with pytest.raises(BudgetSpent):
            async with line.tcp(port):
                pass
        assert line.cost().connections == 2

    with server(lambda c: c.recv(1)) as port:
        anyio.run(main, port)


def test_the_device_clock_ends_the_questions() -> None:
    async def main(port: int) -> None:
        line = dialer(Pace(attempts_per_second=2000, accepted_per_second=2000, device_timeout=1e-9)).line(HERE)
        await line.knock(port)
        with pytest.raises(DeadlinePassed):
            await line.knock(port)

    with server(lambda c: c.recv(1)) as port:
        anyio.run(main, port)


def test_a_service_that_keeps_us_waiting_leaves_the_others_their_time() -> None:
    def mute(connection: socket.socket) -> None:
        connection.recv(1)

    async def main(mute_port: int, other: int) -> None:
        pace = Pace(attempts_per_second=2000, accepted_per_second=2000, conversation_timeout=0.1, device_timeout=0.3)
        line = dialer(pace).line(HERE)
        with pytest.raises(TimedOut):
            async with line.tcp(mute_port) as connection:
                await connection.receive()
        with pytest.raises(DeadlinePassed, match=rf"conversations with port {mute_port} are used up"):
            async with line.tcp(mute_port):
                pass
        async with line.tcp(other) as connection:
            assert await connection.receive() == b"hello"

    with server(mute) as mute_port, server(lambda connection: connection.sendall(b"hello")) as other:
        anyio.run(main, mute_port, other)


def test_the_device_clock_stands_while_others_hold_us_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(line_module, "time", SimpleNamespace(monotonic=lambda: now))

    async def main(port: int) -> None:
        nonlocal now
        line = dialer(Pace(attempts_per_second=2000, accepted_per_second=2000, device_timeout=60)).line(HERE)
        await line.knock(port)
        with line.held_up():
            now += 600
        await line.knock(port)
        now += 61
        with pytest.raises(DeadlinePassed):
            await line.knock(port)

    with server(lambda c: c.recv(1)) as port:
        anyio.run(main, port)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAFNOSUPPORT])
def test_a_machine_without_sockets_says_nothing_of_the_device(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def no_socket(*_: object, **__: object) -> None:
        raise OSError(number, "none")

    async def main(port: int) -> None:
        line = dialer().line(HERE)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", no_socket)
            for _ in range(3):
                with pytest.raises(NoSocket, match="this machine"):
                    async with line.tcp(port):
                        pass
                with pytest.raises(NoSocket, match="this machine"):
                    async with line.udp(port):
                        pass
        async with line.tcp(port):
            pass

    with server(lambda c: c.recv(1)) as port:
        anyio.run(main, port)


def test_datagrams_find_their_way_to_a_link_local_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its zone as the number that the kernel wants: without it, it knows of no way."""
    told = []

    class Peer:
        def __init__(self, *_: object) -> None: ...
        def setblocking(self, _: bool) -> None: ...
        def close(self) -> None: ...
        def connect(self, at: tuple[object, ...]) -> None:
            told.append(at)

    async def main() -> None:
        line = dialer(include=("fe80::/10",)).line("fe80::1%lo")
        monkeypatch.setattr(socket, "socket", Peer)
        async with line.udp(5684):
            pass
        monkeypatch.undo()

    anyio.run(main)
    assert told == [("fe80::1", 5684, 0, socket.if_nametoindex("lo"))]


def test_a_device_that_stopped_answering_is_left_alone() -> None:
    async def main() -> None:
        line = dialer().line(HERE)
        port = closed_port()
        for _ in range(2):
            with pytest.raises(Refused):
                async with line.tcp(port):
                    pass
        with pytest.raises(Unreachable, match="left alone"):
            async with line.tcp(port):
                pass

    anyio.run(main)


def test_turns_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(pace.time, "monotonic", lambda: now)
    monkeypatch.setattr(pace.anyio, "sleep", sleep)

    async def main() -> list[float]:
        pacer = pace.Pacer(4.0)
        turns = []
        for _ in range(4):
            await pacer.turn()
            turns.append(now)
        pacer.spend()
        await pacer.ready()
        return [*turns, now]

    assert anyio.run(main) == [100.0, 100.25, 100.5, 100.75, 101.25]


def test_a_silent_udp_port_is_a_time_out_and_a_closed_one_a_refusal() -> None:
    async def main(silent: int) -> None:
        line = dialer().line(HERE)
        with pytest.raises(TimedOut):
            async with line.udp(silent) as datagram:
                await datagram.ask(b"x", seconds=0.05)
        with pytest.raises(Refused):
            async with line.udp(closed_port()) as datagram:
                await datagram.ask(b"x", seconds=1)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((HERE, 0))
        anyio.run(main, deaf.getsockname()[1])


def test_datagrams_keep_to_the_budget() -> None:
    async def main(port: int) -> int:
        line = dialer(Pace(datagrams=3)).line(HERE)
        with pytest.raises(BudgetSpent):
            async with line.udp(port) as datagram:
                await datagram.ask(b"question", seconds=0.01, tries=9)
        return line.datagrams

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((HERE, 0))
        assert anyio.run(main, deaf.getsockname()[1]) == 3


def test_multicast_goes_to_known_groups_only() -> None:
    link = Attached(interface="lo", address="127.0.0.1", network="127.0.0.0/8")
    for group, port in (("224.0.0.1", 9), ("127.255.255.255", 47808), ("224.0.0.251", 5355)):
        with pytest.raises(OutOfScope), dialer().group(link, group, port):
            pass
