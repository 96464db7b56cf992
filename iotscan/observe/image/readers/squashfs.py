"""squashfs 4.0, little-endian, read in place: every compressor, extended attributes, holes, fragments, hard links.

Tables are read when they are needed, block by block, and each block gives at most what the format allows it to:
metadata that lies costs no more than what lies behind it. Older and big-endian versions and vendors' dialects are
recognised and refused by name. Source: ``fs/squashfs/squashfs_fs.h`` of Linux.
"""

import os
import struct
from array import array
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.numbered import NumberedTree
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.readers.sealed import verity_after
from iotscan.observe.image.readers.squashfs_packing import unpacking
from iotscan.observe.image.tree import Entry, Kind
from iotscan.observe.image.unreadable import Unreadable, Unsupported

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
_NONE_32, _NONE_64 = (1 << 32) - 1, (1 << 64) - 1
_KINDS: dict[int, Kind] = {1: "folder", 2: "file", 3: "link", 4: "block", 5: "char", 6: "fifo", 7: "socket"}
_EXTENDED = 7
"""What the type of an extended inode is higher by."""
_PREFIXES = {0: "user.", 1: "trusted.", 2: "security."}
_ATTRIBUTE_ELSEWHERE = 0x100
_ATTRIBUTES, _ATTRIBUTE_SIZE = 1024, 64 << 10
"""How many of them, and how long each may be (``XATTR_SIZE_MAX`` of Linux)."""


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


