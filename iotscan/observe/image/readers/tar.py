"""Tar: v7, ustar, GNU and pax, with sparse files and extended attributes.

It is read here, not by :mod:`tarfile`: that one keeps a large object a member, reads a header's claim of any size into
memory, and recurses from header to header. Sources: POSIX.1-2017 pax ("ustar Interchange Format", "pax Header Block"),
the GNU tar manual ("Basic Tar Format", "Storing Sparse Files"), star(5) for ``SCHILY.xattr``.
"""

import base64
import binascii
import os
import struct
from collections.abc import Iterator
from urllib.parse import unquote

from iotscan.observe.image.archive import LARGEST, ArchiveTree, Member
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.tree import Kind
from iotscan.observe.image.unreadable import Unreadable, Unsupported

BLOCK = 512
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x")
_LONGEST = 1 << 20
"""Bytes of names and attributes that stand in headers of their own."""
_RUNS = 1 << 16
"""Runs of data in one sparse file."""
_KINDS: dict[bytes, Kind] = {b"2": "link", b"3": "char", b"4": "block", b"5": "folder", b"6": "fifo"}
_DAMAGED = "a header of it is damaged: what follows is not read"
_CUT = "it is cut short"
_ATTRIBUTE, _ATTRIBUTE_BASE64 = "SCHILY.xattr.", "LIBARCHIVE.xattr."


