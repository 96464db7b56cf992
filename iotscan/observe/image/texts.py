"""Small text files of a root file system, line by line."""

import codecs
from collections.abc import Iterator, Sequence
from typing import TypeVar

from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

T = TypeVar("T")
LIMIT = 1 << 20
"""Bytes of one file: no configuration that people write is longer."""
MOST_FILES = 10_000
"""Names below one folder: a Debian with servers has 2,100 in /etc, a third of them links."""
_BEGINNING = 4096
_PER_NUL = 16
"""Characters to one NUL at least, where it is a text."""


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

    Links are followed, each folder is read once. What is no text (programs, keys in DER) holds no settings.
    """
    waiting = [folder]
    done: set[str] = set()
    taken = 0
    while waiting:
        for entry in tree.children(waiting.pop()):
            found = tree.find(entry.path) if entry.kind == "link" else entry
            if found is None or found.path in done:
                continue
            if found.kind != "folder" and not (found.kind == "file" and entry.name.endswith(endings)):
                continue
            taken += 1
            if taken > MOST_FILES:
                raise Unreadable(f"more than {MOST_FILES:,} files of configuration in one folder")
            if found.kind == "folder":
                done.add(found.path)
                waiting.append(found.path)
            elif is_text(tree.read(found.path, _BEGINNING)):
                yield entry.path, tree.whole(found.path, LIMIT).decode("utf-8", "replace").split("\n")


def without_blocks(text: str) -> str:
    """Text whose ``/* … */`` are emptied; every line stays where it is. One that does not end is none."""
    parts: list[str] = []
    at = 0
    while (begin := text.find("/*", at)) >= 0 and (end := text.find("*/", begin + 2)) >= 0:
        parts += (text[at:begin], "\n" * text.count("\n", begin, end))
        at = end + 2
    return "".join((*parts, text[at:]))


def is_text(data: bytes) -> bool:
    """True for bytes of a text, be there a stray NUL in it, or a script with a program packed behind its lines."""
    if b"\0" not in data or data.startswith(b"#!"):
        return True
    try:
        # It may be cut within a character.
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return data.count(b"\0") * _PER_NUL < len(data)


def not_beyond(things: Sequence[T], most: int, what: str) -> Sequence[T]:
    """``things``, where there are at most ``most`` of them. Raises Unreadable: none is left out unsaid."""
    if len(things) > most:
        raise Unreadable(f"{what}: more than {most:,}")
    return things
