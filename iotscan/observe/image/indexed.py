"""A tree whose names are all known beforehand: what an archive or a log says, in its order."""

from collections.abc import Iterable

import msgspec

from iotscan.observe.image.budget import Budget, OverBudget
from iotscan.observe.image.tree import LINK_HOPS, Entry, Kind, Tree, is_sound_name


class _Kept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An :class:`Entry` without its path, of which there may be half a million: its name and folder are keys."""

    kind: Kind
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    target: str = ""
    device: tuple[int, int] | None = None
    inode: int = 0
    where: int = 0

    def at(self, path: str) -> Entry:
        return Entry(
            path=path,
            kind=self.kind,
            size=self.size,
            mode=self.mode,
            uid=self.uid,
            gid=self.gid,
            target=self.target,
            device=self.device,
            inode=self.inode,
            where=self.where,
        )


class IndexedTree(Tree):
    """A tree whose names are all known beforehand (tar, cpio): the reader adds them in the order of the archive.

    A later entry of the same path takes the place of an earlier one, as unpacking would have it.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        super().__init__(budget)
        self._folders: dict[str, dict[str, _Kept]] = {"/": {}}
        self._modes: dict[int, int] = {}

    def add(self, entry: Entry) -> None:
        """Take in a name; folders on its way that the archive does not name are made. Raises Unreadable."""
        folder, _, name = entry.path.rpartition("/")
        if not is_sound_name(name):
            self._nameless[folder or "/"] = self._nameless.get(folder or "/", 0) + 1
            self._folder(folder or "/")
            return
        self.budget.entry(entry.path)
        self._folder(folder or "/")[name] = self._kept(entry)
        if entry.kind == "folder":
            self._folders.setdefault(entry.path, {})
        else:
            self._drop(entry.path)

    def at(self, path: str) -> Entry | None:
        """What was added at ``path``, no link followed; while names are being added, as :meth:`entry` keeps lists."""
        folder, _, name = path.rpartition("/")
        kept = self._folders.get(folder or "/", {}).get(name)
        return kept.at(path) if kept is not None else None

    def change(self, entry: Entry) -> None:
        """Say something else of a name that was added."""
        folder, _, name = entry.path.rpartition("/")
        self._folders[folder or "/"][name] = self._kept(entry)

    def landing(self, path: str) -> str:
        """Where unpacking puts ``path``: links on its way, added before, are followed inside the tree.

        A circle of links stays as it is written.
        """
        folder, _, name = path.rpartition("/")
        if not folder or folder in self._folders:
            return path
        done = ""
        pending = folder.split("/")[:0:-1]
        hops = 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            found = self.at(f"{done}/{part}")
            if found is None or found.kind != "link":
                done = f"{done}/{part}"
                continue
            hops += 1
            if hops > LINK_HOPS:
                return path
            if found.target.startswith("/"):
                done = ""
            pending.extend(reversed(found.target.split("/")))
        return f"{done}/{name}"

    def remove(self, path: str) -> None:
        """Take a name out again, with all below it (a whiteout of a layer)."""
        folder, _, name = path.rpartition("/")
        self._folders.get(folder or "/", {}).pop(name, None)
        self._drop(path)

    def listed(self, path: str) -> Iterable[Entry]:
        """See :class:`Tree`."""
        above = path.rstrip("/")
        return [kept.at(f"{above}/{name}") for name, kept in self._folders.get(path, {}).items()]

    def _folder(self, path: str) -> dict[str, _Kept]:
        known = self._folders.get(path)
        if known is not None:
            return known
        if path.count("/") > self.budget.limits.folders:
            raise OverBudget(f"folders are nested deeper than {self.budget.limits.folders}")
        above, _, name = path.rpartition("/")
        self._folder(above or "/")[name] = _Kept(kind="folder", mode=0o755)
        made: dict[str, _Kept] = {}
        self._folders[path] = made
        return made

    def _drop(self, path: str) -> None:
        gone = self._folders.pop(path, None)
        for name in gone or ():
            self._drop(f"{path}/{name}")

    def _kept(self, entry: Entry) -> "_Kept":
        return _Kept(
            kind=entry.kind,
            size=entry.size,
            # Hundreds of thousands of files have the same few modes.
            mode=self._modes.setdefault(entry.mode, entry.mode),
            uid=entry.uid,
            gid=entry.gid,
            target=entry.target,
            device=entry.device,
            inode=entry.inode,
            where=entry.where,
        )