class _Inode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``start`` and ``offset`` say where data or listing begin; ``after`` is where the list of blocks stands."""

    kind: Kind
    mode: int
    uid: int
    gid: int
    number: int
    links: int = 1
    size: int = 0
    start: int = 0
    offset: int = 0
    fragment: int = _NONE_32
    target: str = ""
    device: tuple[int, int] | None = None
    attributes: int = _NONE_32
    after: tuple[int, int] = (0, 0)


def _recognises(head: bytes, blob: Blob) -> bool:
    return head[:4] == MAGIC or head[:4] in DIALECTS


def _opens(blob: Blob, budget: Budget) -> Contents:
    image = _Image(blob, _superblock(blob), budget)
    return Contents(tree=SquashfsTree(image), parts=verity_after(blob, image.superblock.size))


SQUASHFS = Reader(name="squashfs", recognises=_recognises, opens=_opens)


def _superblock(blob: Blob) -> Superblock:
    """Raises Unreadable for what we would not read right."""
    head = blob.read_at(0, _SUPERBLOCK.size)
    if len(head) < _SUPERBLOCK.size:
        raise Unreadable("it is cut short")
    magic = head[:4]
    if magic != MAGIC:
        raise Unsupported(f"{DIALECTS.get(magic, 'not squashfs')} is not read")
    _, _, _, block_size, fragments, compressor, log, _, ids, major, minor, *rest = _SUPERBLOCK.unpack(head)
    root, size, id_table, attributes, inodes, folders, fragment_table, _ = rest
    if (major, minor) != (4, 0):
        raise Unsupported(f"squashfs {major}.{minor} is not read, only 4.0")
    if not 12 <= log <= 20 or block_size != 1 << log:
        raise Unreadable("its block size is not one of squashfs")
    if size > blob.size:
        raise Unreadable(f"it is cut short: {blob.size:,} of {size:,} bytes")
    return Superblock(
        block_size=block_size, fragments=fragments, compressor=compressor, ids=ids, root=root, size=size,
        id_table=id_table, attribute_table=attributes, inode_table=inodes, folder_table=folders,
        fragment_table=fragment_table,
    )  # fmt: skip


class _Image:
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


class SquashfsTree(NumberedTree):
    """The files of a squashfs image. An entry's ``where`` is the reference of its inode."""

    format = "squashfs"

    def __init__(self, image: _Image) -> None:
        super().__init__(image.budget, image.superblock.root)
        self._image = image
        self._ids: dict[int, int] = {}
        self.compressor = image.compressor
        if self._inode(image.superblock.root).kind != "folder":
            raise Unreadable("its root is no folder")

    def entries(self, number: int, path: str) -> Iterator[Entry]:
        """See :class:`NumberedTree`. Three bytes of a listing's size stand for ``.`` and ``..``."""
        image, folder = self._image, self._inode(number)
        if folder.kind != "folder":
            raise Unreadable("a folder of it is none")
        cursor = image.superblock.folder_table + folder.start, folder.offset
        left = folder.size - 3
        while left > 0:
            header, cursor = image.read(cursor, 12)
            count, start, _ = struct.unpack("<3I", header)
            if count > 255:
                raise Unreadable("a folder of it is damaged")
            left -= 12
            for _ in range(count + 1):
                fixed, cursor = image.read(cursor, 8)
                offset, _, _, size = struct.unpack("<HhHH", fixed)
                name, cursor = image.read(cursor, (size & 0xFF) + 1)
                left -= 8 + len(name)
                yield self._entry(path + os.fsdecode(name), start << 16 | offset)

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        inode = self._inode(entry.where)
        if inode.kind != "file":
            raise Unreadable("not a regular file")
        return _SquashedFile(self._image, inode)

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """See :class:`Tree`."""
        index = self._inode(entry.where if entry.path != "/" else self._image.superblock.root).attributes
        table = self._image.superblock.attribute_table
        if index == _NONE_32 or table == _NONE_64:
            return {}
        image = self._image
        values, count = struct.unpack("<QI", image.raw(table, 12))
        if index >= count:
            raise Unreadable("its attributes are damaged")
        where, count, _ = struct.unpack("<QII", image.item(table + 16, index, 16))
        if count > _ATTRIBUTES:
            raise Unreadable("it has more attributes than Linux allows")
        return dict(self._attributes(values, where, count))

    def _attributes(self, table: int, where: int, count: int) -> Iterator[tuple[str, bytes]]:
        image = self._image
        cursor = table + (where >> 16), where & 0xFFFF
        for _ in range(count):
            head, cursor = image.read(cursor, 4)
            kind, size = struct.unpack("<HH", head)
            name, cursor = image.read(cursor, size)
            value, cursor = self._attribute_value(cursor)
            if kind & _ATTRIBUTE_ELSEWHERE:
                if len(value) != 8:
                    raise Unreadable("its attributes are damaged")
                elsewhere = int.from_bytes(value, "little")
                value, _ = self._attribute_value((table + (elsewhere >> 16), elsewhere & 0xFFFF))
            prefix = _PREFIXES.get(kind & 0xFF)
            if prefix is None:
                raise Unreadable("its attributes are of a kind that is not known")
            yield prefix + os.fsdecode(name), value

    def _attribute_value(self, cursor: tuple[int, int]) -> tuple[bytes, tuple[int, int]]:
        head, cursor = self._image.read(cursor, 4)
        size = int.from_bytes(head, "little")
        if size > _ATTRIBUTE_SIZE:
            raise Unreadable("its attributes are damaged")
        return self._image.read(cursor, size)

    def _entry(self, path: str, where: int) -> Entry:
        inode = self._inode(where)
        return Entry(
            path=path,
            kind=inode.kind,
            size=inode.size if inode.kind == "file" else 0,
            mode=inode.mode,
            uid=inode.uid,
            gid=inode.gid,
            target=inode.target,
            device=inode.device,
            inode=inode.number if inode.links > 1 and inode.kind != "folder" else 0,
            where=where,
        )

    def _inode(self, where: int) -> _Inode:
        image = self._image
        head, cursor = image.read((image.superblock.inode_table + (where >> 16), where & 0xFFFF), 16)
        kind_number, mode, uid, gid, _, number = struct.unpack("<4H2I", head)
        is_extended = kind_number > _EXTENDED
        kind = _KINDS.get(kind_number - _EXTENDED if is_extended else kind_number)
        if kind is None:
            raise Unreadable("an inode of it is damaged")
        if kind == "folder":
            own, cursor = self._folder(cursor, is_extended)
        elif kind == "file":
            own, cursor = self._file(cursor, is_extended)
        elif kind == "link":
            own, cursor = self._link(cursor, is_extended)
        else:
            own, cursor = self._special(cursor, is_extended, has_device=kind in ("char", "block"))
        return _Inode(
            kind=kind, mode=mode & 0o7777, uid=self._id(uid), gid=self._id(gid), number=number, after=cursor, **own
        )

    def _folder(self, cursor: tuple[int, int], is_extended: bool) -> tuple[dict[str, Any], tuple[int, int]]:
        if not is_extended:
            data, cursor = self._image.read(cursor, 16)
            start, links, size, offset, _ = struct.unpack("<2I2HI", data)
            return {"start": start, "links": links, "size": size, "offset": offset}, cursor
        data, cursor = self._image.read(cursor, 24)
        links, size, start, _, _, offset, attributes = struct.unpack("<4I2HI", data)
        return {
            "start": start, "links": links, "size": size, "offset": offset, "attributes": attributes,
        }, cursor  # fmt: skip

    def _file(self, cursor: tuple[int, int], is_extended: bool) -> tuple[dict[str, Any], tuple[int, int]]:
        if not is_extended:
            data, cursor = self._image.read(cursor, 16)
            start, fragment, offset, size = struct.unpack("<4I", data)
            return {"start": start, "fragment": fragment, "offset": offset, "size": size}, cursor
        data, cursor = self._image.read(cursor, 40)
        start, size, _, links, fragment, offset, attributes = struct.unpack("<3Q4I", data)
        return {
            "start": start, "fragment": fragment, "offset": offset, "size": size, "links": links,
            "attributes": attributes,
        }, cursor  # fmt: skip

    def _link(self, cursor: tuple[int, int], is_extended: bool) -> tuple[dict[str, Any], tuple[int, int]]:
        data, cursor = self._image.read(cursor, 8)
        links, size = struct.unpack("<2I", data)
        if size > self.budget.limits.path:
            raise Unreadable("a link of it is longer than a path may be")
        target, cursor = self._image.read(cursor, size)
        own: dict[str, Any] = {"links": links, "target": os.fsdecode(target)}
        if is_extended:
            data, cursor = self._image.read(cursor, 4)
            own["attributes"] = int.from_bytes(data, "little")
        return own, cursor

    def _special(
        self, cursor: tuple[int, int], is_extended: bool, *, has_device: bool
    ) -> tuple[dict[str, Any], tuple[int, int]]:
        data, cursor = self._image.read(cursor, 4 + 4 * has_device + 4 * is_extended)
        words = struct.unpack(f"<{len(data) // 4}I", data)
        own: dict[str, Any] = {"links": words[0]}
        if has_device:
            own["device"] = (words[1] >> 8 & 0xFFF, words[1] & 0xFF | words[1] >> 12 & 0xFFF00)
        if is_extended:
            own["attributes"] = words[-1]
        return own, cursor

    def _id(self, index: int) -> int:
        known = self._ids.get(index)
        if known is None:
            if index >= self._image.superblock.ids:
                raise Unreadable("an inode of it is damaged")
            known = int.from_bytes(self._image.item(self._image.superblock.id_table, index, 4), "little")
            self._ids[index] = known
        return known


