"""Small text files of a root file system, line by line."""

from collections.abc import Iterator

from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

LIMIT = 1 << 20
"""Bytes of one file: no configuration that people write is longer."""
MOST_FILES = 2000
"""Files of one folder."""


def lines_of(tree: Tree, path: str, limit: int = LIMIT) -> list[str] | None:
    """The lines of a file, links followed; None where there is none, no lines of /dev/null.

    Raises Unreadable, also for a folder in its place.
    """
    found = tree.find(path)
    if found is None:
        return None
    if found.kind == "char":
        return []
    return tree.whole(path, limit).decode("utf-8", "replace").split("\n")


def texts_below(tree: Tree, folder: str, *, endings: tuple[str, ...] = ("",)) -> Iterator[tuple[str, list[str]]]:
    """(path, lines) of each text file in a folder and the folders in it. Raises Unreadable.

    Files with a NUL byte are no text. Links are followed where they stand, not into other folders.
    """
    waiting = [folder]
    taken = 0
    while waiting:
        for entry in tree.children(waiting.pop()):
            if entry.kind == "folder" and entry.path.count("/") < folder.count("/") + 4:
                waiting.append(entry.path)
            if entry.kind not in ("file", "link") or not entry.name.endswith(endings):
                continue
            taken += 1
            if taken > MOST_FILES:
                raise Unreadable(f"more than {MOST_FILES:,} files of configuration in one folder")
            found = tree.find(entry.path)
            if found is None or found.kind != "file":
                continue
            if b"\0" not in tree.read(entry.path, 4096) and b"\0" not in (data := tree.whole(entry.path, LIMIT)):
                yield entry.path, data.decode("utf-8", "replace").split("\n")
