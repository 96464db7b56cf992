"""A root file system that lies unpacked in a folder.

The host is never left: every component of a path is looked at without following links, link targets
are resolved against the folder, and only regular files are opened (a FIFO would block for ever).
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from iotscan.model.errors import BadInput
from iotscan.observe.image.tree import DEPTH_LIMIT, ENTRY_LIMIT, LINK_HOPS, Entry, Kind, Unreadable

_EXPECTED = ("etc", "bin", "sbin", "usr", "lib")


class BadImage(BadInput):
    """What was given is no image we can read."""


class FolderTree:
    """Reads a folder as an image."""

    format = "folder"

    def __init__(self, folder: Path) -> None:
        """Raises :class:`BadImage` when ``folder`` is none, or holds no root file system."""
        self.source = str(folder)
        try:
            self._root = folder.resolve(strict=True)
            names = {entry.name for entry in os.scandir(self._root)}
        except (OSError, RuntimeError) as error:
            # Python 3.11 and 3.12 say RuntimeError for a circle of links.
            reason = getattr(error, "strerror", "") or "it is a circle of links"
            raise BadImage(f"{folder} cannot be read as a folder ({reason}): give a root file system") from error
        if "etc" not in names or len(names & set(_EXPECTED)) < 2:
            raise BadImage(f"{folder} does not look like a root file system (no etc/ beside bin/, lib/ or usr/)")

    def find(self, path: str) -> Entry | None:
        """See :class:`Tree`."""
        resolved = self._resolve(path)
        return self._entry(resolved) if resolved is not None else None

    def walk(self) -> Iterator[Entry]:
        """See :class:`Tree`."""
        count = 0
        waiting = ["/"]
        while waiting:
            here = waiting.pop()
            if here.count("/") > DEPTH_LIMIT:
                raise Unreadable(f"folders are nested deeper than {DEPTH_LIMIT}")
            folders = []
            for entry in self.children(here):
                count += 1
                if count > ENTRY_LIMIT:
                    raise Unreadable(f"more than {ENTRY_LIMIT:,} files")
                yield entry
                if entry.kind == "folder":
                    folders.append(entry.path)
            waiting.extend(reversed(folders))

    def children(self, path: str) -> tuple[Entry, ...]:
        """See :class:`Tree`."""
        resolved = self._resolve(path)
        if resolved is None or (found := self._entry(resolved)) is None or found.kind != "folder":
            return ()
        try:
            names = sorted(os.listdir(self._host(resolved)))
        except OSError as error:
            raise Unreadable(error.strerror or "cannot be listed") from error
        entries = (self._entry(f"{resolved.rstrip('/')}/{name}") for name in names)
        return tuple(e for e in entries if e is not None)

    def read(self, path: str, limit: int) -> bytes:
        """See :class:`Tree`."""
        resolved = self._resolve(path)
        if resolved is None:
            raise Unreadable("there is no such file")
        try:
            file = os.open(self._host(resolved), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise Unreadable(error.strerror or "cannot be opened") from error
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise Unreadable("not a regular file")
        with os.fdopen(file, "rb") as stream:
            return stream.read(limit)

    def _host(self, resolved: str) -> Path:
        return self._root / resolved.lstrip("/")

    def _entry(self, path: str) -> Entry | None:
        try:
            status = os.lstat(self._host(path))
            target = os.readlink(self._host(path)) if stat.S_ISLNK(status.st_mode) else ""
        except (OSError, ValueError):
            return None
        return Entry(
            path=path, kind=_kind(status.st_mode), size=status.st_size, mode=stat.S_IMODE(status.st_mode), target=target
        )

    def _resolve(self, path: str) -> str | None:
        """``path`` with every link followed inside the tree; None for a loop or a missing part."""
        pending = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        done: list[str] = []
        hops = 0
        while pending:
            part = pending.pop()
            if part == "..":
                done = done[:-1]
                continue
            here = "/" + "/".join((*done, part))
            entry = self._entry(here)
            if entry is None:
                return None
            if entry.kind != "link":
                done.append(part)
                continue
            hops += 1
            if hops > LINK_HOPS:
                return None
            if entry.target.startswith("/"):
                done = []
            pending.extend(p for p in reversed(entry.target.split("/")) if p not in ("", "."))
        return "/" + "/".join(done)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"
