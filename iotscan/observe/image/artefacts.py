"""The update artefacts of an image: the image itself, files in it, and repositories in its folders.

What an artefact installs is no artefact of its own: its own signature says what that has to be. Of a system that runs,
FIT images and vbmeta are the boot chain, which is judged as such.
"""

import posixpath
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from msgspec.structs import replace

from iotscan.model.facts import PublicKey, SignedArtefact
from iotscan.model.facts.signing import ArtefactFormat
from iotscan.model.text import safe_text
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget, OverBudget
from iotscan.observe.image.places import is_documentation
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.signing.feed import Files
from iotscan.wire.signing.formats import (
    FOLDERS,
    NOTHING_BESIDE,
    SIGNATURE_ENDINGS,
    FolderFormat,
    read_beside,
    read_file,
    read_suite,
)

MOST = 5_000
"""Files of one file system that are looked at as artefacts, besides those that are called so."""
_STREAMS = ("gzip", "xz", "zstd", "bzip2", "lz4", "lzma", "lzop")
_NAMED: dict[str, ArtefactFormat] = {".raucb": "rauc", ".swu": "swupdate", ".mender": "mender", ".suit": "suit"}
_ENDINGS = (*_NAMED, ".bin", ".img", ".fw", ".upd", ".upg", ".update", ".signed", ".mcuboot", ".apk", ".rpm")
"""Names that an artefact has; its bytes tell which one it is."""
_SIGNED = (
    *_ENDINGS, ".tar", ".tgz", ".gz", ".xz", ".zst", ".zip", ".pkg", ".ext4", ".squashfs", ".wic", ".itb", ".hex",
)  # fmt: skip
"""Names of what is installed, where a signature lies beside it."""
_INSTALLED = ("/ostree", "/sysroot/ostree", "/proc", "/sys", "/dev")
"""Of a root file system: what is installed already is no update."""
_DATA = ("/data/", "/home/", "/media/", "/mnt/", "/opt/", "/root/", "/srv/", "/update", "/var/")
"""Of a root file system: what lies here starts no machine."""
_RELEASES = ("InRelease", "Release")


class _Timed:
    """Bytes that are read as long as there is time. Raises OverBudget."""

    def __init__(self, blob: Blob, budget: Budget) -> None:
        self._blob = blob
        self._budget = budget

    @property
    def size(self) -> int:
        return self._blob.size

    def read_at(self, offset: int, length: int) -> bytes:
        self._budget.check_time()
        return self._blob.read_at(offset, length)


