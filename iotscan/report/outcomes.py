"""Results as sections: what failed, what stayed open and why, what passed, what broke on our side."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import AttemptStatus, Element, Outcome, Reason, Severity, Vantage
from iotscan.report.content import Fault, Finding, FindingGroup, Gap, Tally
from iotscan.report.places import Places
from iotscan.report.prose import Block, blocks
from iotscan.report.record import waived_by
from iotscan.report.words import REASONS, clean, first_sentence

SHORT = 8
"""Hex digits of a fingerprint that a person reads."""
PROSE_LIMIT = 4000
"""Characters of one block of a check's prose, which comes from a pack and not from a device."""
COMMAND_LIMIT = 2000
"""Characters of a reproduce line: cut, it would be another command."""


def findings(run: Run, places: Places) -> tuple[FindingGroup, ...]:
    """Failed results, the same at several places as one group; most severe first."""
    groups: defaultdict[tuple[str, str, Severity], list[Result]] = defaultdict(list)
    for result in run.results:
        if result.is_finding:
            groups[result.check, result.variant, result.severity].append(result)
    elements = list(Element)

    def order(group: list[Result]) -> tuple[object, ...]:
        first = group[0]
        return (-first.severity.rank, -len(group), elements.index(first.element), first.check, first.variant)

    return tuple(_group(run, g, places) for g in sorted(groups.values(), key=order))


def _group(run: Run, group: list[Result], places: Places) -> FindingGroup:
    group = sorted(group, key=lambda r: (places.order(r.subject), r.summary, r.fingerprint))
    first = group[0]
    info = run.check(first.check)
    variant = info.variants.get(first.variant) if info else None
    return FindingGroup(
        severity=first.severity,
        check=clean(first.check),
        element=first.element.value,
        title=clean(variant.title if variant else info.title if info else first.summary or first.check),
        fix=first_sentence(info.fix) if info else "",
        findings=tuple(_finding(r, places, waived_by(run)) for r in group),
        matters=_prose(info.matters) if info else (),
        remedy=_prose(info.fix) if info else (),
        references=_prose(info.references) if info else (),
        clauses=tuple(clean(str(c)) for c in info.clauses) if info else (),
    )


def _prose(text: str) -> tuple[Block, ...]:
    return tuple(replace(b, text=clean(b.text, PROSE_LIMIT)) for b in blocks(text))


def _finding(result: Result, places: Places, waivers: Mapping[str, str]) -> Finding:
    where = places.where(result.subject)
    label = places.label(result.subject.owner) if result.subject.owner else ""
    return Finding(
        label="" if where.partition(" ")[0] == label else label,
        where=where,
        summary=clean(result.summary),
        observed=clean(result.observed),
        expected=clean(result.expected),
        confidence=result.confidence.value,
        reproduce=clean(result.reproduce, COMMAND_LIMIT),
        fingerprint=clean(result.fingerprint)[:SHORT],
        whole_fingerprint=clean(result.fingerprint),
        waiver=clean(result.waiver),
        waived=waivers.get(result.waiver, clean(result.waiver)),
        baseline=result.baseline,
        configured=result.vantage is Vantage.CONFIGURED,
        attested=result.vantage is Vantage.ATTESTED,
    )


def gaps(run: Run) -> tuple[Gap, ...]:
    """Results that were not assessed by reason: what nobody chose first, then the largest."""
    groups: defaultdict[Reason, list[Result]] = defaultdict(list)
    for result in run.results:
        if result.outcome is Outcome.NOT_ASSESSED:
            groups[result.reason or Reason.NOT_OBSERVABLE].append(result)
    made = (_gap(reason, group) for reason, group in groups.items())
    return tuple(sorted(made, key=lambda g: (g.voluntary, -g.count, g.reason)))


def _gap(reason: Reason, group: list[Result]) -> Gap:
    words, remedy = REASONS[reason]
    said = Counter(clean(r.remedy) for r in group if r.remedy)
    return Gap(
        reason=reason.value,
        words=words,
        voluntary=not reason.is_involuntary,
        count=len(group),
        owners=len({r.subject.owner for r in group}),
        checks=tally(group),
        remedies=tuple(sorted(said, key=lambda text: (-said[text], text))) or (remedy,),
    )


def tally(group: Iterable[Result]) -> tuple[Tally, ...]:
    """Checks with the number of places, most places first."""
    counts = Counter(clean(r.check) for r in group)
    return tuple(Tally(check=c, places=n) for c, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def passed(run: Run) -> tuple[Tally, ...]:
    """Checks that passed somewhere."""
    return tally(r for r in run.results if r.outcome is Outcome.PASS)


def faults(run: Run, places: Places) -> tuple[Fault, ...]:
    """Errors of ours: checks that raised and probes that broke."""
    raised = (
        Fault(what=clean(f"check {r.check}"), where=places.place(r.subject), text=clean(r.detail or r.summary))
        for r in run.results
        if r.outcome is Outcome.ERROR
    )
    broken = (
        Fault(what=clean(f"probe {a.probe or a.need}"), where=places.place(a.subject), text=clean(a.detail))
        for a in run.attempts
        if a.status is AttemptStatus.BROKEN
    )
    return tuple(sorted((*raised, *broken), key=lambda f: (f.what, f.where, f.text)))
