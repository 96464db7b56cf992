"""The five elements as bars: what passed, what failed, what nobody knows."""

from collections.abc import Sequence

from iotscan.report.audit.cells import letter, letter_tone, number, percent
from iotscan.report.content import ElementRow
from iotscan.report.document import Bar, Cell, Chart, Column, Part, Table, cell
from iotscan.report.words import NOTHING

NAMES = {
    "hardware": "Hardware",
    "updates": "Updates",
    "communication": "Communication",
    "keys": "Keys",
    "cloud": "Cloud",
}
"""The elements as headings."""


def elements(id: str, title: str, rows: Sequence[ElementRow]) -> Chart:
    """The chart of five elements, with the table that says the same."""
    return Chart(
        id=id,
        title=title,
        description=_description(rows),
        bars=tuple(_bar(r) for r in rows),
        table=Table(
            id=f"{id}-data",
            caption=f"{title}: the numbers",
            columns=(
                Column(title="Element", weight=2),
                Column(title="Grade"),
                Column(title="Good", kind="number"),
                Column(title="Failed", kind="number"),
                Column(title="Not assessed", kind="number"),
                Column(title="Assessed", kind="number"),
            ),
            rows=tuple(_row(r) for r in rows),
        ),
    )


def _bar(row: ElementRow) -> Bar:
    parts = (
        Part(what="passed", count=row.passed),
        Part(what="failed", count=row.failed),
        Part(what="unknown", count=row.not_assessed),
    )
    shown = tuple(p for p in parts if p.count > 0)
    return Bar(label=_name(row), shown=row.shown, tone=letter_tone(row.shown), parts=shown)


def _row(row: ElementRow) -> tuple[Cell, ...]:
    name = f"{_name(row)} (as configured)" if row.configured else _name(row)
    return (
        cell(name),
        letter(row.shown),
        number(row.passed, "pass"),
        number(row.failed, "fail"),
        number(row.not_assessed, "unknown"),
        cell(percent(row.assessed, row.total) if row.total else NOTHING),
    )


def _description(rows: Sequence[ElementRow]) -> str:
    return f"{'; '.join(_said(r) for r in rows)}."


def _said(row: ElementRow) -> str:
    if not row.total:
        return f"{_name(row)}: nothing to assess"
    counts = f"{row.passed:,} good, {row.failed:,} failed, {row.not_assessed:,} not assessed"
    return f"{_name(row)}: {_grade(row.shown)}, {counts}"


def _grade(shown: str) -> str:
    if shown == NOTHING:
        return "no grade"
    return f"grade {shown[1:]} at best" if shown.startswith("≤") else f"grade {shown}"


def _name(row: ElementRow) -> str:
    return NAMES.get(row.element, row.element)
