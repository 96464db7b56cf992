"""The nodes of a JFFS2 file system, found in one pass over the flash; each checksum is looked at.

Source: Linux ``include/uapi/linux/jffs2.h``, ``fs/jffs2/scan.c``. A node that does not fit its checksum does not
count, as in the kernel: an older version of the same data does.
"""

import re
import struct
import zlib
from collections import defaultdict
from typing import Final, Literal

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget, OverBudget
from iotscan.observe.image.unreadable import Unreadable

Order = Literal["<", ">"]
MAGIC: Final = 0x1985
ROOT: Final = 1
NODES: Final = 2_000_000
"""A flash of 256 MiB holds 65,536 pages."""

_HEADER, _INODE, _DIRENT, _XATTR, _XREF = 12, 68, 40, 32, 28
_ACCURATE, _COMPATIBILITY, _INCOMPATIBLE = 0x2000, 0xC000, 0xC000
_DIRENT_TYPE, _INODE_TYPE, _XATTR_TYPE, _XREF_TYPE = 0xE001, 0xE002, 0xE008, 0xE009
_OTHER_TYPES: Final = (0x2003, 0x2004, 0x2006)
"""Clean marker, padding, summary: nothing of the file system's own."""
_KNOWN: Final = (_DIRENT_TYPE, _INODE_TYPE, _XATTR_TYPE, _XREF_TYPE, *_OTHER_TYPES)
_LONGEST = 4 << 20
_WINDOW = 8 << 20
_PADDING = re.compile(rb"\xff+|\0+")


class Name(msgspec.Struct, frozen=True, gc=False):
    """What a directory says of one name; ``inode`` 0 is a name that was removed."""

    version: int
    inode: int


class Inode(msgspec.Struct, frozen=True, gc=False):
    """An inode node: what is known of a file as of ``version``, and ``dsize`` bytes of it from ``offset``."""

    version: int
    mode: int
    uid: int
    gid: int
    size: int
    offset: int
    csize: int
    dsize: int
    compressor: int
    data_at: int
    """Where the packed bytes stand in the flash."""


class Found(msgspec.Struct):
    """What lies on a flash. ``nodes`` are the places of inode nodes by inode, ``newest`` its last version's place."""

    order: Order
    names: dict[int, dict[bytes, Name]]
    nodes: dict[int, list[int]]
    newest: dict[int, tuple[int, int]]
    attributes: dict[int, tuple[int, int]]
    """By attribute id: version, place."""
    references: dict[tuple[int, int], int]
    """By inode and attribute id: the sequence number; an odd one was removed."""
    damaged: int = 0
    """Stretches that are no sound node and not empty either."""
    unknown: int = 0
    """Nodes that a reader must understand and we do not."""


