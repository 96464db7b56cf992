"""What a blob claims to be: every reader is asked, in order, over bytes that are read once."""

import functools

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import OverBudget
from iotscan.observe.image.reader import HEAD, Reader
from iotscan.observe.image.readers import all_readers
from iotscan.observe.image.unreadable import Unreadable

_FAR = 68 << 10
"""Bytes: nearly every mark that stands behind the first :data:`HEAD` bytes stands before here."""
_LOADER_NAMES = ("boot", "kernel", "firmware", "image", "vmlinu", "spl", "mlo", "tispl", "flash", "loader")
_LOADER_ENDINGS = (".bin", ".img", ".rom", ".fw", ".elf", ".kwb", ".imx", ".sb", ".axf", ".raw", ".mtd", ".nor")


def recognised(blob: Blob) -> Reader | None:
    """The reader of what a blob claims to be. Raises :class:`Unreadable` where its first bytes cannot be read."""
    return _claimed(blob, all_readers())


def recognised_file(blob: Blob, name: str) -> Reader | None:
    """The same for any file of a file system.

    What is known by a mark anywhere in it (a boot loader) counts where its name says that it may be one: there may be
    hundreds of thousands of files, and each would be read for it.
    """
    return _claimed(blob, all_readers() if _is_called_loader(name.lower()) else _with_a_place())


def _claimed(blob: Blob, readers: tuple[Reader, ...]) -> Reader | None:
    head = blob.read_at(0, HEAD)
    begun = _Begun(blob, head)
    for reader in readers:
        try:
            if reader.recognises(head, begun):
                return reader
        except OverBudget:
            raise
        except Unreadable:
            # Its mark would stand where nobody can read (a stream that is cut short).
            continue
    return None


@functools.cache
def _with_a_place() -> tuple[Reader, ...]:
    return tuple(reader for reader in all_readers() if not reader.searches)


def _is_called_loader(name: str) -> bool:
    return name.endswith(_LOADER_ENDINGS) or any(word in name for word in _LOADER_NAMES)


class _Begun:
    """A blob whose first bytes are known: dozens of readers look at them."""

    def __init__(self, blob: Blob, head: bytes) -> None:
        self._blob = blob
        self._head = head
        self._is_whole = len(head) < HEAD
        self._far: bytes | None = None

    @property
    def size(self) -> int:
        return len(self._head) if self._is_whole else self._blob.size

    def read_at(self, offset: int, length: int) -> bytes:
        end = offset + length
        if self._is_whole or end <= HEAD:
            return self._head[offset:end]
        if end > _FAR:
            return self._blob.read_at(offset, length)
        if self._far is None:
            try:
                self._far = self._blob.read_at(0, _FAR)
            except Unreadable:
                # Cut short further on than where it is asked for.
                return self._blob.read_at(offset, length)
        return self._far[offset:end]
