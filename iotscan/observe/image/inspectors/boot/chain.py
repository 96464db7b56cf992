"""Where a boot chain lies in an image: places of boot formats, and the files that loaders read by name."""

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable

if TYPE_CHECKING:
    from iotscan.model.facts import EfiBinary, FitImage
    from iotscan.wire.authenticode import Program

TEXT_LIMIT = 1 << 20
"""Bytes of a configuration file that are read."""
_IN_ROOT = ("boot", "efi")
_IN_OTHERS = ("boot", "efi", "grub", "grub2", "loader", "extlinux", "ostree", "grub-mender-grubenv")
"""Folders at the top in which loaders look, in lower case: of a root file system, and of any other."""
_ENTRIES = 20_000
_HASHED = 4 << 30
_SIGNATURES = 100


class BootFile(msgspec.Struct, frozen=True, kw_only=True):
    """A regular file where loaders look. ``name`` is its path in lower case: FAT does not tell the two apart."""

    tree: Tree
    entry: Entry

    @property
    def name(self) -> str:
        """The path in lower case."""
        return self.entry.path.lower()

    @property
    def shown(self) -> str:
        """The path as facts show it."""
        return self.tree.show(self.entry.path)

    @property
    def blob(self) -> Blob:
        """Its bytes. Raises Unreadable."""
        return self.tree.content(self.entry)

    def text(self) -> bytes:
        """Its first MiB. Raises Unreadable, naming the file."""
        try:
            return self.blob.read_at(0, min(self.entry.size, TEXT_LIMIT))
        except Unreadable as error:
            raise Unreadable(f"{self.shown}: {error}") from error


class Chain:
    """An image as its boot chain is asked for; what several questions need is looked for once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._hashable = _HASHED
        self._tries = _SIGNATURES

    def allows_hashing(self, size: int) -> bool:
        """True while no more than 4 GiB in all are hashed to prove something; counts ``size`` if so."""
        if size > self._hashable:
            return False
        self._hashable -= size
        return True

    def allows_try(self) -> bool:
        """True for the first signatures that are tried: each costs a walk through its tree."""
        self._tries -= 1
        return self._tries >= 0

    @cached_property
    def files(self) -> tuple[BootFile, ...]:
        """The files where loaders look, by path. Raises Unreadable."""
        return tuple(sorted(self._files(), key=lambda f: f.shown))

    @cached_property
    def programs(self) -> "tuple[tuple[EfiBinary, Program, Blob], ...]":
        """The programs of UEFI with headers and bytes: hashed once. Raises Unreadable."""
        from iotscan.observe.image.inspectors.boot.programs import programs

        return tuple(programs(self))

    @cached_property
    def fits(self) -> "tuple[tuple[Place, Blob, FitImage], ...]":
        """The FIT images with places and bytes, their signatures tried. Raises Unreadable."""
        from iotscan.observe.image.inspectors.boot.fit import fits

        return tuple(fits(self))

    def places(self, *formats: str) -> Iterator[tuple[Place, Blob]]:
        """The places of these formats that can be read, with their bytes."""
        return ((p, p.blob) for p in self.site.of_format(*formats) if p.blob is not None and not p.problem)

    def named(self, *endings: str) -> Iterator[BootFile]:
        """The files whose path ends so, in lower case."""
        return (f for f in self.files if f.name.endswith(endings))

    def _files(self) -> Iterator[BootFile]:
        for place, tree in self.site.trees:
            if place.role not in ("root", "files"):
                continue
            wanted = _IN_ROOT if place.role == "root" else _IN_OTHERS
            for entry in islice(_entries(tree, wanted, is_root=place.role == "root"), _ENTRIES):
                if entry.kind == "file" and entry.size:
                    yield BootFile(tree=tree, entry=entry)


def _entries(tree: Tree, wanted: tuple[str, ...], *, is_root: bool) -> Iterator[Entry]:
    for above in tree.children("/"):
        if above.name.lower() in wanted:
            found = tree.find(above.path)
            if found is not None and found.kind == "folder":
                yield from tree.walk(found.path, unread=[])
        elif not is_root:
            yield above
