"""The files of an archive as a tree: names as unpacking would place them, contents read where they lie."""

from collections.abc import Mapping

import msgspec

from iotscan.observe.image.blob import Blob, Piece, Pieced
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.indexed import IndexedTree
from iotscan.observe.image.tree import Entry, Kind
from iotscan.observe.image.unreadable import Unreadable

SOURCE_SHIFT = 48
"""Above these bits of an entry's ``where`` stands which of several blobs it lies in."""
LARGEST = 1 << 46
"""Bytes that a member may claim: what claims more is damaged."""


class Member(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One member, ``name`` and ``target`` as the archive has them; ``at`` is where its data begin."""

    name: str
    kind: Kind | None
    """None for a hard link to the member called ``target``."""
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    target: str = ""
    device: tuple[int, int] | None = None
    at: int = 0
    holes: tuple[tuple[int, int], ...] | None = None
    """Of a sparse file: where in it each run of data begins, and its length; the data stand at ``at`` in a row."""
    attributes: Mapping[str, bytes] | None = None


def place_of(name: str) -> str | None:
    """The path of a member in the tree, ``/`` for the root itself; None for a name that leads out of it, or is none."""
    if "\0" in name:
        return None
    if "//" not in name and "/." not in name and name[:1] not in ("/", ".", "") and name[-1] != "/":
        return f"/{name}"
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


class ArchiveTree(IndexedTree):
    """A tree of members whose contents are parts of one or more blobs (the archive, the layers of a container)."""

    def __init__(self, format: str, budget: Budget) -> None:
        super().__init__(budget)
        self.format = format
        self._sources: list[Blob] = []
        self._holes: dict[int, tuple[int, tuple[tuple[int, int], ...]]] = {}
        self._attributes: dict[str, Mapping[str, bytes]] = {}
        self.outside = 0
        """Members whose names lead out of the archive: left out."""
        self.lost = 0
        """Hard links to what is not there: left out."""

    @property
    def problem(self) -> str:
        """What was left out, and why; empty when nothing was."""
        said = []
        if self.outside:
            said.append(f"names that lead out of it, left out: {self.outside}")
        if self.lost:
            said.append(f"hard links that lead nowhere, left out: {self.lost}")
        return "; ".join(said)

    def source(self, blob: Blob) -> int:
        """A number for a blob that members lie in."""
        self._sources.append(blob)
        return len(self._sources) - 1

    def take(self, member: Member, source: int, *, inode: int = 0) -> Entry | None:
        """Add a member; None where it was left out. Raises Unreadable at a limit.

        ``inode`` is for formats that have such numbers; otherwise names of one file get the number of its data's place.
        """
        path = place_of(member.name)
        if path is None:
            self.outside += 1
            return None
        if path == "/":
            return None
        entry = self._entry(self.landing(path), member, source, inode)
        if entry is None:
            self.lost += 1
            return None
        self.add(entry)
        if member.attributes:
            self._attributes[entry.path] = member.attributes
        return entry

    def _entry(self, path: str, member: Member, source: int, inode: int) -> Entry | None:
        self._attributes.pop(path, None)
        if member.kind is None:
            target = place_of(member.target)
            linked = self.at(self.landing(target)) if target else None
            if linked is None or linked.kind == "folder":
                return None
            if linked.path in self._attributes:
                self._attributes[path] = self._attributes[linked.path]
            if linked.kind == "file" and not linked.inode:
                linked = msgspec.structs.replace(linked, inode=linked.where)
                self.change(linked)
            return msgspec.structs.replace(linked, path=path)
        where = source << SOURCE_SHIFT | member.at
        if member.holes is not None:
            self._holes[where] = (member.size, member.holes)
        return Entry(
            path=path,
            kind=member.kind,
            size=member.size,
            mode=member.mode,
            uid=member.uid,
            gid=member.gid,
            target=member.target if member.kind == "link" else "",
            device=member.device,
            inode=inode,
            where=where,
        )

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        source, at = self._sources[entry.where >> SOURCE_SHIFT], entry.where & (1 << SOURCE_SHIFT) - 1
        sparse = self._holes.get(entry.where)
        if entry.kind != "file":
            raise Unreadable("not a regular file")
        # Not a Slice: its size would have a packed archive unpacked to its end.
        return Pieced(_pieces(source, at, *sparse) if sparse else (Piece(entry.size, source, at),))

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """See :class:`Tree`."""
        return self._attributes.get(entry.path, {})


def _pieces(source: Blob, at: int, size: int, runs: tuple[tuple[int, int], ...]) -> list[Piece]:
    pieces, done = [], 0
    for start, length in runs:
        pieces += [Piece(start - done), Piece(length, source, at)]
        done, at = start + length, at + length
    return [*pieces, Piece(size - done)]
