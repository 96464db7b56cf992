import socket
from collections.abc import Mapping
from contextlib import ExitStack

import anyio
import pytest

from iotscan.model.facts import CoapServer, SnmpAgent
from iotscan.model.scope import Pace, Scope
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.dial import Dialer, Line
from iotscan.observe.network.probes import coap, snmp
from iotscan.observe.network.survey import Questions, Survey
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
    assert heard == [b"one"] * 2
    assert datagrams == 4


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


def test_refusals_that_come_one_by_one_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Linux sends them, six at once and then one a second; not to itself, so they are told here."""
    rounds: list[tuple[Knocked, ...]] = [("refused",), ("refused",), ("refused",), ()]

    async def round_(line: Line, words: Mapping[int, object], unasked: set[int]) -> dict[int, Knocked]:
        return dict(zip(words, rounds.pop(0), strict=False))

    monkeypatch.setattr("iotscan.observe.network.udp_knock._ask_each", round_)
    found, _ = knock(dict.fromkeys((1, 2, 3, 4), ONE))
    assert list(found.values()) == ["refused", "refused", "refused", "silent"]


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
