"""Devices or images that were judged by one rule, side by side. Pure: the order of columns only swaps columns."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from typing import Final, Literal

import msgspec

from iotscan.assess.buyer_questions import ENCRYPTED, NAMING, QUESTIONS, REDIRECT, BuyerQuestion
from iotscan.model.device import Device, Image
from iotscan.model.grade import LETTERS, Gradebook
from iotscan.model.identification import KindTrait, Trait
from iotscan.model.lineup import Candidate, Difference, Lineup, Question, Said
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Confidence, Outcome, Reason, Severity, Vantage

MOST: Final = 8
"""Differences that are told: the gravest."""
_LEAST: Final = Severity.MEDIUM
"""Lesser ones are counted, not told."""
_NAMED: Final = 1
"""Titles for an answer: the page says what else differs below."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A run and the id of the device or image in it that is the column."""

    run: Run
    owner: str
    judged_again: bool = False


def line_up(entries: Sequence[Entry]) -> Lineup:
    """The columns side by side. All runs must have been judged by the same profile, checks and program."""
    candidates = tuple(_candidate(entry) for entry in entries)
    columns = [_by_check(entry) for entry in entries]
    known = {info.id for entry in entries for info in entry.run.checks}
    told, rest, shared = _differences(entries, columns)
    better = tuple(
        (one, other)
        for one, other in permutations(range(len(candidates)), 2)
        if _is_better(candidates[one], candidates[other])
    )
    beaten = Counter(one for one, _ in better)
    winner = next((one for one, count in beaten.items() if count == len(candidates) - 1), None)
    return Lineup(
        candidates=candidates,
        questions=tuple(
            Question(asks=one.asks, said=tuple(_answer(one, *pair) for pair in _both(columns, entries)))
            for one in QUESTIONS
            if known.intersection(one.deciding)
        ),
        differences=told,
        left_out=rest,
        shared=shared,
        better=better,
        winner=winner,
        profile=next((entry.run.profile.id for entry in entries), ""),
        as_of=tuple(sorted({entry.run.as_of[:10] for entry in entries})),
    )


def _is_better(one: Candidate, other: Candidate) -> bool:
    """Even at its worst better than the other at its best. What is asked of a device and of an image is not alike."""
    if one.book is None or other.book is None or one.kind != other.kind or not (_is_graded(one) and _is_graded(other)):
        return False
    return LETTERS.index(one.book.worst) < LETTERS.index(other.book.best)


def _is_graded(one: Candidate) -> bool:
    return one.book is not None and any(letter in one.book.shown for letter in LETTERS)


def _both(
    columns: Sequence[Mapping[str, list[Result]]], entries: Sequence[Entry]
) -> Iterable[tuple[Mapping[str, list[Result]], Entry]]:
    return zip(columns, entries, strict=True)


def _by_check(entry: Entry) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in entry.run.results:
        if result.subject.owner == entry.owner:
            found.setdefault(result.check, []).append(result)
    return found


def _of(column: Mapping[str, list[Result]], checks: Iterable[str]) -> list[Result]:
    return [result for check in checks for result in column.get(check, ())]


def _answer(question: BuyerQuestion, column: Mapping[str, list[Result]], entry: Entry) -> Said:
    against = [r for r in _of(column, question.against) if r.is_finding]
    said = _said([*_of(column, question.deciding), *against], entry.run)
    if question.is_about_encryption and said.state in ("good", "none") and (bare := _bare(column, entry)):
        return msgspec.structs.replace(said, state="open", words=bare, source="")
    return said


def _bare(column: Mapping[str, list[Result]], entry: Entry) -> tuple[str, ...]:
    """The protocols that answer unencrypted, but for HTTP that only leads to HTTPS."""
    device = next((d for d in entry.run.devices if d.id == entry.owner), None)
    spoken = {service.protocol for service in device.services} - ENCRYPTED - NAMING if device else set()
    asked = [r.outcome for r in column.get(REDIRECT, ()) if r.outcome is not Outcome.NOT_APPLICABLE]
    if asked and all(outcome is Outcome.PASS for outcome in asked):
        spoken -= {"http"}
    return tuple(sorted(spoken))


