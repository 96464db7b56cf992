"""An image is opened: its format recognised, and whatever lies in it, down to a depth.

A part that claims to be something and cannot be read is a place with a ``problem``, so that the run is incomplete; so
is a part of a disk that is nothing we know. A file inside a file system is opened where it is an image by its first
bytes; what is not stays a file.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text
from iotscan.observe.image.as_update import as_update
from iotscan.observe.image.blob import Blob, Bytes, FileBlob
from iotscan.observe.image.budget import MIB, Budget, OverBudget
from iotscan.observe.image.called import is_backup, is_boot_script, is_called_image
from iotscan.observe.image.carving import carve
from iotscan.observe.image.reader import HEAD, Contents, Layout, Part, Reader
from iotscan.observe.image.readers import all_layouts
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.recognising import recognised, recognised_file
from iotscan.observe.image.site import CONTAINER, Place, Role, Site
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import NotRead, Unreadable
from iotscan.observe.image.views import Deployed, View, deployments, with_etc

Recognise = Callable[[Blob], Reader | None]
SMALLEST = 512
"""Bytes: nothing shorter is an image, but what its name says is one."""
STREAMS = ("gzip", "xz", "zstd", "bzip2", "lz4", "lzma", "lzop")
"""Formats that are one packed stream: inside a file system they count where an image is in them."""
BOOT_FORMATS = ("fit", "uimage", "android-boot", "vbmeta", "u-boot", "u-boot-env", "dtb", "kernel", "efi", "mcuboot")
"""What questions about the boot chain are put to, although it holds no root file system."""
_ROOT_NAMES = ("bin", "sbin", "usr", "lib")
_ARCHIVES = ("zip",)
"""Formats that many a program's own files have: inside a file system they count where an image is in them."""
_SHOWN_SOURCE = 400
_UNKNOWN = "its format is not known"
_NO_ETC = "its /etc is a link that leads nowhere, or no folder: what it holds at run time is not in the image"
_BLANK = (b"\0", b"\xff")


class BadImage(BadInput):
    """What was given is no image we can read."""


def open_image(path: Path, budget: Budget | None = None) -> Site:
    """Open a folder or file as an image. Raises :class:`BadImage` where it is none that we know."""
    opening = _Opening(budget or Budget())
    shown = safe_text(str(path), _SHOWN_SOURCE)
    try:
        if path.is_dir():
            opening.tree(FolderTree(path, opening.budget), path="", format="folder", depth=0)
        else:
            opening.given(FileBlob(path))
    except Unreadable as error:
        raise BadImage(f"{shown} cannot be read as an image: {error}") from error
    except OSError as error:
        raise BadImage(
            f"{shown} cannot be read ({error.strerror}): give a root file system or an image of one"
        ) from error
    opening.measure()
    places = tuple(_with_prefixes(_with_a_root(opening.places)))
    _set_beside(places)
    site = Site(source=str(path), places=places, budget=opening.budget)
    if any(_is_telling(place) for place in places):
        return site
    update = as_update(site)
    if update is None:
        raise BadImage(_refusal(shown, places))
    return update


def _refusal(shown: str, places: tuple[Place, ...]) -> str:
    if places[0].format == "folder":
        return f"{shown} does not look like a root file system (no etc/ beside bin/, lib/ or usr/)"
    hint = "" if places[0].format else f": {places[0].problem}"
    return f"{shown} holds neither a root file system nor a boot image that we know ({_listed(places)}){hint}"


def _is_telling(place: Place) -> bool:
    """True for what questions can be put to, and for what would have been had it been readable."""
    is_broken = bool(place.problem and place.format)
    return is_broken or place.role in ("root", "initramfs", "sealed") or place.format in BOOT_FORMATS


def _listed(places: tuple[Place, ...]) -> str:
    return ", ".join(dict.fromkeys(place.format or "unknown bytes" for place in places[:8]))


