"""One line a figure: what was measured, what it was compared with, the ratio, the target."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    what: str
    value: str
    beside: str = ""
    target: str = ""


def show(figures: list[Figure]) -> str:
    rows = [("measured", "value", "beside", "target"), *((f.what, f.value, f.beside, f.target) for f in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
