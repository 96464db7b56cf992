"""ext2, ext3 and ext4, read in place: names, links, devices, attributes, small files that stand in their inode.

Folders are read block by block as lists: the blocks of a hashed index look like empty ones to who does not know it.
"""

import os
import stat
import struct
from collections.abc import Iterator, Mapping
from functools import partial

from iotscan.observe.image.blob import Blob, Bytes, read_whole
from iotscan.observe.image.budget import Budget, OverBudget
from iotscan.observe.image.numbered import NumberedTree
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.readers.ext_attributes import INLINE_DATA, attributes_of, inline_data
from iotscan.observe.image.readers.ext_journal import as_recovered
from iotscan.observe.image.readers.ext_volume import (
    ENCRYPTED,
    EXTENTS,
    IN_INODE,
    INLINE,
    RECOVER,
    SUPERBLOCK,
    Inode,
    Volume,
    superblock_of,
)
from iotscan.observe.image.readers.inode_kinds import KINDS, device_number
from iotscan.observe.image.readers.sealed import verity_after
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable, Unsupported

_ROOT = 2
_LARGE_BLOCK = 65536
_DAMAGED = "a folder of it is damaged"


def _recognises(head: bytes, blob: Blob, *, kind: str) -> bool:
    superblock = superblock_of(head[SUPERBLOCK : 2 * SUPERBLOCK])
    return superblock is not None and superblock.kind == kind


def _opens(blob: Blob, budget: Budget) -> Contents:
    superblock = superblock_of(blob.read_at(SUPERBLOCK, SUPERBLOCK))
    if superblock is None:
        raise Unreadable("it is cut short")
    problems = []
    end = superblock.blocks * superblock.block_size
    if end > blob.size:
        problems.append(f"it is cut short: {blob.size:,} of {end:,} bytes")
    volume = Volume(blob, superblock, budget)
    if superblock.incompatible & RECOVER:
        try:
            replayed = as_recovered(volume, blob)
            volume = Volume(replayed, superblock_of(replayed.read_at(SUPERBLOCK, SUPERBLOCK)) or superblock, budget)
        except OverBudget:
            raise
        except Unreadable as error:
            problems.append(f"its journal was not replayed, so it may be read as it was before: {error}")
    return Contents(tree=ExtTree(volume), parts=verity_after(blob, end), problem="; ".join(problems))


EXT = tuple(
    Reader(name=kind, recognises=partial(_recognises, kind=kind), opens=_opens) for kind in ("ext2", "ext3", "ext4")
)


class ExtTree(NumberedTree):
    """The files of an ext file system. An entry's ``where`` is its inode."""

    def __init__(self, volume: Volume) -> None:
        super().__init__(volume.budget, _ROOT)
        self.format = volume.superblock.kind
        self._volume = volume
        if not stat.S_ISDIR(volume.inode(_ROOT).mode):
            raise Unreadable("its root is no folder")

    def entries(self, number: int, path: str) -> Iterator[Entry]:
        """See :class:`NumberedTree`."""
        inode = self._volume.inode(number)
        if not stat.S_ISDIR(inode.mode):
            raise Unreadable(_DAMAGED)
        if inode.flags & ENCRYPTED:
            raise Unsupported("it is encrypted (fscrypt)")
        for block in self._listings(inode):
            self.budget.check_time()
            for child, name in _names(block):
                if name not in (b".", b".."):
                    yield self._entry(path + os.fsdecode(name), child)

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        return self._content(self._volume.inode(entry.where))

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """See :class:`Tree`."""
        found = attributes_of(self._volume, self._volume.inode(entry.where or _ROOT))
        found.pop(INLINE_DATA, None)
        return found

    def _listings(self, inode: Inode) -> Iterator[bytes]:
        if inode.flags & INLINE:
            # The first four bytes are the parent's number.
            yield inode.pointers[4:]
            yield inline_data(self._volume, inode)
            return
        size = self._volume.superblock.block_size
        blob = self._volume.content(inode)
        if inode.size > self._volume.superblock.blocks * size or inode.size % size:
            raise Unreadable(_DAMAGED)
        for offset in range(0, inode.size, size):
            yield blob.read_at(offset, size)

    def _content(self, inode: Inode) -> Blob:
        if not inode.flags & INLINE:
            return self._volume.content(inode)
        if inode.flags & ENCRYPTED:
            raise Unsupported("it is encrypted (fscrypt)")
        data = inode.pointers[: inode.size]
        if inode.size > IN_INODE:
            data += inline_data(self._volume, inode)[: inode.size - IN_INODE]
        if len(data) != inode.size:
            raise Unreadable("it is cut short")
        return Bytes(data)

    def _entry(self, path: str, number: int) -> Entry:
        inode = self._volume.inode(number)
        kind = KINDS.get(stat.S_IFMT(inode.mode))
        if kind is None:
            raise Unreadable("a name of it leads to no file")
        return Entry(
            path=path,
            kind=kind,
            size=inode.size if kind == "file" else 0,
            mode=inode.mode & 0o7777,
            uid=inode.uid,
            gid=inode.gid,
            target=self._target(inode) if kind == "link" else "",
            device=_device(inode.pointers) if kind in ("char", "block") else None,
            inode=number if inode.links > 1 and kind != "folder" else 0,
            where=number,
        )

    def _target(self, inode: Inode) -> str:
        if inode.flags & ENCRYPTED:
            return ""
        if inode.size > self.budget.limits.path:
            raise Unreadable("a link of it is longer than a path may be")
        if not inode.flags & (INLINE | EXTENTS) and inode.size < IN_INODE:
            return os.fsdecode(inode.pointers[: inode.size])
        return os.fsdecode(read_whole(self._content(inode), self.budget.limits.path))


def _names(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Inodes and names that stand in a block of a folder. Raises Unreadable."""
    at, end = 0, len(block)
    while at < end:
        if at + 8 > end:
            raise Unreadable(_DAMAGED)
        inode, length, size, _ = struct.unpack_from("<IHBB", block, at)
        if end == _LARGE_BLOCK and length in (0, _LARGE_BLOCK - 1):
            length = end
        if length < 8 or length % 4 or at + length > end or 8 + size > length:
            raise Unreadable(_DAMAGED)
        if inode:
            yield inode, block[at + 8 : at + 8 + size]
        at += length


def _device(pointers: bytes) -> tuple[int, int] | None:
    """Major and minor number: small ones stand in the first word, others in the second."""
    return device_number(pointers[:2] if any(pointers[:4]) else pointers[4:8], "<")