class _SquashedFile:
    """A regular file: blocks after one another, and the rest in a fragment that it shares with other files.

    The list of blocks is read as far as it is needed: a file of a terabyte may be all holes.
    """

    _STEP = 2048

    def __init__(self, image: _Image, inode: _Inode) -> None:
        self.size = inode.size
        self._image = image
        self._inode = inode
        self._block = image.superblock.block_size
        self._has_fragment = inode.fragment != _NONE_32
        self._blocks = self.size // self._block if self._has_fragment else -(-self.size // self._block)
        self._words = array("I")
        self._starts = array("Q")
        self._cursor = inode.after
        self._next = inode.start

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`."""
        length = min(length, self.size - offset)
        got: list[bytes] = []
        while length > 0:
            number, within = divmod(offset, self._block)
            here = min(self._block - within, length)
            block = self._read(number)
            got.append(block if here == len(block) else block[within : within + here])
            offset, length = offset + here, length - here
        return got[0] if len(got) == 1 else b"".join(got)

    def _read(self, number: int) -> bytes:
        expected = min(self._block, self.size - number * self._block)
        if number >= self._blocks:
            return self._fragment(expected)
        self._list_up_to(number)
        word = self._words[number]
        if not word:
            return self._image.hole(expected)
        data = self._image.data(self._starts[number], word)
        if len(data) != expected:
            raise Unreadable("a block of it has not the length it should have")
        return data

    def _list_up_to(self, number: int) -> None:
        while len(self._words) <= number:
            count = min(self._STEP, self._blocks - len(self._words))
            data, self._cursor = self._image.read(self._cursor, 4 * count)
            if self._next > self._image.superblock.size:
                raise Unreadable("a block of it lies beyond the end")
            for word in struct.unpack(f"<{count}I", data):
                self._words.append(word)
                self._starts.append(self._next)
                self._next += word & 0xFFFFFF

    def _fragment(self, expected: int) -> bytes:
        image, inode = self._image, self._inode
        if inode.fragment >= image.superblock.fragments:
            raise Unreadable("it points to a fragment that is not there")
        start, word, _ = struct.unpack("<QII", image.item(image.superblock.fragment_table, inode.fragment, 16))
        data = image.data(start, word)[inode.offset : inode.offset + expected]
        if len(data) != expected:
            raise Unreadable("its fragment is shorter than it should be")
        return data
