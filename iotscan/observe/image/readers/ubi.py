"""UBI: volumes on raw flash, each block of theirs in whatever block of the flash it was written to last.

Source: Linux ``drivers/mtd/ubi/ubi-media.h``, ``attach.c``, ``vtbl.c``. All numbers are big-endian.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.image.blob import Blob, Piece, Pieced
from iotscan.observe.image.budget import MIB, Budget, OverBudget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.readers.naming import distinct, part_name, several
from iotscan.observe.image.readers.repeated import Repeated
from iotscan.observe.image.unreadable import Unreadable, Unsupported

EC_MAGIC: Final = b"UBI#"
VID_MAGIC: Final = b"UBI!"
_HEADER: Final = 64
_LAYOUT = 0x7FFFEFFF
"""The volume table. Numbers above it are the kernel's own as well: the fast map, which says nothing new."""
_RECORD, _RECORDS = 172, 128
_STATIC = 2
_BLOCKS = 1 << 20
"""Blocks of a flash at most: 64 GiB of 64 KiB."""
_LOOK, _STEP = 64 * MIB, 512
_LARGEST_BLOCK = 16 * MIB
_REJECT = 5
"""An internal volume that nobody may pass over who does not know it."""


class _Flash(msgspec.Struct, frozen=True, kw_only=True):
    """How the flash is laid out, in bytes."""

    block: int
    vid_at: int
    data_at: int

    @property
    def usable(self) -> int:
        return self.block - self.data_at


