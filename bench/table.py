"""The table that is printed."""

from collections.abc import Iterable

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure beside what it is compared with and what is aimed at."""

    what: str
    measured: str
    against: str = ""
    ratio: str = ""
    target: str = ""


def show(title: str, rows: Iterable[Row]) -> None:
    """Print the rows under a title."""
    heads = Row(what=title, measured="measured", against="against", ratio="ratio", target="target")
    cells = [[r.what, r.measured, r.against, r.ratio, r.target] for r in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for number, line in enumerate(cells):
        first, *others = zip(line, widths, strict=True)
        print(first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others), sep="  ")
        if not number:
            print("-" * (sum(widths) + 2 * len(widths) - 2))
    print()


def milliseconds(seconds: float) -> str:
    """``83 ms``."""
    return f"{seconds * 1000:.0f} ms"


def times(one: float, other: float) -> str:
    """``1.42x``."""
    return f"{one / other:.2f}x"
