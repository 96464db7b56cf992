"""Section: What is well: questions that were asked and answered well. Silence is no praise and is not here."""

from collections import defaultdict
from collections.abc import Iterator

from iotscan.model.result import CheckInfo
from iotscan.model.vocabulary import Element, Outcome
from iotscan.report.audit.bars import NAMES
from iotscan.report.audit.cells import number
from iotscan.report.audit.told import Told
from iotscan.report.document import Block, Cell, Column, Paragraph, Section, Table, cell, plain
from iotscan.report.words import NOTHING, clean, counted

ID = "positives"


def section(told: Told) -> Section | None:
    """None where nothing passed."""
    tables = tuple(_tables(told))
    if not tables:
        return None
    passed = sum(t.places for t in told.view.passed)
    text = (
        f"{counted(passed, 'question was', 'questions were')} asked and answered well. What was not asked is not here,"
        " and a check that passed in one place and failed in another shows both numbers."
    )
    return Section(id=ID, title="What is well", blocks=(Paragraph(spans=plain(text)), *tables))


def _tables(told: Told) -> Iterator[Block]:
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    elements: dict[str, Element] = {}
    for result in told.run.results:
        if result.outcome in (Outcome.PASS, Outcome.FAIL):
            check = clean(result.check)
            counts[check][result.outcome is Outcome.FAIL] += 1
            elements.setdefault(check, result.element)
    known = {clean(c.id): c for c in told.run.checks}
    for element in Element:
        rows = [c for c, n in counts.items() if n[0] and elements[c] is element]
        # What failed nowhere first: those are the ones to be told of.
        rows.sort(key=lambda c: (counts[c][1] > 0, -counts[c][0], c))
        if rows:
            yield _table(element, tuple(_row(c, counts[c], known.get(c)) for c in rows))


def _table(element: Element, rows: tuple[tuple[Cell, ...], ...]) -> Table:
    return Table(
        id=f"positives-{element.value}",
        caption=f"{NAMES[element.value]}: {counted(len(rows), 'check')} passed somewhere",
        columns=(
            Column(title="What holds", weight=3),
            Column(title="Check", kind="code", weight=2),
            Column(title="Passed", kind="number", weight=0.9),
            Column(title="Failed", kind="number", weight=0.9),
            Column(title="Evidence relevant to", weight=3.5),
        ),
        rows=rows,
    )


def _row(check: str, counts: list[int], info: CheckInfo | None) -> tuple[Cell, ...]:
    clauses = "; ".join(clean(str(c)) for c in info.clauses) if info else ""
    return (
        cell(clean(info.title, 200) if info else check),
        cell(check),
        number(counts[0], "pass"),
        number(counts[1], "fail"),
        cell(clauses or NOTHING),
    )
