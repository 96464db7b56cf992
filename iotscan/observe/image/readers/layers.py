"""The file system of a container image: its layers, each a tar, packed or not, applied over one another.

Source: OCI image-spec 1.1 ``layer.md`` (changesets, whiteouts, opaque whiteouts) and ``config.md``.
"""

import hashlib

import msgspec

from iotscan.observe.image.archive import SOURCE_SHIFT, ArchiveTree, place_of
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.indexed import IndexedTree
from iotscan.observe.image.reader import HEAD
from iotscan.observe.image.readers.streams import stream_of, unpacked
from iotscan.observe.image.readers.tar import Members, is_tar
from iotscan.observe.image.site import CONTAINER
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable

_WHITEOUT, _META, _OPAQUE = ".wh.", ".wh..wh.", ".wh..wh..opq"


class ContainerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What a container image says about how it runs. All of it is as hostile as the files, and may hold secrets."""

    platform: str = ""
    """``linux/arm64/v8``"""
    user: str = ""
    """Empty is root."""
    environment: tuple[str, ...] = ()
    """``NAME=value``"""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    """``8080/tcp``"""
    labels: dict[str, str] = {}
    history: tuple[str, ...] = ()
    """The commands that built it."""


class LayeredTree(ArchiveTree):
    """The file system that the layers give together. ``config`` is None where the image's own cannot be read."""

    def __init__(self, budget: Budget, config: ContainerConfig | None = None) -> None:
        super().__init__(CONTAINER, budget)
        self.config = config
        self.buried = BuriedTree(self)

    def add(self, entry: Entry) -> None:
        """See :class:`~iotscan.observe.image.tree.IndexedTree`."""
        known = self.at(entry.path)
        if known is not None and not known.kind == entry.kind == "folder":
            self._bury(known)
        super().add(entry)

    def remove(self, path: str) -> None:
        """See :class:`~iotscan.observe.image.tree.IndexedTree`."""
        known = self.at(path)
        if known is not None:
            self._bury(known)
        super().remove(path)

    def _bury(self, entry: Entry) -> None:
        """Keep what an upper layer hides: the lower one ships all the same."""
        if entry.kind == "folder":
            for child in tuple(self.listed(entry.path)):
                self._bury(child)
        elif entry.kind == "file" and entry.size:
            layer = (entry.where >> SOURCE_SHIFT) + 1
            self.buried.add(msgspec.structs.replace(entry, path=f"/layer-{layer}{entry.path}"))

    def apply(self, data: Blob) -> None:
        """Put a layer, unpacked, over what is there. Raises Unreadable where it ends early: what came before stays."""
        head = data.read_at(0, HEAD)
        if not any(head[:512]):
            return
        if not is_tar(head):
            raise Unreadable("it is no tar")
        # What a layer takes away is of the layers below only, wherever in it that stands.
        if any(True for _ in self.listed("/")):
            for member in Members(data, self.budget):
                self._take_away(member.name)
        source = self.source(data)
        members = Members(data, self.budget)
        for member in members:
            if not member.name.rstrip("/").rpartition("/")[2].startswith(_WHITEOUT):
                self.take(member, source)
        if members.problem:
            raise Unreadable(members.problem)

    def _take_away(self, name: str) -> None:
        folder, _, mark = name.rpartition("/")
        inside = place_of(folder)
        if inside is None or not mark.startswith(_WHITEOUT):
            return
        if mark == _OPAQUE:
            within = self.landing(f"{inside.rstrip('/')}/x").rpartition("/")[0] or "/"
            for entry in tuple(self.listed(within)):
                self.remove(entry.path)
        elif not mark.startswith(_META):
            gone = mark[len(_WHITEOUT) :]
            if gone not in ("", ".", ".."):
                self.remove(self.landing(f"{inside.rstrip('/')}/{gone}"))


class BuriedTree(IndexedTree):
    """The files that upper layers took away or put others over, below ``/layer-N``: whoever has the image has them."""

    format = "buried"

    def __init__(self, layers: LayeredTree) -> None:
        super().__init__(layers.budget)
        self._layers = layers

    @property
    def is_empty(self) -> bool:
        """True where nothing is hidden."""
        return not any(True for _ in self.listed("/"))

    def content(self, entry: Entry) -> Blob:
        """See :class:`~iotscan.observe.image.tree.Tree`."""
        return self._layers.content(entry)


def unpacked_layer(blob: Blob, budget: Budget) -> Blob:
    """A layer as a tar, whatever it is packed with."""
    packed = stream_of(blob.read_at(0, HEAD))
    return unpacked(packed, blob, budget) if packed else blob


def digest_of(blob: Blob, algorithm: str, budget: Budget) -> str:
    """A blob's digest in hexadecimal. Raises Unreadable."""
    digest = hashlib.new(algorithm)
    offset = 0
    while piece := blob.read_at(offset, 1 << 20):
        budget.check_time()
        digest.update(piece)
        offset += len(piece)
    return digest.hexdigest()
