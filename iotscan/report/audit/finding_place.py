"""One place of a finding: what was seen there against what is expected, the evidence, how to see it oneself."""

from collections.abc import Iterator
from typing import Final

from iotscan.report.audit import anchors
from iotscan.report.audit.cells import link
from iotscan.report.audit.found import Found
from iotscan.report.audit.times import day
from iotscan.report.content import Finding, FindingGroup
from iotscan.report.document import (
    Block,
    Card,
    Cell,
    Code,
    Column,
    Fact,
    Facts,
    Paragraph,
    Span,
    Spans,
    Table,
    cell,
    plain,
)
from iotscan.report.words import NOTHING, clean, counted

FULL: Final = 10
"""Places of one kind of finding that are told in full."""
LISTED: Final = 2000
"""Places of one kind of finding that have a row; the run file holds all of them."""
_PIECES = 6
"""Pieces of evidence of one place that are named."""


def place_card(group: FindingGroup, finding: Finding, id: str, found: Found) -> Card:
    """A place in full, where there are several."""
    title = f"{finding.label} {finding.where}".strip()
    return Card(id=id, title=title, blocks=(place_facts(group, finding, found), *place_rest(finding)), listed=False)


def place_facts(group: FindingGroup, finding: Finding, found: Found) -> Facts:
    """What was seen at one place; what all places share stands in the card above."""
    is_only = len(group.findings) == 1
    rows = [Fact(name="Where", spans=_where(group, finding, found))] if is_only else []
    told = {"What": finding.summary, "Observed": finding.observed}
    told |= {} if group.shared("expected") and not is_only else {"Expected": finding.expected}
    told |= {} if group.shared("confidence") and not is_only else {"Confidence": finding.confidence}
    told["How it is known"] = _vantage(finding)
    rows += [Fact(name=name, spans=plain(text)) for name, text in told.items() if text]
    rows += _evidence(group, finding, found)
    rows += [Fact(name=name, spans=plain(text)) for name, text in _states(finding, found) if text]
    rows.append(Fact(name="Fingerprint", spans=(Span(finding.whole_fingerprint or NOTHING, "code"),)))
    return Facts(rows=tuple(rows))


def place_rest(finding: Finding) -> Iterator[Block]:
    """The command that shows it to anybody."""
    if finding.reproduce:
        yield Code(text=finding.reproduce, label="Check it yourself")


def others(group: FindingGroup, id: str, found: Found) -> Iterator[Block]:
    """The places beyond those that are told in full: a row each, and beyond many only their number."""
    rest = group.findings[FULL:]
    if not rest:
        return
    yield Table(
        id=f"{id}-more",
        caption=f"{group.title}: {counted(len(rest), 'further place')}",
        columns=(
            Column(title="Device or image", weight=2),
            Column(title="Place", weight=2),
            Column(title="Observed", weight=3),
        ),
        rows=tuple(_row(group, f, found) for f in rest[:LISTED]),
    )
    if len(rest) > LISTED:
        text = f"{counted(len(rest) - LISTED, 'more place')} in the run file."
        yield Paragraph(spans=plain(text))


def _row(group: FindingGroup, finding: Finding, found: Found) -> tuple[Cell, ...]:
    marks = " · ".join(text for _, text in _states(finding, found) if text)
    seen = finding.observed or finding.summary
    return (
        cell(finding.label or finding.where.partition(" ")[0]),
        cell(finding.where),
        cell(f"{seen} · {marks}" if marks else seen),
    )


def _where(group: FindingGroup, finding: Finding, found: Found) -> Spans:
    result = found.result(group, finding)
    owner = result.subject.owner if result else ""
    text = finding.label or finding.where
    first = link(text, found.owner_link(owner)) if owner else Span(text)
    return (first, Span(f" {finding.where}")) if finding.label else (first,)


def _vantage(finding: Finding) -> str:
    if finding.attested:
        return "a person says so; it was not seen"
    return "from a configuration, not from a running service" if finding.configured else ""


def _states(finding: Finding, found: Found) -> Iterator[tuple[str, str]]:
    retest = found.material.retests.get(finding.whole_fingerprint)
    yield (
        "Since the audit before",
        clean(f"{retest.status}: {retest.note}" if retest.note else retest.status) if retest else "",
    )
    yield "First seen", day(retest.since) if retest and retest.since else ""
    yield "Risk accepted", finding.waived


def _evidence(group: FindingGroup, finding: Finding, found: Found) -> Iterator[Fact]:
    result = found.result(group, finding)
    ids = [o for o in result.observations if o in found.evidence] if result else []
    if not ids:
        return
    spans: list[Span] = []
    for piece in ids[:_PIECES]:
        spans += [Span(", ")] if spans else []
        spans.append(link(clean(piece, 80), anchors.observation(piece)))
    if len(ids) > _PIECES:
        spans.append(Span(f" and {len(ids) - _PIECES} more in the run file"))
    yield Fact(name="Evidence", spans=tuple(spans))
