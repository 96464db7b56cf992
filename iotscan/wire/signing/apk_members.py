"""The three parts of Alpine's files of version 2: gzip members with a tar each, one after the other.

Source: apk-tools, doc/apk-v2.5.scd and src/extract_v2.c. The first part holds signatures, if there are any, the next
the index or the control files, the last the files of a package. A signature is over the packed bytes of the next part.
"""

import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.wire.ber import Malformed
from iotscan.wire.signing.feed import LARGEST_INDEX
from iotscan.wire.signing.source import Source, exactly
from iotscan.wire.signing.unpacking import NotRead

_BLOCK: Final = 512
_MOST_FILES: Final = 1000
_STEP: Final = 1 << 16
MAGIC: Final = b"\x1f\x8b\x08"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One gzip member: where it lies, and the files of its tar."""

    start: int
    end: int
    files: dict[str, bytes]


def read_member(source: Source, start: int) -> Member:
    """The member at ``start``. Raises Malformed and NotRead."""
    inflating = zlib.decompressobj(31)
    text, at = bytearray(), start
    try:
        while not inflating.eof:
            piece = inflating.unconsumed_tail
            if not piece:
                piece = exactly(source, at, min(_STEP, source.size - at))
                at += len(piece)
            if not piece:
                raise Malformed("it is cut short")
            text += inflating.decompress(piece, LARGEST_INDEX + 1 - len(text))
            if len(text) > LARGEST_INDEX:
                raise NotRead(f"a part of it is larger than {LARGEST_INDEX >> 20} MiB")
    except zlib.error as error:
        raise Malformed("a part of it cannot be unpacked") from error
    return Member(start=start, end=at - len(inflating.unused_data), files=_files(bytes(text)))


def _files(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, content in _entries(data):
        if name in found:
            raise Malformed("a file stands in it twice")
        found[name] = content
    return found


def _entries(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Regular files of a tar (POSIX.1-1988, ustar); extended headers change nothing that is read here."""
    at, count = 0, 0
    while at + _BLOCK <= len(data):
        header = data[at : at + _BLOCK]
        if not any(header):
            break
        count += 1
        if count > _MOST_FILES:
            raise NotRead(f"a part of it has more than {_MOST_FILES} files")
        size = _octal(header[124:136])
        if _octal(header[148:156]) != sum(header[:148]) + sum(header[156:]) + 8 * 0x20:
            raise Malformed("the checksum of a file in it is wrong")
        start = at + _BLOCK
        if start + size > len(data):
            raise Malformed("it is cut short")
        if header[156:157] in (b"0", b"\0"):
            yield header[:100].rstrip(b"\0").decode("utf-8", "replace"), data[start : start + size]
        at = start + -(-size // _BLOCK) * _BLOCK
    if at < len(data) and any(data[at:]):
        raise Malformed("something follows the end of an archive in it")


def _octal(field: bytes) -> int:
    text = field.strip(b" \0")
    if not text or any(c not in b"01234567" for c in text):
        raise Malformed("a number in it is none")
    return int(text, 8)