def _said(results: Sequence[Result], run: Run) -> Said:
    """What the results of a question come to: one that fails is enough for bad, one that is open for open."""
    failed = [r for r in results if r.outcome is Outcome.FAIL]
    unknown = [r for r in results if r.outcome in (Outcome.NOT_ASSESSED, Outcome.ERROR)]
    passed = [r for r in results if r.outcome is Outcome.PASS]
    assessed = len(failed) + len(passed)
    asked = assessed + len(unknown)
    if failed:
        words = _titles(failed, run)
        return Said(state="bad", words=words, source=_source(failed), assessed=assessed, asked=asked)
    if unknown:
        reasons = Counter(r.reason or Reason.PROBE_ERROR for r in unknown)
        often = min(reasons, key=lambda reason: (-reasons[reason], reason.value))
        return Said(state="open", reason=often, assessed=assessed, asked=asked)
    if passed:
        return Said(state="good", source=_source(passed), assessed=assessed, asked=asked)
    return Said(state="none") if results else Said(state="open", reason=Reason.NOT_ASKED)


def _source(results: Sequence[Result]) -> Literal["", "configured", "attested"]:
    """How it is known, where nothing stronger than a configuration or a person's word says so."""
    vantages = {r.vantage for r in results}
    if vantages == {Vantage.ATTESTED}:
        return "attested"
    return "configured" if vantages <= {Vantage.CONFIGURED, Vantage.ATTESTED} else ""


def _titles(failed: Iterable[Result], run: Run) -> tuple[str, ...]:
    """Plain titles, the gravest first, each once, the first few."""
    ranked = sorted({(-r.severity.rank, title_of(r, run)) for r in failed})
    return tuple(dict.fromkeys(title for _, title in ranked))[:_NAMED]


def title_of(result: Result, run: Run) -> str:
    """What is wrong, in the check's words for this way to fail it."""
    info = next((info for info in run.checks if info.id == result.check), None)
    variant = info.variants.get(result.variant) if info else None
    return variant.title if variant else info.title if info else result.check


def _differences(
    entries: Sequence[Entry], columns: Sequence[Mapping[str, list[Result]]]
) -> tuple[tuple[Difference, ...], int, tuple[str, ...]]:
    """The gravest things that differ, how many more there are, and what all have."""
    found, shared = [], []
    failing = {r.check for column in columns for results in column.values() for r in results if r.is_finding}
    for check in failing:
        said = tuple(_said(column.get(check, []), entry.run) for column, entry in _both(columns, entries))
        bad = [
            (-result.severity.rank, title_of(result, entry.run), result.severity)
            for column, entry in _both(columns, entries)
            for result in column.get(check, ())
            if result.is_finding
        ]
        rank, title, severity = min(bad)
        if all(one.state == "bad" for one in said):
            shared.append((rank, title))
        else:
            found.append((rank, title, Difference(check=check, severity=severity, title=title, said=said)))
    grave = [row for row in sorted(found, key=lambda row: row[:2]) if -row[0] >= _LEAST.rank]
    told = tuple(row[2] for row in grave[:MOST])
    most = tuple(title for rank, title in sorted(shared) if -rank >= _LEAST.rank)[:MOST]
    return told, len(found) - len(told), most


def _candidate(entry: Entry) -> Candidate:
    run = entry.run
    device = next((d for d in run.devices if d.id == entry.owner), None)
    image = next((i for i in run.images if i.id == entry.owner), None)
    failed = [r for r in run.results if r.is_finding and r.subject.owner == entry.owner]
    about = _of_device(device) if device else _of_image(image)
    book: Gradebook | None = {**run.grades.devices, **run.grades.images}.get(entry.owner)
    counts = Counter(r.severity for r in failed)
    return msgspec.structs.replace(
        about,
        run=run.id,
        started=run.started,
        is_complete=run.status == "complete",
        judged_again=entry.judged_again,
        book=book,
        findings={severity: counts[severity] for severity in Severity if counts[severity]},
        gravest=next(iter(_titles(failed, run)), ""),
    )


def _of_device(device: Device) -> Candidate:
    known = device.identity
    traits: dict[str, Trait | KindTrait | None] = {
        "what": known.kind, "maker": known.vendor, "model": known.model or known.product, "firmware": known.firmware,
    }  # fmt: skip
    doubtful = tuple(
        name for name, trait in traits.items() if trait is not None and trait.confidence is Confidence.TENTATIVE
    )
    what = _value(known.kind)
    return Candidate(
        label=device.label, kind="device", address=device.address, doubtful=doubtful, run="", started="",
        is_complete=False, what="" if what == "unknown" else what, maker=_value(known.vendor) or device.vendor,
        model=_value(known.model or known.product), firmware=_value(known.firmware),
    )  # fmt: skip


def _value(trait: Trait | KindTrait | None) -> str:
    return trait.value if trait else ""


def _of_image(image: Image | None) -> Candidate:
    name = (image.name or image.source) if image else ""
    return Candidate(label=name, kind="image", what="image", run="", started="", is_complete=False)
