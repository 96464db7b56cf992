"""Zip, as over-the-air updates come: the table at its end is read, and each file unpacked when it is asked for.

The table is read by :mod:`zipfile`; the data are unpacked here, as everything packed is, within the budget. Source:
PKWARE's APPNOTE.TXT 6.3.10 (§4.3.7, §4.4.5), Info-ZIP's extrafld.txt for what Unix puts in the upper half of the
external attributes.
"""

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.archive import LARGEST, place_of
from iotscan.observe.image.blob import Blob, BlobFile, Piece, Pieced, read_whole
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.indexed import IndexedTree
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.readers.inode_kinds import KINDS
from iotscan.observe.image.readers.streams import decoder_of
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unpacking import DAMAGED, Decoder, Feed, Inflater, Unpacked, run
from iotscan.observe.image.unreadable import Unreadable, Unsupported

_MARK = b"PK\3\4"
_LARGEST_TABLE = 32 << 20
_LONGEST_TARGET = 64 << 10
_UNIX = 3
_UTF8, _ENCRYPTED = 0x800, 0x1
_PACKED = {12: "bzip2", 93: "zstd", 95: "xz"}
"""Methods whose data are a stream of its own (APPNOTE §4.4.5)."""
_KEPT = 8
_FAULTS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, LookupError, struct.error, OverflowError)


class _Data(msgspec.Struct, frozen=True, gc=False):
    """Where a file's data are, and how: ``at`` is its local header."""

    at: int
    packed: int
    method: int
    crc: int
    flags: int


class _ZipTree(IndexedTree):
    format = "zip"

    def __init__(self, blob: Blob, budget: Budget) -> None:
        super().__init__(budget)
        self.keeps_permissions = False
        self._blob = blob
        self._data: list[_Data] = []
        self._unpacked: dict[int, Unpacked] = {}
        self.outside = 0

    def take(self, info: zipfile.ZipInfo) -> None:
        """Add a file of the table. Raises Unreadable at a limit, or for a link that cannot be read."""
        name = info.filename if info.flag_bits & _UTF8 else os.fsdecode(info.filename.encode("cp437"))
        path = place_of(name)
        if path is None:
            self.outside += 1
            return
        if path == "/":
            return
        if info.header_offset < 0 or not 0 <= info.file_size <= LARGEST or not 0 <= info.compress_size <= LARGEST:
            raise Unreadable(DAMAGED)
        mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
        self.keeps_permissions |= mode != 0
        kind = "folder" if info.is_dir() else KINDS.get(stat.S_IFMT(mode), "file")
        where = len(self._data)
        data = _Data(info.header_offset, info.compress_size, info.compress_type, info.CRC, info.flag_bits)
        self._data.append(data)
        entry = Entry(
            path=self.landing(path),
            kind=kind,
            size=info.file_size if kind == "file" else 0,
            mode=stat.S_IMODE(mode) if mode else 0o755 if kind == "folder" else 0o644,
            target=self._target(where, info.file_size) if kind == "link" else "",
            where=where,
        )
        self.add(entry)

    def _target(self, where: int, size: int) -> str:
        return os.fsdecode(read_whole(self._content(where, size), _LONGEST_TARGET))

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        if entry.kind != "file":
            raise Unreadable("not a regular file")
        return self._content(entry.where, entry.size)

    def _content(self, where: int, size: int) -> Blob:
        known = self._unpacked.pop(where, None)
        if known is None:
            data = self._data[where]
            if data.flags & _ENCRYPTED:
                raise Unsupported("it is encrypted")
            head = self._blob.read_at(data.at, 30)
            if len(head) < 30 or head[:4] != _MARK:
                raise Unreadable(DAMAGED)
            name, extra = struct.unpack_from("<2H", head, 26)
            packed = Pieced((Piece(data.packed, self._blob, data.at + 30 + name + extra),))
            if data.method == 0:
                return packed
            known = Unpacked(_checked(_decoder(data.method), data.crc, size), packed, self.budget)
        # Whoever asks again soon (inspectors, the sweep) does not have it unpacked again.
        while len(self._unpacked) >= _KEPT:
            del self._unpacked[next(iter(self._unpacked))]
        self._unpacked[where] = known
        return known


def _decoder(method: int) -> Decoder:
    if method == zipfile.ZIP_DEFLATED:
        return _deflate
    if method in _PACKED:
        return decoder_of(_PACKED[method])
    raise Unsupported(f"zip's method {method}")


def _deflate(feed: Feed, limits: Limits) -> Iterator[bytes]:
    return run(Inflater(-zlib.MAX_WBITS), feed)


def _checked(decoder: Decoder, crc: int, size: int) -> Decoder:
    """The same, and its sum and size are those of the table."""

    def checking(feed: Feed, limits: Limits) -> Iterator[bytes]:
        found = given = 0
        for piece in decoder(feed, limits):
            found, given = zlib.crc32(piece, found), given + len(piece)
            yield piece
        if (found, given) != (crc, size):
            raise Unreadable(DAMAGED)

    return checking


class _Bounded(io.BufferedReader):
    """A file that gives no more at once than a table of contents may take."""

    def read(self, size: "int | None" = -1, /) -> bytes:
        if size is not None and size > _LARGEST_TABLE:
            raise Unreadable("its table of contents is too large")
        return super().read(size)


def _open(blob: Blob, budget: Budget) -> Contents:
    tree = _ZipTree(blob, budget)
    problem = ""
    try:
        with zipfile.ZipFile(_Bounded(BlobFile(blob), 1 << 16)) as archive:
            infos = archive.infolist()
    except _FAULTS as error:
        raise Unreadable("its table of contents cannot be read") from error
    for info in infos:
        try:
            tree.take(info)
        except Unreadable as error:
            problem = problem or str(error)
    if tree.outside:
        problem = problem or f"names that lead out of it, left out: {tree.outside}"
    return Contents(tree=tree, problem=problem)


ZIP = Reader(name="zip", recognises=lambda head, blob: head.startswith(_MARK), opens=_open)
