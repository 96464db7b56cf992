from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import esphome


def test_a_ping_is_three_bytes_and_so_is_its_answer() -> None:
    assert bytes((0, 0, 7)) == esphome.PING
    assert esphome.read_answer(bytes((0, 0, 8))) == "clear"


def test_a_refusal_counts_whole() -> None:
    refusal = b"\x01\x00\x13\x01Bad indicator byte"
    assert esphome.read_answer(refusal) == "encrypted"
    assert all(esphome.read_answer(refusal[:cut]) is None for cut in range(len(refusal)))


@given(st.binary(max_size=64))
def test_nothing_else_is_an_answer(data: bytes) -> None:
    known = (b"\0\0\x08", b"\x01\x00\x13\x01Bad indicator byte")
    assert (esphome.read_answer(data) is not None) == data.startswith(known)
