"""Questions about a name, and answers that may be anything."""

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import CaaRecord, TlsaRecord
from iotscan.observe.network.name_records import _signed
from iotscan.wire.name_records import Kind, above, ask, read


def answered(name: str, kind: Kind, *records: str, flags: int = 0, other: str = "") -> bytes:
    """The answer of a resolver to the question that was asked last, with these records."""
    query = dns.message.from_wire(QUESTIONS[name, kind].payload)
    told = dns.message.make_response(query, recursion_available=True)
    told.flags |= flags
    if records:
        told.answer.append(dns.rrset.from_text(f"{other or name}.", 60, "IN", kind, *records))
    return told.to_wire(max_size=65535)


QUESTIONS = {
    ("acme.example", "CAA"): ask("acme.example", "CAA"),
    ("_443._tcp.acme.example", "TLSA"): ask("_443._tcp.acme.example", "TLSA"),
    ("acme.example", "A"): ask("acme.example", "A"),
}
CAA, TLSA, A = QUESTIONS.values()


def test_records_are_read() -> None:
    packet = answered("acme.example", "CAA", '0 issue "ca.example"', '128 iodef "mailto:a@acme.example"')
    answer = read(packet, CAA)
    assert answer is not None
    assert answer.caa == (
        CaaRecord(tag="iodef", value="mailto:a@acme.example", is_critical=True),
        CaaRecord(tag="issue", value="ca.example"),
    )
    told = read(answered("_443._tcp.acme.example", "TLSA", f"3 1 1 {'ab' * 32}"), TLSA, port=443)
    assert told is not None
    assert told.tlsa == (TlsaRecord(port=443, usage=3, selector=1, matching=1, data="ab" * 32),)


def test_what_is_not_there_is_known_and_what_is_cut_is_not() -> None:
    nothing = read(answered("acme.example", "CAA"), CAA)
    assert nothing is not None
    assert (nothing.is_known, nothing.caa) == (True, ())
    cut = read(answered("acme.example", "CAA", flags=dns.flags.TC), CAA)
    assert cut is not None
    assert (cut.is_cut, cut.is_known) == (True, False)


def test_the_word_of_a_resolver_and_signatures() -> None:
    validated = read(answered("acme.example", "A", "203.0.113.5", flags=dns.flags.AD), A)
    assert validated is not None
    assert (validated.is_validated, validated.is_signed, validated.records) == (True, False, 1)


def test_a_resolver_that_knows_no_signatures_says_nothing_of_them() -> None:
    packet = answered("acme.example", "A", "203.0.113.5")
    told = dns.message.from_wire(packet)
    told.use_edns(0, ednsflags=dns.flags.DO)
    silent, knowing = read(packet, A), read(told.to_wire(), A)
    assert silent is not None
    assert knowing is not None
    assert (_signed(silent).known, _signed(knowing).known) == (None, False)


def test_an_answer_to_another_question_is_none() -> None:
    assert read(answered("acme.example", "A", "203.0.113.5"), CAA) is None
    again = ask("acme.example", "CAA")
    assert read(answered("acme.example", "CAA", '0 issue "x"'), again) is None  # another number
    assert read(CAA.payload, CAA) is None  # the question itself


def test_text_of_the_wire_is_made_safe_and_bounded() -> None:
    packet = answered("acme.example", "CAA", *(f'0 issue "{i}\\027[2J{"x" * 200}"' for i in range(90)))
    answer = read(packet, CAA)
    assert answer is not None
    assert len(answer.caa) == 50
    assert all("\x1b" not in record.value and len(record.value) <= 200 for record in answer.caa)


@pytest.mark.parametrize("name", ["", "a" * 64 + ".example", "a..example", ".".join(["abcdefgh"] * 40)])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        ask(name if name else "a..b", "CAA")


def test_domains_above_a_name_end_before_the_root() -> None:
    assert list(above("api.acme.example.")) == ["api.acme.example", "acme.example", "example"]


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(packet: bytes) -> None:
    read(packet, CAA)


@given(st.data())
def test_a_damaged_answer_never_raises(data: st.DataObject) -> None:
    packet = bytearray(answered("_443._tcp.acme.example", "TLSA", f"3 1 1 {'ab' * 32}"))
    for _ in range(data.draw(st.integers(1, 6))):
        packet[data.draw(st.integers(2, len(packet) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(packet[: data.draw(st.integers(0, len(packet)))]), TLSA, port=443)
