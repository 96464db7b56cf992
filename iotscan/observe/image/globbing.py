"""Patterns of files as configurations include them (glob(7)): any part of the path may hold one."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_SIGNS = "*?["
_MOST = 2000


def globbed(tree: Tree, pattern: str) -> Iterator[str]:
    """The regular files that an absolute pattern names, links followed, sorted.

    Raises Unreadable, also for too many.
    """
    found = [""]
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    for part in parts:
        found = [path for folder in found for path in _below(tree, folder, part)]
        if len(found) > _MOST:
            raise Unreadable(f"a pattern of a configuration names more than {_MOST:,} files")
    for path in found:
        entry = tree.find(path)
        if entry is not None and entry.kind == "file":
            yield path


def _below(tree: Tree, folder: str, part: str) -> Iterator[str]:
    if not any(sign in part for sign in _SIGNS):
        yield f"{folder}/{part}"
        return
    for entry in tree.children(folder or "/"):
        # A dot at the beginning is named or it is not meant.
        if fnmatchcase(entry.name, part) and (entry.name[0] != "." or part[0] == "."):
            yield f"{folder}/{entry.name}"
