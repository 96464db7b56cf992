"""Section: Standards. What was seen for and against each clause; evidence, never a certificate."""

from collections import Counter
from typing import Final, Literal

from iotscan.model.material import ClauseRow, StandardTable
from iotscan.report.audit.cells import link, number
from iotscan.report.audit.found import Found
from iotscan.report.audit.told import Told
from iotscan.report.document import Callout, Cell, Column, Paragraph, Section, Span, Table, Tone, cell, plain
from iotscan.report.words import NOTHING, clean, counted, listed

ID: Final = "standards"
State = Literal["for", "against", "not assessed", "documents"]
_DISCLAIMER: Final = (
    "Evidence toward these clauses, no certification. A scan sees a part of what a clause asks; a clause with evidence"
    " for it may still not be met, and whether a product conforms is for an assessment with its documents to say."
)
_STATES: Final[dict[State, tuple[str, Tone]]] = {
    "against": ("evidence against", "fail"),
    "for": ("evidence for", "pass"),
    "not assessed": ("not assessed", "unknown"),
    "documents": ("needs documents", ""),
}
_NAMED: Final = 3


def section(told: Told) -> Section | None:
    """None where no standard was compared."""
    tables = told.material.standards
    if not tables:
        return None
    found = Found(told)
    text = (
        "Numbers count results of the checks that speak to a clause. Against it speaks a single fail; for it speak only"
        " passes without a fail; what nobody asked is not assessed; some clauses only documents of the maker answer."
    )
    return Section(
        id=ID,
        title="Standards",
        blocks=(Callout(tone="warn", spans=plain(_DISCLAIMER)), Paragraph(spans=plain(text))),
        sections=tuple(_standard(n, t, found) for n, t in enumerate(tables, start=1)),
    )


def _standard(place: int, table: StandardTable, found: Found) -> Section:
    states = Counter(r.state for r in table.rows)
    said = listed([f"{states[s]:,} {words}" for s, (words, _) in _STATES.items() if states[s]])
    opening = f"{clean(table.title)}. {counted(len(table.rows), 'clause')}: {said}. {clean(table.note, 400)}".strip()
    name = clean(f"{table.standard} {table.edition}")
    return Section(
        id=f"{ID}-{place}",
        title=name,
        blocks=(
            Paragraph(spans=plain(opening)),
            Table(
                id=f"{ID}-{place}-clauses",
                caption=f"{name}: evidence toward its clauses, no certification",
                columns=(
                    Column(title="Clause", weight=1.4),
                    Column(title="What it asks, in our words", weight=3),
                    Column(title="State", weight=1.3),
                    Column(title="Passed", kind="number", weight=0.8),
                    Column(title="Failed", kind="number", weight=0.8),
                    Column(title="Open", kind="number", weight=0.7),
                    Column(title="Checks that speak to it", weight=2.4),
                ),
                rows=tuple(_row(r, found) for r in table.rows),
            ),
        ),
    )


def _row(row: ClauseRow, found: Found) -> tuple[Cell, ...]:
    words, tone = _STATES[row.state]
    return (
        cell(clean(row.id, 60)),
        cell(clean(row.title, 200)),
        cell(words, tone),
        number(row.passed, "pass"),
        number(row.failed, "fail"),
        number(row.open, "unknown"),
        Cell(spans=_speaking(row, found)),
    )


def _speaking(row: ClauseRow, found: Found) -> tuple[Span, ...]:
    """The checks that speak against a clause first, each with a link to its finding."""
    named = (*row.against, *(c for c in row.checks if c not in row.against))
    spans: list[Span] = []
    for check in named[:_NAMED]:
        spans += [Span(", ")] if spans else []
        anchor = found.anchor_of(check) if check in row.against else ""
        spans.append(link(clean(check), anchor) if anchor else Span(clean(check)))
    if len(named) > _NAMED:
        spans.append(Span(f" and {len(named) - _NAMED} more"))
    return tuple(spans) or (Span(NOTHING),)
