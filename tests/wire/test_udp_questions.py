"""NTP's and SNMPv3's questions, byte for byte, and that no bytes from a network break what reads the answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import ntp, snmp_engine
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
