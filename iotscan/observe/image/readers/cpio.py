"""cpio: newc, crc, odc and old binary; several archives behind one another, packed or not, are one tree.

That is how the kernel unpacks an initramfs (early microcode, then the main archive, packed; Linux
Documentation/driver-api/early-userspace/buffer-format.rst); a SWUpdate bundle is one archive of the same form. The
older forms are those of cpio(5) of libarchive.
"""

import binascii
import os
import stat
import struct

import msgspec

from iotscan.observe.image.archive import ArchiveTree, Member
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.reader import HEAD, Contents, Reader
from iotscan.observe.image.readers.inode_kinds import KINDS
from iotscan.observe.image.readers.streams import stream_of, unpacked
from iotscan.observe.image.unreadable import Unreadable

_NEWC, _CRC, _ODC = b"070701", b"070702", b"070707"
_OLD_LITTLE, _OLD_BIG = b"\xc7\x71", b"\x71\xc7"
_TRAILER = b"TRAILER!!!"
_LONGEST = 64 << 10
"""Bytes of a name, or of a link's text."""
_LINKED = 1 << 62
"""Where the inode numbers of files with several names begin: no place in an archive is there."""
_NESTED = 3
"""How deep archives may be packed in one another."""
_DAMAGED = "a header of it is damaged: what follows is not read"
_CUT = "it is cut short"
_BOOTCONFIG = b"#BOOTCONFIG\n"
"""What stands at the end of an initramfs with a boot configuration (Linux, admin-guide/bootconfig.rst)."""


class _Header(msgspec.Struct, frozen=True, gc=False):
    """A header. Lengths in bytes; ``before`` and ``behind`` are those of header and name, and of the data, padded."""

    inode: int
    mode: int
    uid: int
    gid: int
    names: int
    device: tuple[int, int]
    name: bytes
    size: int
    before: int
    behind: int


def _header(blob: Blob, at: int) -> _Header:
    """The header at ``at``. Raises Unreadable."""
    head = blob.read_at(at, 256)
    if head[:6] in (_NEWC, _CRC):
        return _newc(blob, at, head)
    if head[:6] == _ODC:
        return _odc(blob, at, head)
    if head[:2] in (_OLD_LITTLE, _OLD_BIG):
        return _old(blob, at, head)
    raise Unreadable(_DAMAGED if head else _CUT)


def _newc(blob: Blob, at: int, head: bytes) -> _Header:
    try:
        fields = struct.unpack(">13I", binascii.unhexlify(head[6:110]))
    except (binascii.Error, struct.error) as error:
        raise Unreadable(_DAMAGED if len(head) >= 110 else _CUT) from error
    inode, mode, uid, gid, names, _, size, major, minor, to_major, to_minor, length, _ = fields
    return _Header(
        inode=inode | major << 32 | minor << 64,
        mode=mode,
        uid=uid,
        gid=gid,
        names=names,
        device=(to_major, to_minor),
        name=_name(blob, at, head, 110, length),
        size=size,
        before=110 + length + -(110 + length) % 4,
        behind=size + -size % 4,
    )


def _odc(blob: Blob, at: int, head: bytes) -> _Header:
    if len(head) < 76:
        raise Unreadable(_CUT)
    if not head[6:76].isdigit():
        raise Unreadable(_DAMAGED)
    widths = (6, 6, 6, 6, 6, 6, 6, 11, 6, 11)
    numbers, start = [], 6
    for width in widths:
        try:
            numbers.append(int(head[start : start + width], 8))
        except ValueError as error:
            raise Unreadable(_DAMAGED) from error
        start += width
    return _of_old_numbers(numbers, _name(blob, at, head, 76, numbers[8]), 76, 1)


def _old(blob: Blob, at: int, head: bytes) -> _Header:
    if len(head) < 26:
        raise Unreadable(_CUT)
    order = "<" if head[:2] == _OLD_LITTLE else ">"
    words = struct.unpack(f"{order}13H", head[:26])
    # Long numbers have their upper half first, whatever the order of bytes.
    numbers = [*words[1:8], words[8] << 16 | words[9], words[10], words[11] << 16 | words[12]]
    return _of_old_numbers(numbers, _name(blob, at, head, 26, numbers[8]), 26, 2)


def _of_old_numbers(numbers: list[int], name: bytes, length: int, padded: int) -> _Header:
    device, inode, mode, uid, gid, names, to_device, _, name_length, size = numbers
    before = length + name_length
    return _Header(
        inode=inode | device << 32,
        mode=mode,
        uid=uid,
        gid=gid,
        names=names,
        device=(to_device >> 8, to_device & 0xFF),
        name=name,
        size=size,
        before=before + -before % padded,
        behind=size + -size % padded,
    )


def _name(blob: Blob, at: int, head: bytes, start: int, length: int) -> bytes:
    if not 0 < length <= _LONGEST:
        raise Unreadable(_DAMAGED)
    raw = head[start : start + length]
    if len(raw) < length:
        raw = blob.read_at(at + start, length)
    if len(raw) < length:
        raise Unreadable(_CUT)
    return raw.partition(b"\0")[0]


