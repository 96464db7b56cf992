"""AMQP as far as its first words: headers, a server's Connection.Start (0-9-1) and its SASL mechanisms (1.0).

Sources: AMQP 0-9-1 sections 4.2.2 to 4.2.5 and 1.4.2.1, with the field types that RabbitMQ documents; AMQP 1.0 (OASIS)
sections 2.2, 2.3, 5.3 and part 1. No login is ever begun: the server has the last word.
"""

from typing import Final

import msgspec

HEADER: Final = b"AMQP\x00\x00\x09\x01"
"""Version 0-9-1; a server of another version answers with its own header and closes."""
SASL_HEADER: Final = b"AMQP\x03\x01\x00\x00"
"""Version 1.0 behind SASL: the server answers with the same and its mechanisms (section 5.3.2)."""
CAP: Final = 32 * 1024
_METHOD_FRAME = b"\x01\x00\x00"
_CONNECTION_START = b"\x00\x0a\x00\x0a"
_FRAME_END: Final = 0xCE
_SASL_FRAME: Final = 1
_WIDTHS: Final = dict(zip(b"tbBUusIiLlfdDTV", (1, 1, 1, 2, 2, 2, 4, 4, 8, 8, 4, 8, 5, 8, 0), strict=True))
"""Bytes of the field values of fixed width in a table."""
_LONG: Final = b"SxAF"
"""Field values that begin with their length: text, bytes, array, table."""
_MOST: Final = 64
"""Fields and mechanisms that are read."""
_DESCRIPTORS: Final = (b"\x00\x53\x40", b"\x00\x80\x00\x00\x00\x00\x00\x00\x00\x40")
"""The descriptor of sasl-mechanisms, as a small number and as a long one."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A Connection.Start: how one may log in, and what the server says it is. All of it device text."""

    mechanisms: tuple[str, ...]
    product: str = ""
    version: str = ""


class _Malformed(Exception):
    pass


def is_answer(data: bytes) -> bool:
    """True for bytes that begin with a server's header or its Connection.Start. Never raises."""
    is_header = data.startswith(b"AMQP") and len(data) >= len(HEADER)
    return is_header or (data.startswith(_METHOD_FRAME) and data[7:11] == _CONNECTION_START)


def is_start_to_be(data: bytes) -> bool:
    """True while ``data`` may become a Connection.Start with further bytes."""
    if len(data) < 7:
        return _METHOD_FRAME.startswith(data[:3]) and not data.startswith(b"AMQP")
    return data.startswith(_METHOD_FRAME) and len(data) < _start_size(data) <= CAP


def _start_size(data: bytes) -> int:
    return 8 + int.from_bytes(data[3:7], "big")


def read_start(data: bytes) -> Start | None:
    """The Connection.Start that the bytes begin with; None for anything else, and while it is not whole."""
    if len(data) < 13 or not data.startswith(_METHOD_FRAME) or data[7:11] != _CONNECTION_START:
        return None
    size = _start_size(data)
    if len(data) < size or data[size - 1] != _FRAME_END:
        return None
    try:
        properties, rest = _long_string(data[13 : size - 1])
        mechanisms, _ = _long_string(rest)
        fields = _table(properties)
    except _Malformed:
        return None
    names = tuple(_text(word) for word in mechanisms.split(b" ") if word)[:_MOST]
    return Start(
        mechanisms=names, product=_text(fields.get(b"product", b"")), version=_text(fields.get(b"version", b""))
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _long_string(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise _Malformed
    return data[4 : 4 + size], data[4 + size :]


def _table(data: bytes) -> dict[bytes, bytes]:
    """The text fields of a table; others are passed over."""
    found: dict[bytes, bytes] = {}
    at, seen = 0, 0
    while at < len(data):
        seen += 1
        end = at + 1 + data[at]
        if seen > _MOST or end >= len(data):
            raise _Malformed
        name, kind, at = data[at + 1 : end], data[end], end + 1
        width = _WIDTHS.get(kind)
        if width is None:
            if kind not in _LONG or at + 4 > len(data):
                raise _Malformed
            width = 4 + int.from_bytes(data[at : at + 4], "big")
        if at + width > len(data):
            raise _Malformed
        if kind == ord("S"):
            found[name] = data[at + 4 : at + width]
        at += width
    return found


def is_mechanisms_to_be(data: bytes) -> bool:
    """True while ``data`` may become the header of 1.0 and its SASL mechanisms with further bytes."""
    if len(data) < len(SASL_HEADER):
        return SASL_HEADER.startswith(data)
    size = int.from_bytes(data[8:12], "big") if len(data) >= 12 else 8
    return data.startswith(SASL_HEADER) and 8 <= size <= CAP and len(data) < 8 + max(size, 9)


def read_mechanisms(data: bytes) -> tuple[str, ...] | None:
    """The SASL mechanisms of a server of 1.0, behind its header; None for anything else. Never raises."""
    if not data.startswith(SASL_HEADER) or len(data) < 16:
        return None
    frame = data[8 : 8 + int.from_bytes(data[8:12], "big")]
    if len(frame) < 8 or len(data) < 8 + len(frame) or frame[5] != _SASL_FRAME or frame[4] < 2:
        return None
    body = frame[frame[4] * 4 :]
    descriptor = next((d for d in _DESCRIPTORS if body.startswith(d)), None)
    try:
        return _symbols(_first_of_list(body[len(descriptor) :])) if descriptor else None
    except _Malformed:
        return None


def _first_of_list(data: bytes) -> bytes:
    """What stands in a list, from its first element on."""
    if data[:1] == b"\xc0" and len(data) >= 3 and data[2]:
        return data[3 : 2 + data[1]]
    if data[:1] == b"\xd0" and len(data) >= 9 and any(data[5:9]):
        return data[9 : 5 + int.from_bytes(data[1:5], "big")]
    raise _Malformed


def _symbols(data: bytes) -> tuple[str, ...]:
    """One symbol, or an array of them."""
    if data[:1] in (b"\xa3", b"\xb3"):
        return _elements(data[:1], 1, data[1:])
    if data[:1] == b"\xe0" and len(data) >= 4:
        return _elements(data[3:4], data[2], data[4:])
    if data[:1] == b"\xf0" and len(data) >= 10:
        return _elements(data[9:10], int.from_bytes(data[5:9], "big"), data[10:])
    raise _Malformed


def _elements(kind: bytes, count: int, data: bytes) -> tuple[str, ...]:
    width = {b"\xa3": 1, b"\xb3": 4}.get(kind, 0)
    if not width or count > _MOST:
        raise _Malformed
    found: list[str] = []
    for _ in range(count):
        size = int.from_bytes(data[:width], "big")
        if len(data) < width + size:
            raise _Malformed
        found.append(data[width : width + size].decode("ascii", "replace"))
        data = data[width + size :]
    return tuple(found)