class _Held(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A block of the flash that holds block ``number`` of a volume."""

    at: int
    volume: int
    number: int
    sequence: int
    is_copy: bool
    is_static: bool
    size: int
    used: int
    padding: int
    checksum: int


class _Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the volume table."""

    name: bytes
    blocks: int
    padding: int
    is_static: bool
    is_being_updated: bool


def _checksum(data: bytes) -> int:
    """The kernel's ``crc32(~0, …)``: nothing inverted at the end."""
    return zlib.crc32(data) ^ 0xFFFFFFFF


def _is_sound(header: bytes, magic: bytes) -> bool:
    return (
        len(header) == _HEADER
        and header.startswith(magic)
        and _checksum(header[:60]) == int.from_bytes(header[60:], "big")
    )


def begins(header: bytes) -> bool:
    """True where a block of UBI begins with these 64 bytes, by their checksum."""
    return _is_sound(header, EC_MAGIC)


def _layout(blob: Blob, budget: Budget) -> _Flash:
    """The block size is the distance of headers; of what lies inside a volume they would not be laid out the same."""
    first = blob.read_at(0, _HEADER)
    if not _is_sound(first, EC_MAGIC):
        raise Unreadable("its first header does not fit its checksum")
    if first[4] != 1:
        raise Unsupported(f"UBI of version {first[4]}")
    vid_at, data_at, sequence = struct.unpack_from(">III", first, 16)
    if not _HEADER <= vid_at < data_at <= _LARGEST_BLOCK:
        raise Unreadable("its first header makes no sense")
    block = 0
    for at in _headers(blob, budget):
        header = blob.read_at(at, _HEADER)
        if _is_sound(header, EC_MAGIC) and struct.unpack_from(">III", header, 16) == (vid_at, data_at, sequence):
            block = math.gcd(block, at)
            if block and block <= 2 * data_at:
                break
    block = block or blob.size
    if not data_at < block <= _LARGEST_BLOCK:
        raise Unreadable("the size of its blocks cannot be told")
    return _Flash(block=block, vid_at=vid_at, data_at=data_at)


def _headers(blob: Blob, budget: Budget) -> Iterator[int]:
    """Where else a header may stand."""
    for start in range(0, min(blob.size, _LOOK), MIB):
        budget.check_time()
        window = blob.read_at(start, MIB)
        within = window.find(EC_MAGIC)
        while within >= 0:
            if within % _STEP == 0 and start + within:
                yield start + within
            within = window.find(EC_MAGIC, within + 1)


class _Attaching:
    """One pass over the headers of all blocks: for each block of a volume the one that counts."""

    def __init__(self, blob: Blob, budget: Budget) -> None:
        self._blob = blob
        self._budget = budget
        self.flash = _layout(blob, budget)
        self.volumes: dict[int, dict[int, _Held]] = {}
        self.damaged = 0
        if blob.size // self.flash.block > _BLOCKS:
            raise OverBudget(f"it has more than {_BLOCKS:,} blocks")
        for number, at in enumerate(range(0, blob.size, self.flash.block)):
            if number % 1024 == 0:
                budget.check_time()
            self._block(at)

    def _block(self, at: int) -> None:
        header = self._blob.read_at(at + self.flash.vid_at, _HEADER)
        if not _is_sound(header, VID_MAGIC):
            # An erased block has no header; one that is cut short, or whose headers are damaged, is told of.
            first = self._blob.read_at(at, _HEADER)
            is_free = (
                len(header) == _HEADER
                and not header.strip(b"\xff")
                and (_is_sound(first, EC_MAGIC) or not first.strip(b"\xff"))
            )
            self.damaged += not is_free
            return
        kind, copy, compatible, volume, number = struct.unpack_from(">BBBII", header, 5)
        size, used, padding, checksum, sequence = struct.unpack_from(">IIII4xQ", header, 20)
        if volume > _LAYOUT:
            if compatible == _REJECT:
                raise Unsupported(f"an internal volume {volume:#x} of UBI")
            return
        held = _Held(
            at=at,
            volume=volume,
            number=number,
            sequence=sequence,
            is_copy=bool(copy),
            is_static=kind == _STATIC,
            size=size,
            used=used,
            padding=padding,
            checksum=checksum,
        )
        known = self.volumes.setdefault(volume, {})
        known[number] = self._better(known[number], held) if number in known else held

    def _better(self, one: _Held, other: _Held) -> _Held:
        """Of two blocks that hold the same the later one, unless it is a copy that was not finished."""
        later, earlier = (one, other) if one.sequence > other.sequence else (other, one)
        return earlier if later.is_copy and not self.is_whole(later) else later

    def is_whole(self, held: _Held) -> bool:
        """True where the data of a block fits the checksum in its header."""
        if held.size > self.flash.usable:
            return False
        return _checksum(self.data(held, held.size)) == held.checksum

    def data(self, held: _Held, length: int) -> bytes:
        """Bytes of a block."""
        return self._blob.read_at(held.at + self.flash.data_at, length)

    def piece(self, held: _Held, length: int) -> Piece:
        """A block as a piece of its volume."""
        return Piece(length=length, source=self._blob, start=held.at + self.flash.data_at)


def _table(attached: _Attaching) -> dict[int, _Volume]:
    """The volume table: two copies of it; the first that is sound counts. Raises Unreadable without one."""
    for held in attached.volumes.get(_LAYOUT, {}).values():
        count = min(_RECORDS, attached.flash.usable // _RECORD)
        raw = attached.data(held, count * _RECORD)
        records = [raw[at : at + _RECORD] for at in range(0, count * _RECORD, _RECORD)]
        if all(len(r) == _RECORD and _checksum(r[:168]) == int.from_bytes(r[168:], "big") for r in records):
            return {number: _record(r) for number, r in enumerate(records) if r[:4] != bytes(4)}
    raise Unreadable("it has no volume table that fits its checksums")


def _record(raw: bytes) -> _Volume:
    blocks, _, padding, kind, updating, length = struct.unpack_from(">IIIBBH", raw)
    return _Volume(
        name=raw[16 : 16 + min(length, 128)],
        blocks=blocks,
        padding=padding,
        is_static=kind == _STATIC,
        is_being_updated=bool(updating),
    )


def _open(blob: Blob, budget: Budget) -> Contents:
    attached = _Attaching(blob, budget)
    table = _table(attached)
    problems = [f"{attached.damaged:,} blocks of it have no sound header"] if attached.damaged else []
    lost = [number for number in attached.volumes if number not in table and number != _LAYOUT]
    if lost:
        problems.append(f"{len(lost):,} volumes are not in its volume table")
    names = distinct([part_name(volume.name, f"volume-{number}") for number, volume in table.items()])
    parts = []
    for name, (number, volume) in zip(names, table.items(), strict=True):
        budget.entry(name)
        if volume.is_being_updated:
            problems.append(f"{name}: it was being written when power failed")
        held = attached.volumes.get(number, {})
        try:
            content = _static(attached, held) if volume.is_static else _dynamic(attached, volume, held, budget)
        except Unreadable as error:
            problems.append(f"{name}: {error}")
            continue
        parts.append(Part(name=name, blob=content, label=safe_text(volume.name, 80)))
    return Contents(parts=tuple(parts), problem=several(problems))


def _static(attached: _Attaching, held: dict[int, _Held]) -> Blob:
    """A volume that was written once: each block says how many there are, and has a checksum."""
    if not held:
        return Pieced([])
    count = next(iter(held.values())).used
    if sorted(held) != list(range(count)):
        raise Unreadable("blocks of it are missing")
    pieces = []
    for number in range(count):
        if not attached.is_whole(held[number]):
            raise Unreadable("a block of it does not fit its checksum")
        pieces.append(attached.piece(held[number], held[number].size))
    return Pieced(pieces)


def _dynamic(attached: _Attaching, volume: _Volume, held: dict[int, _Held], budget: Budget) -> Blob:
    """A volume that is written as it is used: what is not mapped reads as erased. It ends with its last block."""
    size = attached.flash.usable - volume.padding
    if size <= 0 or volume.blocks > _BLOCKS or (held and max(held) >= volume.blocks):
        raise Unreadable("its blocks do not fit the volume table")
    pieces: list[Piece] = []
    upto = 0
    for number in sorted(held):
        if number > upto:
            gap = (number - upto) * size
            pieces.append(Piece(length=gap, source=Repeated(b"\xff", gap, budget)))
        pieces.append(attached.piece(held[number], size))
        upto = number + 1
    return Pieced(pieces)


UBI = Reader(name="ubi", recognises=lambda head, blob: head.startswith(EC_MAGIC), opens=_open)
