"""JFFS2, of either byte order: the file system of small flash.

A log of nodes with versions: of a name the newest one counts, of a file's bytes the newest that covers them. Source:
Linux ``fs/jffs2/readinode.c``, ``dir.c``, ``xattr.c``.
"""

import os
import stat
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property

from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.indexed import IndexedTree
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.readers import blocks, flash_packing, jffs2_nodes
from iotscan.observe.image.readers.inode_kinds import KINDS, device_number, is_name
from iotscan.observe.image.readers.jffs2_nodes import ROOT, Found, Inode, Order
from iotscan.observe.image.readers.overlay import Span, newest
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable, Unsupported

_UNPACKING: Mapping[int, blocks.Unpack] = {
    0: flash_packing.stored,
    2: flash_packing.rtime,
    4: flash_packing.stored,
    6: flash_packing.deflated,
    7: flash_packing.lzo,
}
_HOLE = 1
_NAMED = {3: "rubin", 5: "dynrubin", 8: "lzma"}
_LARGEST_NODE = MIB
"""Bytes: a node holds one page of memory, and no processor's is larger than 256 KiB."""
_PREFIXES = {
    1: "user.", 2: "security.", 3: "system.posix_acl_access", 4: "system.posix_acl_default", 5: "trusted.",
}  # fmt: skip
_ERASED_STEP, _ERASED_MOST = 4096, 4 * MIB


class Jffs2Tree(IndexedTree):
    """A JFFS2 file system whose nodes were found. Its names are known beforehand."""

    format = "jffs2"

    def __init__(self, blob: Blob, found: Found, budget: Budget) -> None:
        super().__init__(budget)
        self._blob = blob
        self._found = found
        self.dangling = 0
        """Names that lead to no inode or a second time to one folder, and what no file can be called."""
        self.unread = 0
        """Links and devices that cannot be read."""
        self._index()
        self._attributes: dict[int, list[int]] = {}
        for (inode, number), sequence in found.references.items():
            if sequence % 2 == 0 and number in found.attributes:
                self._attributes.setdefault(inode, []).append(found.attributes[number][1])

    def _index(self) -> None:
        waiting, seen = [("", ROOT)], {ROOT}
        while waiting:
            path, parent = waiting.pop()
            for name, said in self._found.names.get(parent, {}).items():
                if not said.inode:
                    continue
                if not is_name(name):
                    self.dangling += 1
                    continue
                entry = self._entry(f"{path}/{os.fsdecode(name)}", said.inode)
                if entry is None or (entry.kind == "folder" and said.inode in seen):
                    self.dangling += 1
                    continue
                self.add(entry)
                if entry.kind == "folder":
                    seen.add(said.inode)
                    waiting.append((entry.path, said.inode))

    def _entry(self, path: str, number: int) -> Entry | None:
        if number not in self._found.newest:
            return None
        inode = self._inode(self._found.newest[number][1])
        kind = KINDS.get(stat.S_IFMT(inode.mode))
        if kind is None:
            return None
        return Entry(
            path=path,
            kind=kind,
            size=inode.size if kind == "file" else 0,
            mode=stat.S_IMODE(inode.mode),
            uid=inode.uid,
            gid=inode.gid,
            target=os.fsdecode(self._small(number)) if kind == "link" else "",
            device=device_number(self._small(number), self._found.order) if kind in ("char", "block") else None,
            inode=number,
            where=number,
        )

    def _inode(self, at: int) -> Inode:
        return jffs2_nodes.read_inode(self._blob, at, self._found.order)

    def _small(self, number: int) -> bytes:
        """What a link or device holds; nothing where it cannot be read."""
        inode = self._inode(self._found.newest[number][1])
        try:
            return _unpacked(self._blob, inode, self.budget)
        except Unreadable:
            self.unread += 1
            return b""

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        places = self._found.nodes.get(entry.where, [])
        return _File(self._blob, places, entry.size, self._found.order, self.budget)

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """See :class:`Tree`."""
        number = entry.where if entry.path != "/" else ROOT
        got = {}
        for at in self._attributes.get(number, ()):
            prefix, name, value = jffs2_nodes.read_attribute(self._blob, at, self._found.order)
            if prefix not in _PREFIXES:
                raise Unsupported(f"an extended attribute of kind {prefix}")
            got[_PREFIXES[prefix] + os.fsdecode(name)] = value
        return got


