"""What stands in a document, piece by piece."""

from collections.abc import Iterator
from typing import Any

import msgspec

from iotscan.model.brand import Brand
from iotscan.report.document import Block, Code, Document, Section, Span, Table, words_of

from .reading import text


def pieces(value: Any) -> Iterator[Any]:
    """Every struct and text in a value, the value first; of the brand nothing, which is for writers."""
    if isinstance(value, Brand):
        return
    yield value
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from pieces(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from pieces(each)


def tables(document: Document) -> list[Table]:
    return [p for p in pieces(document) if isinstance(p, Table)]


def spans(document: Document) -> list[Span]:
    return [p for p in pieces(document) if isinstance(p, Span)]


def lines(document: Document) -> Iterator[str]:
    """Every text; of code each line."""
    for piece in pieces(document):
        if isinstance(piece, Code):
            yield from piece.text.split("\n")
            yield piece.label
    codes = {id(p.text) for p in pieces(document) if isinstance(p, Code)}
    yield from (p for p in pieces(document) if isinstance(p, str) and id(p) not in codes)


def named(document: Document, id: str) -> Section:
    """The section with this id. Fails where there is none."""
    return next(p for p in pieces(document) if isinstance(p, Section) and p.id == id)


def has(document: Document, id: str) -> bool:
    return any(isinstance(p, Section) and p.id == id for p in pieces(document))


def read(document: Document, id: str) -> str:
    """A section alone, as text."""
    return text(msgspec.structs.replace(document, sections=(named(document, id),)))


def rows(table: Table) -> list[list[str]]:
    return [[words_of(c.spans) for c in row] for row in table.rows]


def block(section: Section, kind: type[Block]) -> Any:  # type: ignore[valid-type]
    """The first block of a kind."""
    return next(b for b in section.blocks if isinstance(b, kind))
