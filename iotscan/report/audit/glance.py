"""Section: Results at a glance. The findings counted, the devices side by side, what changed since the last audit."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from iotscan.model.run import Run
from iotscan.model.vocabulary import Element, Severity
from iotscan.report.audit import trend
from iotscan.report.audit.bars import NAMES
from iotscan.report.audit.cells import letter, letter_tone, link, number, severity_tone, share
from iotscan.report.audit.told import Told
from iotscan.report.content import OwnerRow
from iotscan.report.document import Block, Cell, Column, Paragraph, Section, Span, Table, cell, plain
from iotscan.report.words import NOTHING, counted

_MOST: Final = 50
"""Devices that the table of this section names; the inventory has all."""


def section(told: Told) -> Section | None:
    """The section."""
    return Section(id="glance", title="Results at a glance", blocks=tuple(_blocks(told)), sections=trend.sections(told))


def _blocks(told: Told) -> Iterator[Block]:
    yield Paragraph(spans=plain(_counted(told)))
    yield matrix(told.run)
    network = told.view.network
    if network is not None and told.run.devices:
        yield _letters(network.letters, len(told.run.devices), network.not_assessed)
    yield from _owners(told.view.devices, "device", "glance-devices")
    yield from _owners(told.view.images, "image", "glance-images")


def _counted(told: Told) -> str:
    counts = told.view.severities
    total = sum(counts.values())
    if not total:
        return "There are no findings. What was not assessed may still hold some."
    waived = f" {told.view.waived:,} of them accepted." if told.view.waived else ""
    return f"{counted(total, 'finding')}, by severity and by the element of security that each touches.{waived}"


def matrix(run: Run) -> Table:
    """Severities by elements, with sums."""
    counts = Counter((r.severity, r.element) for r in run.results if r.is_finding)
    columns = [Column(title=NAMES[e.value], weight=_width(e), kind="number") for e in Element]
    rows = []
    for severity in Severity:
        numbers = [counts[severity, e] for e in Element]
        tone = severity_tone(severity)
        rows.append(
            (cell(severity.value, tone), *(number(n, tone) for n in numbers), number(sum(numbers))),
        )
    sums = [sum(counts[s, e] for s in Severity) for e in Element]
    rows.append((cell("all"), *map(number, sums), number(sum(sums))))
    return Table(
        id="glance-matrix",
        caption="Findings by severity and element",
        columns=(Column(title="Severity", weight=1.4), *columns, Column(title="All", kind="number")),
        rows=tuple(rows),
    )


def _width(element: Element) -> float:
    """A long name must not run into the next."""
    return max(1.0, len(NAMES[element.value]) / 8)


def _letters(letters: Sequence[tuple[str, int]], devices: int, dark: int) -> Table:
    """How many devices have which letter."""
    counts = [(shown, n) for shown, n in letters if n]
    if (rest := max(dark, devices - sum(n for _, n in counts))) > 0 and NOTHING not in dict(counts):
        counts.append((NOTHING, rest))
    return Table(
        id="glance-letters",
        caption="Devices by grade",
        columns=(
            Column(title="Grade"),
            Column(title="Devices", kind="number"),
            Column(title="What it means", weight=5),
        ),
        rows=tuple((letter(shown), number(n), cell(_meaning(shown))) for shown, n in counts),
    )


def _meaning(shown: str) -> str:
    if letter_tone(shown) == "unknown":
        return "no grade: too little could be assessed"
    if shown.startswith("≤"):
        return f"{shown[1:]} at best: what was not assessed may lower it"
    return "settled: what was not assessed cannot change it"


def _owners(rows: Sequence[OwnerRow], noun: str, id: str) -> Iterator[Block]:
    if not rows:
        return
    shown = rows[:_MOST]
    if len(shown) < len(rows):
        yield Paragraph(
            spans=(
                *plain(f"The {len(shown)} weakest of {counted(len(rows), noun)}; "),
                link("the inventory", "inventory"),
                Span(" has all of them."),
            )
        )
    elements = tuple(Column(title=NAMES[e.value], weight=_width(e)) for e in Element)
    yield Table(
        id=id,
        caption=f"Grades by {noun} and element",
        columns=(
            Column(title=noun.capitalize(), weight=2.4),
            Column(title="Grade"),
            *elements,
            Column(title="Assessed", weight=1.4),
        ),
        rows=tuple(_owner(r) for r in shown),
    )


def _owner(row: OwnerRow) -> tuple[Cell, ...]:
    name = f"{row.label} ({row.address})" if row.label and row.address and row.label != row.address else row.address
    letters = [letter(e.shown) for e in row.elements] or [letter(NOTHING)] * len(Element)
    return (cell(name or row.label or row.id), letter(row.shown), *letters, cell(share(row.assessed, row.total)))
