"""Hellos there and back, and every parser on any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts.tls import VERSIONS
from iotscan.wire.tls.answer import ServerAnswer
from iotscan.wire.tls.flight import CHAIN_LIMIT, FlightReader, read_flight
from iotscan.wire.tls.framing import RENEGOTIATION_INFO, Malformed, record
from iotscan.wire.tls.hello import EXTRAS, Offer, client_hello
from iotscan.wire.tls.server import alert, certificate, read_client_hello, server_hello, server_hello_done
from iotscan.wire.tls.suites import SUITES, offer

versions = st.sampled_from(VERSIONS)
suites = st.sampled_from(sorted(SUITES))
NOISE = bytes(range(64))

HELLO = server_hello(version="TLSv1.2", suite=0xC02F)
FLIGHT = HELLO + certificate([b"leaf", b"root" * 8000]) + server_hello_done()
REAL = (HELLO, FLIGHT, alert(2, 40), alert(1, 112) + HELLO, server_hello(version="TLSv1.3", suite=0x1301))
mutated = st.builds(
    lambda data, at, byte: data[: at % len(data)] + bytes([byte]) + data[at % len(data) + 1 :],
    st.sampled_from((*REAL, client_hello(Offer(versions=("TLSv1.2",), suites=offer("TLSv1.2")), random=NOISE))),
    st.integers(0, 1000),
    st.integers(0, 255),
)
streams = st.one_of(
    st.binary(max_size=300),
    mutated,
    st.builds(lambda kind, body: record(kind, 0x0303, body), st.sampled_from((20, 21, 22, 23)), st.binary(max_size=80)),
    st.lists(st.sampled_from((*REAL, b"\x16", b"HTTP/1.1 400\r\n", record(22, 0x0301, b"\0\0\0\0"))), max_size=4).map(
        b"".join
    ),
)


@given(versions, st.lists(suites, min_size=1, max_size=150), st.booleans())
def test_a_client_hello_is_read_back(version: str, offered: list[int], compression: bool) -> None:
    asked = Offer(
        versions=(version,), suites=tuple(offered), compression=compression, server_name="gate.example", extras=EXTRAS
    )
    data = client_hello(asked, random=NOISE)
    hello = read_client_hello(data)
    assert hello is not None
    assert hello.versions == (version,)
    assert hello.version == min(version, "TLSv1.2")
    assert hello.suites == (tuple(offered) if version != "SSLv3" else (*offered, 0x00FF))
    assert hello.compressions == ((1, 0) if compression else (0,))
    assert hello.server_name == ("" if version == "SSLv3" else "gate.example")
    assert version == "SSLv3" or set(EXTRAS) <= set(hello.extensions)
    assert data == client_hello(asked, random=NOISE)


@pytest.mark.parametrize("name", ["192.0.2.7", "2001:db8::7", ""])
def test_an_address_is_no_server_name(name: str) -> None:
    hello = read_client_hello(client_hello(Offer(versions=("TLSv1.2",), suites=(0x2F,), server_name=name)))
    assert hello is not None
    assert 0 not in hello.extensions


def test_two_hellos_differ_in_their_random() -> None:
    asked = Offer(versions=("TLSv1.2",), suites=(0x2F,))
    assert client_hello(asked) != client_hello(asked)


@given(versions, suites, st.booleans(), st.booleans(), st.sampled_from((0, 1)))
def test_a_server_hello_is_read_back(version: str, suite: int, renegotiates: bool, ems: bool, compression: int) -> None:
    answer = read_flight(
        server_hello(
            version=version,
            suite=suite,
            compression=compression,
            secure_renegotiation=renegotiates,
            extended_master_secret=ems,
        )
    ).answer
    assert answer is not None
    assert (answer.kind, answer.version, answer.suite) == ("server_hello", version, suite)
    assert answer.compression == compression
    if version != "TLSv1.3":
        assert (RENEGOTIATION_INFO in answer.extensions, answer.has_extended_master_secret) == (renegotiates, ems)


@given(st.integers(0, 255), st.integers(0, 255))
def test_an_alert_is_read_back_unless_it_only_warns(level: int, description: int) -> None:
    expected = ServerAnswer(kind="alert", level=level, description=description)
    assert read_flight(alert(level, description)).answer == (None if level == 1 and description else expected)


def test_a_warning_before_the_hello_is_passed_over() -> None:
    answer = read_flight(alert(1, 112) + HELLO).answer
    assert answer is not None
    assert answer.is_hello


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 400 Bad Request", b"SSH-2.0-x", b"\x15\x03\x01\0\x01\x02", b"\x16\x03\x03\0\0"]
)
def test_what_is_no_tls_is_told_at_once(data: bytes) -> None:
    answer = read_flight(data).answer
    assert answer is not None
    assert answer.kind == "not_tls"


@given(streams)
def test_no_parser_raises_on_any_bytes(data: bytes) -> None:
    answer = read_flight(data).answer
    assert answer is None or answer.kind in ("server_hello", "hello_retry", "alert", "not_tls")
    assert answer is None or not answer.is_hello or answer.version in VERSIONS
    assert len(read_flight(data).certificates) <= CHAIN_LIMIT
    read_client_hello(data)


@given(streams, st.data())
def test_more_bytes_never_change_a_verdict(data: bytes, cut: st.DataObject) -> None:
    at = cut.draw(st.integers(0, len(data)))
    assert read_flight(data[:at]).answer in (None, read_flight(data).answer)
    assert read_client_hello(data[:at]) in (None, read_client_hello(data))


@given(streams, st.data())
def test_a_flight_is_the_same_in_whatever_pieces_it_comes(data: bytes, cut: st.DataObject) -> None:
    reader, at = FlightReader(), 0
    while at < len(data) and not reader.flight.is_over:
        size = cut.draw(st.integers(1, 4000))
        reader.feed(data[at : at + size])
        at += size
    reader.closed()
    assert reader.flight == read_flight(data)


def test_certificates_are_read_across_records() -> None:
    assert read_flight(FLIGHT).certificates == (b"leaf", b"root" * 8000)
    assert read_flight(FLIGHT).end == "whole"
    assert read_flight(FLIGHT[:9000]).certificates == ()
    assert read_flight(FLIGHT[:9000]).end == "closed"
    assert read_flight(HELLO + server_hello_done()).certificates == ()
    assert read_flight(HELLO + alert(2, 40)).end == "alert"


def test_an_endless_chain_is_cut() -> None:
    assert len(read_flight(HELLO + certificate([b"x"] * 500)).certificates) == CHAIN_LIMIT


def test_a_hello_split_over_tiny_records_is_joined() -> None:
    body = HELLO[5:]
    pieces = b"".join(record(22, 0x0303, body[i : i + 3]) for i in range(0, len(body), 3))
    assert read_flight(pieces).answer == read_flight(HELLO).answer


def test_a_name_no_dns_can_carry_is_an_error() -> None:
    with pytest.raises(ValueError):
        client_hello(Offer(versions=("TLSv1.2",), suites=(0x2F,), server_name="a" * 300))
    assert issubclass(Malformed, ValueError)


def test_a_key_share_of_x25519_looks_like_a_real_one() -> None:
    """wolfSSL closes the connection over a value whose highest bit is set: RFC 7748 section 5 has it masked instead."""
    hello = client_hello(Offer(versions=("TLSv1.3",), suites=(0x1301,)), random=bytes([0xFF]) * 64)
    share = bytes.fromhex("001d0020") + b"\xff" * 31
    assert hello[hello.index(share) + len(share)] == 0x7F


@pytest.mark.parametrize("listed", [("TLSv1.3", "TLSv1.2"), ("TLSv1.1", "TLSv1.0", "SSLv3")])
def test_several_versions_stand_in_a_list_behind_the_number_of_tls_12(listed: tuple[str, ...]) -> None:
    """GnuTLS looks at the old field first, and refuses TLS 1.1 there before it reads the list."""
    hello = read_client_hello(client_hello(Offer(versions=listed, suites=(0x002F,)), random=NOISE))
    assert hello is not None
    assert (hello.version, hello.versions) == ("TLSv1.2", listed)
