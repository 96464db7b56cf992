"""One read-only tree for whatever an image comes as: paths to metadata and lazily read bytes.

Nothing is written to the host, mounted or executed. Links resolve inside the tree only. A reader gives two
primitives, :meth:`Tree.listed` and :meth:`Tree.content`; everything else is the same for all of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, TypeVar, cast

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.given_file import GivenFile
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget, OverBudget
from iotscan.observe.image.unreadable import Unreadable

T = TypeVar("T")
Kind = Literal["file", "folder", "link", "char", "block", "fifo", "socket"]
LINK_HOPS = 40
SHOWN_PATH = 400
"""Characters of a path that a fact shows."""
_ENTRIES_KEPT = 32_768
"""Over all trees of an image: about 16 MB, and all that many an image has."""
_FOLDER = 4
"""What a folder takes, in entries."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One name in a file system.

    ``path`` begins with ``/``; bytes that are no UTF-8 stand in it as :func:`os.fsdecode` writes them.
    ``mode`` are the permission bits with setuid, setgid and sticky. ``inode`` is the same for two names of one
    file (hard links) and 0 where the format does not tell. ``where`` is the reader's own handle.
    """

    path: str
    kind: Kind
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    target: str = ""
    """A link's text."""
    device: tuple[int, int] | None = None
    """Major and minor number of a ``char`` or ``block`` device."""
    inode: int = 0
    where: int = 0

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class _Listings:
    """What the folders used last hold. Every inspector asks for them, and most walk through all."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, str], dict[str, Entry]] = {}
        self._entries = 0

    def of(self, tree: object, folder: str) -> dict[str, Entry] | None:
        """What is kept of a folder; it is the last one to go then."""
        known = self._kept.pop((tree, folder), None)
        if known is not None:
            self._kept[tree, folder] = known
        return known

    def keep(self, tree: object, folder: str, listed: dict[str, Entry]) -> None:
        """Keep it, and let go of the oldest ones."""
        self._kept[tree, folder] = listed
        self._entries += len(listed) + _FOLDER
        while self._entries > _ENTRIES_KEPT and len(self._kept) > 1:
            self._entries -= len(self._kept.pop(next(iter(self._kept)))) + _FOLDER


class Tree(ABC):
    """A file system of an image.

    ``format`` is the reader's word (``squashfs``); ``prefix`` is what stands before its paths when they are shown
    (``p2:``), empty for the only root file system. ``keeps_permissions`` is False where the format has no owners and
    modes (FAT): then nothing can be said of them.
    """

    format: str = ""
    keeps_permissions = True

    def __init__(self, budget: Budget | None = None) -> None:
        self.prefix = ""
        self.beside: tuple[Tree, ...] = ()
        """File systems of the image that are no such root: a device may mount them over this one, or start in one."""
        self.revocation: tuple[GivenFile, ...] = ()
        """CRLs and OCSP responses that the user gave, by which its certificates are judged."""
        self.budget = budget or Budget()
        self._mark = object()
        self.same_files = self._mark
        """The same for two trees that show the same files: an inode of one is that of the other."""
        self._nameless: dict[str, int] = {}
        self._known: dict[Callable[..., object], object] = {}

    @abstractmethod
    def listed(self, path: str) -> Iterable[Entry]:
        """The entries directly in the folder at ``path`` (``/``, ``/etc``; no link in it), in any order.

        Raises :class:`Unreadable`. A name that is empty, ``.``, ``..`` or holds ``/`` or NUL is never given:
        :meth:`children` drops it.
        """

    @abstractmethod
    def content(self, entry: Entry) -> Blob:
        """The bytes of a regular file of this tree. Raises :class:`Unreadable`."""

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """Extended attributes, by full name (``security.capability``). Raises :class:`Unreadable`."""
        return {}

    def children(self, path: str) -> tuple[Entry, ...]:
        """The entries directly in a folder (links followed), sorted; empty when it is none. Raises Unreadable."""
        found = self.find(path)
        return tuple(self._list(found.path).values()) if found is not None and found.kind == "folder" else ()

    def entry(self, path: str) -> Entry | None:
        """The entry at a path that holds no link on its way; the last part may be one. Raises Unreadable."""
        if path == "/":
            return Entry(path="/", kind="folder", mode=0o755)
        folder, _, name = path.rpartition("/")
        return self._list(folder or "/").get(name)

    def find(self, path: str) -> Entry | None:
        """The entry at ``path`` after following links inside the tree; None when there is none. Raises Unreadable."""
        resolved = self._resolve(path)
        return self.entry(resolved) if resolved is not None else None

    def is_named(self, path: str) -> bool:
        """True where a name stands there, be it a link that leads nowhere. Raises Unreadable."""
        folder, _, name = path.rstrip("/").rpartition("/")
        return any(child.name == name for child in self.children(folder or "/"))

    def walk(self, start: str = "/", *, unread: "list[tuple[str, str]] | None" = None) -> Iterator[Entry]:
        """Every entry below a folder once, links not followed. Raises Unreadable at a limit.

        A folder that cannot be listed raises, too, unless ``unread`` takes its path and why.
        """
        waiting = [start]
        count = 0
        while waiting:
            here = waiting.pop()
            if here.count("/") > self.budget.limits.folders:
                raise OverBudget(f"folders are nested deeper than {self.budget.limits.folders}")
            folders = []
            try:
                entries = tuple(self._list(here).values())
            except OverBudget:
                raise
            except Unreadable as error:
                if unread is None:
                    raise
                unread.append((here, str(error)))
                continue
            if unread is not None and here in self._nameless:
                unread.append((here, f"{self._nameless[here]:,} names in it are none that a file can have"))
            for entry in entries:
                count += 1
                self.budget.walked(count, entry.path)
                yield entry
                if entry.kind == "folder":
                    folders.append(entry.path)
            waiting.extend(reversed(folders))

    def read(self, path: str, limit: int) -> bytes:
        """The first ``limit`` bytes of a regular file, links followed. Raises Unreadable."""
        blob = self.blob(path)
        data = blob.read_at(0, min(limit, blob.size))
        if len(data) < min(limit, blob.size):
            raise Unreadable("it is cut short")
        return data

    def whole(self, path: str, limit: int) -> bytes:
        """All of a regular file, links followed. Raises Unreadable, also where it is larger than ``limit`` bytes.

        For what is read line by line: behind the limit may stand the one line that counts.
        """
        data = self.read(path, limit + 1)
        if len(data) > limit:
            raise Unreadable(f"{self.show(path)} is larger than {limit:,} bytes")
        return data

    def blob(self, path: str) -> Blob:
        """The bytes of a regular file, links followed, read as they are asked for. Raises Unreadable."""
        found = self.find(path)
        if found is None:
            raise Unreadable("there is no such file")
        if found.kind != "file":
            raise Unreadable("not a regular file")
        return self.content(found)

    def once(self, make: "Callable[[Tree], T]") -> T:
        """What ``make`` says of this tree, worked out once: for what several inspectors want to know."""
        if make not in self._known:
            self._known[make] = make(self)
        return cast(T, self._known[make])

    def show(self, path: str) -> str:
        """A path as facts show it: where it is in the image, made safe."""
        return safe_text(self.prefix + path, SHOWN_PATH)

    def _list(self, folder: str) -> dict[str, Entry]:
        """What a folder holds by name, sorted; the folders used last are kept."""
        listings = self.budget.shared(_Listings)
        known = listings.of(self._mark, folder)
        if known is None:
            given = list(self.listed(folder))
            # Not by their last part: a name with a slash in it would pass for another one.
            begins = len(folder.rstrip("/")) + 1
            good = [e for e in given if is_sound_name(e.path[begins:])]
            if len(good) < len(given):
                self._nameless[folder] = len(given) - len(good)
            known = {e.name: e for e in sorted(good, key=lambda e: e.path)}
            listings.keep(self._mark, folder, known)
        return known

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
            entry = self.entry(here)
            if entry is None or (pending and entry.kind not in ("folder", "link")):
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


def is_sound_name(name: str) -> bool:
    """True for what a file can be called."""
    return name not in ("", ".", "..") and "/" not in name and "\0" not in name
