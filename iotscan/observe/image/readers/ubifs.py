"""UBIFS: the file system on UBI volumes.

What is encrypted (fscrypt) is named. Where it is authenticated its index is read as it is: the key is the device's.
Source: Linux ``fs/ubifs``.
"""

import os
import stat
from collections.abc import Iterable, Mapping

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.indexed import IndexedTree
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.readers import blocks, flash_packing
from iotscan.observe.image.readers import ubifs_nodes as nodes
from iotscan.observe.image.readers.inode_kinds import KINDS, device_number, is_name
from iotscan.observe.image.readers.ubifs_index import Known, known_of
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable, Unsupported

_UNPACKING: Mapping[int, blocks.Unpack] = {
    0: flash_packing.stored,
    1: flash_packing.lzo,
    2: flash_packing.raw_deflated,
    3: flash_packing.zstd,
}
_ENCRYPTED = "it is encrypted (fscrypt)"


class UbifsTree(IndexedTree):
    """A UBIFS whose index was read. Its names are known beforehand."""

    format = "ubifs"

    def __init__(self, blob: Blob, counting: Known, budget: Budget) -> None:
        """Raises Unsupported where the root folder is encrypted, as nothing in it can be told then."""
        super().__init__(budget)
        self._blob = blob
        self._counting = counting
        self._encrypted: set[int] = set()
        self._locked: set[str] = set()
        self.dangling = 0
        """Names that lead to no inode or a second time to one folder, and what no file can be called."""
        root = self._inode(nodes.ROOT)
        if root is not None and root.is_encrypted:
            raise Unsupported(_ENCRYPTED)
        self._index()

    def _inode(self, number: int) -> nodes.Inode | None:
        at = self._counting.inodes.get(number)
        if at is None:
            return None
        try:
            node = nodes.read_node(self._blob, at)
            return nodes.read_inode(node) if node.kind == nodes.INODE and node.key[0] == number else None
        except Unreadable:
            return None

    def _index(self) -> None:
        waiting, seen = [("", nodes.ROOT)], {nodes.ROOT}
        while waiting:
            path, parent = waiting.pop()
            for name, number in self._counting.names.get(parent, {}).items():
                inode = self._inode(number)
                kind = KINDS.get(stat.S_IFMT(inode.mode)) if inode is not None else None
                if inode is None or kind is None or (kind == "folder" and number in seen) or not is_name(name):
                    self.dangling += 1
                    continue
                entry = self._entry(f"{path}/{os.fsdecode(name)}", number, inode)
                self.add(entry)
                if inode.is_encrypted:
                    self._encrypted.add(number)
                if kind == "folder":
                    seen.add(number)
                    if inode.is_encrypted:
                        self._locked.add(entry.path)
                    else:
                        waiting.append((entry.path, number))

    def _entry(self, path: str, number: int, inode: nodes.Inode) -> Entry:
        kind = KINDS[stat.S_IFMT(inode.mode)]
        return Entry(
            path=path,
            kind=kind,
            size=inode.size if kind == "file" else 0,
            mode=stat.S_IMODE(inode.mode),
            uid=inode.uid,
            gid=inode.gid,
            target=os.fsdecode(inode.data) if kind == "link" and not inode.is_encrypted else "",
            device=device_number(inode.data, "<") if kind in ("char", "block") else None,
            inode=number,
            where=number,
        )

    @property
    def encrypted(self) -> int:
        """How many files and folders are encrypted, those below such a folder not counted."""
        return len(self._encrypted)

    def listed(self, path: str) -> Iterable[Entry]:
        """See :class:`Tree`. Raises Unreadable for a folder whose names are encrypted."""
        if path in self._locked:
            raise Unsupported(_ENCRYPTED)
        return super().listed(path)

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        if entry.where in self._encrypted:
            raise Unsupported(_ENCRYPTED)
        return _File(self._blob, entry.where, self._counting.data.get(entry.where, {}), entry.size, self.budget)

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """See :class:`Tree`."""
        number = entry.where if entry.path != "/" else nodes.ROOT
        got = {}
        for name, held in self._counting.attributes.get(number, {}).items():
            inode = self._inode(held)
            if inode is None:
                raise Unreadable("an extended attribute of it is damaged")
            got[os.fsdecode(name)] = inode.data
        return got


class _File:
    """A file's bytes, each block of 4 KiB by itself; a block that is not there is zero."""

    def __init__(self, blob: Blob, inode: int, blocks: Mapping[int, int], size: int, budget: Budget) -> None:
        self._blob = blob
        self._inode = inode
        self._blocks = blocks
        self._budget = budget
        self.size = size
        self._last = -1, b""

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`."""
        end = min(offset + length, self.size)
        pieces: list[bytes] = []
        while offset < end:
            number = offset // nodes.BLOCK
            begin = number * nodes.BLOCK
            upto = min(end, begin + nodes.BLOCK)
            if number in self._blocks:
                pieces.append(self._block(number)[offset - begin : upto - begin].ljust(upto - offset, b"\0"))
            else:
                pieces.append(bytes(upto - offset))
            offset = upto
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _block(self, number: int) -> bytes:
        if self._last[0] == number:
            return self._last[1]
        node = nodes.read_node(self._blob, self._blocks[number])
        if node.kind != nodes.DATA or node.key != (self._inode, nodes.DATA << 29 | number):
            raise Unreadable("a block of it is not where the index says")
        size, compressor, packed = nodes.read_data(node)
        unpack = _UNPACKING.get(compressor)
        if unpack is None:
            raise Unsupported(f"packed with compressor {compressor}")
        self._budget.unpack(len(packed), 0, size)
        self._last = number, unpack(packed, size)
        return self._last[1]


def _is_ubifs(head: bytes, blob: Blob) -> bool:
    return head.startswith(nodes.MAGIC) and len(head) > nodes.HEADER and head[20] == nodes.SUPERBLOCK


def _open(blob: Blob, budget: Budget) -> Contents:
    superblock = nodes.read_superblock(blob)
    known = known_of(blob, superblock, budget)
    tree = UbifsTree(blob, known, budget)
    counts = (
        (known.damaged, "nodes of its index are damaged"),
        (tree.dangling, "names lead nowhere"),
        (tree.encrypted, "files or folders are encrypted (fscrypt)"),
    )
    return Contents(tree=tree, problem=", ".join(f"{count:,} {what}" for count, what in counts if count))


UBIFS = Reader(name="ubifs", recognises=_is_ubifs, opens=_open)
