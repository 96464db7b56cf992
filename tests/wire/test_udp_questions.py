"""NTP's and SNMPv3's questions, byte for byte, and that no bytes from a network break what reads the answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import dns, mdns, ntp, snmp_engine, tftp
from iotscan.wire.ber import OCTETS, SEQUENCE, element, integer

TOKEN = bytes(range(8))
ENGINE = bytes.fromhex("80001f8804") + b"router"


def report(message_id: int, engine: bytes = ENGINE, kind: int = 0xA8) -> bytes:
    header = integer(message_id) + integer(65507) + element(OCTETS, b"\0") + integer(3)
    known = element(OCTETS, engine) + integer(1) + integer(9) + element(OCTETS, b"") * 3
    pdu = element(kind, integer(message_id) + integer(0) + integer(0) + element(SEQUENCE, b""))
    scoped = element(OCTETS, engine) + element(OCTETS, b"") + pdu
    body = (
        integer(3) + element(SEQUENCE, header) + element(OCTETS, element(SEQUENCE, known)) + element(SEQUENCE, scoped)
    )
    return element(SEQUENCE, body)


def test_the_question_about_the_engine_holds_no_credentials() -> None:
    # RFC 3414 section 4: an empty user, no engine, reportable, no authentication, no privacy.
    header, security = "300e020107020300ffe3040104020103", "0410300e0400020100020100040004000400"
    scoped = "301104000400a00b0201070201000201003000"
    assert snmp_engine.discovery(7).hex() == f"3038020103{header}{security}{scoped}"


def test_an_engine_is_read_from_the_answer_to_our_question_alone() -> None:
    assert snmp_engine.read_engine(report(7), 7) == ENGINE
    assert snmp_engine.read_engine(report(8), 7) is None
    assert snmp_engine.read_engine(report(7, kind=0xA2), 7) is None
    assert snmp_engine.read_engine(report(7, b"x" * 900), 7) == b"x" * 32
    assert all(snmp_engine.read_engine(report(7)[:cut], 7) is None for cut in range(len(report(7))))


def test_the_time_is_asked_as_a_client() -> None:
    assert ntp.question(TOKEN) == b"\x23" + bytes(39) + TOKEN
    answer = b"\x24" + bytes(23) + TOKEN + bytes(16)
    assert ntp.is_answer(answer, TOKEN)
    assert not ntp.is_answer(answer, bytes(8))
    assert not ntp.is_answer(answer[:47], TOKEN)
    assert not ntp.is_answer(ntp.question(TOKEN), TOKEN)


@given(st.binary(max_size=200))
def test_bytes_from_a_network_break_nothing(packet: bytes) -> None:
    assert snmp_engine.read_engine(packet, 7) is None
    assert not ntp.is_answer(packet, TOKEN) or packet[24:32] == TOKEN


@pytest.mark.parametrize(
    ("engine", "enterprise", "stated"),
    [
        ("80001f880300005e005301", 8072, "00:00:5e:00:53:01"),
        ("80001f880300005e0053010000", 8072, "00:00:5e:00:53:01"),
        ("800000090 1c0000207".replace(" ", ""), 9, "192.0.2.7"),
        ("80000009 04 68756220311b5b".replace(" ", ""), 9, r"hub 1\x1b["),
        ("80001f8880aabbccdd11223344", 8072, ""),
        ("000000090300005e00530100", 9, ""),
        ("8000", 0, ""),
        ("", 0, ""),
    ],
)
def test_what_an_engine_id_states(engine: str, enterprise: int, stated: str) -> None:
    made = bytes.fromhex(engine)
    assert (snmp_engine.enterprise_of(made), snmp_engine.stated_in(made)) == (enterprise, stated)


@given(st.binary(max_size=40))
def test_no_engine_id_makes_it_raise(engine: bytes) -> None:
    assert len(snmp_engine.stated_in(engine)) <= 4 * 32
    assert 0 <= snmp_engine.enterprise_of(engine) < 1 << 31


@given(st.binary(max_size=200), st.binary(min_size=8, max_size=8), st.integers(0, 0xFFFF))
def test_no_answer_makes_the_readers_of_small_servers_raise(packet: bytes, token: bytes, number: int) -> None:
    ntp.read_answer(packet, token)
    tftp.read_answer(packet)
    dns.read_answer(packet, number)
    head = number.to_bytes(2, "big") + b"\x80\x80\0\1\0\1\0\0\0\0" + dns.version_datagram(0)[12:]
    answer = dns.read_answer(head + packet, number)
    assert answer is not None
    assert answer.recurses
    assert len(answer.version) <= 400


def test_a_version_with_its_name_in_full_and_as_a_pointer() -> None:
    question = dns.version_datagram(7)
    rest = b"\x00\x10\x00\x03" + bytes(4) + b"\x00\x06\x05acme1"
    for name in (b"\xc0\x0c", b"\x07version\x04bind\x00"):
        packet = question[:2] + b"\x85\x00\0\1\0\1\0\0\0\0" + question[12:] + name + rest
        assert dns.read_answer(packet, 7) == dns.Answer(code=0, recurses=False, version="acme1")
    assert dns.read_answer(question, 7) is None


def test_a_request_to_read_is_as_in_the_standard() -> None:
    assert tftp.read_request("name") == b"\0\1name\0octet\0"
    assert tftp.read_answer(b"\0\5\0\1gone\0") == tftp.Answer(is_error=True, code=1, text="gone")
    assert tftp.read_answer(b"\0\4\0\1") is None


def test_a_question_to_all_is_as_mdns_has_it() -> None:
    made = dns.multicast_question("_matterc._udp.local")
    assert made[12:] == mdns.query((("_matterc._udp.local", 12),), wants_unicast=True)[12:]
