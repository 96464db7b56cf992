import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.amqp_login import is_method_to_be, leave, read_answer, start_ok

TUNE = bytes.fromhex("01 0000 0000000c 000a 001e 07ff 00020000 003c ce")
REFUSED = bytes.fromhex("01 0000 00000013 000a 0032 0193 08") + b"REFUSED." + bytes.fromhex("0000 0000 ce")


def test_a_start_ok_holds_the_credentials_and_asks_for_words() -> None:
    said = start_ok("admin", "pw")
    assert said.startswith(b"\x01\x00\x00")
    assert int.from_bytes(said[3:7], "big") == len(said) - 8
    assert b"\x00\x00\x00\x09\x00admin\x00pw" in said
    assert b"authentication_failure_closet\x01" in said


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (TUNE, "tune"),
        (REFUSED, "refused"),
        (REFUSED.replace(b"\x01\x93", b"\x02\x12"), "other"),
        (TUNE.replace(b"\x00\x1e", b"\x00\x14"), "secure"),
        (TUNE[:-1], "other"),
        (TUNE[:-1] + b"\x00", "other"),
        (b"AMQP\x00\x00\x09\x01", "other"),
        (b"", "other"),
    ],
)
def test_answers(data: bytes, answer: str) -> None:
    assert read_answer(data) == answer


def test_a_frame_is_read_to_its_end() -> None:
    assert all(is_method_to_be(TUNE[:n]) for n in range(len(TUNE)))
    assert not is_method_to_be(TUNE)
    assert not is_method_to_be(b"HTTP/1.1")
    assert not is_method_to_be(b"\x01\x00\x00\xff\xff\xff\xff")


def test_who_leaves_agrees_to_the_limits_first() -> None:
    tune_ok, close = leave(TUNE).split(b"\xce")[:2]
    assert tune_ok.endswith(TUNE[11:19])
    assert b"\x00\x0a\x00\x32\x00\xc8" in close


@given(st.binary(max_size=60) | st.binary(max_size=20).map(lambda tail: TUNE[:9] + tail))
def test_any_bytes_are_some_answer(data: bytes) -> None:
    assert read_answer(data) in ("tune", "refused", "secure", "other")
    assert isinstance(leave(data), bytes)
