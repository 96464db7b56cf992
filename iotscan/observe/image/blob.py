"""Bytes of an image, read where they lie: a file, a part of one, several parts put together.

A blob never loads itself whole. What reads past its end gets less than it asked for, as with a file.
"""

import errno
import io
import os
import stat
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from iotscan.observe.image.unreadable import Unreadable


class Blob(Protocol):
    """Bytes with a size that can be read anywhere."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``: fewer at the end only. Raises :class:`Unreadable`."""


class Bytes(msgspec.Struct, frozen=True):
    """Bytes that are in memory already."""

    data: bytes

    @property
    def size(self) -> int:
        """See :class:`Blob`."""
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`."""
        return self.data[offset : offset + length]


class FileBlob:
    """A regular file of the host, open as long as this is. Raises OSError where it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._file = -1
        # Somebody may have put a FIFO there: it must not hold us up.
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(self._file)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is neither a folder nor a regular file", str(path))
        self.size = status.st_size

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`."""
        pieces = []
        # An offset that an image made up may be more than the system takes.
        while length > 0 and offset < self.size:
            try:
                piece = os.pread(self._file, length, offset)
            except OSError as error:
                raise Unreadable(error.strerror or "cannot be read") from error
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def __del__(self) -> None:
        if self._file >= 0:
            os.close(self._file)


class Slice(msgspec.Struct, frozen=True):
    """A part of another blob. What the whole is too short for is not there: ``size`` is what can be read at most."""

    whole: Blob
    start: int
    length: int

    @property
    def size(self) -> int:
        """See :class:`Blob`."""
        return max(0, min(self.length, self.whole.size - self.start))

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`."""
        wanted = min(length, self.length - offset)
        return self.whole.read_at(self.start + offset, wanted) if wanted > 0 else b""


class Piece(msgspec.Struct, frozen=True):
    """Where ``length`` bytes of a :class:`Pieced` come from: of ``source`` at ``start``; zeros without one."""

    length: int
    source: Blob | None = None
    start: int = 0


class Pieced:
    """Several pieces after one another: the extents of a file, the chunks of a sparse image."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = [p for p in pieces if p.length > 0]
        self._starts: list[int] = []
        self.size = 0
        for piece in self._pieces:
            self._starts.append(self.size)
            self.size += piece.length

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`. Raises :class:`Unreadable` where a piece is cut short."""
        length = min(length, self.size - offset)
        got: list[bytes] = []
        index = bisect_right(self._starts, offset) - 1
        while length > 0:
            piece, within = self._pieces[index], offset - self._starts[index]
            count = min(length, piece.length - within)
            data = bytes(count) if piece.source is None else piece.source.read_at(piece.start + within, count)
            if len(data) != count:
                raise Unreadable("it is cut short")
            got.append(data)
            offset, length, index = offset + count, length - count, index + 1
        return got[0] if len(got) == 1 else b"".join(got)


class BlobFile(io.RawIOBase):
    """A blob as a file object, for libraries that want one; :func:`as_file` puts a buffer before it."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._at = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """See :meth:`io.IOBase.seek`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._blob.size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """See :meth:`io.IOBase.tell`."""
        return self._at

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # a Buffer is 3.12's name for it
        """See :meth:`io.RawIOBase.readinto`."""
        data = self._blob.read_at(self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def as_file(blob: Blob, buffered: int = 1 << 16) -> io.BufferedReader:
    """``blob`` as a file that can be read and sought, with a buffer of ``buffered`` bytes."""
    return io.BufferedReader(BlobFile(blob), buffered)


def read_whole(blob: Blob, limit: int) -> bytes:
    """All of a blob. Raises :class:`Unreadable` beyond ``limit`` bytes or where it is cut short."""
    if blob.size > limit:
        raise Unreadable(f"larger than {limit:,} bytes")
    data = blob.read_at(0, blob.size)
    if len(data) != blob.size:
        raise Unreadable("it is cut short")
    return data
