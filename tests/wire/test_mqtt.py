import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import mqtt


def test_anonymous_connect_is_byte_for_byte_what_the_standard_says() -> None:
    assert mqtt.connect_message("abc") == b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x1e\x00\x03abc"


def test_connect_with_credentials_sets_both_flags() -> None:
    message = mqtt.connect_message("abc", user="u", password="pw")
    assert message == b"\x10\x16\x00\x04MQTT\x04\xc2\x00\x1e\x00\x03abc\x00\x01u\x00\x02pw"


def test_password_needs_a_user() -> None:
    with pytest.raises(ValueError) as raised:
        mqtt.connect_message("abc", password="hush-hush")
    assert "hush-hush" not in str(raised.value)


@given(st.text(max_size=500))
def test_remaining_length_counts_what_follows(user: str) -> None:
    message = mqtt.connect_message("abc", user=user, password=user)
    length, at = 0, 1
    while True:
        length |= (message[at] & 0x7F) << (7 * (at - 1))
        at += 1
        if not message[at - 1] & 0x80:
            break
    assert length == len(message) - at


@pytest.mark.parametrize("code", [0, 1, 4, 5])
def test_connack_code(code: int) -> None:
    assert mqtt.read_connack(bytes((0x20, 2, 0, code))) == code


def test_connack_of_mqtt_5_only_broker() -> None:
    assert mqtt.read_connack(b"\x20\x03\x00\x84\x00") == 0x84


@pytest.mark.parametrize("data", [b"", b"\x20\x02\x00", b"HTTP/1.1 400", b"\x20\x02\xff\x00", b"\x30\x02\x00\x00"])
def test_anything_else_is_no_connack(data: bytes) -> None:
    assert mqtt.read_connack(data) is None


@given(st.binary(max_size=64))
def test_read_connack_never_raises(data: bytes) -> None:
    code = mqtt.read_connack(data)
    assert code is None or 0 <= code <= 255