class _File:
    """A file's bytes: the newest version of each; what no node covers is zero."""

    def __init__(self, blob: Blob, places: list[int], size: int, order: Order, budget: Budget) -> None:
        self._blob = blob
        self._places = places
        self._order = order
        self._budget = budget
        self.size = size
        self._last = -1, b""

    @cached_property
    def _inodes(self) -> list[Inode]:
        return [jffs2_nodes.read_inode(self._blob, at, self._order) for at in self._places]

    @cached_property
    def _spans(self) -> list[Span]:
        return newest([
            Span(inode.offset, inode.offset + inode.dsize, inode.version, number)
            for number, inode in enumerate(self._inodes)
        ])  # fmt: skip

    @cached_property
    def _starts(self) -> list[int]:
        return [span.start for span in self._spans]

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`."""
        end = min(offset + length, self.size)
        pieces: list[bytes] = []
        index = max(0, bisect_right(self._starts, offset) - 1)
        while offset < end:
            while index < len(self._spans) and self._spans[index].end <= offset:
                index += 1
            span = self._spans[index] if index < len(self._spans) else None
            if span is None or span.start > offset:
                upto = min(end, span.start) if span is not None else end
                pieces.append(bytes(upto - offset))
            else:
                upto = min(end, span.end)
                pieces.append(self._of(span.piece, offset, upto))
            offset = upto
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _of(self, number: int, start: int, end: int) -> bytes:
        """Bytes of the file out of one node."""
        inode = self._inodes[number]
        if inode.compressor == _HOLE:
            return bytes(end - start)
        if self._last[0] != number:
            self._last = number, _unpacked(self._blob, inode, self._budget)
        return self._last[1][start - inode.offset : end - inode.offset]


def _unpacked(blob: Blob, inode: Inode, budget: Budget) -> bytes:
    unpack = _UNPACKING.get(inode.compressor)
    if unpack is None:
        raise Unsupported(f"packed with {_NAMED.get(inode.compressor, f'compressor {inode.compressor}')}")
    if inode.dsize > _LARGEST_NODE:
        raise Unreadable("a node of it is larger than any page")
    budget.unpack(inode.csize, 0, inode.dsize)
    return unpack(blob.read_at(inode.data_at, inode.csize), inode.dsize)


def _begin(head: bytes, blob: Blob) -> int:
    """Where the first node stands: erased blocks may lie before it. Negative for nowhere."""
    if jffs2_nodes.order_of(head) is not None:
        return 0
    if not head or head.strip(b"\xff"):
        return -1
    for at in range(len(head) & -_ERASED_STEP, min(blob.size, _ERASED_MOST), _ERASED_STEP):
        here = blob.read_at(at, 12)
        if here.strip(b"\xff"):
            return at if jffs2_nodes.order_of(here) is not None else -1
    return -1


def _is_jffs2(head: bytes, blob: Blob) -> bool:
    try:
        return _begin(head, blob) >= 0
    except Unreadable:
        return False


def _open(blob: Blob, budget: Budget) -> Contents:
    at = _begin(blob.read_at(0, _ERASED_STEP), blob)
    order = jffs2_nodes.order_of(blob.read_at(max(0, at), 12))
    if order is None:
        raise Unreadable("no JFFS2 node begins here")
    flash = Slice(blob, at, blob.size - at)
    found = jffs2_nodes.scan(flash, order, budget)
    tree = Jffs2Tree(flash, found, budget)
    if not found.nodes and not found.names and found.damaged:
        raise Unreadable("none of its nodes fits its checksum")
    return Contents(tree=tree, problem=_problem(found, tree))


def _problem(found: Found, tree: Jffs2Tree) -> str:
    counts = (
        (found.damaged, "stretches of it are damaged"),
        (found.unknown, "nodes are of a kind we do not know"),
        (tree.dangling, "names lead nowhere"),
        (tree.unread, "links or devices cannot be read"),
    )
    return ", ".join(f"{count:,} {what}" for count, what in counts if count)


JFFS2 = Reader(name="jffs2", recognises=_is_jffs2, opens=_open)
