"""U-Boot's scripts: text in a legacy image (U-Boot ``include/image.h``, ``doc/usage/cmd/source``)."""

import struct

from iotscan.observe.image.blob import Blob

_HEADER = 64
_TYPE_AT, _SCRIPT = 30, 6
_LIMIT = 1 << 20
_PARTS = 16


def is_script(blob: Blob) -> bool:
    """True for a legacy image whose type is a script."""
    head = blob.read_at(0, _HEADER)
    return len(head) == _HEADER and head.startswith(b"\x27\x05\x19\x56") and head[_TYPE_AT] == _SCRIPT


def script_of(blob: Blob) -> bytes:
    """The text of a script: it stands behind a list of lengths that ends with zero. Raises Unreadable."""
    data = blob.read_at(_HEADER, _LIMIT)
    at = 0
    for _ in range(_PARTS):
        if at + 4 > len(data):
            return b""
        (length,) = struct.unpack_from(">I", data, at)
        at += 4
        if length == 0:
            return data[at:]
    return b""