def crc(data: bytes | memoryview) -> int:
    """The kernel's ``crc32(0, …)``: begins with zero, nothing inverted at the end."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF


def order_of(head: bytes) -> Order | None:
    """The byte order of a file system by its first node; None where none begins here."""
    for order in ("<", ">"):
        if len(head) >= _HEADER:
            magic, kind, length = struct.unpack_from(f"{order}HHI", head)
            if magic == MAGIC and kind | _ACCURATE in _KNOWN and _HEADER <= length <= _LONGEST:
                return "<" if order == "<" else ">"
    return None


def begins(head: bytes) -> bool:
    """True where a node begins, by the checksum of its header."""
    order = order_of(head)
    return order is not None and crc(head[:8]) == struct.unpack_from(f"{order}I", head, 8)[0]


def read_inode(blob: Blob, at: int, order: Order) -> Inode:
    """The inode node at a place that :func:`scan` found. Raises Unreadable."""
    raw = blob.read_at(at, _INODE)
    if len(raw) < _INODE:
        raise Unreadable("it is cut short")
    version, mode, uid, gid, size = struct.unpack_from(f"{order}IIHHI", raw, 16)
    offset, csize, dsize, compressor = struct.unpack_from(f"{order}IIIB", raw, 44)
    return Inode(version, mode, uid, gid, size, offset, csize, dsize, compressor, at + _INODE)


def read_attribute(blob: Blob, at: int, order: Order) -> tuple[int, bytes, bytes]:
    """The attribute at a place that :func:`scan` found: prefix number, name, value. Raises Unreadable."""
    raw = blob.read_at(at, _XATTR)
    if len(raw) < _XATTR:
        raise Unreadable("it is cut short")
    prefix, name_size, value_size = struct.unpack_from(f"{order}BBH", raw, 20)
    data = blob.read_at(at + _XATTR, name_size + 1 + value_size)
    return prefix, data[:name_size], data[name_size + 1 :]


def scan(blob: Blob, order: Order, budget: Budget) -> Found:
    """Find every node. Raises OverBudget, and Unreadable where the blob does."""
    return _Scan(blob, order, budget).run()


class _Scan:
    def __init__(self, blob: Blob, order: Order, budget: Budget) -> None:
        self._blob = blob
        self._order = order
        self._budget = budget
        self._magic = struct.pack(f"{order}H", MAGIC)
        self._window, self._start, self._count = b"", 0, 0
        self.found = Found(order, defaultdict(dict), defaultdict(list), {}, {}, {})

    def run(self) -> Found:
        at, was_sound = 0, True
        while at + 4 <= self._blob.size:
            self._see(at, _HEADER)
            within = at - self._start
            padding = _PADDING.match(self._window, within)
            if padding and padding.end() - within >= 4:
                at += (padding.end() - within) & ~3
                was_sound = True
                continue
            length = self._node(at)
            if length:
                at += (length + 3) & ~3
                was_sound = True
                continue
            self.found.damaged += was_sound
            was_sound = False
            at = self._next(at + 4)
        return self.found

    def _see(self, at: int, length: int) -> None:
        """Have ``length`` bytes from ``at`` in the window, as far as there are any."""
        if at < self._start or at + length > self._start + len(self._window):
            self._budget.check_time()
            self._window, self._start = self._blob.read_at(at, max(_WINDOW, length)), at

    def _next(self, at: int) -> int:
        """Where the next node may be: at its magic, or at the end of the window."""
        within = at - self._start
        while True:
            within = self._window.find(self._magic, within)
            if within < 0:
                return max(at, (self._start + len(self._window)) & ~3)
            if (self._start + within) % 4 == 0:
                return self._start + within
            within += 1

    def _node(self, at: int) -> int:
        """Take in the node at a place; its length, 0 where none is that fits its checksums."""
        within = at - self._start
        if len(self._window) - within < _HEADER:
            return 0
        magic, kind, length, sum_ = struct.unpack_from(f"{self._order}HHII", self._window, within)
        if magic != MAGIC or not _HEADER <= length <= _LONGEST:
            return 0
        # Of a node that was made obsolete in place this bit was cleared afterwards.
        accurate = kind | _ACCURATE
        if crc(struct.pack(f"{self._order}HHI", magic, accurate, length)) != sum_:
            return 0
        self._see(at, length)
        node = self._window[at - self._start : at - self._start + length]
        if len(node) < length:
            return 0
        self._count += 1
        if self._count > NODES:
            raise OverBudget(f"more than {NODES:,} nodes")
        return length if kind != accurate or self._take(at, kind, node) else 0

    def _take(self, at: int, kind: int, node: bytes) -> bool:
        if kind == _INODE_TYPE:
            return self._inode(at, node)
        if kind == _DIRENT_TYPE:
            return self._dirent(node)
        if kind == _XATTR_TYPE:
            return self._attribute(at, node)
        if kind == _XREF_TYPE:
            return self._reference(node)
        if kind not in _OTHER_TYPES and kind & _COMPATIBILITY == _INCOMPATIBLE:
            self.found.unknown += 1
        return True

    def _inode(self, at: int, node: bytes) -> bool:
        if len(node) < _INODE:
            return False
        inode, version = struct.unpack_from(f"{self._order}II", node, 12)
        (csize,) = struct.unpack_from(f"{self._order}I", node, 48)
        data_crc, node_crc = struct.unpack_from(f"{self._order}II", node, 60)
        data = memoryview(node)[_INODE : _INODE + csize]
        if crc(node[:60]) != node_crc or len(data) < csize or crc(data) != data_crc:
            return False
        self.found.nodes[inode].append(at)
        if version >= self.found.newest.get(inode, (0, 0))[0]:
            self.found.newest[inode] = (version, at)
        return True

    def _dirent(self, node: bytes) -> bool:
        if len(node) < _DIRENT:
            return False
        parent, version, inode = struct.unpack_from(f"{self._order}III", node, 12)
        length = node[28]
        node_crc, name_crc = struct.unpack_from(f"{self._order}II", node, 32)
        name = node[_DIRENT : _DIRENT + length]
        if crc(node[:32]) != node_crc or len(name) < length or crc(name) != name_crc:
            return False
        known = self.found.names[parent].get(name)
        if known is None or version >= known.version:
            self.found.names[parent][name] = Name(version, inode)
        return True

    def _attribute(self, at: int, node: bytes) -> bool:
        if len(node) < _XATTR:
            return False
        number, version, _, name_size, value_size = struct.unpack_from(f"{self._order}IIBBH", node, 12)
        data_crc, node_crc = struct.unpack_from(f"{self._order}II", node, 24)
        data = node[_XATTR : _XATTR + name_size + 1 + value_size]
        if crc(node[:28]) != node_crc or len(data) < name_size + 1 + value_size or crc(data) != data_crc:
            return False
        if version >= self.found.attributes.get(number, (0, 0))[0]:
            self.found.attributes[number] = (version, at)
        return True

    def _reference(self, node: bytes) -> bool:
        if len(node) < _XREF:
            return False
        inode, number, sequence, node_crc = struct.unpack_from(f"{self._order}IIII", node, 12)
        if crc(node[:24]) != node_crc:
            return False
        self.found.references[inode, number] = max(sequence, self.found.references.get((inode, number), 0))
        return True
