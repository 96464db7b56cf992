"""Packets before there is a key (RFC 4253 section 6)."""

from typing import Final

from iotscan.wire.ssh.fields import uint32

LONGEST: Final = 35000
"""Bytes of the longest packet that an implementation must take."""
_LEAST_PADDING: Final = 4
_BLOCK: Final = 8


def whole_length(data: bytes) -> int | None:
    """How long the packet at the start of ``data`` is in bytes: 4 while unknown, None when it can be none."""
    if len(data) < 4:
        return 4
    length = int.from_bytes(data[:4], "big")
    return 4 + length if 5 <= length <= LONGEST else None


def read_packet(data: bytes) -> bytes | None:
    """The payload of the packet that ``data`` is; None when it is none. Never raises."""
    whole = whole_length(data)
    return payload_of(data[4:]) if whole is not None and len(data) == whole else None


def payload_of(body: bytes) -> bytes | None:
    """The payload of a packet without its length: what lies between the length of the padding and the padding."""
    if not body or len(body) < 1 + body[0] + 1:
        return None
    return body[1 : len(body) - body[0]]


def body_of(payload: bytes, *, block: int = _BLOCK, counted: int = 4, filler: bytes = b"") -> bytes:
    """The packet of a payload without its length. ``counted`` bytes before it are padded to ``block`` with it.

    ``filler`` are 255 bytes or more to pad with, zeros where there are none.
    """
    short = -(counted + 1 + len(payload) + _LEAST_PADDING) % block
    padding = _LEAST_PADDING + short
    return bytes([padding]) + payload + (filler or bytes(padding))[:padding]


def packet(payload: bytes) -> bytes:
    """The packet of a payload that nobody encrypts."""
    body = body_of(payload)
    return uint32(len(body)) + body
