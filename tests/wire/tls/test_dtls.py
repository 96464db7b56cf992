"""Hellos and flights over datagrams: there and back, in any order, and every parser on any bytes."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts.tls import DTLS_VERSIONS
from iotscan.wire.tls import dtls, framing
from iotscan.wire.tls.dtls import DatagramReader, fragment, hello_datagrams, record
from iotscan.wire.tls.dtls_server import certificate_message, flight, hello_verify_request, read_client_datagrams
from iotscan.wire.tls.flight import Flight
from iotscan.wire.tls.hello import EXTRAS, Offer
from iotscan.wire.tls.server import server_hello_body
from iotscan.wire.tls.suites import SUITES, offer

NOISE = bytes(range(64))
EVERYTHING = Offer(versions=tuple(reversed(DTLS_VERSIONS)), suites=offer("DTLSv1.2"), extras=EXTRAS)
HELLO = (framing.SERVER_HELLO, server_hello_body(version="DTLSv1.2", suite=0xC02F))
KEYS = (framing.SERVER_KEY_EXCHANGE, b"\x03\x00\x17\x04" + bytes(4) + b"\x04\x03\x00\x02hi")
DONE = (framing.SERVER_HELLO_DONE, b"")
MESSAGES = (HELLO, certificate_message([b"leaf" * 300, b"root"]), KEYS, DONE)
PLAIN = flight(MESSAGES)
RETRY = (framing.SERVER_HELLO, server_hello_body(version="DTLSv1.3", suite=0x1301, retry_cookie=b"again"))
versions = st.sampled_from(DTLS_VERSIONS)
suites = st.sampled_from(sorted(SUITES))


def read(datagrams: Iterable[bytes], *, answered: bytes = b"") -> DatagramReader:
    reader = DatagramReader(answered=answered)
    for datagram in datagrams:
        reader.feed(datagram)
    reader.closed()
    return reader


def answered(datagrams: Iterable[bytes]) -> Flight:
    return read(datagrams).flight


@given(versions, st.lists(suites, min_size=1, max_size=1500), st.binary(max_size=200), st.binary(max_size=200))
def test_a_client_hello_is_read_back(version: str, offered: list[int], cookie: bytes, retry: bytes) -> None:
    asked = Offer(versions=(version,), suites=tuple(offered), server_name="gate.example", extras=EXTRAS)
    datagrams = hello_datagrams(asked, NOISE, cookie=cookie, retry_cookie=retry if version == "DTLSv1.3" else b"")
    hello = read_client_datagrams(datagrams)
    assert hello is not None
    assert (hello.versions, hello.suites, hello.server_name) == ((version,), tuple(offered), "gate.example")
    assert hello.cookie in (cookie, retry)
    assert max(map(len, datagrams)) <= dtls.SAFE_DATAGRAM


def test_a_hello_that_is_short_is_one_datagram_and_a_long_one_is_more() -> None:
    assert len(hello_datagrams(EVERYTHING, NOISE)) == 1
    assert len(hello_datagrams(Offer(versions=("DTLSv1.2",), suites=(0x2F,) * 1000), NOISE)) == 2


def test_records_of_an_exchange_go_on_counting() -> None:
    (first,) = hello_datagrams(EVERYTHING, NOISE)
    (second,) = hello_datagrams(EVERYTHING, NOISE, cookie=b"c", message=1, sequence=1)
    assert (first[5:11], first[17:19]) == (bytes(6), b"\0\0")
    assert (second[5:11], second[17:19]) == (b"\0\0\0\0\0\1", b"\0\1")
    assert second[25 + 2 : 25 + 34] == NOISE[:32]


def pieces(draw: st.DrawFn) -> list[bytes]:
    """Fragments of MESSAGES that cover each of them, with overlaps, in any order, in records and datagrams at will."""
    found = []
    for number, (kind, body) in enumerate(MESSAGES, draw(st.sampled_from((0, 1)))):
        cuts = sorted(draw(st.sets(st.integers(0, len(body)), max_size=6)) | {0, len(body)})
        spans = list(pairwise(cuts)) or [(0, 0)]
        more = draw(st.lists(st.tuples(st.integers(0, len(body)), st.integers(0, len(body))), max_size=3))
        for begin, end in [*spans, *((min(span), max(span)) for span in more)]:
            found.append(fragment(kind, body, sequence=number, offset=begin, length=end - begin))
    return draw(st.permutations(found + draw(st.lists(st.sampled_from(found), max_size=5))))


@st.composite
def arrivals(draw: st.DrawFn) -> list[bytes]:
    records: list[list[bytes]] = [[]]
    for number, piece in enumerate(pieces(draw)):
        if draw(st.booleans()):
            records.append([])
        records[-1].append(record(framing.HANDSHAKE, piece, sequence=number))
    return [b"".join(together) for together in records]


@given(arrivals())
def test_a_flight_is_the_same_in_whatever_datagrams_it_comes(datagrams: list[bytes]) -> None:
    assert answered(datagrams) == answered(PLAIN)
    assert answered(datagrams).end == "whole"


@given(arrivals(), st.data())
def test_what_is_lost_is_never_made_up(datagrams: list[bytes], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(datagrams), max_size=len(datagrams)))
    whole, found = answered(PLAIN), answered(kept)
    assert found.answer in (None, whole.answer)
    assert found.certificates in ((), whole.certificates)
    assert found.exchange in (None, whole.exchange)


def test_a_message_in_single_bytes() -> None:
    tiny = flight(MESSAGES, size=1)
    assert len(tiny) > 1200
    assert answered(reversed(tiny)) == answered(PLAIN)


def test_a_cookie_is_asked_for() -> None:
    reader = read([hello_verify_request(b"come again")])
    assert (reader.cookie, reader.is_over, reader.flight.answer) == (b"come again", True, None)


@pytest.mark.parametrize("first", [0, 1])
def test_the_request_that_was_answered_comes_late(first: int) -> None:
    late = hello_verify_request(b"come again")
    for datagrams in ([late, *flight(MESSAGES, first=first)], [*flight(MESSAGES, first=first)[:2], late]):
        reader = read([*datagrams, *flight(MESSAGES, first=first)], answered=b"come again")
        assert (reader.cookie, reader.flight) == (None, answered(PLAIN))


def test_a_retry_request_is_told_and_its_straggler_is_not() -> None:
    found = answered(flight([RETRY]))
    assert found.answer is not None
    assert (found.answer.kind, found.answer.version, found.answer.cookie) == ("hello_retry", "DTLSv1.3", b"again")
    newest = (framing.SERVER_HELLO, server_hello_body(version="DTLSv1.3", suite=0x1301))
    reader = read([*flight([RETRY], first=0), *flight([newest], first=1)], answered=b"again")
    assert reader.flight.answer is not None
    assert (reader.flight.answer.kind, reader.flight.end) == ("server_hello", "whole")


def test_what_is_encrypted_is_passed_over() -> None:
    newest = server_hello_body(version="DTLSv1.3", suite=0x1301)
    (plain,) = flight([(framing.SERVER_HELLO, newest)])
    unified = b"\x2e\x00\x01\x00\x05abcde"
    old = b"\x16\xfe\xfd\x00\x01" + bytes(6) + b"\x00\x03abc"
    assert answered([unified, old, plain + unified]) == answered([plain])
    assert answered([plain]).end == "whole"


def test_what_is_no_dtls_is_passed_over_where_dtls_comes_too() -> None:
    strange = [b"HTTP/1.1 400", b"\x16\x03\x03\x00\x05hello", b"\x16\xfe\xfd\x00\x00" + bytes(6) + b"\xff\xffx", b""]
    assert answered([*strange, *PLAIN]) == answered(PLAIN)
    reader = read(strange)
    assert reader.is_strange
    assert reader.flight.answer is not None
    assert reader.flight.answer.kind == "not_tls"


def test_two_contents_of_one_message_are_broken() -> None:
    kind, body = HELLO
    other = fragment(kind, body[:-1] + b"\xff", sequence=1, offset=len(body) - 1, length=1)
    for order in (1, -1):
        first = fragment(kind, body, sequence=1, offset=20, length=len(body) - 20)
        reader = read([record(22, piece, sequence=0) for piece in (first, other)[::order]] + PLAIN)
        assert reader.flight.answer is not None
        assert (reader.flight.answer.kind, reader.flight.end) == ("not_tls", "broken")


def test_a_message_that_is_too_long_or_too_far_is_not_kept() -> None:
    huge = b"\x02\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x01x"
    many = [fragment(2, b"xy", sequence=i, offset=0, length=1) for i in range(2, 60)]
    assert answered([record(22, huge, sequence=0), *PLAIN]) == answered(PLAIN)
    reader = read(record(22, piece, sequence=0) for piece in many)
    assert reader.flight.answer is None


def test_an_alert_is_an_answer() -> None:
    found = answered([dtls.alert(1, 112, sequence=0), dtls.alert(2, 40, sequence=1)])
    assert found.answer is not None
    assert (found.answer.kind, found.answer.description, found.end) == ("alert", 40, "alert")


REAL = (*PLAIN, hello_verify_request(b"cookie"), *flight([RETRY]), dtls.alert(2, 40, sequence=0))
datagrams = st.one_of(
    st.binary(max_size=120),
    st.sampled_from(REAL),
    st.builds(
        lambda data, at, byte: data[: at % len(data)] + bytes([byte]) + data[at % len(data) + 1 :],
        st.sampled_from(REAL),
        st.integers(0, 1500),
        st.integers(0, 255),
    ),
    st.builds(lambda kind, body: record(kind, body, sequence=1), st.sampled_from((20, 21, 22)), st.binary(max_size=80)),
    st.lists(st.sampled_from(REAL), max_size=3).map(b"".join),
)


@given(st.lists(datagrams, max_size=12), st.sampled_from((b"", b"cookie", b"again")))
def test_no_parser_raises_on_any_datagrams(found: list[bytes], cookie: bytes) -> None:
    reader = read(found, answered=cookie)
    assert reader.flight.end != ""
    read_client_datagrams(found)
