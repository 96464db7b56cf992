"""Section: Since the last audit. Finding by finding what was repaired, what is new, what nobody looked at again."""

from collections.abc import Iterator, Sequence
from typing import Final

from iotscan.model.comparison import Change, Comparison, What
from iotscan.report.audit import anchors
from iotscan.report.audit.cells import link, severity_tone
from iotscan.report.audit.times import day
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Cell, Column, Paragraph, Section, Table, Tone, cell, plain
from iotscan.report.words import NOTHING, clean, counted

_MOST: Final = 200
"""Findings that one table names."""
_PARTS: Final[tuple[tuple[What, str, str, Tone], ...]] = (
    (
        "fixed",
        "Repaired",
        "The question was asked again and answered well, or does not arise any more.",
        "pass",
    ),
    ("added", "New", "The run before does not have them: they came, or were not looked for then.", "fail"),
    ("changed", "Changed", "The same weakness, seen in another form.", "warn"),
    (
        "no_longer_assessed",
        "Not retested",
        "Neither repaired nor open: the device was not seen, or the question could not be asked.",
        "unknown",
    ),
)


def section(told: Told) -> Section | None:
    """The section; None where there is no audit before, or nothing was judged in it."""
    comparison = told.material.comparison
    if comparison is None or comparison.is_of_lists:
        return None
    return Section(
        id="since",
        title="Since the last audit",
        blocks=(Paragraph(spans=plain(_introduction(comparison))),),
        sections=tuple(_parts(comparison)),
    )


def _introduction(comparison: Comparison) -> str:
    counts = comparison.counts
    old = comparison.old
    open_still = f"{counted(counts['unchanged'], 'finding')} {'is' if counts['unchanged'] == 1 else 'are'} as then"
    again = " One of the two runs was judged again by the rules of this one." * (
        old.judged_again or comparison.new.judged_again
    )
    return (
        f"Compared with the audit of {day(old.started)} (run {clean(old.run, 80)}). {open_still}; what differs is "
        f"below.{again}"
    )


def _parts(comparison: Comparison) -> Iterator[Section]:
    for what, title, meaning, tone in _PARTS:
        changes = sorted(comparison.of(what), key=lambda c: (-c.severity.rank, c.check, c.owner, c.subject))
        blocks: tuple[Block, ...] = (Paragraph(spans=plain(meaning if changes else "None.")),)
        if changes:
            blocks = (*blocks, _table(what, title, changes, tone))
        yield Section(id=f"since-{what.replace('_', '-')}", title=f"{title} ({len(changes):,})", blocks=blocks)


def _table(what: What, title: str, changes: Sequence[Change], tone: Tone) -> Table:
    shown = changes[:_MOST]
    rest = f": {len(shown):,} of {len(changes):,}" if len(shown) < len(changes) else ""
    return Table(
        id=f"since-{what.replace('_', '-')}-findings",
        caption=f"{title} since the last audit{rest}",
        columns=(
            Column(title="Finding", weight=3),
            Column(title="Severity"),
            Column(title="Where", weight=2),
            Column(title="Because", weight=3),
        ),
        rows=tuple(_row(change, tone) for change in shown),
    )


def _row(change: Change, tone: Tone) -> tuple[Cell, ...]:
    title = clean(change.title, 120)
    is_here = bool(change.fingerprint)
    named = (link(title, anchors.finding(change.check, change.variant)),) if is_here else plain(title)
    return (
        Cell(spans=named),
        cell(change.severity.value, severity_tone(change.severity)),
        cell(_where(change)),
        cell(_why(change), "" if is_here else tone),
    )


def _where(change: Change) -> str:
    owner, place = clean(change.owner, 80), clean(str(change.subject), 120)
    return place if owner in place else f"{owner} ({place})"


def _why(change: Change) -> str:
    if change.note:
        return clean(change.note, 300)
    if change.observed_before and change.what == "changed":
        return f"before: {clean(change.observed_before, 200)}"
    return NOTHING
