"""Small BSON documents (bsonspec.org, version 1.1): what MongoDB's commands and the answers to them are made of."""

import struct
from collections.abc import Mapping
from typing import Final

Value = float | int | str | bool | None | dict[str, "Value"]
"""What is read; arrays, binaries and other types are passed over."""
_DOUBLE, _STRING, _DOCUMENT, _ARRAY, _BOOL, _INT32, _INT64 = 0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x12
_FIXED: Final = {0x06: 0, 0x07: 12, 0x09: 8, 0x0A: 0, 0x11: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}
"""Bytes of the values that are passed over: undefined, id, time, null, timestamp, decimal, the greatest, the least."""
_DEEPEST: Final = 4
_MOST: Final = 512
"""Elements of one document that are read."""


class _Malformed(Exception):
    pass


def encode(document: Mapping[str, int | str | bool | Mapping[str, str]]) -> bytes:
    """A document of numbers (32 bits), texts, truths and documents of texts. Raises ValueError for a name with NUL."""
    body = b"".join(_element(name, value) for name, value in document.items())
    return (len(body) + 5).to_bytes(4, "little") + body + b"\x00"


def _element(name: str, value: int | str | bool | Mapping[str, str]) -> bytes:
    key = name.encode() + b"\x00"
    if key.count(b"\x00") > 1:
        raise ValueError("a name holds no NUL")
    if isinstance(value, bool):
        return bytes((_BOOL,)) + key + bytes((value,))
    if isinstance(value, int):
        return bytes((_INT32,)) + key + value.to_bytes(4, "little", signed=True)
    if isinstance(value, str):
        text = value.encode("utf-8", "replace") + b"\x00"
        return bytes((_STRING,)) + key + len(text).to_bytes(4, "little") + text
    return bytes((_DOCUMENT,)) + key + encode(value)


def decode(data: bytes) -> dict[str, Value] | None:
    """The document at the start of ``data``; None when it is none, or not whole. Never raises."""
    try:
        return _document(data, _DEEPEST)
    except _Malformed:
        return None


def size_of(data: bytes) -> int:
    """Bytes of the document at the start of ``data``, by its own word; 0 where that cannot be."""
    size = int.from_bytes(data[:4], "little") if len(data) >= 4 else 0
    return size if size >= 5 else 0


def _document(data: bytes, depth: int) -> dict[str, Value]:
    size = size_of(data)
    if not size or len(data) < size or data[size - 1]:
        raise _Malformed
    found: dict[str, Value] = {}
    at, end = 4, size - 1
    while at < end:
        if len(found) >= _MOST:
            raise _Malformed
        kind = data[at]
        stop = data.find(b"\x00", at + 1, end)
        if stop < 0:
            raise _Malformed
        name, at = data[at + 1 : stop].decode("utf-8", "replace"), stop + 1
        length = _length(kind, data, at, end)
        if at + length > end:
            raise _Malformed
        raw = data[at : at + length]
        at += length
        if kind == _DOUBLE:
            found[name] = float(struct.unpack("<d", raw)[0])
        elif kind == _STRING:
            found[name] = raw[4:-1].decode("utf-8", "replace")
        elif kind == _BOOL:
            found[name] = bool(raw[0])
        elif kind in (_INT32, _INT64):
            found[name] = int.from_bytes(raw, "little", signed=True)
        elif kind == _DOCUMENT and depth:
            found[name] = _document(raw, depth - 1)
        else:
            found[name] = None
    return found


def _length(kind: int, data: bytes, at: int, end: int) -> int:
    """Bytes of a value of a type that begins at ``at``. Raises _Malformed for a type there is not."""
    if kind in _FIXED:
        return _FIXED[kind]
    fixed = {_DOUBLE: 8, _BOOL: 1, _INT32: 4, _INT64: 8}
    if kind in fixed:
        return fixed[kind]
    if at + 4 > end and kind != 0x0B:
        raise _Malformed
    number = int.from_bytes(data[at : at + 4], "little")
    if kind in (_STRING, 0x0D, 0x0E):  # text, code, symbol
        if not number:
            raise _Malformed
        return 4 + number
    if kind in (_DOCUMENT, _ARRAY, 0x0F):  # code with its scope counts itself, too
        if number < 5:
            raise _Malformed
        return number
    if kind == 0x05:  # binary: length, subtype, bytes
        return 5 + number
    if kind == 0x0C:  # pointer: name and id
        return 4 + number + 12
    if kind == 0x0B:  # regular expression: pattern and options
        middle = data.find(b"\x00", at, end)
        last = data.find(b"\x00", middle + 1, end) if middle >= 0 else -1
        if last >= 0:
            return last + 1 - at
    raise _Malformed
