"""CBOR as manifests and COSE need it: bounded, with places, and nothing behind the item. Source: RFC 8949 section 3.

A library gives values without their bytes, which digests are over, and makes dates, numbers and shared references of
tags, which nothing here needs.
"""

from typing import Any, Final

import msgspec

from iotscan.wire.ber import Malformed

_DEPTH: Final = 24
_ITEMS: Final = 20_000
UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
_SIMPLE: Final = {20: False, 21: True, 22: None}


class Tagged(msgspec.Struct, frozen=True, kw_only=True):
    """A value with a tag before it."""

    tag: int
    value: Any


class _Open(msgspec.Struct, kw_only=True):
    """An array, map or tag that waits for its items."""

    major: int
    tag: int
    left: int
    items: list[Any]


def head(data: bytes, at: int) -> tuple[int, int, int]:
    """Major type, argument, and the place behind the head of an item. Raises Malformed, also for indefinite lengths."""
    if at >= len(data):
        raise Malformed("CBOR in it is cut short")
    major, short = data[at] >> 5, data[at] & 0x1F
    if short < 24:
        return major, short, at + 1
    if short > 27 or (major == SIMPLE and short > 23):
        # Numbers with a fraction are in nothing that is read here.
        raise Malformed("CBOR in it has a length that is not stated, or a fraction")
    end = at + 1 + (1 << (short - 24))
    if end > len(data):
        raise Malformed("CBOR in it is cut short")
    return major, int.from_bytes(data[at + 1 : end], "big"), end


def decode(data: bytes) -> Any:
    """The one item that the bytes are: maps as dict, arrays as tuple, tags as :class:`Tagged`. Raises Malformed."""
    value, end = decode_at(data, 0)
    if end != len(data):
        raise Malformed("something stands behind CBOR in it")
    return value


def decode_at(data: bytes, at: int) -> tuple[Any, int]:
    """An item and the place behind it. Raises Malformed for too many items, or ones nested too deep."""
    waiting: list[_Open] = []
    for _ in range(_ITEMS):
        major, argument, at = head(data, at)
        if major in (ARRAY, MAP, TAG):
            if len(waiting) >= _DEPTH:
                raise Malformed("CBOR in it is nested too deep")
            count = 1 if major == TAG else argument * (2 if major == MAP else 1)
            if count > len(data) - at:
                raise Malformed("CBOR in it is cut short")
            waiting.append(_Open(major=major, tag=argument, left=count, items=[]))
            if count:
                continue
            value = _closed(waiting.pop())
        else:
            value, at = _plain(data, major, argument, at)
        while waiting:
            waiting[-1].items.append(value)
            waiting[-1].left -= 1
            if waiting[-1].left:
                break
            value = _closed(waiting.pop())
        else:
            return value, at
    raise Malformed(f"CBOR in it has more than {_ITEMS:,} items")


def _plain(data: bytes, major: int, argument: int, at: int) -> tuple[Any, int]:
    if major == UNSIGNED:
        return argument, at
    if major == NEGATIVE:
        return -1 - argument, at
    if major == SIMPLE:
        if argument not in _SIMPLE:
            raise Malformed("CBOR in it has a value of a kind that it should not")
        return _SIMPLE[argument], at
    end = at + argument
    if end > len(data):
        raise Malformed("CBOR in it is cut short")
    raw = data[at:end]
    return (raw if major == BYTES else raw.decode("utf-8", "backslashreplace")), end


def _closed(done: _Open) -> Any:
    if done.major == TAG:
        return Tagged(tag=done.tag, value=done.items[0])
    if done.major == ARRAY:
        return tuple(done.items)
    pairs: dict[Any, Any] = {}
    for key, value in zip(done.items[::2], done.items[1::2], strict=True):
        if not isinstance(key, int | str | bytes) or key in pairs:
            raise Malformed("a map of CBOR in it has a key twice, or one that is no key")
        pairs[key] = value
    return pairs


def encode_bytes(data: bytes) -> bytes:
    """A byte string in the shortest form."""
    return _encoded_head(BYTES, len(data)) + data


def encode_text(text: str) -> bytes:
    """A text in the shortest form."""
    raw = text.encode()
    return _encoded_head(TEXT, len(raw)) + raw


def encode_array(*items: bytes) -> bytes:
    """An array of items that are encoded already."""
    return _encoded_head(ARRAY, len(items)) + b"".join(items)


def _encoded_head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major << 5 | argument,))
    power = next(p for p in range(4) if argument < 1 << (8 << p))
    return bytes((major << 5 | 24 + power,)) + argument.to_bytes(1 << power, "big")