class Members:
    """The members of a tar, in its order. What ends it too early is in :attr:`problem` afterwards."""

    def __init__(self, blob: Blob, budget: Budget) -> None:
        self._blob = blob
        self._budget = budget
        self._at = 0
        self._needed = 0
        self._defaults: dict[str, bytes] = {}
        self.problem = ""

    def __iter__(self) -> Iterator[Member]:
        records: dict[str, bytes] = {}
        count = zeros = 0
        try:
            while (block := self._block()) is not None:
                count += 1
                if count % 1024 == 0:
                    self._budget.check_time()
                if not any(block):
                    # One alone is no end: busybox goes on behind it.
                    zeros += 1
                    if zeros == 2:
                        return
                    continue
                zeros = 0
                fields = _fields(block)
                if (extra := self._extra(fields)) is not None:
                    records.update(extra)
                    continue
                member = self._member(block, fields, {**self._defaults, **records})
                records = {}
                if member is not None:
                    yield member
        except Unreadable as error:
            self.problem = str(error)

    def _block(self) -> bytes | None:
        """The next header; None at the end of the file. Raises Unreadable where the last member's data are missing."""
        block = self._blob.read_at(self._at, BLOCK)
        if len(block) < BLOCK:
            # Some writers (umoci 0.4.7) leave out the padding of the last member, and the blank blocks at the end.
            if block or (self._needed and not self._blob.read_at(self._needed - 1, 1)):
                raise Unreadable(_CUT)
            return None
        self._at += BLOCK
        return block

    def _data(self, size: int) -> bytes:
        """The data of a header that is about the next one."""
        if size > _LONGEST:
            raise Unreadable(_DAMAGED)
        data = self._blob.read_at(self._at, size)
        if len(data) < size:
            raise Unreadable(_CUT)
        self._at += _padded(size)
        return data

    def _extra(self, fields: "_Fields") -> dict[str, bytes] | None:
        """What a header says of the next member; None when it is a member itself."""
        kind = fields.type
        if kind in (b"L", b"K"):
            text = self._data(fields.size).partition(b"\0")[0]
            return {"path" if kind == b"L" else "linkpath": text}
        if kind in (b"x", b"X"):
            return _records(self._data(fields.size))
        if kind == b"g":
            self._defaults.update(_records(self._data(fields.size)))
            return {}
        if kind == b"V":
            return {}
        return None

    def _member(self, block: bytes, fields: "_Fields", records: dict[str, bytes]) -> Member | None:
        size = _decimal(records["size"]) if "size" in records else fields.size
        name = records.get("path", fields.name)
        target = os.fsdecode(records.get("linkpath", fields.target))
        if fields.type == b"M":
            raise Unsupported("it goes on from another volume")
        kind: Kind | None = None if fields.type == b"1" else _KINDS.get(fields.type, "file")
        if fields.type == b"D" or (kind == "file" and name.endswith(b"/") and fields.type in (b"0", b"\0")):
            kind = "folder"
        runs = None
        real = size
        if fields.type == b"S":
            runs, real = self._old_sparse(block)
        start = self._at
        # Only files, and what is not known, have data behind them.
        if kind == "file" or fields.type == b"D":
            self._needed = start + size
            self._at += _padded(size)
        if any(key.startswith("GNU.sparse.") for key in records) and kind == "file":
            runs, real, start = self._pax_sparse(records, start, size)
            name = records.get("GNU.sparse.name", name)
        is_device = kind in ("char", "block")
        return Member(
            name=os.fsdecode(name),
            kind=kind,
            size=real if kind == "file" else 0,
            mode=fields.mode & 0o7777,
            uid=_decimal(records["uid"]) if "uid" in records else fields.uid,
            gid=_decimal(records["gid"]) if "gid" in records else fields.gid,
            target=target,
            device=fields.device if is_device else None,
            at=start,
            holes=runs,
            attributes=_attributes(records),
        )

    def _old_sparse(self, block: bytes) -> tuple[tuple[tuple[int, int], ...], int]:
        """Runs and size of a sparse file whose header holds them, and the blocks after it."""
        numbers = [_number(block[at : at + 12]) for at in range(386, 386 + 4 * 24, 12)]
        real, more = _number(block[483:495]), block[482]
        while more:
            block = self._blob.read_at(self._at, BLOCK)
            if len(block) < BLOCK:
                raise Unreadable(_CUT)
            self._at += BLOCK
            numbers += [_number(block[at : at + 12]) for at in range(0, 21 * 24, 12)]
            more = block[504]
            if len(numbers) > 2 * _RUNS:
                raise Unsupported("a sparse file of too many pieces")
        return _runs(numbers, real), real

    def _pax_sparse(
        self, records: dict[str, bytes], start: int, size: int
    ) -> tuple[tuple[tuple[int, int], ...], int, int]:
        """Runs and size of a sparse file, and where its data begin (formats 0.0, 0.1 and 1.0 of GNU tar)."""
        real = _decimal(records.get("GNU.sparse.realsize") or records.get("GNU.sparse.size") or b"0")
        if "GNU.sparse.major" not in records:
            listed = records.get("GNU.sparse.map", b"")
            return _runs([_decimal(number) for number in listed.split(b",") if listed], real), real, start
        if (records["GNU.sparse.major"], records.get("GNU.sparse.minor")) != (b"1", b"0"):
            raise Unsupported("a sparse file of an unknown format")
        numbers: list[int] = []
        wanted, at, rest = 1, start, b""
        while len(numbers) < wanted:
            if b"\n" not in rest:
                block = self._blob.read_at(at, BLOCK)
                at += BLOCK
                if not block or at > start + size or len(rest) > 32:
                    raise Unreadable(_DAMAGED)
                rest += block
                continue
            number, _, rest = rest.partition(b"\n")
            numbers.append(_decimal(number))
            wanted = 1 + 2 * numbers[0]
            if wanted > 2 * _RUNS:
                raise Unsupported("a sparse file of too many pieces")
        return _runs(numbers[1:], real), real, at


class _Fields:
    """A header's fields. Raises Unreadable where its sum is wrong."""

    __slots__ = ("device", "gid", "mode", "name", "size", "target", "type", "uid")

    def __init__(self, block: bytes) -> None:
        if not _is_summed(block):
            raise Unreadable(_DAMAGED)
        (name, mode, uid, gid, size, _, _, self.type, target, magic, _, _, _, major, minor, prefix) = _HEADER.unpack(
            block
        )
        self.name = name.partition(b"\0")[0]
        before = prefix.partition(b"\0")[0]
        # GNU's own header has the same magic but a blank, and other things at the place of the prefix.
        if magic == b"ustar\0" and before:
            self.name = before + b"/" + self.name
        self.target = target.partition(b"\0")[0]
        self.mode, self.uid, self.gid, self.size = _number(mode), _number(uid), _number(gid), _number(size)
        self.device = (_number(major), _number(minor)) if self.type in (b"3", b"4") else None


