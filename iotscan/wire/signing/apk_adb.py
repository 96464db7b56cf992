"""ADB, the container of apk version 3: blocks, and the values of the first of them.

Source: apk-tools, src/adb.h, src/adb.c and doc/apk-v3.5.scd. Numbers have the least significant byte first. A value is
a kind in its upper four bits and a number, or where in the block it lies.
"""

import zlib
from typing import Final

import msgspec

from iotscan.wire.ber import Malformed
from iotscan.wire.signing.feed import LARGEST_INDEX, load
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.unpacking import NotRead, gathered
from iotscan.wire.signing.windows import Window

MAGIC: Final = b"ADB"
ADB, SIGNATURE, DATA, _EXTENDED = 0, 1, 2, 3
_MOST_BLOCKS: Final = 100_000
_MOST_ENTRIES: Final = 100_000
_MOST_READ: Final = 500_000
"""Entries of all objects that are read: an object may stand in as many places as somebody names it in."""
_OBJECTS: Final = frozenset({0xD, 0xE})
_BLOBS: Final = {0x8: 1, 0x9: 2, 0xA: 4}


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A file of apk version 3, unpacked. ``values`` is the first block, which the signatures are over."""

    schema: bytes
    values: bytes
    signatures: tuple[bytes, ...]
    data: tuple[bytes, ...]


def read_container(source: Source) -> Container:
    """Raises Malformed and NotRead."""
    content = _unpacked(source)
    if content[:4] != b"ADB." or len(content) < 8:
        raise Malformed("it is no ADB file")
    blocks: dict[int, list[bytes]] = {ADB: [], SIGNATURE: [], DATA: []}
    at, last = 8, ADB
    while at < len(content):
        kind, start, end = _block(content, at)
        # One first block, then signatures, then data (apk refuses any other order).
        if kind not in blocks or kind < last or (kind == ADB) != (at == 8):
            raise Malformed("its blocks are out of order")
        blocks[kind].append(content[start:end])
        if len(blocks[kind]) > _MOST_BLOCKS:
            raise NotRead(f"it has more than {_MOST_BLOCKS} blocks")
        last, at = kind, end + -(end - 8) % 8
    if at > len(content):
        raise Malformed("it is cut short")
    if not blocks[ADB] or len(blocks[ADB][0]) < 8 or blocks[ADB][0][0]:
        raise Malformed("its first block is damaged")
    return Container(
        schema=content[4:8],
        values=blocks[ADB][0],
        signatures=tuple(blocks[SIGNATURE]),
        data=tuple(blocks[DATA]),
    )


def _unpacked(source: Source) -> bytes:
    head = source.read_at(0, 6)
    if head[3:4] == b".":
        return load(source)
    kind, start = (1, 4) if head[3:4] == b"d" else (head[4] if len(head) > 4 else -1, 6)
    rest = Window(source, start, source.size)
    if kind == 0:
        return load(rest)
    if kind == 1:
        return _inflated(load(rest))
    if kind == 2:
        return gathered(rest, "zst", LARGEST_INDEX)
    raise Malformed("it is packed in a way that nobody knows")


def _inflated(data: bytes) -> bytes:
    inflating = zlib.decompressobj(-15)
    try:
        text = inflating.decompress(data, LARGEST_INDEX + 1)
    except zlib.error as error:
        raise Malformed("it cannot be unpacked") from error
    if len(text) > LARGEST_INDEX:
        raise NotRead(f"it unpacks to more than {LARGEST_INDEX >> 20} MiB")
    if not inflating.eof or inflating.unused_data:
        raise Malformed("it is cut short, or something follows it")
    return text


def _block(content: bytes, at: int) -> tuple[int, int, int]:
    """Kind, and where the content of a block begins and ends."""
    word = int.from_bytes(content[at : at + 4], "little")
    kind, size, head = word >> 30, word & 0x3FFFFFFF, 4
    if kind == _EXTENDED:
        kind, size, head = size, int.from_bytes(content[at + 8 : at + 16], "little"), 16
    if size < head or at + size > len(content):
        raise Malformed("it is cut short")
    return kind, at + head, at + size


class Values:
    """The values of a first block."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MOST_READ

    @property
    def root(self) -> int:
        """The value that all others hang on."""
        return int.from_bytes(self._piece(4, 4), "little")

    def entries(self, value: int) -> list[int]:
        """The values of an object or an array, the first of them at 1; none for a value that is not there.

        Raises Malformed, and NotRead where all that were asked for are too many.
        """
        if not value:
            return []
        if value >> 28 not in _OBJECTS:
            raise Malformed("a value in it is no object")
        at = value & 0x0FFFFFFF
        count = int.from_bytes(self._piece(at, 4), "little")
        if not 0 < count <= _MOST_ENTRIES:
            raise Malformed("an object in it has no sensible length")
        self._left -= count
        if self._left < 0:
            raise NotRead(f"it has more than {_MOST_READ:,} values")
        words = self._piece(at, 4 * count)
        return [int.from_bytes(words[i : i + 4], "little") for i in range(0, len(words), 4)]

    def blob(self, value: int) -> bytes | None:
        """Bytes; None for a value that is not there."""
        if not value:
            return None
        width = _BLOBS.get(value >> 28)
        if width is None:
            raise Malformed("a value in it is no text")
        at = value & 0x0FFFFFFF
        return self._piece(at + width, int.from_bytes(self._piece(at, width), "little"))

    def number(self, value: int) -> int:
        """A number; 0 for a value that is not there."""
        kind, rest = value >> 28, value & 0x0FFFFFFF
        if kind == 0x2:
            return int.from_bytes(self._piece(rest, 4), "little")
        if kind == 0x3:
            return int.from_bytes(self._piece(rest, 8), "little")
        if kind not in (0x0, 0x1):
            raise Malformed("a value in it is no number")
        return rest if kind else 0

    def _piece(self, at: int, length: int) -> bytes:
        data = self._data[at : at + length]
        if len(data) != length:
            raise Malformed("a value in it lies outside of it")
        return data


def field(entries: list[int], number: int) -> int:
    """A field of an object; 0 where it was left out."""
    return entries[number] if number < len(entries) else 0
