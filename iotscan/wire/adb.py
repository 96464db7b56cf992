"""Messages of the Android debug bridge (AOSP packages/modules/adb, protocol.txt).

A message is six little-endian words (command, two arguments, length, checksum, magic) and its data.
Only the first word of a conversation is ever sent: no key is offered, so no dialog appears on a screen.
"""

import struct
from typing import Final

import msgspec

from iotscan.model.text import safe_text

HEADER_SIZE: Final = 24
_HEADER = struct.Struct("<4s5I")
_VERSION = 0x01000000
_LARGEST_DATA = 4096
_COMMANDS: Final = {b"CNXN": "CNXN", b"AUTH": "AUTH", b"STLS": "STLS"}


class AdbReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a daemon answers to CNXN.

    ``command`` is ``CNXN`` (a session, no key wanted), ``AUTH`` (prove a key) or ``STLS`` (TLS with a
    paired key). ``banner`` is the system identity of a CNXN, made safe; empty otherwise.
    """

    command: str
    banner: str = ""


def connect_message() -> bytes:
    """The CNXN with which a host opens the conversation."""
    data = b"host::\x00"
    command = b"CNXN"
    magic = int.from_bytes(command, "little") ^ 0xFFFFFFFF
    return _HEADER.pack(command, _VERSION, _LARGEST_DATA, len(data), sum(data), magic) + data


def whole_length(data: bytes) -> int:
    """How long the message at the start of ``data`` is in bytes; the header alone while it is not known."""
    if len(data) < HEADER_SIZE:
        return HEADER_SIZE
    (_, _, _, length, _, _) = _HEADER.unpack_from(data)
    return int(HEADER_SIZE + min(length, _LARGEST_DATA))


def read_reply(data: bytes) -> AdbReply | None:
    """The reply at the start of ``data``; None when it is none. Never raises.

    The checksum is not looked at: newer daemons send 0. A banner that is cut short is kept as it is.
    """
    if len(data) < HEADER_SIZE:
        return None
    command, _, _, length, _, magic = _HEADER.unpack_from(data)
    if command not in _COMMANDS or magic != int.from_bytes(command, "little") ^ 0xFFFFFFFF:
        return None
    said = data[HEADER_SIZE : HEADER_SIZE + length].rstrip(b"\x00") if command == b"CNXN" else b""
    return AdbReply(command=_COMMANDS[command], banner=safe_text(said))
