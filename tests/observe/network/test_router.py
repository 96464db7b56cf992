"""Agents that lie, stall or never end: what was read counts, what is sent is bounded, and it is said."""

from collections.abc import Iterable

import anyio
import pytest

from iotscan.data.communities import Router
from iotscan.model.audit import Send
from iotscan.model.scope import Scope
from iotscan.model.secret import Secret
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery import router as at
from iotscan.observe.network.discovery.found import Found
from iotscan.wire.arp_table import IP_NET_TO_PHYSICAL
from iotscan.wire.ber import NULL, OCTETS, SEQUENCE, element, integer, take, take_integer
from iotscan.wire.snmp import object_id
from iotscan.wire.snmp_walk import Oid, _arcs
from tests.observe.network.datagrams import Answer, answering

MAC = bytes.fromhex("00408c000010")
SECRET = "s3cret-hall"


class Log:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Send] = []

    def note(self, send: Send) -> None:
        self.sent.append(send)


def asked(packet: bytes) -> tuple[int, Oid, bytes]:
    """The number of a question, the name that it asks on from, and the community."""
    message, _ = take(packet, SEQUENCE)
    _, rest = take_integer(message)
    community, rest = take(rest, OCTETS)
    pdu, _ = take(rest, 0xA5)
    number, rest = take_integer(pdu)
    for _ in range(2):
        _, rest = take_integer(rest)
    variables, _ = take(rest, SEQUENCE)
    variable, _ = take(variables, SEQUENCE)
    name, _ = take(variable, 0x06)
    return number, _arcs(name), community


def said(number: int, rows: Iterable[tuple[Oid, bytes]], community: bytes = SECRET.encode()) -> bytes:
    """The answer to it."""
    listed = b"".join(element(SEQUENCE, object_id(name) + value) for name, value in rows)
    pdu = element(0xA2, integer(number) + integer(0) + integer(0) + element(SEQUENCE, listed))
    return element(SEQUENCE, integer(1) + element(OCTETS, community) + pdu)


def row(address: int) -> tuple[Oid, bytes]:
    """A row for the address of this number."""
    name = (*IP_NET_TO_PHYSICAL, 2, 1, 4, *address.to_bytes(4, "big"))
    return name, element(OCTETS, MAC)


def read(answer: Answer) -> tuple[list[Found], str, Log]:
    """What comes of reading an agent: what was found, told and sent."""
    log, told = Log(), list[str]()

    async def main(port: int) -> list[Found]:
        dialer = Dialer(Scope(include=("127.0.0.1/32", "10.0.0.0/29")), log)
        send, receive = anyio.create_memory_object_stream[Found](1000)
        async with send, receive:
            router = Router(address="127.0.0.1", community=Secret(SECRET))
            await at.ask_router(dialer, router, send, told.append, port)
            send.close()
            return [each async for each in receive]

    with answering(answer) as port:
        found = anyio.run(main, port)
    (words,) = told
    assert SECRET not in words
    assert not any(each.sha256 for each in log.sent)
    return found, words, log


def test_neighbours_in_scope_are_found_and_the_others_named() -> None:
    def answer(packet: bytes) -> Iterable[bytes]:
        number, after, community = asked(packet)
        assert community.decode() == SECRET
        rows = [row(0x0A000001), row(0x0A000009), row(0x0A000100)] if after == IP_NET_TO_PHYSICAL else []
        end = ((1, 3, 6, 1, 9), element(NULL, b""))
        # Somebody else's answer comes first.
        return (said(number + 1, rows), said(number, [*rows, end], b"public"), said(number, [*rows, end]))

    found, words, _ = read(answer)
    assert [(f.address, f.mac, f.how) for f in found] == [("10.0.0.1", "00:40:8c:00:00:10", at.HOW)]
    assert words == (
        "neighbour table of 127.0.0.1: 3 rows, 1 neighbours in scope, 2 questions; "
        "2 out of scope, not asked: 10.0.0.9, 10.0.1.0"
    )


def test_an_agent_without_an_end_is_left_after_so_many_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at, "QUESTIONS", 25)

    def answer(packet: bytes) -> Iterable[bytes]:
        number, after, _ = asked(packet)
        if after[: len(IP_NET_TO_PHYSICAL)] != IP_NET_TO_PHYSICAL:
            return (said(number, []),)
        last = int.from_bytes(bytes(after[-4:]), "big") if len(after) > len(IP_NET_TO_PHYSICAL) else 0x0B000000
        return (said(number, [row(last + n) for n in range(1, 100)]),)

    found, words, log = read(answer)
    assert not found
    assert f"{25 * at.ROWS:,} rows, 0 neighbours in scope, 26 questions; {25 * at.ROWS:,} out of scope" in words
    assert "and 792 more; it has more rows than are read" in words
    assert len(log.sent) == 26


def test_one_that_goes_round_is_left_at_once() -> None:
    def answer(packet: bytes) -> Iterable[bytes]:
        return (said(asked(packet)[0], [row(0x0A000001), row(0x0A000001)]),)

    found, words, log = read(answer)
    assert [f.address for f in found] == ["10.0.0.1"]
    assert "its rows go round in a circle" in words
    assert len(log.sent) == 2


def test_one_that_never_answers_the_question_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at, "_SECONDS", 0.05)
    found, words, log = read(lambda packet: (said(asked(packet)[0] + 1, [row(0x0A000001)]),) * 50)
    assert not found
    assert "no answer: another community, no SNMP, or not to us" in words
    assert len(log.sent) == 2
