"""The practice devices' own parsers, on any bytes."""

import asyncio
from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.lab import broker, snmp
from iotscan.lab.devices.psk_node import answer
from iotscan.lab.terminal import Terminal
from iotscan.lab.web import Request, basic_login
from iotscan.wire.tls.server import read_client_hello

ARCS = st.lists(st.integers(0, 2**32 - 1), max_size=6)
AGENT = snmp.Agent(community=b"public", values={(1, 3, 6, 1): b"a", (1, 3, 6, 2): b"b"})


@given(st.binary(max_size=300))
def test_the_agent_never_raises(data: bytes) -> None:
    AGENT.answer(data)
    AGENT.answer(snmp.encode(snmp.SEQUENCE, data))


@given(st.integers(1, 2), st.integers(0, 39), ARCS)
def test_object_identifiers_come_back(first: int, second: int, rest: list[int]) -> None:
    name = (first, second, *rest)
    assert snmp.read_id(snmp.Reader(snmp.encode_id(name)).element(snmp.OID)) == name


def request(kind: int, *names: snmp.ObjectId, version: int = 1, community: bytes = b"public") -> bytes:
    bindings = b"".join(snmp.encode(snmp.SEQUENCE, snmp.encode_id(n) + snmp.encode(snmp.NULL, b"")) for n in names)
    body = snmp.encode_number(7) + snmp.encode_number(0) * 2 + snmp.encode(snmp.SEQUENCE, bindings)
    return snmp.encode(
        snmp.SEQUENCE,
        snmp.encode_number(version) + snmp.encode(snmp.OCTETS, community) + snmp.encode(kind, body),
    )


def test_the_agent_answers_its_community_only() -> None:
    assert AGENT.answer(request(snmp.GET, (1, 3, 6, 1), community=b"Public")) is None
    assert AGENT.answer(request(snmp.GET, (1, 3, 6, 1), version=3)) is None
    assert AGENT.answer(request(0xA3, (1, 3, 6, 1))) is None
    assert (AGENT.answer(request(snmp.GET, (1, 3, 6, 1))) or b"").endswith(b"\x04\x01a")


def test_the_next_of_two_at_once_are_both_found() -> None:
    reply = AGENT.answer(request(snmp.GETNEXT, (1, 3), (1, 3, 6, 1)))
    assert reply is not None
    assert reply.endswith(
        snmp.encode(snmp.SEQUENCE, snmp.encode_id((1, 3, 6, 1)) + b"\x04\x01a")
        + snmp.encode(snmp.SEQUENCE, snmp.encode_id((1, 3, 6, 2)) + b"\x04\x01b")
    )


@given(st.binary(max_size=100), st.integers(0, 15), st.integers(0, 15), st.sampled_from([3, 4, 5]))
def test_the_broker_raises_nothing_but_its_own(body: bytes, kind: int, flags: int, level: int) -> None:
    with suppress(broker.Malformed):
        broker.read_connect(body)
    with suppress(broker.Malformed):
        broker.Session(level, {"a/b": b"c"}).answer(kind, flags, body)


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("#", "a/b", True),
        ("#", "$SYS/a", False),
        ("+/a", "$SYS/a", False),
        ("$SYS/#", "$SYS/a", True),
        ("a/#", "a", True),
        ("a/+", "a", False),
        ("a/+", "a/b", True),
        ("+", "a/b", False),
        ("a", "a/b", False),
        ("a/b", "a/b", True),
    ],
)
def test_topic_filters(pattern: str, topic: str, matches: bool) -> None:
    assert broker.topic_matches(pattern, topic) is matches


@pytest.mark.parametrize("length", [0, 127, 128, 16383, 16384])
def test_packet_lengths_come_back(length: int) -> None:
    async def come_back() -> tuple[int, int, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(broker.packet(broker.PUBLISH, b"x" * length, flags=1))
        return await broker._next_packet(reader)

    assert asyncio.run(come_back()) == (broker.PUBLISH, 1, b"x" * length)


class Deaf:
    """Somebody who hears nothing of what is said."""

    def write(self, data: bytes, /) -> None:
        pass

    async def drain(self) -> None:
        pass


def lines_of(data: bytes) -> list[str]:
    async def hear() -> list[str]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        terminal, heard = Terminal(reader, Deaf()), []
        try:
            while True:
                heard.append(await terminal.hear())
        except EOFError:
            return heard

    return asyncio.run(hear())


@given(st.binary(max_size=600))
def test_the_terminal_ends_on_any_bytes(data: bytes) -> None:
    lines_of(data)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\r\nb\r\0c\nd\re\n", ["a", "b", "c", "d", "e"]),
        (b"a\xff\xfd\x01b\r\n", ["ab"]),
        (b"\xff\xfa\x18\x00xterm\xff\xff\xff\xf0a\n", ["a"]),
        (b"\xff\xf1a\n", ["a"]),
        (b"\n\r\n", ["", ""]),
        (b"a" * 300 + b"\n", []),
    ],
)
def test_lines_without_the_commands_between(data: bytes, lines: list[str]) -> None:
    assert lines_of(data) == lines


@given(st.text(max_size=60))
def test_no_authorization_header_raises(value: str) -> None:
    basic_login(Request(method="GET", path="/", headers={"authorization": value}))
    basic_login(Request(method="GET", path="/", headers={"authorization": f"Basic {value}"}))


def test_a_basic_login_is_read() -> None:
    value = b64encode(b"admin:a:b").decode()
    assert basic_login(Request(method="GET", path="/", headers={"authorization": f"basic {value}"})) == ("admin", "a:b")


@given(st.binary(max_size=400))
def test_the_psk_node_answers_any_hello(data: bytes) -> None:
    hello = read_client_hello(b"\x16\x03\x01" + len(data).to_bytes(2, "big") + data)
    if hello is not None:
        assert answer(hello)[0]
