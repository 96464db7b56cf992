"""XML as devices need it: elements with text, and nothing that makes a small document a large one.

A DOCTYPE ends the reading, so no entity is ever defined, expanded or fetched; so do deep nesting and very many
elements. Source: XML 1.0 §4; what is refused here are "billion laughs", XXE and their kin.
"""

from collections.abc import Callable
from typing import Final
from xml.parsers import expat

DEPTH_LIMIT: Final = 32
ELEMENT_LIMIT: Final = 20_000
TEXT_LIMIT: Final = 4096
"""Characters kept of one element."""
Closed = Callable[[tuple[str, ...], str], None]
"""Told of an element that ends: the local names from the root to it, and its text."""


class Refused(ValueError):
    """The document is no well-formed XML, or uses what no device needs."""


def read_xml(document: bytes, closed: Closed) -> None:
    """Read a document from start to end, telling of each element as it ends. Raises Refused, what was told stays."""
    reader = _Reader(closed)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Refused(str(error)) from error


class _Reader:
    def __init__(self, closed: Closed) -> None:
        self._closed = closed
        self._path: list[str] = []
        self._texts: list[list[str]] = []
        self._room: list[int] = []
        self._elements = 0

    def refuse(self, *_: object) -> None:
        raise Refused("it has a DOCTYPE")

    def start(self, name: str, _: dict[str, str]) -> None:
        self._elements += 1
        if len(self._path) >= DEPTH_LIMIT or self._elements > ELEMENT_LIMIT:
            raise Refused("it is nested too deeply" if len(self._path) >= DEPTH_LIMIT else "it has too many elements")
        self._path.append(name.rpartition(" ")[2])
        self._texts.append([])
        self._room.append(TEXT_LIMIT)

    def text(self, data: str) -> None:
        if self._room and self._room[-1] > 0:
            self._texts[-1].append(data[: self._room[-1]])
            self._room[-1] -= len(data)

    def end(self, _: str) -> None:
        path = tuple(self._path)
        self._path.pop()
        self._room.pop()
        self._closed(path, "".join(self._texts.pop()).strip())
