"""Links that lead somewhere: one to a place that this document does not have becomes plain words."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from iotscan.report.document import Block, Card, Chart, Fold, Section, Span, Table


def settled(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """The sections without links to sections, cards and tables that are not there."""
    there = frozenset(ids(sections))
    return tuple(_settled(section, there) for section in sections)


def ids(sections: Iterable[Section]) -> Iterator[str]:
    """Every id of the sections, in order."""
    for section in sections:
        yield section.id
        yield from _ids_of(section.blocks)
        yield from ids(section.sections)


def _ids_of(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Table | Chart | Card):
            yield block.id
        if isinstance(block, Chart):
            yield block.table.id
        if isinstance(block, Card | Fold):
            yield from _ids_of(block.blocks)


def _settled(value: Any, there: frozenset[str]) -> Any:
    """``value`` itself where nothing in it has to change."""
    if isinstance(value, Span):
        dead = value.href.startswith("#") and value.href[1:] not in there
        return Span(value.text) if dead else value
    if isinstance(value, tuple):
        made = tuple(_settled(each, there) for each in value)
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made
    if isinstance(value, msgspec.Struct):
        changed = {
            name: new
            for name in value.__struct_fields__
            if (new := _settled(old := getattr(value, name), there)) is not old
        }
        return msgspec.structs.replace(value, **changed) if changed else value
    return value