class _Opening:
    """Places are added as they are met: a container before what it holds."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.places: list[Place] = []
        self._count = 0

    def given(self, blob: Blob) -> None:
        """The file that the user gave."""
        if not self.blob(blob, path="", depth=0):
            self.places.append(Place(path="", format="", role="opaque", blob=blob, problem=_UNKNOWN))
            self._carve(0)

    def blob(self, blob: Blob, *, path: str, depth: int, label: str = "", known_as: str = "") -> bool:
        """Add what a blob is, and what is in it; False where it is nothing we know.

        ``known_as`` is what its container says that it is.
        """
        reader = recognised(blob)
        if reader is None:
            return False
        self._open(reader, blob, path=path, depth=depth, label=label, known_as=known_as)
        return True

    def _open(self, reader: Reader, blob: Blob, *, path: str, depth: int, label: str = "", known_as: str = "") -> None:
        index = self._next()
        # Its place is kept, so that a container stands before its contents.
        self.places.append(Place(path=path, format=reader.name, role="container", label=label, blob=blob, depth=depth))
        try:
            if depth > self.budget.limits.depth:
                raise OverBudget(f"images are nested deeper than {self.budget.limits.depth}")
            contents = reader.opens(blob, self.budget)
        except Unreadable as error:
            self._set(index, role="opaque", problem=str(error))
            if isinstance(error, NotRead):
                self._carve(index)
            return
        # What is packed is what its container says of the packed bytes.
        self._contents(index, contents, known_as if reader.name in STREAMS else "")

    def tree(self, tree: Tree, *, path: str, format: str, depth: int, label: str = "") -> None:
        """Add a file system, and the images that lie in it as files."""
        index = self._next()
        self.places.append(Place(path=path, format=format, role="files", label=label, depth=depth))
        self._contents(index, Contents(tree=tree))

    def _contents(self, index: int, contents: Contents, known_as: str = "") -> None:
        here = self.places[index]
        self._set(index, problem=contents.problem, tree=contents.tree)
        if contents.is_sealed:
            self._set(index, role="sealed")
        if contents.tree is not None:
            self._files(index, contents.tree)
        try:
            for part in contents.parts:
                self._part(here, part, part.known_as or known_as)
        except OverBudget as error:
            # What it is within goes on, and ends the same way: every one of them says that something is missing.
            self._add_problem(index, str(error))

    def _files(self, index: int, tree: Tree) -> None:
        here = self.places[index]
        try:
            layout = next((known for known in all_layouts() if known.recognises(tree)), None)
            if layout is not None:
                self._layout(index, layout, tree)
                return
            deployed = tuple(deployments(tree))
            if deployed:
                self._deployed(index, tree, deployed)
                return
            tree, problem = with_etc(tree)
            self._set(index, tree=tree)
            if problem:
                self._add_problem(index, problem)
            # What a container runs on is its root file system, be it one program alone.
            is_root = looks_like_root(tree) or here.format == CONTAINER
            is_first_stage = here.format == "cpio" and tree.is_named("/init")
            self._set(index, role="initramfs" if is_first_stage else "root" if is_root else "files")
            if is_root and here.format != CONTAINER and not _is_folder(tree, "/etc"):
                self._add_problem(index, _NO_ETC)
            is_any = not (is_root or is_first_stage)
            self._images(here, tree, is_any=is_any)
        except Unreadable as error:
            self._add_problem(index, str(error))

    def _images(self, here: Place, tree: Tree, *, is_any: bool) -> None:
        for entry in tree.walk(unread=[]):
            is_big = entry.size >= SMALLEST or is_backup(entry.path) or is_boot_script(entry.path)
            if entry.kind == "file" and is_big and (is_any or is_called_image(entry.path)):
                self._file(here, tree, entry, is_any=is_any)

    def _deployed(self, index: int, tree: Tree, deployed: tuple[Deployed, ...]) -> None:
        """Add each system of OSTree as a root file system; what lies beside them stays."""
        here = self.places[index]
        beside = View(tree, {}, hidden=[path for system in deployed for path in system.holds])
        self._set(index, role="files", tree=beside, holds_roots=True)
        for system in deployed:
            path = f"{here.path}:{system.path}" if here.path else system.path
            self.tree(system.tree, path=path, format=here.format, depth=here.depth + 1)
        self._images(here, beside, is_any=False)

    def measure(self) -> None:
        """Ask each place for its size: a packed one is unpacked to its end, where damage may show that no file has."""
        for index, place in enumerate(self.places):
            try:
                _ = place.blob.size if place.blob is not None else 0
            except Unreadable as error:
                self._add_problem(index, str(error))

    def _next(self) -> int:
        """Where the next place goes. Raises OverBudget where there may be none: parts can hold one another."""
        # Those that were left out again have cost as much.
        self._count += 1
        if self._count > self.budget.limits.parts:
            raise OverBudget(f"it holds more than {self.budget.limits.parts:,} parts")
        self.budget.check_time()
        return len(self.places)

    def _add_problem(self, index: int, problem: str) -> None:
        known = self.places[index].problem
        if problem not in known:
            self._set(index, problem="; ".join(filter(None, (known, problem))))

    def _layout(self, index: int, layout: Layout, tree: Tree) -> None:
        # The tree is that of its wrapping: the files that count are in the layers.
        self._set(index, role="container", format=layout.name, tree=None, wrapping=tree)
        self._contents(index, layout.opens(tree, self.budget))

    def _file(self, here: Place, tree: Tree, entry: Entry, *, is_any: bool) -> None:
        """Add the image that a file is. ``is_any`` says that nothing but its bytes may tell so."""
        known = partial(recognised_file, name=entry.name) if is_any else recognised
        path = f"{here.path}:{entry.path}" if here.path else entry.path
        before = len(self.places)
        try:
            blob = tree.content(entry)
            reader = known(blob)
            if reader is None or (
                reader.name in STREAMS and not self._is_packed_image(reader, blob, entry.path, known)
            ):
                return
            self._open(reader, blob, path=path, depth=here.depth + 1)
        except OverBudget:
            raise
        except Unreadable:
            # As a file it is met again in the sweep, and named there.
            return
        found = self.places[before:]
        if found[0].format in _ARCHIVES and found[0].role == "files" and len(found) == 1 and not found[0].problem:
            del self.places[before:]

    def _is_packed_image(self, reader: Reader, blob: Blob, path: str, known: Recognise) -> bool:
        """True where a stream has something in it that we know; one that is called an image counts if broken, too."""
        try:
            return self._holds_image(reader, blob, known)
        except OverBudget:
            raise
        except Unreadable:
            return is_called_image(path)

    def _holds_image(self, reader: Reader, blob: Blob, known: Recognise) -> bool:
        for _ in range(self.budget.limits.depth):
            (part,) = reader.opens(blob, self.budget).parts
            blob = _Beginning(part.blob or Bytes(b""))
            inner = known(blob)
            if inner is None or inner.name not in STREAMS:
                return inner is not None
            reader = inner
        return False

    def _part(self, here: Place, part: Part, known_as: str) -> None:
        path = f"{here.path}:{part.name}" if here.path else part.name
        label = safe_text(part.label, 80)
        depth, index = here.depth + 1, len(self.places)
        if part.sealed:
            self._next()
            sealed = Place(path=path, format=part.sealed, role="sealed", label=label, blob=part.blob, depth=depth)
            self.places.append(sealed)
        elif part.tree is not None:
            self.tree(part.tree, path=path, format=part.tree.format, depth=depth, label=label)
        elif part.blob is not None:
            self._unknown_or(part.blob, path=path, label=label, depth=depth, known_as=known_as)
        if part.problem and len(self.places) > index:
            known = self.places[index]
            said = "; ".join(dict.fromkeys(filter(None, (part.problem, known.problem))))
            self._set(index, problem=said, role="opaque" if known.role == "blank" else known.role)

    def _unknown_or(self, blob: Blob, *, path: str, label: str, depth: int, known_as: str) -> None:
        problem = known = ""
        role: Role = "blank"
        try:
            if self.blob(blob, path=path, depth=depth, label=label, known_as=known_as):
                return
            if not is_blank(blob, self.budget):
                role, known = ("code", known_as) if known_as else ("opaque", "")
                problem = "" if known_as else _UNKNOWN
        except OverBudget:
            raise
        except Unreadable as error:
            role, problem = "opaque", str(error)
        self._next()
        place = Place(path=path, format=known, role=role, label=label, blob=blob, problem=problem, depth=depth)
        self.places.append(place)
        if problem == _UNKNOWN:
            self._carve(len(self.places) - 1)

    def _carve(self, index: int) -> None:
        """What another tool makes of a place that none of ours reads. Its problem stays, and says what became of it."""
        here = self.places[index]
        assert here.blob is not None
        try:
            carved = carve(here.blob, self.budget)
            self._add_problem(index, carved.said)
            for part in carved.parts:
                self._part(here, part, "")
        except Unreadable as error:
            self._add_problem(index, str(error))

    def _set(self, index: int, **changes: object) -> None:
        self.places[index] = msgspec.structs.replace(self.places[index], **changes)


class _Beginning:
    """The first bytes of a packed stream as all there is, so that recognising what is in it does not unpack it."""

    size = 128 << 10

    def __init__(self, blob: Blob) -> None:
        self._blob = blob

    def read_at(self, offset: int, length: int) -> bytes:
        return self._blob.read_at(offset, min(length, self.size - offset)) if offset < self.size else b""


def looks_like_root(tree: Tree) -> bool:
    """True for a root file system: /etc beside /bin, /sbin, /usr or /lib, be they links."""
    names = {entry.name for entry in tree.children("/")}
    return "etc" in names and bool(names.intersection(_ROOT_NAMES))


def _is_folder(tree: Tree, path: str) -> bool:
    found = tree.find(path)
    return found is not None and found.kind == "folder"


def is_blank(blob: Blob, budget: Budget) -> bool:
    """True where every byte is the same as in erased storage: 0x00 or 0xFF. Raises :class:`Unreadable`."""
    # The first look is small: it settles most blobs, and a packed one is not unpacked for it.
    offset, step = 0, HEAD
    while data := blob.read_at(offset, step):
        budget.check_time()
        if not any(data.count(byte) == len(data) for byte in _BLANK):
            return False
        offset, step = offset + len(data), 8 * MIB
    return True


def _with_a_root(places: list[Place]) -> list[Place]:
    """An initramfs is the root file system where there is no other and it has accounts of its own."""
    if any(p.role == "root" for p in places):
        return places
    return [
        msgspec.structs.replace(p, role="root") if p.role == "initramfs" and p.tree and _has_accounts(p.tree) else p
        for p in places
    ]


def _has_accounts(tree: Tree) -> bool:
    try:
        return tree.find("/etc/passwd") is not None
    except Unreadable:
        return False


def _set_beside(places: tuple[Place, ...]) -> None:
    """What is no root stands beside the first one alone, so that nothing in it counts twice."""
    root = next((place.tree for place in places if place.role == "root" and place.tree is not None), None)
    if root is not None:
        # What holds roots shows their /var, which is in them, too.
        beside = (place for place in places if not place.holds_roots)
        others = (place.tree for place in beside if place.role in ("files", "initramfs"))
        root.beside = tuple(tree for tree in others if tree is not None)


def _with_prefixes(places: list[Place]) -> Iterator[Place]:
    """Paths are shown with their place before them, but those of the only root file system."""
    roots = [p for p in places if p.role == "root"]
    for place in places:
        if place.tree is not None:
            is_plain = place is roots[0] if len(roots) == 1 else not (roots or place.path)
            place.tree.prefix = "" if is_plain else f"{place.path or place.format}:"
        yield place
