"""Tables that fit: the columns that must be there, then as many more as the width allows."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace
from rich.cells import cell_len
from rich.text import Text

from iotscan.report.ink import TABLE, Column, Ink

GAP = 2
"""Cells between columns, and before the first."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A column with its cells. ``least`` of the column is what it must get to be worth showing."""

    column: Column
    cells: list[Text]

    @property
    def natural(self) -> int:
        """The width at which nothing is cut, within the column's own limit."""
        widest = max((cell_len(line) for cell in self.cells for line in cell.plain.split("\n")), default=0)
        return max(len(self.column.title), min(widest, self.column.most or widest))


def show_columns(ink: Ink, always: Iterable[Field], where_room: Iterable[list[Field]]) -> None:
    """Write a table of ``always`` and those groups of ``where_room`` that fit, in their order.

    The columns of a group come or stay away together; a later, smaller one may fit where an earlier did not.
    """
    fields = list(always)
    room = min(ink.width, TABLE) - GAP - sum(f.natural + GAP for f in fields)
    for group in where_room:
        wanted = sum(f.natural + GAP for f in group)
        needed = sum(min(f.natural, f.column.least or f.natural) + GAP for f in group)
        if needed <= room:
            spare = max(0, wanted - room)
            fields += [replace(f, column=replace(f.column, least=0, most=f.natural - spare)) for f in group]
            room -= wanted - spare
    cells = zip(*(f.cells for f in fields), strict=True)
    ink.grid(*(f.column for f in fields), rows=cells, indent=GAP, header=True)
