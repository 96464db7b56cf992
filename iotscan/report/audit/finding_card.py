"""One kind of finding: what it is, why it matters, where it was found, how to repair it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from iotscan.model.actor import Actor
from iotscan.model.vocabulary import Confidence, Severity
from iotscan.report.audit.cells import severity_tone
from iotscan.report.audit.finding_place import FULL, others, place_card, place_facts, place_rest
from iotscan.report.audit.found import Found
from iotscan.report.audit.proved import proved
from iotscan.report.audit.times import day
from iotscan.report.audit.wording import headed, run_in
from iotscan.report.content import FindingGroup
from iotscan.report.document import Badge, Block, Card, Fact, Facts, Paragraph, Span, plain
from iotscan.report.words import clean, counted, listed

ACTS: Final[Mapping[Actor, str]] = MappingProxyType({"owner": "owner", "vendor": "vendor", "provider": "provider"})
"""Who acts, as a cell says it."""
_WHO: Final[Mapping[Actor, str]] = MappingProxyType(
    {
        "owner": "the owner of the device, in its settings",
        "vendor": "the vendor, in the firmware: ask for it in writing",
        "provider": "the provider who runs the service",
    }
)
_IMPACT = (
    "[To be written by the assessor: what this means for the business, which process would stop, whose data are"
    " concerned, what it would cost.]"
)


def card(group: FindingGroup, id: str, found: Found) -> Card:
    """The card of one kind of finding."""
    return Card(
        id=id,
        title=group.title,
        badges=tuple(_badges(group, found)),
        blocks=tuple(_blocks(group, id, found)),
        search=" ".join((group.check, *_aliases(group, found))),
    )


def _aliases(group: FindingGroup, found: Found) -> tuple[str, ...]:
    info = found.check(group.check)
    return tuple(clean(a) for a in info.aliases) if info else ()


def _badges(group: FindingGroup, found: Found) -> Iterator[Badge]:
    yield Badge(text=group.severity.value, tone=severity_tone(group.severity))
    yield Badge(text=group.element)
    yield Badge(text=_confidence(group))
    if len(group.findings) > 1:
        yield Badge(text=counted(len(group.findings), "place"))
    if all(f.waiver for f in group.findings):
        yield Badge(text="risk accepted", tone="warn")
    statuses = _statuses(group, found)
    if len(statuses) == 1 and sum(statuses.values()) == len(group.findings):
        yield Badge(text=next(iter(statuses)), tone="info")


def _confidence(group: FindingGroup) -> str:
    """How sure it is; of several, the least."""
    ranks = [c.value for c in Confidence]
    least = max((f.confidence for f in group.findings), key=lambda c: ranks.index(c) if c in ranks else len(ranks))
    return least if group.shared("confidence") else f"{least} or better"


def _statuses(group: FindingGroup, found: Found) -> Counter[str]:
    retests = (found.material.retests.get(f.whole_fingerprint) for f in group.findings)
    return Counter(r.status for r in retests if r)


def _blocks(group: FindingGroup, id: str, found: Found) -> Iterator[Block]:
    yield Facts(rows=tuple(_facts(group, found)))
    yield from headed("Why it matters", group.matters)
    if group.severity is not Severity.INFO and not found.material.is_final:
        impact = (Span("Business impact.", "strong"), Span(f" {_IMPACT}"))
        yield Paragraph(spans=impact, editable=True)
    yield from _places(group, id, found)
    yield from headed("How to fix it", group.remedy)
    yield from proved(group, found)
    yield from headed("References", group.references)


def _facts(group: FindingGroup, found: Found) -> Iterator[Fact]:
    info = found.check(group.check)
    yield Fact(name="Check", spans=(Span(group.check, "code"),))
    owners = len(found.owners(group))
    if len(group.findings) > 1:
        where = f"{counted(len(group.findings), 'place')} on {counted(owners, 'device or image', 'devices or images')}"
        yield Fact(name="Found at", spans=plain(where))
    for name, field in (("Expected", "expected"), ("Confidence", "confidence")):
        if len(group.findings) > 1 and group.shared(field):
            yield Fact(name=name, spans=plain(group.shared(field)))
    yield Fact(name="Who acts", spans=plain(_WHO[found.actor(group)]))
    if info:
        yield Fact(name="Effort", spans=plain(clean(info.effort, 40)))
    yield from _history(group, found)
    if group.clauses:
        yield Fact(name="Evidence relevant to", spans=plain("; ".join(group.clauses)))


def _history(group: FindingGroup, found: Found) -> Iterator[Fact]:
    if statuses := _statuses(group, found):
        yield Fact(name="Since the audit before", spans=plain(listed([f"{n:,} {s}" for s, n in statuses.items()])))
    retests = (found.material.retests.get(f.whole_fingerprint) for f in group.findings)
    if since := min((r.since for r in retests if r and r.since), default=""):
        yield Fact(name="First seen", spans=plain(day(since)))


def _places(group: FindingGroup, id: str, found: Found) -> Iterator[Block]:
    if len(group.findings) == 1:
        only = group.findings[0]
        yield run_in("What was found")
        yield place_facts(group, only, found)
        yield from place_rest(only)
        return
    yield run_in("Where it was found")
    yield from (place_card(group, f, f"{id}-{n}", found) for n, f in enumerate(group.findings[:FULL], start=1))
    yield from others(group, id, found)