def _fields(block: bytes) -> _Fields:
    return _Fields(block)


def _is_summed(block: bytes) -> bool:
    """True where the header's sum is right; some old tars summed signed bytes."""
    try:
        wanted = int(block[148:156].strip(b" \0") or b"0", 8)
    except ValueError:
        return False
    found = sum(block) - sum(block[148:156]) + 8 * 32
    return wanted == found or wanted == found - 256 * sum(byte > 127 for byte in block)


def _number(field: bytes) -> int:
    """A number in octal, or in base 256 where its first bit says so (GNU, star)."""
    if field[:1] == b"\x80":
        value = int.from_bytes(field[1:], "big")
    else:
        try:
            value = int(field.strip(b" \0") or b"0", 8)
        except ValueError as error:
            raise Unreadable(_DAMAGED) from error
    if not 0 <= value <= LARGEST:
        raise Unreadable(_DAMAGED)
    return value


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 20 or int(text) > LARGEST:
        raise Unreadable(_DAMAGED)
    return int(text)


def _padded(size: int) -> int:
    return size + -size % BLOCK


def _records(data: bytes) -> dict[str, bytes]:
    """The records of a pax header: their own length, a blank, a key, ``=``, a value and a line feed."""
    records: dict[str, bytes] = {}
    sparse: list[bytes] = []
    at = 0
    while at < len(data):
        length, blank, _ = data[at : at + 20].partition(b" ")
        if not blank or not length.isdigit() or int(length) <= len(length) + 1:
            raise Unreadable(_DAMAGED)
        record = data[at + len(length) + 1 : at + int(length)]
        key, equals, value = record.partition(b"=")
        if not equals or value[-1:] != b"\n" or at + int(length) > len(data):
            raise Unreadable(_DAMAGED)
        records[os.fsdecode(key)] = value[:-1]
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
            sparse.append(value[:-1])
        at += int(length)
    if sparse:
        records["GNU.sparse.map"] = b",".join(sparse)
    return records


def _attributes(records: dict[str, bytes]) -> dict[str, bytes] | None:
    found = {key[len(_ATTRIBUTE) :]: value for key, value in records.items() if key.startswith(_ATTRIBUTE)}
    for key, value in records.items():
        name = unquote(key[len(_ATTRIBUTE_BASE64) :])
        if key.startswith(_ATTRIBUTE_BASE64) and name not in found:
            try:
                found[name] = base64.b64decode(value + b"=" * (-len(value) % 4))
            except (binascii.Error, ValueError) as error:
                raise Unreadable(_DAMAGED) from error
    return found or None


def _runs(numbers: list[int], real: int) -> tuple[tuple[int, int], ...]:
    """Pairs of start and length, in order and inside the file. Raises Unreadable."""
    runs = tuple((start, length) for start, length in zip(numbers[::2], numbers[1::2], strict=False) if length)
    done = 0
    for start, length in runs:
        if start < done or start + length > real:
            raise Unreadable(_DAMAGED)
        done = start + length
    return runs


def is_tar(head: bytes) -> bool:
    """True for a first header whose sum is right, or that says it is one."""
    if len(head) < BLOCK or not any(head[:100]):
        return False
    return head[257:262] == b"ustar" or (_is_summed(head[:BLOCK]) and head[156:157] in b"\0" + b"0123456789LKxgDSV")


def _open(blob: Blob, budget: Budget) -> Contents:
    tree = ArchiveTree("tar", budget)
    source = tree.source(blob)
    members = Members(blob, budget)
    try:
        for member in members:
            tree.take(member, source)
    except Unreadable as error:
        members.problem = str(error)
    if members.problem and not tree.listed("/"):
        raise Unreadable(members.problem)
    return Contents(tree=tree, problem=members.problem or tree.problem)


TAR = Reader(name="tar", recognises=lambda head, blob: is_tar(head), opens=_open)
