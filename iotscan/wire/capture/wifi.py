"""Wi-Fi frames of open networks, as they are in the air (IEEE 802.11-2020 §9; radiotap.org).

Data frames are read, aggregated ones too; management, control and encrypted frames carry nothing to read.
"""

import zlib
from typing import Final

from iotscan.wire.capture.carried import Carried, within

_DATA = 2
_TO_STATION_SYSTEM, _FROM_STATION_SYSTEM, _PROTECTED, _ORDER = 0x01, 0x02, 0x40, 0x80
_QOS, _NULL, _AGGREGATED = 0x8, 0x4, 0x80
_HEAD: Final = 24
_LLC: Final = b"\xaa\xaa\x03"
_TSFT, _FLAGS = 1 << 0, 1 << 1
_MORE = 1 << 31
_PADDED, _HAS_CHECK, _FAILED_CHECK = 0x20, 0x10, 0x40
_SUBFRAMES = 64


def read_radiotap(frame: bytes) -> tuple[Carried, ...]:
    """What a frame behind a radiotap header carries; nothing where its check sequence does not match."""
    if len(frame) < 8 or frame[0] != 0:
        return ()
    length, present = int.from_bytes(frame[2:4], "little"), int.from_bytes(frame[4:8], "little")
    if length < 8 or length > len(frame):
        return ()
    flags, inside = _flags(frame[:length], present), frame[length:]
    if flags & _FAILED_CHECK:
        return ()
    # A frame cut by a snaplen has lost its check sequence: what is at its end belongs to its packet.
    if flags & _HAS_CHECK and zlib.crc32(inside[:-4]) == int.from_bytes(inside[-4:], "little"):
        inside = inside[:-4]
    return read_wifi(inside, is_padded=bool(flags & _PADDED))


def _flags(head: bytes, present: int) -> int:
    """The field "flags": the second one, behind all words of presence and the clock of the card (aligned to 8)."""
    at, word = 8, present
    while word & _MORE and at + 4 <= len(head):
        word = int.from_bytes(head[at : at + 4], "little")
        at += 4
    if present & _TSFT:
        at = (at + 7) // 8 * 8 + 8
    return head[at] if present & _FLAGS and at < len(head) else 0


def read_wifi(frame: bytes, *, is_padded: bool = False) -> tuple[Carried, ...]:
    """What a frame carries. ``is_padded``: its header is filled up to a multiple of four bytes."""
    if len(frame) < _HEAD or frame[0] & 3 or frame[0] >> 2 & 3 != _DATA:
        return ()
    kind, flags = frame[0] >> 4, frame[1]
    if kind & _NULL or flags & _PROTECTED:
        return ()
    destination, source, size = _ends(frame, flags)
    is_aggregate = False
    if kind & _QOS:
        is_aggregate = bool(frame[size : size + 1] and frame[size] & _AGGREGATED)
        size += 6 if flags & _ORDER else 2
    if is_padded:
        size = (size + 3) // 4 * 4
    if is_aggregate:
        return _subframes(frame[size:])
    return _behind_llc(destination, source, frame[size:])


def carries_nothing(frame: bytes) -> bool:
    """Whether a frame carries nothing by its kind: management, control, data frames without data."""
    return len(frame) >= 2 and (frame[0] >> 2 & 3 != _DATA or bool(frame[0] >> 4 & _NULL))


def _ends(frame: bytes, flags: int) -> tuple[bytes, bytes, int]:
    """Destination, source and the header's size (§9.3.2.1): four addresses between two access points, else three."""
    first, second, third = frame[4:10], frame[10:16], frame[16:22]
    to_system, from_system = flags & _TO_STATION_SYSTEM, flags & _FROM_STATION_SYSTEM
    if to_system and from_system:
        return third, frame[24:30], _HEAD + 6
    if to_system:
        return third, second, _HEAD
    if from_system:
        return first, third, _HEAD
    return first, second, _HEAD


def _behind_llc(destination: bytes, source: bytes, body: bytes) -> tuple[Carried, ...]:
    if len(body) < 8 or body[:3] != _LLC:
        return ()
    return within(destination, source, int.from_bytes(body[6:8], "big"), body[8:])


def _subframes(body: bytes) -> tuple[Carried, ...]:
    """Packets of an A-MSDU (§9.3.2.2.2): destination, source, length, each but the last filled up to four bytes."""
    found: list[Carried] = []
    at = 0
    for _ in range(_SUBFRAMES):
        if at + 14 > len(body):
            break
        length = int.from_bytes(body[at + 12 : at + 14], "big")
        inside = body[at + 14 : at + 14 + length]
        found.extend(_behind_llc(body[at : at + 6], body[at + 6 : at + 12], inside))
        at += (14 + length + 3) // 4 * 4
    return tuple(found)
