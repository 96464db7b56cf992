"""Apache's files: directives within sections, what they include, and conditions on modules (core documentation)."""

import posixpath
import re
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.configuration.places import Reading
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.tree import Tree

_DEPTH = 10
_VARIABLE = re.compile(r"\$\{(\w{1,64})\}")


class Directive(msgspec.Struct, frozen=True, kw_only=True):
    """One directive; ``host`` numbers the ``VirtualHost`` around it, 0 for none; its name in small letters."""

    name: str
    words: tuple[str, ...]
    path: str
    line: int
    host: int = 0
    is_nested: bool = False
    """Within a section that is for some requests only (``Directory``, ``Location`` …)."""


class Parser:
    """All directives of a file and those it includes that are in force."""

    def __init__(self, tree: Tree, root: str) -> None:
        self._reading = Reading(tree)
        self._tree = tree
        self._root = root
        self._defined: dict[str, str] = {}
        self._modules: set[str] = set()
        self._hosts = 0
        self._sections: list[tuple[str, bool]] = []
        """Names of the open sections, and whether what is within counts."""

    def directives(self, path: str, depth: int = 0) -> Iterator[Directive]:
        """The directives of a file. Raises Unreadable."""
        for number, text in _joined(self._reading.lines(path)):
            text = _VARIABLE.sub(lambda m: self._defined.get(m[1], m[0]), text)
            if text.startswith("</"):
                if self._sections:
                    self._sections.pop()
                continue
            words = split(text.strip("<>") if text.startswith("<") else text)
            if not words:
                continue
            name, rest = words[0].lower(), tuple(words[1:])
            if text.startswith("<"):
                self._open(name, rest)
            if not all(counts for _, counts in self._sections):
                continue
            if name in ("include", "includeoptional") and rest and depth < _DEPTH:
                for file in self._included(rest[0]):
                    yield from self.directives(file, depth + 1)
                continue
            self._learn(name, rest)
            around = [section for section, _ in self._sections]
            is_host = "virtualhost" in around
            nested = [s for s in around if s not in ("virtualhost", "ifmodule", "ifdefine", "ifversion", "if")]
            yield Directive(
                name=name,
                words=rest,
                path=path,
                line=number,
                host=self._hosts if is_host else 0,
                is_nested=bool(nested),
            )

    def _open(self, name: str, words: tuple[str, ...]) -> None:
        self._hosts += name == "virtualhost"
        self._sections.append((name, self._counts(name, words)))

    def _counts(self, name: str, words: tuple[str, ...]) -> bool:
        word = words[0] if words else ""
        wanted = not word.startswith("!")
        word = word.lstrip("!")
        if name == "ifmodule":
            plain = word.removeprefix("mod_").removesuffix(".c").removesuffix("_module")
            return (plain in self._modules) is wanted
        if name == "ifdefine":
            return (word in self._defined) is wanted
        return True

    def _learn(self, name: str, words: tuple[str, ...]) -> None:
        if name == "define" and words:
            self._defined[words[0]] = words[1] if len(words) > 1 else ""
        elif name == "loadmodule" and words:
            self._modules.add(words[0].removesuffix("_module"))
        elif name == "serverroot" and words:
            self._root = words[0]

    def _included(self, pattern: str) -> Iterator[str]:
        path = posixpath.join(self._root, pattern)
        found = self._tree.find(path.rstrip("/"))
        is_folder = found is not None and found.kind == "folder"
        return globbed(self._tree, f"{path.rstrip('/')}/*" if is_folder else path)


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Lines without comments; one that ends in a backslash goes on in the next."""
    begun, start = "", 0
    for number, raw in enumerate(lines, start=1):
        start = start or number
        text = begun + raw.strip()
        if text.endswith("\\"):
            begun = text[:-1]
            continue
        if text and not text.startswith("#"):
            yield start, text
        begun, start = "", 0