class _Linked(msgspec.Struct):
    """A file with several names: its number, its names so far, and where its data are, which come with one of them."""

    inode: int
    paths: list[str]
    size: int = 0
    where: int = 0


class _Unpacking:
    """What the archives of one blob are put into."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.tree = ArchiveTree("cpio", budget)
        self._numbers = _LINKED

    def all_of(self, blob: Blob, nested: int = _NESTED) -> None:
        """Every archive of a blob. Raises Unreadable where what follows is none; what came before is in the tree."""
        source = self.tree.source(blob)
        at = 0
        while True:
            at = _behind(blob, at, b"\0", self.budget)
            head = blob.read_at(at, HEAD)
            if not head:
                return
            if is_cpio(head):
                at = self._archive(blob, at, source)
            elif nested and (packed := stream_of(head)):
                stream = unpacked(packed, blob, self.budget, at)
                self.all_of(stream, nested - 1)
                at = stream.end
            elif _is_settled(blob, at, self.budget):
                return
            else:
                raise Unreadable("what stands behind it is not known")

    def _archive(self, blob: Blob, at: int, source: int) -> int:
        """Take in one archive; where it ends."""
        linked: dict[int, _Linked] = {}
        count = 0
        try:
            while True:
                count += 1
                if count % 1024 == 0:
                    self.budget.check_time()
                header = _header(blob, at)
                at += header.before
                if header.name == _TRAILER:
                    return at + header.behind
                self._member(blob, at, source, header, linked)
                if header.size and not blob.read_at(at + header.size - 1, 1):
                    raise Unreadable(_CUT)
                at += header.behind
        finally:
            self._link(linked)

    def _member(self, blob: Blob, at: int, source: int, header: _Header, linked: dict[int, _Linked]) -> None:
        kind = KINDS.get(stat.S_IFMT(header.mode))
        if kind is None:
            raise Unreadable(_DAMAGED)
        target = b""
        if kind == "link":
            if header.size > _LONGEST:
                raise Unreadable(_DAMAGED)
            target = blob.read_at(at, header.size).rstrip(b"\0")
        group = None
        if kind == "file" and header.names > 1:
            self._numbers += 1
            group = linked.setdefault(header.inode, _Linked(inode=self._numbers, paths=[]))
        member = Member(
            name=os.fsdecode(header.name),
            kind=kind,
            size=header.size if kind == "file" else 0,
            mode=stat.S_IMODE(header.mode),
            uid=header.uid,
            gid=header.gid,
            target=os.fsdecode(target),
            device=header.device if kind in ("char", "block") else None,
            at=at,
        )
        entry = self.tree.take(member, source, inode=group.inode if group else 0)
        if group is not None and entry is not None:
            group.paths.append(entry.path)
            if header.size:
                group.size, group.where = entry.size, entry.where

    def _link(self, linked: dict[int, _Linked]) -> None:
        """Give every name of a file its data."""
        for group in linked.values():
            for path in group.paths:
                entry = self.tree.at(path)
                if entry is not None and entry.inode == group.inode and entry.size == 0:
                    self.tree.add(msgspec.structs.replace(entry, size=group.size, where=group.where))


def _behind(blob: Blob, at: int, byte: bytes, budget: Budget) -> int:
    """Where something else than ``byte`` stands, from ``at`` on; or the end."""
    step = HEAD
    while data := blob.read_at(at, step):
        budget.check_time()
        rest = 0 if data.count(byte) == len(data) else len(data.lstrip(byte))
        at += len(data) - rest
        if rest:
            break
        # The first look is small: mostly a few bytes stand between two archives.
        step = MIB
    return at


def _is_settled(blob: Blob, at: int, budget: Budget) -> bool:
    """True where what is behind the archives is known to be none: erased storage, a boot configuration."""
    if not blob.read_at(_behind(blob, at, b"\xff", budget), 1):
        return True
    return blob.read_at(blob.size - len(_BOOTCONFIG), len(_BOOTCONFIG)) == _BOOTCONFIG


def is_cpio(head: bytes) -> bool:
    """True for a header of any form; the old one has a short mark, so its name and mode must be right, too."""
    if head[:6] in (_NEWC, _CRC, _ODC):
        return True
    if head[:2] not in (_OLD_LITTLE, _OLD_BIG) or len(head) < 26:
        return False
    order = "<" if head[:2] == _OLD_LITTLE else ">"
    words = struct.unpack(f"{order}13H", head[:26])
    name = head[26 : 26 + words[10]]
    is_sound = 1 < len(name) == words[10] and name.find(b"\0") == len(name) - 1
    return is_sound and (stat.S_IFMT(words[3]) in KINDS or name[:-1] == _TRAILER)


def _open(blob: Blob, budget: Budget) -> Contents:
    unpacking = _Unpacking(budget)
    tree = unpacking.tree
    problem = ""
    try:
        unpacking.all_of(blob)
    except Unreadable as error:
        if not tree.listed("/"):
            raise
        problem = str(error)
    return Contents(tree=tree, problem=problem or tree.problem)


CPIO = Reader(name="cpio", recognises=lambda head, blob: is_cpio(head), opens=_open)
