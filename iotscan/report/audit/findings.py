"""Section: Findings. One card for each kind of finding, gravest first, with all its places."""

from iotscan.report.audit.cells import link, number, severities, severity_tone
from iotscan.report.audit.finding_card import ACTS, card
from iotscan.report.audit.found import Found
from iotscan.report.audit.told import Told
from iotscan.report.content import FindingGroup
from iotscan.report.document import Block, Cell, Column, Paragraph, Section, Table, cell, plain
from iotscan.report.words import NOTHING, counted

ID = "findings"
_COLUMNS = (
    Column(title="Severity", weight=1.1),
    Column(title="Finding", weight=4),
    Column(title="Element", weight=1.7),
    Column(title="Places", kind="number", weight=0.9),
    Column(title="Who acts", weight=1.2),
    Column(title="Effort", weight=1),
)


def section(told: Told) -> Section | None:
    """All findings; it stands there too where there are none, and says what that is worth."""
    found = Found(told)
    groups = tuple(zip(told.view.findings, found.ids, strict=True))
    blocks: list[Block] = [Paragraph(spans=plain(_opening(told)))]
    if groups:
        blocks.append(_overview(groups, found))
    blocks += [card(group, anchor, found) for group, anchor in groups]
    return Section(id=ID, title="Findings", blocks=tuple(blocks), filterable=True)


def _opening(told: Told) -> str:
    groups = told.view.findings
    if not groups:
        done = sum(t.places for t in told.view.passed)
        if not done:
            return "There is no finding, and nothing was assessed: this is no praise."
        return f"There is no finding. {counted(done, 'question')} passed; what was not asked is told further below."
    total = sum(len(g.findings) for g in groups)
    kinds = f"{counted(total, 'finding')} of {counted(len(groups), 'kind')}"
    waived = f" A person accepted the risk of {told.view.waived:,} of them." if told.view.waived else ""
    return (
        f"{kinds}: {severities(told.view.severities)}.{waived} Each kind is told once, gravest first, with every place"
        " where it was found, so that it can be repaired once for all of them."
    )


def _overview(groups: tuple[tuple[FindingGroup, str], ...], found: Found) -> Table:
    return Table(
        id="findings-list",
        caption="Findings, gravest first",
        columns=_COLUMNS,
        rows=tuple(_row(group, anchor, found) for group, anchor in groups),
    )


def _row(group: FindingGroup, id: str, found: Found) -> tuple[Cell, ...]:
    info = found.check(group.check)
    return (
        cell(group.severity.value, severity_tone(group.severity)),
        Cell(spans=(link(group.title, id),)),
        cell(group.element),
        number(len(group.findings)),
        cell(ACTS[found.actor(group)]),
        cell(info.effort if info else NOTHING),
    )
