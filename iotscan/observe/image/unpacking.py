"""A packed stream as a blob: unpacked as far as it is read, into memory and then a file without a name."""

import lzma
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.unreadable import Unreadable

FIRST, MOST = 16 << 10, 1 << 20
"""Bytes of the first piece that is unpacked, and of the largest: a look at the beginning stays cheap."""
_IN_MEMORY = 256 << 10
CUT_SHORT = "it is cut short"
DAMAGED = "it is damaged"
_FAULTS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, OverflowError, RuntimeError, MemoryError)
"""What decompressors raise; zstandard's, lz4's and lzallright's own errors are wrapped where they are called."""


class Feed:
    """The packed bytes, read one after another; ``at`` is how far, and may be set back."""

    def __init__(self, blob: Blob, at: int = 0) -> None:
        self.blob = blob
        self.at = at

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes; fewer at the end only. Raises Unreadable."""
        data = self.blob.read_at(self.at, count)
        self.at += len(data)
        return data

    def exactly(self, count: int) -> bytes:
        """``count`` bytes. Raises Unreadable."""
        data = self.read(count)
        if len(data) < count:
            raise Unreadable(CUT_SHORT)
        return data

    def peek(self, count: int) -> bytes:
        """Up to ``count`` bytes that are read again by the next call. Raises Unreadable."""
        return self.blob.read_at(self.at, count)


Decoder = Callable[[Feed, Limits], Iterator[bytes]]
"""Gives the unpacked bytes in pieces of about :data:`MOST`, and leaves the feed where the stream ended.

Raises Unreadable, or what a decompressor raises.
"""


class Machine(Protocol):
    """A decompressor as bz2, lzma and lz4 have it."""

    @property
    def eof(self) -> bool:
        """True when the stream ended."""

    @property
    def needs_input(self) -> bool:
        """True when it gives no more without more bytes."""

    @property
    def unused_data(self) -> bytes | None:
        """What was fed and stands behind the end of the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Up to ``max_length`` bytes more."""


class Inflater:
    """zlib's decompressor, made to look like the others. ``bits`` as :func:`zlib.decompressobj` has it."""

    def __init__(self, bits: int) -> None:
        self._machine = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        """See :class:`Machine`."""
        return self._machine.eof

    @property
    def needs_input(self) -> bool:
        """See :class:`Machine`."""
        return not self._machine.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """See :class:`Machine`."""
        return self._machine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """See :class:`Machine`."""
        return self._machine.decompress(data or self._machine.unconsumed_tail, max_length)


def run(machine: Machine, feed: Feed) -> Iterator[bytes]:
    """All that one stream gives; the feed then stands behind it. Raises Unreadable where it is cut short."""
    step = FIRST
    while not machine.eof:
        is_asked = machine.needs_input
        data = feed.read(min(step, MOST // 4)) if is_asked else b""
        piece = machine.decompress(data, step)
        if piece:
            yield piece
        elif not data and not machine.eof and is_asked == machine.needs_input:
            raise Unreadable(CUT_SHORT if is_asked else DAMAGED)
        step = min(2 * step, MOST)
    feed.at -= len(machine.unused_data or b"")


class Unpacked:
    """What a packed stream gives, as a blob.

    Asking for :attr:`size` unpacks all of it. What was unpacked before a fault can be read; what is behind it raises.
    """

    def __init__(self, decoder: Decoder, blob: Blob, budget: Budget, at: int = 0) -> None:
        self._feed = Feed(blob, at)
        self._from = at
        # A disk image may begin with much that is blank: the whole stream counts, where its size costs nothing.
        self._packed = _known_size(blob) - at
        self._budget = budget
        self._pieces = decoder(self._feed, budget.limits)
        self._memory = bytearray()
        self._file = -1
        self._given = 0
        self._is_done = False
        self._fault: Unreadable | None = None

    @property
    def size(self) -> int:
        """See :class:`Blob`. Raises :class:`Unreadable`."""
        while self._pull():
            pass
        return self._given

    @property
    def end(self) -> int:
        """Where in the packed blob the stream ends. Raises :class:`Unreadable`."""
        _ = self.size
        return self._feed.at

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`Blob`."""
        while self._given < offset + length and self._pull():
            pass
        if self._file < 0:
            return bytes(self._memory[offset : offset + length])
        pieces = []
        while length > 0 and (piece := os.pread(self._file, length, offset)):
            pieces.append(piece)
            offset, length = offset + len(piece), length - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _pull(self) -> bool:
        """Unpack a piece more; False at the end. Raises :class:`Unreadable`, and the same again when asked again."""
        if self._fault is not None:
            # Another one: an error that is raised again keeps every place where it was.
            raise type(self._fault)(str(self._fault))
        if self._is_done:
            return False
        try:
            piece = self._next()
            if piece is None:
                self._is_done = True
                return False
            self._budget.unpack(max(self._feed.at - self._from, self._packed), self._given, len(piece))
            self._keep(piece)
        except Unreadable as error:
            self._fault = error
            raise
        return True

    def _next(self) -> bytes | None:
        try:
            return next(self._pieces, None)
        except lzma.LZMAError as error:
            # liblzma's LZMA_MEMLIMIT_ERROR has no type of its own in Python.
            is_large = "emory" in str(error)
            limit = f"it takes more than {self._budget.limits.memory >> 20} MiB of memory to unpack"
            raise Unreadable(limit if is_large else DAMAGED) from error
        except _FAULTS as error:
            raise Unreadable(DAMAGED) from error

    def _keep(self, piece: bytes) -> None:
        if self._file < 0 and self._given + len(piece) <= _IN_MEMORY:
            self._memory += piece
            self._given += len(piece)
            return
        try:
            if self._file < 0:
                with tempfile.TemporaryFile(buffering=0) as file:
                    self._file = os.dup(file.fileno())
                self._write(self._memory, 0)
                self._memory = bytearray()
            self._write(piece, self._given)
        except OSError as error:
            raise Unreadable(f"there is no room for it unpacked ({error.strerror}): set TMPDIR") from error
        self._given += len(piece)

    def _write(self, data: "bytes | bytearray", at: int) -> None:
        view = memoryview(data)
        while view:
            count = os.pwrite(self._file, view, at)
            view, at = view[count:], at + count

    def __del__(self) -> None:
        if getattr(self, "_file", -1) >= 0:
            os.close(self._file)


def _known_size(blob: Blob) -> int:
    """The size of a blob; 0 where asking for it would unpack it."""
    if isinstance(blob, Unpacked):
        return 0
    if isinstance(blob, Slice):
        return max(0, min(blob.length, _known_size(blob.whole) - blob.start))
    return blob.size
