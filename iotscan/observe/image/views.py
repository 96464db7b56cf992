"""Root file systems that lie in another one, or have their ``/etc`` elsewhere.

OSTree keeps each system it deploys below ``/ostree/deploy/OS/deploy/COMMIT.N``, with the ``/var`` that all of them
share in ``/ostree/deploy/OS/var``; before the first start its ``/etc`` is ``/usr/etc`` (ostree-admin-deploy(1)). Images
that hold nothing but ``/usr`` keep a stock of ``/etc`` in it, which the first start copies (systemd-tmpfiles(8)).
"""

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.tree import Entry, Tree

_OSTREE = ("/ostree/deploy", "/sysroot/ostree/deploy")
_DEPLOYED = re.compile(r"[0-9a-f]{64}\.\d{1,9}")
_STOCKS = ("/usr/etc", "/usr/share/factory/etc", "/usr/share/defaults/etc")
_CERTAIN = "/usr/etc"
_COPIED = "its /etc is made with the first start, from {}: what else comes into it then is not in the image"


class View(Tree):
    """Another tree with some folders in the place of others (``moved``: path -> where it lies), some left out."""

    def __init__(self, whole: Tree, moved: Mapping[str, str], hidden: Iterable[str] = ()) -> None:
        super().__init__(whole.budget)
        self._whole = whole
        self._moved = {"/": "/", **moved}
        self._hidden = frozenset(hidden)
        self.format = whole.format
        self.keeps_permissions = whole.keeps_permissions
        self.same_files = whole.same_files

    def listed(self, path: str) -> Iterable[Entry]:
        """See :class:`Tree`."""
        outer = self._outer(path)
        begins, cut = path.rstrip("/") + "/", len(outer.rstrip("/")) + 1
        found = {entry.path[cut:]: entry for entry in self._whole.listed(outer) if entry.path not in self._hidden}
        for point, place in self._moved.items():
            name = point.removeprefix(begins)
            folder = self._whole.entry(place) if point.startswith(begins) and name and "/" not in name else None
            if folder is not None:
                found[name] = folder
        return [msgspec.structs.replace(entry, path=begins + name) for name, entry in found.items()]

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        return self._whole.content(self._of_whole(entry))

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        """See :class:`Tree`."""
        return self._whole.attributes(self._of_whole(entry))

    def _of_whole(self, entry: Entry) -> Entry:
        return msgspec.structs.replace(entry, path=self._outer(entry.path))

    def _outer(self, path: str) -> str:
        point = max((p for p in self._moved if f"{path}/".startswith(p.rstrip("/") + "/")), key=len)
        rest = path[len(point.rstrip("/")) :]
        return (self._moved[point].rstrip("/") + rest).rstrip("/") or "/"


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """A system of OSTree: where it lies, as a root file system, and the folders that are in it."""

    path: str
    tree: Tree
    holds: tuple[str, ...]


def deployments(tree: Tree) -> Iterator[Deployed]:
    """The systems that OSTree deployed in a file system. Raises Unreadable."""
    for folder in _OSTREE:
        for system in tree.children(folder):
            shared = tree.find(f"{system.path}/var")
            for entry in tree.children(f"{system.path}/deploy"):
                if entry.kind == "folder" and _DEPLOYED.fullmatch(entry.name):
                    moved = {"/": entry.path} | ({"/var": shared.path} if shared is not None else {})
                    yield Deployed(path=entry.path, tree=with_etc(View(tree, moved))[0], holds=tuple(moved.values()))
                    # It is the same for all of them, and counts once.
                    shared = None


def with_etc(tree: Tree) -> tuple[Tree, str]:
    """A tree whose ``/etc`` lies below ``/usr`` with it in its place, and what is not certain of that.

    The tree itself where that is not so. Raises Unreadable.
    """
    if tree.is_named("/etc"):
        return tree, ""
    stock = next((path for path in _STOCKS if (f := tree.find(path)) is not None and f.kind == "folder"), "")
    if not stock:
        return tree, ""
    problem = "" if stock == _CERTAIN else _COPIED.format(stock)
    found = tree.find(stock)
    place = found.path if found is not None else stock
    return View(tree, {"/etc": place}, hidden=(place,)), problem
