"""What lies in storage without a table: found by proof, not by a name.

A device tree must read whole, the header of an image or file system and an environment must fit their checksum; only
squashfs has none, and must make sense in all its fields. Sources: U-Boot ``include/env_internal.h``,
``tools/mkenvimage.c``; Linux ``fs/squashfs/squashfs_fs.h``.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import chain

import msgspec

from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import MIB
from iotscan.observe.image.reader import Part
from iotscan.observe.image.readers import jffs2_nodes, ubi, uimage
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt

AREA = 16 * MIB
"""Bytes of an area that are looked at: boot loaders lie at its beginning."""
_TREES, _HEADERS, _ANCHORS, _TRIES = 64, 256, 64, 256
_LITTLE = fdt.Limits(nodes=10_000, properties=50_000, kept=8 * MIB)
"""What a tree in an area may cost: there is no budget yet when one is looked for."""
VARIABLE = re.compile(rb"[A-Za-z_][\w.#:-]{0,63}=")
"""How a variable of an environment begins."""
_ANCHORED = (b"bootcmd=", b"bootdelay=", b"bootargs=", b"baudrate=", b"ethaddr=")
"""Variables of which any environment has one."""
ENV_SMALLEST, ENV_LARGEST = 128, MIB
_SECTOR = 512
_ENV_REACH = 64 << 10
_FLASH_STEP, _FLASH_BLOCK = 4096, 64 << 10
"""Bytes: where a file system may begin, and what every larger block is a multiple of."""
_FLASH_MARKS = (b"UB", b"\x85\x19", b"\x19\x85")
"""The first two bytes of UBI, and of JFFS2 in either order."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is proven to begin at ``start``, and is ``length`` bytes long at least."""

    name: str
    start: int
    length: int

    def part(self, blob: Blob) -> Part:
        """The piece of this blob as a part: ``fit@0x8000``."""
        return Part(name=f"{self.name}@{self.start:#x}", blob=Slice(blob, self.start, self.length))


def pieces_of(blob: Blob, start: int = 0) -> list[Piece]:
    """The pieces that begin within :data:`AREA` bytes from the next sector on, in order, none within another."""
    every = sorted(_Area(blob, start).pieces(), key=lambda piece: (piece.start, -piece.length))
    found: list[Piece] = []
    for piece in every:
        if not found or piece.start >= found[-1].start + found[-1].length:
            found.append(_before_the_next(piece, every) if piece.name == "jffs2" else piece)
    return found


def _before_the_next(piece: Piece, every: list[Piece]) -> Piece:
    """A JFFS2 ends where something else begins with a block of flash: it has a node there, were it its own."""
    others = (p.start for p in every if p.name != "jffs2" and p.start % _FLASH_BLOCK == 0)
    end = min((start for start in others if start > piece.start), default=piece.start + piece.length)
    return msgspec.structs.replace(piece, length=end - piece.start)


def holds_a_piece(blob: Blob) -> bool:
    """True where there is any."""
    return next(_Area(blob, 0).pieces(), None) is not None


class _Area:
    def __init__(self, blob: Blob, start: int) -> None:
        self._blob = blob
        self._start = -(-start // _SECTOR) * _SECTOR
        self._data = blob.read_at(self._start, min(max(0, blob.size - self._start), AREA))

    def pieces(self) -> Iterator[Piece]:
        for found in (self._trees(), self._images(), self._environments(), self._squashfs(), self._flash()):
            for name, at, length in found:
                # What fills the area is the area itself: then another reader has it.
                if self._start + at or length < self._blob.size:
                    yield Piece(name=name, start=self._start + at, length=length)

    def _found(self, literal: bytes, most: int, step: int) -> Iterator[int]:
        """Where a literal stands at a multiple of ``step``."""
        at = self._data.find(literal)
        while at >= 0 and most > 0:
            if at % step == 0:
                most -= 1
                yield at
            at = self._data.find(literal, at + 1)

    def _rest(self, at: int) -> Slice:
        return Slice(self._blob, self._start + at, self._blob.size - self._start - at)

    def _trees(self) -> Iterator[tuple[str, int, int]]:
        for at in self._found(fdt.MAGIC, _TREES, 4):
            rest = self._rest(at)
            try:
                tree = fdt.read(rest.read_at, rest.size, _LITTLE)
            except (fdt.BadTree, Unreadable):
                continue
            yield ("fit" if tree.root.child("images") else "dtb"), at, fdt.size_with_data(tree)

    def _images(self) -> Iterator[tuple[str, int, int]]:
        for at in self._found(uimage.MAGIC, _HEADERS, 4):
            header = self._data[at : at + uimage.HEADER]
            if uimage.is_sound(header):
                yield "uimage", at, uimage.size_of(header)

    def _squashfs(self) -> Iterator[tuple[str, int, int]]:
        for at in self._found(b"hsqs", _HEADERS, 4):
            head = self._data[at : at + 96]
            if len(head) < 96:
                continue
            block, _, packing, log, _, _, major, minor = struct.unpack_from("<IIHHHHHH", head, 12)
            (used,) = struct.unpack_from("<Q", head, 40)
            is_sane = (major, minor) == (4, 0) and 12 <= log <= 20 and block == 1 << log and 1 <= packing <= 6
            if is_sane and 96 < used <= self._rest(at).size:
                yield "squashfs", at, used

    def _flash(self) -> Iterator[tuple[str, int, int]]:
        """File systems of flash go on to the end of what is there."""
        for at in range(-self._start % _FLASH_STEP, len(self._data), _FLASH_STEP):
            if self._data[at : at + 2] not in _FLASH_MARKS:
                continue
            if ubi.begins(self._data[at : at + 64]):
                yield "ubi", at, self._rest(at).size
                return
            if jffs2_nodes.begins(self._data[at : at + 12]):
                yield "jffs2", at, self._rest(at).size

    def _environments(self) -> Iterator[tuple[str, int, int]]:
        tried: set[int] = set()
        # One after the other is far quicker than an expression of all.
        anchors = sorted(at for name in _ANCHORED for at in self._found(name, _ANCHORS, 1))
        for anchor in anchors:
            for at in _starts(self._data, anchor):
                if at in tried or len(tried) >= _TRIES:
                    continue
                tried.add(at)
                size = _environment_size(self._data[at : at + ENV_LARGEST])
                if size:
                    yield "env", at, size


def _starts(area: bytes, anchor: int) -> Iterator[int]:
    """Where an environment that holds a variable at ``anchor`` may begin: no two zeros stand between."""
    first = max(area.rfind(b"\0\0", max(0, anchor - _ENV_REACH), anchor) - 6, 0)
    for start in range(anchor - anchor % _SECTOR, first - 1, -_SECTOR):
        if VARIABLE.match(area, start + 4) or VARIABLE.match(area, start + 5):
            yield start


def _environment_size(data: bytes) -> int:
    """Bytes of the environment that ``data`` begins with: the size at which its checksum fits; 0 for none."""
    wanted = {int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")}
    for header in (4, 5):
        if not VARIABLE.match(data, header):
            continue
        value, done = 0, header
        for size in chain((ENV_SMALLEST, 2 * ENV_SMALLEST), range(_SECTOR, len(data) + 1, _SECTOR)):
            value, done = zlib.crc32(data[done:size], value), size
            if value in wanted and size <= len(data):
                return size
    return 0
