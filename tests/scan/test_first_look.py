"""What is likely is looked at before the other ports are knocked on: a finding need not wait for the sweep's end."""

from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

import anyio

from iotscan.model.facts import PortSweep, TelnetServer
from iotscan.model.scope import Pace, Scope
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.line import Line
from iotscan.observe.network.probes import telnet
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.sweep import sweep
from iotscan.observe.network.unit import Unit
from tests.observe.network.test_dial import HERE, closed_port, server

FAST = Pace(attempts_per_second=2000, accepted_per_second=2000, connect_timeout=5)
GREETING = b"\xff\xfd\x18\xff\xfd\x20device login: "


def line() -> Line:
    return Dialer(Scope(include=("127.0.0.0/8",), pace=FAST)).line(HERE)


def survey(*ports: int, likely: tuple[int, ...], done: tuple[Unit, ...] = ()) -> list[Unit]:
    kept: list[Unit] = []

    async def keep(unit: Unit) -> None:
        kept.append(unit)

    async def main() -> None:
        expected = dict.fromkeys(ports, "telnet")
        questions = Questions(tcp=ports, likely=likely, probes=(telnet.PROBE,), expected=expected)
        await Survey(line(), questions, keep, done=done).run()

    anyio.run(main)
    return kept


def test_a_likely_port_is_asked_before_the_sweep_has_ended_and_once() -> None:
    with server(lambda c: c.sendall(GREETING)) as likely, server(lambda c: c.sendall(GREETING)) as other:
        kept = survey(closed_port(), other, likely, likely=(likely,))
    first, rest = (f"tcp/{port}" for port in (likely, other))
    assert [u.name for u in kept] == [
        f"identify {first}",
        f"telnet {first}",
        "sweep",
        f"identify {rest}",
        f"telnet {rest}",
    ]
    (swept,) = (o.fact for u in kept for o in u.observations if isinstance(o.fact, PortSweep))
    assert swept.open == tuple(sorted((likely, other)))
    assert len([o for u in kept for o in u.observations if isinstance(o.fact, TelnetServer)]) == 2


def test_what_the_sweep_cost_is_without_the_look() -> None:
    with server(lambda c: c.sendall(GREETING)) as likely:
        attempts = {a.need: a for u in survey(likely, likely=(likely,)) for a in u.attempts}
    assert (attempts["port-sweep"].connections, attempts["open-service"].connections) == (0, 1)


def test_a_resumed_look_asks_nothing_again() -> None:
    with server(lambda c: c.sendall(GREETING)) as likely:
        before = survey(likely, likely=(likely,))
        again = survey(likely, likely=(likely,), done=tuple(u for u in before if u.name != "sweep"))
    assert [u.name for u in again] == ["sweep"]


@contextmanager
def full_listener() -> Iterator[int]:
    """A port whose queue is full: knocks stay unanswered, as behind a filter."""
    with socket() as deaf, socket() as one, socket() as other:
        deaf.bind((HERE, 0))
        deaf.listen(0)
        for filler in (one, other):
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        yield deaf.getsockname()[1]


def test_nothing_is_looked_at_while_a_knock_is_unanswered() -> None:
    """Its answer, were it late, would come into a conversation: a second connection at once."""
    looked: list[tuple[int, ...]] = []

    async def look(ports: tuple[int, ...]) -> None:
        looked.append(ports)

    async def main(silent: int, port: int) -> None:
        pace = Pace(attempts_per_second=2000, accepted_per_second=2000, connect_timeout=0.3)
        one = Dialer(Scope(include=("127.0.0.0/8",), pace=pace)).line(HERE)
        swept = await sweep(one, (silent, port), likely=(silent, port), look=look)
        assert (swept.open, swept.filtered) == ((port,), (silent,))
        await sweep(one, (silent, port), likely=(port,), look=look)

    with server(lambda c: None) as port, full_listener() as silent:
        anyio.run(main, silent, port)
    assert looked == [(port,)]
