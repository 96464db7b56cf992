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

_KINDS: dict[int, Kind] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
}


class FolderTree(Tree):
    """Reads a folder as a file system."""

    format = "folder"

    def __init__(self, folder: Path, budget: Budget | None = None) -> None:
        """Raises :class:`Unreadable` when ``folder`` is none."""
        super().__init__(budget)
        try:
            self._root = str(folder.resolve(strict=True)).rstrip("/")
            os.scandir(self._root or "/").close()
        except (OSError, RuntimeError) as error:
            # Python 3.11 and 3.12 say RuntimeError for a circle of links.
            raise Unreadable(getattr(error, "strerror", "") or "it is a circle of links") from error

    def listed(self, path: str) -> Iterable[Entry]:
        """See :class:`Tree`. Raises Unreadable where any of its names cannot be looked at."""
        try:
            names = os.listdir(self._host(path))
            above = path.rstrip("/")
            found = [self._stat(f"{above}/{name}") for name in names]
        except (OSError, ValueError) as error:
            raise Unreadable(getattr(error, "strerror", "") or "cannot be listed") from error
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

    def _host(self, path: str) -> str:
        return self._root + path

    def _stat(self, path: str) -> Entry | None:
        place = self._host(path)
        try:
            status = os.lstat(place)
            target = os.readlink(place) if stat.S_ISLNK(status.st_mode) else ""
        except FileNotFoundError:
            # It went away meanwhile.
            return None
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "socket")
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

    def __init__(self, place: str, size: int) -> None:
        self._place = place
        self.size = size

    def read_at(self, offset: int, length: int) -> bytes:
        try:
            file = os.open(self._place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Unreadable(error.strerror or "cannot be opened") from error
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise Unreadable("not a regular file")
            return _exactly(file, offset, length)
        except OSError as error:
            raise Unreadable(error.strerror or "cannot be read") from error
        finally:
            os.close(file)


def _exactly(file: int, offset: int, length: int) -> bytes:
    """Up to ``length`` bytes from ``offset``: one read may give fewer than there are."""
    pieces = []
    while length > 0 and (piece := os.pread(file, length, offset)):
        pieces.append(piece)
        offset, length = offset + len(piece), length - len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
