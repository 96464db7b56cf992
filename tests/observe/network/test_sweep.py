"""The port sweep: right about open, closed and silent, and gentle."""

import errno
import gc
import socket
import time
from pathlib import Path
from typing import NoReturn

import anyio
import pytest

from iotscan.model.scope import Pace, Scope
from iotscan.observe.network import line as line_module
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery import connect, neighbours
from iotscan.observe.network.discovery.connect import Knocks, connect_sweep
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.neighbours import read_neighbours
from iotscan.observe.network.line import Line
from iotscan.observe.network.sweep import sweep
from tests.observe.network.test_dial import HERE, closed_port, server

FAST = Pace(attempts_per_second=2000, accepted_per_second=2000, connect_timeout=0.3)


def dialer() -> Dialer:
    return Dialer(Scope(include=("127.0.0.0/8",), pace=FAST))


def full_listener() -> socket.socket:
    """A listener whose queue is full: the kernel drops what comes next, which looks like a filter."""
    listener = socket.socket()
    listener.bind((HERE, 0))
    listener.listen(0)
    return listener


def test_open_closed_and_filtered() -> None:
    async def main(port: int, silent: int) -> None:
        closed = closed_port()
        swept = await sweep(dialer().line(HERE), (port, closed, silent))
        assert (swept.open, swept.closed, swept.filtered) == ((port,), (closed,), (silent,))

    with (
        server(lambda c: c.recv(1)) as port,
        full_listener() as deaf,
        socket.socket() as first,
        socket.socket() as next_one,
    ):
        address = deaf.getsockname()
        for filler in (first, next_one):
            filler.setblocking(False)
            filler.connect_ex(address)
        anyio.run(main, port, address[1])


def test_a_responsive_device_never_sees_two_knocks_at_once() -> None:
    open_now: list[int] = []
    count = 0

    def note(connection: socket.socket) -> None:
        nonlocal count
        count += 1
        open_now.append(count)
        connection.recv(1)  # returns when the knock closes
        count -= 1

    async def main(port: int) -> None:
        await sweep(dialer().line(HERE), (port,) * 5)

    with server(note) as port:
        anyio.run(main, port)
        until = time.monotonic() + 10
        while len(open_now) < 5 and time.monotonic() < until:
            time.sleep(0.01)  # the last knock may still wait to be accepted
    assert open_now == [1] * 5


def test_discovery_reports_refusals_as_life_and_silence_as_nothing() -> None:
    async def main() -> list[Found]:
        send, receive = anyio.create_memory_object_stream[Found](16)
        async with send:
            await connect_sweep(dialer(), (HERE,), (closed_port(),), send)
        async with receive:
            return [found async for found in receive]

    (found,) = anyio.run(main)
    assert found.address == HERE
    assert "closed" in found.how


def test_of_a_range_only_those_who_answered_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large range takes no more memory than a small one; what was asked is counted all the same."""
    monkeypatch.setattr(Line, "knock", silence)
    addresses = [f"127.1.{n >> 8}.{n & 255}" for n in range(2000)]
    spent, dialed = Knocks(), dialer()

    async def main() -> tuple[str, ...]:
        send, receive = anyio.create_memory_object_stream[Found](16)
        with send, receive:
            return await connect_sweep(dialed, addresses, (80, 81, 82), send, spent=spent)

    assert anyio.run(main) == tuple(a for a in addresses if a != addresses[700])
    gc.collect()
    assert [*dialed._lines] == [addresses[700]]
    assert len(dialed._passing) == 1
    assert spent.summary() == "connecting: 2,000 addresses asked, 1 there, 5,998 attempts, 3.0 an address"


async def silence(line: Line, port: int) -> str:
    return "closed" if line.address == "127.1.2.188" else "filtered"


def test_the_neighbour_table() -> None:
    table = (
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "10.0.0.1         0x1         0x2         00:40:8C:00:00:01     *        eth0\n"
        "10.0.0.2         0x1         0x0         00:00:00:00:00:00     *        eth0\n"
        "10.0.0.3         0x1         0x6         52:54:00:00:00:03     *        eth0\n"
        "torn\n"
    )
    assert [(n.address, n.mac) for n in read_neighbours(table)] == [
        ("10.0.0.1", "00:40:8c:00:00:01"),
        ("10.0.0.3", "52:54:00:00:00:03"),
    ]


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.ENETDOWN, errno.EMFILE])
def test_who_could_not_be_asked_is_counted_and_not_called_silent(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A link that goes down, no route, no socket left: that says nothing of who is there."""

    async def fail(*_: object) -> NoReturn:
        raise OSError(number, "")

    async def main() -> tuple[Knocks, int]:
        send, receive = anyio.create_memory_object_stream[Found](16)
        with send, receive:
            await connect_sweep(dialer(), (HERE,), (80, 443), send, {}, spent := Knocks())
            return spent, receive.statistics().current_buffer_used

    monkeypatch.setattr(line_module, "connect", fail)
    spent, found = anyio.run(main)
    assert (spent.addresses, spent.unasked, spent.there, found) == (1, 1, 0, 0)
    assert spent.summary().startswith(
        "connecting: 1 addresses asked, 0 there, 1 attempts, 1.0 an address; 1 of them in "
    )


def test_silence_is_no_lack_of_a_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> NoReturn:
        raise OSError(errno.EHOSTUNREACH, "")

    async def main() -> Knocks:
        send, receive = anyio.create_memory_object_stream[Found](16)
        with send, receive:
            await connect_sweep(dialer(), (HERE,), (80, 443), send, {}, spent := Knocks())
            return spent

    monkeypatch.setattr(line_module, "connect", fail)
    assert anyio.run(main).unasked == 0


@pytest.mark.parametrize(("limit", "most"), [("1024", 256), ("4096", 256), ("128", 32), ("8", 16), ("none", 256)])
def test_no_more_at_once_than_the_kernel_has_room_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, most: int
) -> None:
    """Where its table of neighbours is full, the kernel loses answers, and who is there would seem not to be."""
    (tmp_path / "gc_thresh3").write_text(limit)
    monkeypatch.setattr(neighbours, "LIMIT", tmp_path / "gc_thresh3")
    at_once = peak = 0

    async def knock(*_: object) -> bool:
        nonlocal at_once, peak
        at_once += 1
        peak = max(peak, at_once)
        await anyio.sleep(0.01)
        at_once -= 1
        return True

    async def main() -> tuple[str, ...]:
        send, receive = anyio.create_memory_object_stream[Found](16)
        with send, receive:
            return await connect_sweep(dialer(), [f"127.1.{n >> 8}.{n & 255}" for n in range(600)], (80,), send)

    monkeypatch.setattr(connect, "_knock_until_answered", knock)
    assert anyio.run(main) == ()
    assert peak == most
