"""What changed since the audits before: the last one in detail, all of them in numbers."""

from collections.abc import Iterator

from iotscan.model.comparison import Comparison, What
from iotscan.model.material import TrendPoint
from iotscan.model.vocabulary import Severity
from iotscan.report.audit.cells import letter, number, share
from iotscan.report.audit.times import day
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Bullets, Cell, Column, Paragraph, Section, Table, Tone, cell, plain
from iotscan.report.words import NOTHING, clean, counted

_MOST = 50
"""Devices and grades that a list of changes names."""
_CHANGES: tuple[tuple[What, str, Tone], ...] = (
    ("added", "new", "fail"),
    ("changed", "changed", "warn"),
    ("unchanged", "still open", "warn"),
    ("fixed", "repaired: asked again and answered well", "pass"),
    ("no_longer_assessed", "not looked at again", "unknown"),
)


def sections(told: Told) -> tuple[Section, ...]:
    """One section where there is anything to compare with, else none."""
    blocks = tuple(_blocks(told))
    return (Section(id="trend", title="Changes since earlier audits", blocks=blocks),) if blocks else ()


def _blocks(told: Told) -> Iterator[Block]:
    comparison = told.material.comparison
    if comparison is not None and not comparison.is_of_lists:
        yield from _compared(comparison)
    if len(told.material.trend) > 1:
        yield _trend(told.material.trend)


def _compared(comparison: Comparison) -> Iterator[Block]:
    old = comparison.old
    yield Paragraph(spans=plain(f"Compared with the audit of {day(old.started)} (run {clean(old.run, 80)})."))
    counts = comparison.counts
    yield Table(
        id="trend-findings",
        caption="Findings since the audit before",
        columns=(Column(title="What became of them", weight=4), Column(title="Findings", kind="number")),
        rows=tuple((cell(words, tone), number(counts[what])) for what, words, tone in _CHANGES),
    )
    if comparison.passes_lost:
        lost = counted(comparison.passes_lost, "question")
        yield Paragraph(spans=plain(f"{lost} answered well before could not be answered this time."))
    yield from _grades(comparison)
    yield from _members(comparison)
    if comparison.notes:
        yield Bullets(items=tuple(plain(clean(n, 400)) for n in comparison.notes))


def _grades(comparison: Comparison) -> Iterator[Block]:
    moved = [g for g in comparison.grades if g.before != g.after or g.owner == "network"]
    if not moved:
        return
    yield Table(
        id="trend-grades",
        caption="Grades then and now" if len(moved) <= _MOST else f"Grades then and now: {_MOST} of {len(moved):,}",
        columns=(Column(title="Device or image", weight=3), Column(title="Then"), Column(title="Now")),
        rows=tuple(
            (cell(clean(g.owner, 80)), letter(clean(g.before, 5)), letter(clean(g.after, 5))) for g in moved[:_MOST]
        ),
    )


def _members(comparison: Comparison) -> Iterator[Block]:
    words = {"added": "came", "gone": "was looked for and not seen", "not_looked_for": "was not looked for this time"}
    told = [(m, words[m.what]) for m in comparison.members if m.what in words]
    if told:
        yield Table(
            id="trend-members",
            caption="Devices and images that came or went",
            columns=(Column(title="Device or image", weight=2), Column(title="Change", weight=3)),
            rows=tuple(
                (cell(clean(m.label or m.address or m.address_before, 80)), cell(what)) for m, what in told[:_MOST]
            ),
        )


def _trend(points: tuple[TrendPoint, ...]) -> Table:
    return Table(
        id="trend-runs",
        caption="Audits so far",
        columns=(
            Column(title="Date", weight=2),
            Column(title="Grade"),
            Column(title="Devices", kind="number"),
            *(Column(title=s.value.capitalize(), kind="number") for s in Severity),
            Column(title="Assessed", weight=1.6),
            Column(title="New", kind="number"),
            Column(title="Repaired", kind="number"),
            Column(title="Keys renewed", kind="number"),
        ),
        rows=tuple(_point(p) for p in points),
    )


def _point(point: TrendPoint) -> tuple[Cell, ...]:
    return (
        cell(day(point.at)),
        letter(clean(point.shown, 5) or NOTHING),
        number(point.devices),
        *(number(point.findings.get(s.value, 0)) for s in Severity),
        cell(share(point.assessed, point.total)),
        number(point.added) if point.is_compared else cell(NOTHING),
        number(point.fixed) if point.is_compared else cell(NOTHING),
        cell(f"{point.rotated} (perhaps {point.rotated + point.rotated_perhaps})")
        if point.rotated_perhaps
        else number(point.rotated),
    )
