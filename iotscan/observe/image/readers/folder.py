"""A root file system that lies unpacked in a folder.

The host is never left: every component of a path is looked at without following links, link targets
are resolved against the folder, and only regular files are opened (a FIFO would block for ever).
"""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.tree import Entry, Kind, Tree
from iotscan.observe.image.unreadable import Unreadable


class FolderTree(Tree):
    """Reads a folder as a file system."""

    format = "folder"

    def __init__(self, folder: Path, budget: Budget | None = None) -> None:
        """Raises :class:`Unreadable` when ``folder`` is none."""
        super().__init__(budget)
        try:
            self._root = folder.resolve(strict=True)
            os.scandir(self._root).close()
        except (OSError, RuntimeError) as error:
            # Python 3.11 and 3.12 say RuntimeError for a circle of links.
            raise Unreadable(getattr(error, "strerror", "") or "it is a circle of links") from error

    def listed(self, path: str) -> Iterable[Entry]:
        """See :class:`Tree`."""
        try:
            names = os.listdir(self._host(path))
        except OSError as error:
            raise Unreadable(error.strerror or "cannot be listed") from error
        found = (self._stat(f"{path.rstrip('/')}/{name}") for name in names)
        return [entry for entry in found if entry is not None]

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        return _HostFile(self._host(entry.path), entry.size)

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """See :class:`Tree`."""
        place = self._host(entry.path)
        if not hasattr(os, "listxattr"):
            raise Unreadable("this system does not show extended attributes")
        try:
            names = os.listxattr(place, follow_symlinks=False)
            return {name: os.getxattr(place, name, follow_symlinks=False) for name in names}
        except OSError as error:
            raise Unreadable(error.strerror or "its attributes cannot be read") from error

    def _host(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _stat(self, path: str) -> Entry | None:
        try:
            status = os.lstat(self._host(path))
            target = os.readlink(self._host(path)) if stat.S_ISLNK(status.st_mode) else ""
        except (OSError, ValueError):
            return None
        kind = _kind(status.st_mode)
        is_device = kind in ("char", "block")
        return Entry(
            path=path,
            kind=kind,
            size=status.st_size,
            mode=stat.S_IMODE(status.st_mode),
            uid=status.st_uid,
            gid=status.st_gid,
            target=target,
            device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else None,
            inode=status.st_ino if status.st_nlink > 1 else 0,
        )


class _HostFile:
    """A file of the folder, opened for each read: nothing stays open, and no link is followed."""

    def __init__(self, place: Path, size: int) -> None:
        self._place = place
        self.size = size

    def read_at(self, offset: int, length: int) -> bytes:
        try:
            file = os.open(self._place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Unreadable(error.strerror or "cannot be opened") from error
        with os.fdopen(file, "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise Unreadable("not a regular file")
            try:
                stream.seek(offset)
                return _exactly(stream.fileno(), length)
            except OSError as error:
                raise Unreadable(error.strerror or "cannot be read") from error


def _exactly(file: int, length: int) -> bytes:
    """Up to ``length`` bytes: one read may give fewer than there are."""
    pieces = []
    while length > 0 and (piece := os.read(file, length)):
        pieces.append(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _kind(mode: int) -> Kind:
    tests: tuple[tuple[bool, Kind], ...] = (
        (stat.S_ISREG(mode), "file"),
        (stat.S_ISDIR(mode), "folder"),
        (stat.S_ISLNK(mode), "link"),
        (stat.S_ISCHR(mode), "char"),
        (stat.S_ISBLK(mode), "block"),
        (stat.S_ISFIFO(mode), "fifo"),
    )
    return next((kind for is_it, kind in tests if is_it), "socket")
