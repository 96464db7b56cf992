"""Does it hold, and was enough seen to say so? Exit codes 0 (clean), 1 (findings), 3 (incomplete); 1 goes before 3."""

from collections.abc import Iterable, Sequence
from typing import Literal

from iotscan.model.grade import Gradebook, Grades, Letter
from iotscan.model.result import Result
from iotscan.model.run import Verdict
from iotscan.model.vocabulary import Outcome, Severity

NAMED = 4
"""How many checks or gaps the one-line summary names."""


def decide(
    results: Iterable[Result],
    grades: Grades,
    *,
    fail_on: str = "none",
    required: Sequence[str] = (),
    answered_targets: bool = True,
    was_cut_short: bool = False,
    min_grade: Letter | None = None,
) -> Verdict:
    """Judge a run for a pipeline.

    ``fail_on`` is ``none`` or the lowest severity that fails the gate; waived findings do not. ``required``
    are the ids of checks that must be assessed: an involuntary gap or an error of ours in one makes the
    run incomplete, as does no target that answered, or an end before everything was asked. ``min_grade``
    fails what is surely worse and leaves incomplete what may be worse. Raises ValueError for an unknown ``fail_on``.
    """
    listed = tuple(results)
    findings = _at_or_above(listed, fail_on)
    failing = [_say_findings(findings, fail_on)] if findings else []
    gaps = [] if answered_targets else ["no target answered"]
    gaps += ["the scan ended before everything was asked"] if was_cut_short else []
    gaps += _gaps(listed, frozenset(required))
    if min_grade:
        books = (*grades.devices.values(), *grades.images.values())
        failing += [f"{b.owner} is graded {b.shown}, below {min_grade}" for b in books if b.best > min_grade]
        gaps += [
            f"{b.owner} is graded {b.shown}: it may be below {min_grade}" for b in books if _may_miss(b, min_grade)
        ]
    is_gated = fail_on != "none" or min_grade is not None
    gate: Literal["pass", "fail", "none"] = "fail" if failing else "pass" if is_gated else "none"
    return Verdict(
        complete=not gaps,
        gate=gate,
        fail_on=fail_on,
        exit_code=1 if failing else 3 if gaps else 0,
        summary=_summarise(failing, gaps, is_gated),
        reasons=(*failing, *gaps),
    )


def _at_or_above(results: Iterable[Result], fail_on: str) -> tuple[Result, ...]:
    if fail_on == "none":
        return ()
    rank = Severity(fail_on).rank
    return tuple(r for r in results if r.is_finding and not r.waiver and r.severity.rank >= rank)


def _say_findings(findings: Sequence[Result], fail_on: str) -> str:
    worst_first = sorted(findings, key=lambda r: (-r.severity.rank, r.check))
    count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
    return f"{count} at {fail_on} or above: {_name(tuple(dict.fromkeys(r.check for r in worst_first)))}"


def _gaps(results: Iterable[Result], required: frozenset[str]) -> list[str]:
    """What was required and could not be assessed though nobody chose so, once for each check and subject."""
    open_questions = [
        f"{r.check} could not be assessed on {r.subject}: {r.detail or r.summary}"
        for r in results
        if r.check in required
        and (r.outcome is Outcome.ERROR or (r.outcome is Outcome.NOT_ASSESSED and r.reason and r.reason.is_involuntary))
    ]
    return list(dict.fromkeys(open_questions))


def _may_miss(book: Gradebook, min_grade: Letter) -> bool:
    # Nothing assessed is no evidence of any grade, even where nothing is known to be open either.
    return book.best <= min_grade and (book.worst > min_grade or not book.coverage.assessed)


def _summarise(failing: Sequence[str], gaps: Sequence[str], is_gated: bool) -> str:
    parts = [f"gate fails: {_name(failing)}"] if failing else ["gate holds"] if is_gated else []
    if gaps:
        parts.append(f"incomplete: {_name(gaps)}")
    return "; ".join(parts) or "complete; no gate was set"


def _name(words: Sequence[str]) -> str:
    more = len(words) - NAMED
    return ", ".join(words[:NAMED]) + (f" and {more} more" if more > 0 else "")
