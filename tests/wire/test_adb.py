import struct

from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import adb


def message(command: bytes, data: bytes = b"", arg0: int = 0) -> bytes:
    magic = int.from_bytes(command, "little") ^ 0xFFFFFFFF
    return struct.pack("<4s5I", command, arg0, 4096, len(data), sum(data), magic) + data


def test_connect_message_is_a_whole_message() -> None:
    sent = adb.connect_message()
    assert sent == message(b"CNXN", b"host::\x00", 0x01000000)
    assert adb.whole_length(sent) == len(sent)


def test_open_session() -> None:
    reply = adb.read_reply(message(b"CNXN", b"device::ro.product.name=tv;\x00"))
    assert reply == adb.AdbReply(command="CNXN", banner="device::ro.product.name=tv;")


def test_key_demanded() -> None:
    assert adb.read_reply(message(b"AUTH", b"\x07" * 20, 1)) == adb.AdbReply(command="AUTH")
    assert adb.read_reply(message(b"STLS")) == adb.AdbReply(command="STLS")


def test_banner_is_made_safe() -> None:
    reply = adb.read_reply(message(b"CNXN", b"device::\x1b]0;x\x07"))
    assert reply is not None
    assert reply.banner.isprintable()


def test_other_messages_and_wrong_magic_are_none() -> None:
    assert adb.read_reply(message(b"OKAY")) is None
    assert adb.read_reply(message(b"CNXN")[:-1] + b"\x00") is None
    assert adb.read_reply(b"HTTP/1.1 400 Bad Request\r\n\r\n") is None


@given(st.binary(max_size=200))
def test_read_reply_never_raises(data: bytes) -> None:
    adb.read_reply(data)
    assert 24 <= adb.whole_length(data) <= 24 + 4096


@given(st.binary(max_size=200))
def test_any_data_behind_a_good_header(data: bytes) -> None:
    assert adb.read_reply(message(b"CNXN", data)) is not None
