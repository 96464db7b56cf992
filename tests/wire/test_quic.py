"""Version Negotiation: what a server must answer, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.quic import read_versions, version_question

DESTINATION, SOURCE = b"destined", b"ourselves"
ANSWER = b"\xc3" + bytes(4) + b"\x09" + SOURCE + b"\x08" + DESTINATION


def test_the_question_is_as_small_as_may_be_answered() -> None:
    question = version_question(DESTINATION, SOURCE)
    assert len(question) == 1200
    assert question[0] & 0xC0 == 0xC0
    assert all(byte & 0x0F == 0x0A for byte in question[1:5])
    assert question[5:].startswith(b"\x08" + DESTINATION + b"\x09" + SOURCE)


def test_versions_are_listed_without_those_made_up() -> None:
    listed = bytes.fromhex("00000001 6b3343cf 2a4a6a8a 00000001")
    assert read_versions(ANSWER + listed, DESTINATION, SOURCE) == ("0x00000001", "0x6b3343cf")
    assert read_versions(ANSWER + bytes.fromhex("2a4a6a8a"), DESTINATION, SOURCE) == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        ANSWER,
        ANSWER + b"\x00\x00\x00",
        ANSWER + b"\x00\x00\x00\x01\x00",
        b"\x43" + ANSWER[1:] + b"\x00\x00\x00\x01",
        ANSWER[:4] + b"\x01" + ANSWER[5:] + b"\x00\x00\x00\x01",
        b"\xc3" + bytes(4) + b"\x08" + DESTINATION + b"\x09" + SOURCE + b"\x00\x00\x00\x01",
        version_question(DESTINATION, SOURCE),
    ],
)
def test_anything_else_is_none(data: bytes) -> None:
    assert read_versions(data, DESTINATION, SOURCE) is None


@given(st.binary(max_size=100), st.binary(min_size=8, max_size=20), st.binary(min_size=8, max_size=20))
def test_any_bytes_are_read_or_refused(tail: bytes, destination: bytes, source: bytes) -> None:
    start = b"\x80" + bytes(4) + bytes((len(source),)) + source + bytes((len(destination),)) + destination
    versions = read_versions(start + tail, destination, source)
    assert (versions is None) == (not tail or len(tail) % 4 != 0)
    read_versions(tail, destination, source)


def test_a_long_list_is_cut() -> None:
    listed = b"".join(number.to_bytes(4, "big") for number in range(1, 9999))
    versions = read_versions(ANSWER + listed[: 4 * 300], DESTINATION, SOURCE)
    assert versions is not None
    assert len(versions) == 32
