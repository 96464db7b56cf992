from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.coap import EMPTY, Message, ping, read_message, reset

ids = st.integers(0, 0xFFFF)


@given(ids)
def test_a_ping_and_its_reset_are_read_back(message_id: int) -> None:
    assert read_message(ping(message_id)) == Message(kind="confirmable", code=EMPTY, message_id=message_id)
    assert read_message(reset(message_id)) == Message(kind="reset", code=EMPTY, message_id=message_id)


def test_a_ping_is_as_in_the_standard() -> None:
    assert ping(0x1234) == b"\x40\x00\x12\x34"
    assert reset(0x1234) == b"\x70\x00\x12\x34"


@given(st.binary(max_size=64))
def test_no_datagram_makes_it_raise(datagram: bytes) -> None:
    message = read_message(datagram)
    assert message is None or message.message_id.to_bytes(2, "big") == datagram[2:4]


def test_what_breaks_the_header_is_no_coap() -> None:
    other_version, long_token, body_of_an_empty = b"\x80\0\0\1", b"\x49\1\0\1" + bytes(9), b"\x70\0\0\1x"
    for datagram in (b"", b"\x70\0\0", other_version, long_token, body_of_an_empty):
        assert read_message(datagram) is None
