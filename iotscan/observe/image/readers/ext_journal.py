"""What the journal of ext3 and ext4 holds and the file system does not yet: a device that is switched off leaves it so.

The next mount would copy whole blocks from the journal to their places. Here a read is answered from the journal
instead; nothing is written. Checksums in the journal are not looked at: a transaction counts where its commit block
is there, as in a journal without them. Source: ``include/linux/jbd2.h`` and ``fs/jbd2/recovery.c`` of Linux.
"""

import struct
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.readers.ext_volume import Volume
from iotscan.observe.image.unreadable import Unreadable, Unsupported

_MAGIC = 0xC03B3998
_DESCRIPTOR, _COMMIT, _SUPERBLOCKS, _REVOKE = 1, 2, (3, 4), 5
_64BIT, _CHECKSUM_2, _CHECKSUM_3, _FAST_COMMIT = 0x2, 0x8, 0x10, 0x20
_KNOWN = 0x1 | _64BIT | 0x4 | _CHECKSUM_2 | _CHECKSUM_3 | _FAST_COMMIT
_ESCAPED, _SAME_UUID, _LAST = 0x1, 0x2, 0x8
_HEADER = struct.Struct(">3I")
_TAIL = 4


class _Log(msgspec.Struct, frozen=True, kw_only=True):
    """The journal as a ring of blocks from ``first`` to before ``end``."""

    blob: Blob
    block_size: int
    first: int
    end: int
    start: int
    sequence: int
    features: int

    def block(self, number: int) -> bytes:
        data = self.blob.read_at(number * self.block_size, self.block_size)
        if len(data) < self.block_size:
            raise Unreadable("its journal is cut short")
        return data

    def after(self, number: int) -> int:
        return number + 1 if number + 1 < self.end else self.first


class _Write(msgspec.Struct, frozen=True):
    """Block ``home`` of the file system stands at ``place`` of the journal."""

    home: int
    place: int
    is_escaped: bool


class _Recovered:
    """The file system with blocks from its journal in their places."""

    def __init__(self, blob: Blob, log: _Log, writes: dict[int, _Write]) -> None:
        self.size = blob.size
        self._blob = blob
        self._log = log
        self._writes = writes

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`."""
        data = self._blob.read_at(offset, length)
        size = self._log.block_size
        touched = range(offset // size, -(-(offset + len(data)) // size))
        found = [number for number in touched if number in self._writes]
        if not found:
            return data
        changed = bytearray(data)
        for number in found:
            new = self._new(self._writes[number])
            start = number * size - offset
            cut = max(0, -start)
            piece = new[cut : cut + len(data) - max(0, start)]
            changed[max(0, start) : max(0, start) + len(piece)] = piece
        return bytes(changed)

    def _new(self, write: _Write) -> bytes:
        data = self._log.block(write.place)
        # A block that begins like one of the journal's own was changed there.
        return _MAGIC.to_bytes(4, "big") + data[4:] if write.is_escaped else data


def as_recovered(volume: Volume, blob: Blob) -> Blob:
    """The file system as the next mount would make it. Raises Unreadable where the journal cannot be read."""
    if not volume.superblock.journal:
        raise Unsupported("it is on another device")
    log = _log_of(volume)
    if not log.start:
        return blob
    if log.features & _FAST_COMMIT:
        raise Unsupported("fast commits")
    writes = _replayed(volume, log)
    return _Recovered(blob, log, writes) if writes else blob


def _log_of(volume: Volume) -> _Log:
    blob = volume.content(volume.inode(volume.superblock.journal))
    raw = blob.read_at(0, 1024)
    if len(raw) < 1024:
        raise Unreadable("it is cut short")
    magic, kind, _, block_size, length, first, sequence, start = struct.unpack_from(">8I", raw)
    features = struct.unpack_from(">I", raw, 40)[0] if kind == _SUPERBLOCKS[1] else 0
    if magic != _MAGIC or kind not in _SUPERBLOCKS or block_size != volume.superblock.block_size:
        raise Unreadable("its superblock is damaged")
    if features & ~_KNOWN:
        raise Unsupported(f"features that are not known ({features & ~_KNOWN:#x})")
    if not 0 < first < length or (start and not first <= start < length) or length * block_size > blob.size:
        raise Unreadable("its superblock is damaged")
    return _Log(
        blob=blob, block_size=block_size, first=first, end=length, start=start, sequence=sequence, features=features
    )


def _replayed(volume: Volume, log: _Log) -> dict[int, _Write]:
    """The last write of each block by a transaction that was committed and did not give the block up."""
    writes: list[tuple[int, _Write]] = []
    revoked: dict[int, int] = {}
    for number, (wrote, gave_up) in enumerate(_transactions(volume, log)):
        writes.extend((number, write) for write in wrote)
        revoked.update((home, number) for home in gave_up)
    return {write.home: write for number, write in writes if number > revoked.get(write.home, -1)}


def _transactions(volume: Volume, log: _Log) -> Iterator[tuple[list[_Write], list[int]]]:
    """Committed transactions in their order: what each wrote, and what it gave up."""
    here, sequence = log.start, log.sequence
    wrote: list[_Write] = []
    gave_up: list[int] = []
    left = log.end
    while left > 0:
        volume.budget.check_time()
        block = log.block(here)
        magic, kind, number = _HEADER.unpack_from(block)
        if magic != _MAGIC or number != sequence:
            return
        here, left = log.after(here), left - 1
        if kind == _DESCRIPTOR:
            for home, is_escaped in _tags(log, block):
                wrote.append(_Write(home, here, is_escaped))
                here, left = log.after(here), left - 1
        elif kind == _REVOKE:
            gave_up.extend(_given_up(log, block))
        elif kind == _COMMIT:
            yield wrote, gave_up
            wrote, gave_up, sequence = [], [], sequence + 1 & 0xFFFFFFFF
        else:
            return


def _tags(log: _Log, block: bytes) -> Iterator[tuple[int, bool]]:
    """Which block each of the following is, and whether it was escaped."""
    has_checksums = bool(log.features & (_CHECKSUM_2 | _CHECKSUM_3))
    is_wide = bool(log.features & _64BIT)
    size = 16 if log.features & _CHECKSUM_3 else 8 + 4 * is_wide + 2 * bool(log.features & _CHECKSUM_2)
    at, end = _HEADER.size, len(block) - _TAIL * has_checksums
    while at + size <= end:
        if log.features & _CHECKSUM_3:
            low, flags, high = struct.unpack_from(">3I", block, at)
        else:
            low, _, flags = struct.unpack_from(">I2H", block, at)
            high = struct.unpack_from(">I", block, at + 8)[0] if is_wide else 0
        yield low | (high << 32 if is_wide else 0), bool(flags & _ESCAPED)
        at += size + (0 if flags & _SAME_UUID else 16)
        if flags & _LAST:
            return


def _given_up(log: _Log, block: bytes) -> Iterator[int]:
    used = min(int(struct.unpack_from(">I", block, 12)[0]), len(block))
    layout = ">Q" if log.features & _64BIT else ">I"
    step = struct.calcsize(layout)
    return (struct.unpack_from(layout, block, at)[0] for at in range(16, used - step + 1, step))
