import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

import anyio
import pytest

from iotscan.model.facts import CoapServer, SnmpAgent
from iotscan.model.scope import Pace, Scope
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.line import Line
from iotscan.observe.network.nudge import Nudged
from iotscan.observe.network.probes import coap, snmp
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.udp_knock import FirstWord, Knocked, knock_udp
from iotscan.observe.network.unit import Unit
from iotscan.wire import coap as coap_wire
from tests.observe.network.daemons import HOST, PACE, free_port
from tests.observe.network.datagrams import answering

ONE = (FirstWord(payload=b"one"),)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotscan.observe.network.udp_knock.WAIT", 0.3)


def knock(words: Mapping[int, tuple[FirstWord, ...]], scope: Scope | None = None) -> tuple[dict[int, Knocked], int]:
    """What came of it, and how many datagrams it took."""
    line = Dialer(scope or Scope(include=("127.0.0.0/8",), pace=PACE)).line(HOST)
    heard = anyio.run(knock_udp, line, words)
    return heard, line.cost().datagrams


def test_each_port_is_told_from_the_others() -> None:
    closed = free_port(socket.SOCK_DGRAM)
    heard: list[bytes] = []

    def note(data: bytes) -> list[bytes]:
        heard.append(data)
        return []

    with answering(lambda data: [data]) as echo, answering(note) as silent:
        found, datagrams = knock({echo: ONE, silent: ONE, closed: ONE})
    assert found == {echo: "answered", silent: "silent", closed: "refused"}
    # The last times, beside the closed port: that is refused still, so this one is silent.
    assert heard == [b"one"] * 5
    assert datagrams == 10


def test_one_answer_to_several_words_is_enough_and_they_are_bidden_farewell() -> None:
    said: list[bytes] = []

    def answer(data: bytes) -> list[bytes]:
        said.append(data)
        return [b"yes"] if data == b"two" else []

    words = (FirstWord(payload=b"one"), FirstWord(payload=b"two", farewell=b"bye"))
    with answering(answer) as port:
        found, _ = knock({port: words})
    assert found == {port: "answered"}
    assert said == [b"one", b"two", b"bye"]


class Limited(Line):
    """A line to a device that refuses as Linux does: so many at once, and then one a round unless others take it."""

    def __init__(self, at_once: int, *, closed: set[int], taken: Iterable[int] = ()) -> None:
        super().__init__(HOST, PACE, anyio.Semaphore(1), Dialer(Scope(include=(HOST,))).outgoing)
        self._spare, self._closed = at_once, closed
        self._taken = set(taken)
        self.asked: list[int] = []
        self._round = 0
        self._last = 0.0

    async def turn(self) -> None:
        await anyio.lowlevel.checkpoint()

    async def nudge(self, port: int, payload: bytes, *, seconds: float, tries: int, farewell: bytes = b"") -> Nudged:
        if not self.asked or anyio.current_time() - self._last > 0.01:
            self._round += 1
            self._spare += bool(self.asked) and self._round not in self._taken
        self._last = anyio.current_time()
        self.asked.append(port)
        if port in self._closed and self._spare > 0:
            self._spare -= 1
            return "refused"
        await anyio.sleep(0.03)
        return "silent"

    def found(self, *ports: int) -> dict[int, Knocked]:
        return anyio.run(knock_udp, self, dict.fromkeys(ports, ONE))


def test_refusals_that_come_one_by_one_are_waited_for() -> None:
    """Others take some of them."""
    limited = Limited(2, closed={1, 2, 3, 4, 5, 6}, taken=[3, 5, 6])
    assert set(limited.found(1, 2, 3, 4, 5, 6).values()) == {"refused"}


def test_silence_beside_refusals_that_still_come_is_silence() -> None:
    limited = Limited(6, closed={1})
    assert limited.found(1, 2) == {1: "refused", 2: "silent"}
    assert limited.asked == [1, 2, 2, 2, 1, 2, 1, 2, 1]


def test_a_device_that_refuses_once_is_not_asked_for_ever() -> None:
    limited = Limited(1, closed={1}, taken=range(99))
    assert limited.found(1, 2) == {1: "refused", 2: "silent"}
    assert limited.asked.count(2) == 18


def test_what_no_check_waits_for_is_not_waited_for() -> None:
    limited = Limited(1, closed={1, 2}, taken=range(99))
    words = {1: ONE, 2: (FirstWord(payload=b"time", is_urgent=False),)}
    assert anyio.run(knock_udp, limited, words) == {1: "refused", 2: "silent"}
    assert limited.asked.count(2) == 2


def test_a_device_that_may_see_no_more_is_not_said_to_be_silent() -> None:
    with answering(lambda data: []) as port:
        found, datagrams = knock({port: ONE}, Scope(include=("127.0.0.0/8",), pace=Pace(datagrams=1)))
    assert (found, datagrams) == ({}, 1)


def test_a_survey_asks_only_where_something_came_back() -> None:
    kept: list[Unit] = []
    said: list[bytes] = []

    async def keep(unit: Unit) -> None:
        kept.append(unit)

    def reset(data: bytes) -> list[bytes]:
        said.append(data)
        return [coap_wire.reset(int.from_bytes(data[2:4], "big"))]

    async def main(udp: Mapping[str, int]) -> int:
        line = Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)).line(HOST)
        await Survey(line, Questions(tcp=(), probes=(coap.PROBE, snmp.PROBE), udp=udp), keep).run()
        return line.cost().exchanges

    with ExitStack() as stack:
        silent = stack.enter_context(answering(lambda data: []))
        node = stack.enter_context(answering(reset))
        exchanges = anyio.run(main, {"snmp": silent, "coap": node})
    told = {attempt.need: attempt.status for unit in kept for attempt in unit.attempts}
    assert told["snmp-agent"] is AttemptStatus.TIMED_OUT
    assert told["coap-server"] is AttemptStatus.OBSERVED
    assert exchanges >= 1
    facts = [type(o.fact) for unit in kept for o in unit.observations]
    assert CoapServer in facts
    assert SnmpAgent not in facts
