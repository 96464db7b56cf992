"""A capture as if it had taken longer: the same frames, further apart."""

import struct
from pathlib import Path

_HEAD = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
_UNITS = {0xA1B2C3D4: 10**6, 0xA1B23C4D: 10**9}
"""Magic to parts of a second: microseconds, nanoseconds."""


def stretched(capture: Path, into: Path, factor: int) -> Path:
    """A copy of a pcap in our byte order, in which every frame comes ``factor`` times as late after the first."""
    data = capture.read_bytes()
    unit = _UNITS[_HEAD.unpack_from(data)[0]]
    parts, at, first = [data[: _HEAD.size]], _HEAD.size, None
    while at < len(data):
        seconds, fraction, kept, whole = _RECORD.unpack_from(data, at)
        moment = seconds * unit + fraction
        first = moment if first is None else first
        later = first + (moment - first) * factor
        parts += [_RECORD.pack(later // unit, later % unit, kept, whole), data[at + 16 : at + 16 + kept]]
        at += _RECORD.size + kept
    into.write_bytes(b"".join(parts))
    return into
