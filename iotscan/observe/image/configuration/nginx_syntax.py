"""nginx's files as nested directives: words, quotes, blocks, ``include`` (its "Configuration file" documentation)."""

import posixpath
import re
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.configuration.places import Reading
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_DEPTH = 12
_TOKEN = re.compile(
    r"""(?P<gap>\s+|\#[^\n]*)|(?P<sign>[{};])|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<word>(?:\\.|\$\{\w{0,64}\}|[^\s;{}\\])+)|(?P<other>.)""",
    re.S,
)


class Directive(msgspec.Struct, frozen=True, kw_only=True):
    """One directive; ``block`` is None without braces."""

    name: str
    words: tuple[str, ...]
    path: str
    line: int
    block: "tuple[Directive, ...] | None" = None

    def inside(self, name: str) -> "Iterator[Directive]":
        """The directives of this name in the block."""
        return (d for d in self.block or () if d.name == name)


def read_file(tree: Tree, path: str, root: str) -> tuple[Directive, ...]:
    """The directives of a file with what it includes; ``root`` is the folder of the main file. Raises Unreadable."""
    return tuple(_File(Reading(tree), path, root, 0).directives())


class _File:
    def __init__(self, reading: Reading, path: str, root: str, depth: int) -> None:
        self._reading, self._path, self._root, self._depth = reading, path, root, depth
        self._tokens = _tokens("\n".join(reading.lines(path)))

    def directives(self, level: int = 0) -> Iterator[Directive]:
        words: list[str] = []
        start = 0
        for text, line, is_sign in self._tokens:
            if not is_sign:
                start = start if words else line
                words.append(text)
            elif text == "}":
                return
            elif words and text == ";":
                yield from self._plain(words, start)
                words = []
            elif words:
                if level >= _DEPTH:
                    raise Unreadable("its blocks are nested too deeply")
                block = tuple(self.directives(level + 1))
                yield Directive(name=words[0], words=tuple(words[1:]), path=self._path, line=start, block=block)
                words = []

    def _plain(self, words: list[str], line: int) -> Iterator[Directive]:
        if words[0] != "include" or len(words) < 2:
            yield Directive(name=words[0], words=tuple(words[1:]), path=self._path, line=line)
        elif self._depth < _DEPTH:
            pattern = posixpath.join(self._root, words[1])
            for name in globbed(self._reading.tree, pattern):
                yield from _File(self._reading, name, self._root, self._depth + 1).directives()


def _tokens(text: str) -> Iterator[tuple[str, int, bool]]:
    """(text, line, whether it is one of ``{};``)."""
    line = 1
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        if kind != "gap" and kind is not None:
            yield found[kind], line, kind == "sign"
        line += found[0].count("\n")