class Search:
    """An image as artefacts are looked for in it. ``keys`` are tried with what is too long for a fact."""

    def __init__(self, site: Site, keys: Sequence[PublicKey] = ()) -> None:
        self._site = site
        self._keys = keys
        self._above = tuple(_parents(site.places))

    @cached_property
    def opened(self) -> dict[int, SignedArtefact]:
        """The artefacts that were opened as images, by the number of their place. Raises OverBudget."""
        found: dict[int, SignedArtefact] = {}
        for number, place in enumerate(self._site.places):
            if place.blob is not None and place.role != "blank" and not self._is_payload(number, found):
                artefact = self._of_place(number, place, place.blob)
                if artefact is not None:
                    found[number] = replace(artefact, within=self._holders(self._above[number], found))
        return found

    def all(self) -> Iterator[SignedArtefact]:
        """Every artefact, those that were opened first. Raises Unreadable where a file system cannot be walked."""
        yield from self.opened.values()
        known = {artefact.path for artefact in self.opened.values()}
        for number, place in enumerate(self._site.places):
            within = self.within(number)
            if place.wrapping is not None and not self._is_payload(number, self.opened):
                yield from (replace(a, within=within) for a in self._of_layout(place.wrapping, place.shown))
            is_root = place.role in ("root", "initramfs")
            if place.tree is None or (not is_root and (number in self.opened or self._is_payload(number, self.opened))):
                continue
            found = (a for a in self._in_tree(place.tree, is_root=is_root) if a.path not in known)
            yield from (replace(a, within=within) for a in found)

    def within(self, number: int) -> tuple[str, ...]:
        """The paths of the artefacts that a place lies in, and of the one that it is."""
        return self._holders(number, self.opened)

    def _holders(self, number: int, opened: dict[int, SignedArtefact]) -> tuple[str, ...]:
        return tuple(opened[at].path for at in self._way_up(number) if at in opened)

    def _way_up(self, number: int) -> Iterator[int]:
        while number >= 0:
            yield number
            number = self._above[number]

    def _is_payload(self, number: int, opened: dict[int, SignedArtefact]) -> bool:
        """Whether an artefact brings it, and no root file system stands between the two."""
        for at in list(self._way_up(number))[1:]:
            if at in opened:
                return True
            if self._site.places[at].role in ("root", "initramfs"):
                return False
        return False

    def _is_given(self, number: int) -> bool:
        """Whether it is what the user gave, be it packed."""
        return all(self._site.places[at].format in _STREAMS for at in list(self._way_up(number))[1:])

    def _starts(self, number: int, inner: str) -> bool:
        """Whether it may be what the machine starts with: neither what the user gave nor among data."""
        above = self._above[number]
        is_data = above >= 0 and self._site.places[above].role == "root" and inner.startswith(_DATA)
        return not is_data and not self._is_given(number)

    def _of_place(self, number: int, place: Place, blob: Blob) -> SignedArtefact | None:
        above = self._above[number]
        path, beside = place.shown, NOTHING_BESIDE
        tree = self._site.places[above].tree if above >= 0 else None
        inner = place.path
        if tree is not None:
            outer = self._site.places[above].path
            inner = place.path[len(outer) + 1 :] if outer else place.path
            path, beside = tree.show(inner), files_in(tree, posixpath.dirname(inner))
        name = posixpath.basename(inner or self._site.source)
        source = _Timed(blob, self._site.budget)
        return _guarded(
            lambda: (
                read_file(source, path, name, self._keys, beside, of_a_system=self._starts(number, inner))
                or (read_beside(source, name, path, self._keys, beside) if tree is not None else None)
            ),
            path,
            name,
        )

    def _in_tree(self, tree: Tree, *, is_root: bool) -> Iterator[SignedArtefact]:
        looked_at = 0
        folders: dict[str, list[str]] = {}
        unread: list[tuple[str, str]] = []
        for entry in tree.walk(unread=unread):
            if is_documentation(entry.path) or (is_root and entry.path.startswith(_INSTALLED)):
                continue
            if entry.kind == "file":
                folder, _, name = entry.path.rpartition("/")
                if name in _MARKS:
                    folders.setdefault(folder, []).append(name)
                if entry.size and _is_candidate(entry, tree):
                    looked_at += 0 if entry.name.lower().endswith(tuple(_NAMED)) else 1
                    if looked_at > MOST:
                        continue
                    found = self._of_file(tree, entry)
                    if found is not None:
                        yield found
        if looked_at > MOST:
            yield _left_out(tree.show("/"), f"{looked_at - MOST:,} files that may be updates were not looked at")
        for folder, why in unread:
            yield _left_out(tree.show(folder), why)
        for folder, names in folders.items():
            yield from self._of_folder(tree, folder, names)

    def _of_layout(self, tree: Tree, path: str) -> Iterator[SignedArtefact]:
        """Those of an image that was opened as containers. Without any signature it is no update, but what is asked."""
        names = [entry.name for entry in tree.children("/")]
        for kind in FOLDERS:
            if any(mark in names for mark in kind.marks):
                found = _read_folder(kind, files_in(tree, ""), path, self._keys)
                yield from (artefact for artefact in found if artefact.protection != "none")

    def _of_file(self, tree: Tree, entry: Entry) -> SignedArtefact | None:
        path, beside = tree.show(entry.path), files_in(tree, posixpath.dirname(entry.path))

        def read() -> SignedArtefact | None:
            source = _Timed(tree.content(entry), tree.budget)
            found = None
            if entry.name.lower().endswith(_ENDINGS):
                found = read_file(source, path, entry.name, self._keys, beside, of_a_system=True)
            return found or read_beside(source, entry.name, path, self._keys, beside)

        return _guarded(read, path, entry.name)

    def _of_folder(self, tree: Tree, folder: str, names: Sequence[str]) -> Iterator[SignedArtefact]:
        files = files_in(tree, folder)
        path = tree.show(folder or "/")
        for kind in FOLDERS:
            if any(mark in names for mark in kind.marks):
                yield from _read_folder(kind, files, path, self._keys)
        if any(name in names for name in _RELEASES):
            root, marked, suite = folder.rpartition("/dists/")
            release = f"dists/{suite}" if marked else ""
            apt = files_in(tree, root if marked else folder)
            yield from _all_guarded(lambda: read_suite(apt, release, path), path, "apt-feed")


_MARKS = frozenset({*_RELEASES, *(mark for kind in FOLDERS for mark in kind.marks)})


def _parents(places: Sequence[Place]) -> Iterator[int]:
    """For each place the number of that which holds it: containers stand before what they hold."""
    last: dict[int, int] = {}
    for number, place in enumerate(places):
        yield last.get(place.depth - 1, -1)
        last[place.depth] = number


def _is_candidate(entry: Entry, tree: Tree) -> bool:
    name = entry.name.lower()
    return name.endswith(_ENDINGS) or (
        name.endswith(_SIGNED) and any(tree.entry(entry.path + ending) is not None for ending in SIGNATURE_ENDINGS)
    )


def files_in(tree: Tree, folder: str) -> Files:
    """Files by their name from a folder on; what is no file, or leads out of the image, is not there."""

    def find(name: str) -> _Timed | None:
        found = tree.find(f"{folder}/{name}")
        if found is None or found.kind != "file":
            return None
        return _Timed(tree.content(found), tree.budget)

    return find


def _read_folder(
    format: FolderFormat, files: Files, path: str, keys: Sequence[PublicKey]
) -> tuple[SignedArtefact, ...]:
    return _all_guarded(lambda: format.read(files, path, keys), path, format.name)


def _left_out(path: str, why: str) -> SignedArtefact:
    return SignedArtefact(path=path, format="other", protection="unknown", problem=safe_text(why, 300))


def _guarded(read: Callable[[], SignedArtefact | None], path: str, name: str) -> SignedArtefact | None:
    """What is read, or that it could not be where the name says what it should be; else it is no artefact."""
    try:
        return read()
    except OverBudget:
        raise
    except Unreadable as error:
        named = next((f for ending, f in _NAMED.items() if name.lower().endswith(ending)), None)
        if named is None:
            return None
        return SignedArtefact(path=path, format=named, protection="unknown", problem=str(error))


def _all_guarded(
    read: Callable[[], tuple[SignedArtefact, ...]], path: str, format: ArtefactFormat
) -> tuple[SignedArtefact, ...]:
    try:
        return read()
    except OverBudget:
        raise
    except Unreadable as error:
        return (SignedArtefact(path=path, format=format, protection="unknown", problem=str(error)),)
