"""squashfs 4.0, little-endian, read in place: every compressor, extended attributes, holes, fragments, hard links.

Older and big-endian versions and vendors' dialects are recognised and refused by name.
"""

import os
import struct
from array import array
from collections.abc import Iterator, Mapping

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.numbered import NumberedTree
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.readers.sealed import verity_after
from iotscan.observe.image.readers.squashfs_image import DIALECTS, MAGIC, Image, superblock_of
from iotscan.observe.image.readers.squashfs_inodes import NONE, Inode, Inodes
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable

_NO_TABLE = (1 << 64) - 1
_PREFIXES = {0: "user.", 1: "trusted.", 2: "security."}
_ATTRIBUTE_ELSEWHERE = 0x100
_ATTRIBUTES, _ATTRIBUTE_SIZE = 1024, 64 << 10
"""How many of them, and how long each may be (``XATTR_SIZE_MAX`` of Linux)."""


def _recognises(head: bytes, blob: Blob) -> bool:
    return head[:4] == MAGIC or head[:4] in DIALECTS


def _opens(blob: Blob, budget: Budget) -> Contents:
    image = Image(blob, superblock_of(blob), budget)
    return Contents(tree=SquashfsTree(image), parts=verity_after(blob, image.superblock.size))


SQUASHFS = Reader(name="squashfs", recognises=_recognises, opens=_opens)


class SquashfsTree(NumberedTree):
    """The files of a squashfs image. An entry's ``where`` is the reference of its inode."""

    format = "squashfs"

    def __init__(self, image: Image) -> None:
        super().__init__(image.budget, image.superblock.root)
        self._image = image
        self._inodes = Inodes(image)
        self.compressor = image.compressor
        if self._inodes.at(image.superblock.root).kind != "folder":
            raise Unreadable("its root is no folder")

    def entries(self, number: int, path: str) -> Iterator[Entry]:
        """See :class:`NumberedTree`. Three bytes of a listing's size stand for ``.`` and ``..``."""
        image, folder = self._image, self._inodes.at(number)
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
        inode = self._inodes.at(entry.where)
        if inode.kind != "file":
            raise Unreadable("not a regular file")
        return _SquashedFile(self._image, inode)

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """See :class:`Tree`."""
        index = self._inodes.at(entry.where if entry.path != "/" else self._image.superblock.root).attributes
        table = self._image.superblock.attribute_table
        if index == NONE or table == _NO_TABLE:
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
        inode = self._inodes.at(where)
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


class _SquashedFile:
    """A regular file: blocks after one another, and the rest in a fragment that it shares with other files.

    The list of blocks is read as far as it is needed: a file of a terabyte may be all holes.
    """

    _STEP = 2048

    def __init__(self, image: Image, inode: Inode) -> None:
        self.size = inode.size
        self._image = image
        self._inode = inode
        self._block = image.superblock.block_size
        self._has_fragment = inode.fragment != NONE
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
