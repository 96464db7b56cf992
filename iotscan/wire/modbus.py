"""Modbus/TCP: the one request that reads who made a device, and its answer.

Source: MODBUS Application Protocol V1.1b3, section 6.21 (function 43/14, Read Device Identification) and section 7
(exceptions); MODBUS Messaging on TCP/IP V1.0b, section 3.1.3 (header) and 4.4.2.1 (unit 255 for whoever is at the
other end of the connection, and no one behind it).
"""

from typing import Final

import msgspec

from iotscan.model.text import safe_text

PORT: Final = 502
_UNIT: Final = 0xFF
_FUNCTION, _TYPE, _BASIC = 0x2B, 0x0E, 0x01
_EXCEPTION: Final = 0x80
_HEADER: Final = 7
_OBJECTS: Final = 3
"""Vendor, product code and revision: the whole of the basic category."""
_TEXT: Final = 128


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answers. ``exception`` is the code of one that answers to no such question, 0 for none."""

    vendor: str = ""
    product: str = ""
    revision: str = ""
    exception: int = 0


def identification_request(transaction: int) -> bytes:
    """Read Device Identification, the basic category from its first object. ``transaction`` has 16 bits."""
    question = bytes([_UNIT, _FUNCTION, _TYPE, _BASIC, 0])
    return transaction.to_bytes(2, "big") + b"\0\0" + len(question).to_bytes(2, "big") + question


def wants_more(got: bytes) -> bool:
    """Whether an answer goes on after what has come of it. False, too, where it is none."""
    if len(got) < 6:
        return got[2:4] in (b"", b"\0", b"\0\0")
    return got[2:4] == b"\0\0" and len(got) < 6 + min(int.from_bytes(got[4:6], "big"), 254)


def read_answer(packet: bytes, transaction: int) -> Answer | None:
    """What answers the question of that ``transaction``; None for anything else. Never raises."""
    size = int.from_bytes(packet[4:6], "big")
    is_ours = packet[:4] == transaction.to_bytes(2, "big") + b"\0\0"
    if not is_ours or not 3 <= size <= 254 or len(packet) < 6 + size:
        return None
    said = packet[_HEADER : 6 + size]
    if said[0] == _FUNCTION | _EXCEPTION:
        return Answer(exception=said[1]) if len(said) == 2 else None
    if said[:2] != bytes([_FUNCTION, _TYPE]) or len(said) < 7:
        return None
    objects = _objects(said[7:], said[6])
    return Answer(vendor=objects.get(0, ""), product=objects.get(1, ""), revision=objects.get(2, ""))


def _objects(rest: bytes, count: int) -> dict[int, str]:
    found: dict[int, str] = {}
    for _ in range(min(count, _OBJECTS)):
        if len(rest) < 2 or len(rest) < 2 + rest[1]:
            break
        found[rest[0]] = safe_text(rest[2 : 2 + rest[1]], _TEXT)
        rest = rest[2 + rest[1] :]
    return found
