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


def test_what_a_guest_says_is_what_the_standard_says() -> None:
    assert mqtt.connect_message("abc", version=5) == b"\x10\x10\x00\x04MQTT\x05\x02\x00\x1e\x00\x00\x03abc"
    assert mqtt.subscribe_message(10, ("a/b",)) == b"\x82\x08\x00\x0a\x00\x03a/b\x00"
    assert mqtt.subscribe_message(10, ("a/b",), version=5) == b"\x82\x09\x00\x0a\x00\x00\x03a/b\x00"
    assert mqtt.unsubscribe_message(10, ("a/b", "c")) == b"\xa2\x0a\x00\x0a\x00\x03a/b\x00\x01c"


@pytest.mark.parametrize(
    ("data", "version", "codes"),
    [
        (b"\x90\x03\x00\x01\x00", 4, (0,)),
        (b"\x90\x04\x00\x01\x02\x80", 4, (2, 0x80)),
        (b"\x90\x04\x00\x01\x00\x87", 5, (0x87,)),
        (b"\x90\x07\x00\x01\x03\x1f\x00\x00\x01", 5, (1,)),
        (b"\x90\x03\x00\x02\x00", 4, None),
        (b"\xb0\x03\x00\x01\x00", 4, None),
    ],
)
def test_subacks(data: bytes, version: mqtt.Version, codes: tuple[int, ...] | None) -> None:
    packet = mqtt.read_packet(data + b"more")
    assert packet is not None
    assert packet.size == len(data)
    assert mqtt.read_suback(packet, 1, version=version) == codes


@pytest.mark.parametrize(
    ("data", "version"),
    [
        (b"\x31\x05\x00\x01axy", 4),
        (b"\x32\x07\x00\x01a\x00\x09xy", 4),
        (b"\x30\x08\x00\x01a\x02\x01\x01xy", 5),
    ],
)
def test_messages(data: bytes, version: mqtt.Version) -> None:
    packet = mqtt.read_packet(data)
    assert packet is not None
    assert mqtt.read_message(packet, version=version) == mqtt.Message(
        topic=b"a", payload=b"xy", is_retained=data[0] == 0x31
    )


@given(data=st.binary(max_size=300), version=st.sampled_from((4, 5)))
def test_any_bytes_are_packets_or_none(data: bytes, version: mqtt.Version) -> None:
    packet = mqtt.read_packet(data)
    if packet is None:
        return
    assert 2 <= packet.size <= len(data)
    assert not mqtt.is_packet_to_be(data)
    mqtt.read_suback(packet, 1, version=version)
    mqtt.read_message(packet, version=version)


@given(length=st.integers(0, 70_000))
def test_a_packet_is_read_when_it_is_whole(length: int) -> None:
    message = mqtt.subscribe_message(7, ("t" * min(length, 65535),))
    packet = mqtt.read_packet(message)
    assert packet is not None
    assert packet.size == len(message)
    assert mqtt.is_packet_to_be(message[:-1])


def test_a_length_without_end_is_given_up() -> None:
    assert not mqtt.is_packet_to_be(b"\x30\xff\xff\xff\xff")
    assert mqtt.is_packet_to_be(b"\x30\xff\xff")
    assert mqtt.is_packet_to_be(b"")
