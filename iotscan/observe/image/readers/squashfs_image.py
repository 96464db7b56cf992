"""The blocks of a squashfs image: its superblock, metadata that is read as it is needed, data.

Each block gives at most what the format allows it to, so that metadata that lies costs no more than what lies behind
it. Source: ``fs/squashfs/squashfs_fs.h`` of Linux.
"""

import struct

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.readers.squashfs_packing import unpacking
from iotscan.observe.image.unreadable import NotRead, Unreadable

MAGIC = b"hsqs"
DIALECTS = {
    b"sqsh": "big-endian squashfs",
    b"shsq": "a vendor's squashfs (shsq)",
    b"qshs": "a vendor's big-endian squashfs (qshs)",
    b"hsqt": "DD-WRT's squashfs (hsqt)",
    b"tqsh": "DD-WRT's big-endian squashfs (tqsh)",
    b"sqlz": "a vendor's squashfs (sqlz)",
    b"zlqs": "a vendor's squashfs (zlqs)",
}
_SUPERBLOCK = struct.Struct("<4s4I6H8Q")
_METADATA = 8192
_METADATA_KEPT = 256
_DATA_KEPT = 16 * MIB


class Superblock(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the first 96 bytes."""

    block_size: int
    fragments: int
    compressor: int
    ids: int
    root: int
    size: int
    id_table: int
    attribute_table: int
    inode_table: int
    folder_table: int
    fragment_table: int


def superblock_of(blob: Blob) -> Superblock:
    """Raises Unreadable for what we would not read right."""
    head = blob.read_at(0, _SUPERBLOCK.size)
    if len(head) < _SUPERBLOCK.size:
        raise Unreadable("it is cut short")
    magic = head[:4]
    if magic != MAGIC:
        raise NotRead(f"{DIALECTS.get(magic, 'not squashfs')} is not read")
    _, _, _, block_size, fragments, compressor, log, _, ids, major, minor, *rest = _SUPERBLOCK.unpack(head)
    root, size, id_table, attributes, inodes, folders, fragment_table, _ = rest
    if (major, minor) != (4, 0):
        raise NotRead(f"squashfs {major}.{minor} is not read, only 4.0")
    if not 12 <= log <= 20 or block_size != 1 << log:
        raise Unreadable("its block size is not one of squashfs")
    if size > blob.size:
        raise Unreadable(f"it is cut short: {blob.size:,} of {size:,} bytes")
    return Superblock(
        block_size=block_size, fragments=fragments, compressor=compressor, ids=ids, root=root, size=size,
        id_table=id_table, attribute_table=attributes, inode_table=inodes, folder_table=folders,
        fragment_table=fragment_table,
    )  # fmt: skip


class Image:
    """Blocks of the image, unpacked; those used last are kept."""

    def __init__(self, blob: Blob, superblock: Superblock, budget: Budget) -> None:
        self.superblock = superblock
        self.budget = budget
        self.compressor, self._unpack = unpacking(superblock.compressor)
        self._blob = blob
        self._taken = superblock.size
        self._given = 0
        self._metadata: dict[int, tuple[bytes, int]] = {}
        self._data: dict[tuple[int, int], bytes] = {}
        self._data_kept = 0

    def metadata(self, position: int) -> tuple[bytes, int]:
        """The metadata block at a position, and where the next one stands."""
        known = self._metadata.pop(position, None)
        if known is None:
            raw = self._blob.read_at(position, 2 + _METADATA)
            if len(raw) < 2:
                raise Unreadable("it is cut short, or a table of it points beyond its end")
            word = int.from_bytes(raw[:2], "little")
            size = word & 0x7FFF or 0x8000
            if size > _METADATA or len(raw) < 2 + size:
                raise Unreadable("a table of it is damaged")
            data = raw[2 : 2 + size]
            known = (data if word & 0x8000 else self._unpacked(data, _METADATA)), position + 2 + size
            while len(self._metadata) >= _METADATA_KEPT:
                del self._metadata[next(iter(self._metadata))]
        self._metadata[position] = known
        return known

    def data(self, position: int, word: int) -> bytes:
        """The data block at a position; ``word`` is its size as the image writes it."""
        key = position, word
        known = self._data.pop(key, None)
        if known is None:
            known = self._read_data(position, word)
            self._data_kept += len(known)
            while self._data and self._data_kept > _DATA_KEPT:
                self._data_kept -= len(self._data.pop(next(iter(self._data))))
        self._data[key] = known
        return known

    def hole(self, length: int) -> bytes:
        """Zeros that take no room in the image: they count only against what may be unpacked in all."""
        self.budget.unpack(length, 0, length)
        return bytes(length)

    def read(self, cursor: tuple[int, int], length: int) -> tuple[bytes, tuple[int, int]]:
        """``length`` bytes of metadata from block position and offset, and where the next bytes stand."""
        position, offset = cursor
        block, following = self.metadata(position)
        if offset + length <= len(block):
            return block[offset : offset + length], (position, offset + length)
        if offset > len(block):
            raise Unreadable("a table of it is damaged")
        got = [block[offset:]]
        missing = length - len(got[0])
        while True:
            position = following
            block, following = self.metadata(position)
            got.append(block[:missing])
            if missing <= len(block):
                return b"".join(got), (position, missing)
            missing -= len(block)

    def item(self, table: int, index: int, size: int) -> bytes:
        """Item ``index``, of ``size`` bytes, of a table whose blocks are listed at ``table``."""
        block, within = divmod(index * size, _METADATA)
        pointer = self._blob.read_at(table + 8 * block, 8)
        if len(pointer) < 8:
            raise Unreadable("it is cut short, or a table of it points beyond its end")
        return self.read((int.from_bytes(pointer, "little"), within), size)[0]

    def raw(self, position: int, length: int) -> bytes:
        """Bytes as they stand in the image."""
        data = self._blob.read_at(position, length)
        if len(data) < length:
            raise Unreadable("it is cut short, or a table of it points beyond its end")
        return data

    def _read_data(self, position: int, word: int) -> bytes:
        size = word & 0xFFFFFF
        if word >> 25 or size > self.superblock.block_size:
            raise Unreadable("a block of it is larger than its block size")
        data = self.raw(position, size)
        return data if word >> 24 & 1 else self._unpacked(data, self.superblock.block_size)

    def _unpacked(self, data: bytes, most: int) -> bytes:
        got = self._unpack(data, most)
        if not got:
            raise Unreadable("a block of it is empty")
        self.budget.unpack(self._taken, self._given, len(got))
        self._taken += len(data)
        self._given += len(got)
        return got
