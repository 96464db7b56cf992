"""Does it hold, and was enough seen to say so? Exit codes 0 (clean), 1 (findings), 3 (incomplete); 1 goes before 3."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.grade import Gradebook, Grades, Letter
from iotscan.model.result import Result
from iotscan.model.run import Incomplete, Verdict
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Reason, Severity, Vantage

NAMED = 4
"""How many checks or gaps the one-line summary names."""
Threshold = Literal["none", "info", "low", "medium", "high", "critical"]


class GateSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a profile or a command line says of the gate; None leaves it to whoever is asked next."""

    fail_on: Threshold | None = None
    """The lowest severity that fails the gate."""
    warn_on: Threshold | None = None
    """The lowest severity that is warned of; changes no exit code."""
    fail_on_new: Threshold | None = None
    """The lowest severity that fails the gate where the finding is not in the baseline."""
    min_grade: Letter | None = None
    """Every device and image must be graded this or better."""
    min_coverage: float | None = None
    """Share (0 to 1) of the applicable checks, over all devices and images, that must be assessed."""
    incomplete: Incomplete | None = None
    """What an incomplete run does: exit code 3, a warning, nothing."""
    exit_zero: bool | None = None
    """Findings change no exit code: 1 becomes 0. Incomplete stays 3."""


class GateRules(msgspec.Struct, frozen=True, kw_only=True):
    """The gate as it is applied: :class:`GateSettings` with every question answered."""

    fail_on: Threshold = "none"
    warn_on: Threshold = "none"
    fail_on_new: Threshold = "none"
    min_grade: Letter | None = None
    min_coverage: float = 0.0
    incomplete: Incomplete = "fail"
    exit_zero: bool = False

    @property
    def can_fail(self) -> bool:
        """True when some finding or grade would fail the gate."""
        return self.fail_on != "none" or self.fail_on_new != "none" or self.min_grade is not None


def settle(*layers: GateSettings, fallback: Threshold = "none", has_baseline: bool = False) -> GateRules:
    """The rules that follow from settings, the first layer that answers a question winning.

    ``fallback`` is the threshold where nobody says on which severity to fail, be it of all findings or of new
    ones. Raises :class:`BadInput` where new findings are to fail and there is no baseline to tell them by.
    """
    answers = {
        name: next((value for layer in layers if (value := getattr(layer, name)) is not None), None)
        for name in GateSettings.__struct_fields__
    }
    if answers["fail_on"] is None and answers["fail_on_new"] in (None, "none"):
        answers["fail_on"] = fallback
    rules = GateRules(**{name: value for name, value in answers.items() if value is not None})
    if rules.fail_on_new != "none" and not has_baseline:
        raise BadInput("the gate fails on new findings, and nothing says which are old: give --baseline RUN")
    return rules


def decide(
    results: Iterable[Result],
    grades: Grades,
    *,
    rules: GateRules = GateRules(),
    required: Sequence[str] = (),
    has_checks: bool = False,
    answered_targets: bool = True,
    was_cut_short: bool = False,
    warnings: Sequence[str] = (),
    names: Mapping[str, str] = {},
) -> Verdict:
    """Judge a run for a pipeline.

    Waived findings fail nothing. ``required`` are the ids of checks that must be assessed: an error of ours in
    one, or a gap that no person decided on, makes the run incomplete, as does a part of an image that could not be
    read, an end before everything was asked, a scan that asked for less than is judged now (``iotscan discover`` is
    one), or less coverage than the rules want. A minimum grade fails what is surely worse and leaves incomplete what
    may be worse. Where no target answered or nothing at all was assessed, the exit code is 3 whatever
    ``rules.incomplete`` says: zero evidence is never a pass. ``has_checks`` says that there were questions, so that no
    result at all is no answer either. ``warnings`` are told with those of the rules.
    ``names`` say what a person calls a device or an image, by its id.
    """
    listed = tuple(results)
    failing = [*_failing(listed, rules), *_below_grade(grades, rules.min_grade, names)]
    blind = _blind(listed, answered_targets, has_checks)
    gaps = [*blind]
    gaps += ["it was ended before everything was asked or read"] if was_cut_short else []
    gaps += _unasked(listed)
    gaps += [*_gaps(listed, frozenset(required), names), *_maybe_below_grade(grades, rules.min_grade, names)]
    gaps += _uncovered(grades, rules.min_coverage)
    told = [*_warned(listed, rules), *warnings]
    gate: Literal["pass", "fail", "none"] = "fail" if failing else "pass" if rules.can_fail else "none"
    is_incomplete = bool(blind or (gaps and rules.incomplete == "fail"))
    return Verdict(
        complete=not gaps,
        gate=gate,
        fail_on=rules.fail_on,
        exit_code=1 if failing and not rules.exit_zero else 3 if is_incomplete else 0,
        summary=_summarise(failing, gaps, told, rules, is_incomplete=is_incomplete),
        reasons=(*failing, *gaps),
        warnings=tuple(told),
        warn_on=rules.warn_on,
        fail_on_new=rules.fail_on_new,
        min_grade=rules.min_grade or "",
        min_coverage=rules.min_coverage,
        incomplete=rules.incomplete,
        exit_zero=rules.exit_zero,
    )


def _failing(results: Sequence[Result], rules: GateRules) -> list[str]:
    """The findings that fail the gate: all at or above one threshold, the new ones at or above another."""
    old = _at_or_above(results, rules.fail_on)
    new = [r for r in _at_or_above(results, rules.fail_on_new) if r.baseline != "known" and r not in old]
    said = [_say(old, f"at {rules.fail_on} or above")] if old else []
    return said + ([_say(new, f"not in the baseline at {rules.fail_on_new} or above")] if new else [])


def _warned(results: Sequence[Result], rules: GateRules) -> list[str]:
    failing = {*_at_or_above(results, rules.fail_on)}
    found = [r for r in _at_or_above(results, rules.warn_on) if r not in failing]
    return [_say(found, f"at {rules.warn_on} or above")] if found else []


def _at_or_above(results: Iterable[Result], threshold: Threshold) -> list[Result]:
    if threshold == "none":
        return []
    rank = Severity(threshold).rank
    return [r for r in results if r.is_finding and not r.waiver and r.severity.rank >= rank]


def _say(findings: Sequence[Result], which: str) -> str:
    worst_first = sorted(findings, key=lambda r: (-r.severity.rank, r.check))
    count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
    return f"{count} {which}: {_name(tuple(dict.fromkeys(r.check for r in worst_first)))}"


def _blind(results: Sequence[Result], answered_targets: bool, has_checks: bool) -> list[str]:
    """Why there is nothing to judge at all, where that is so."""
    if not answered_targets:
        return ["no target answered"]
    # A person's word is no evidence that anything was looked at.
    settled = any(
        r.outcome not in (Outcome.NOT_ASSESSED, Outcome.ERROR) and r.vantage is not Vantage.ATTESTED for r in results
    )
    return ["nothing could be assessed"] if (results or has_checks) and not settled else []


def _unasked(results: Iterable[Result]) -> list[str]:
    """What is judged now although the scan left it out: its profile was another, or it only listed devices."""
    checks = tuple(dict.fromkeys(r.check for r in results if r.reason is Reason.NOT_ASKED))
    count = f"{len(checks)} check{'s' if len(checks) > 1 else ''}"
    verb = "ask" if len(checks) > 1 else "asks"
    return [f"the scan did not look for what {count} {verb}: {_name(checks)}"] if checks else []


def _gaps(results: Iterable[Result], required: frozenset[str], names: Mapping[str, str]) -> list[str]:
    """What had to be assessed and was not, once for each subject and cause."""
    found: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if (result.check in required and _is_open(result)) or (result.subject.image and _is_unreadable(result)):
            cause = (_place(result.subject, names), result.detail or result.summary)
            found.setdefault(cause, []).append(result.check)
    return [f"{_which(checks)} could not be assessed on {place}: {why}" for (place, why), checks in found.items()]


def _which(checks: Sequence[str]) -> str:
    named = tuple(dict.fromkeys(checks))
    return named[0] if len(named) == 1 else f"{len(named)} checks ({_name(named)})"


def _is_open(result: Result) -> bool:
    """True where the question has no answer and no person decided so: what is required is wanted from any vantage."""
    is_decided = result.reason is not None and result.reason.is_decided
    return result.outcome is Outcome.ERROR or (result.outcome is Outcome.NOT_ASSESSED and not is_decided)


def _is_unreadable(result: Result) -> bool:
    """True where something was there and we failed at it: an image is wholly in our hands, nothing may excuse that."""
    broken = (Reason.UNREADABLE, Reason.PROBE_ERROR)
    return result.outcome is Outcome.ERROR or (result.outcome is Outcome.NOT_ASSESSED and result.reason in broken)


def _place(subject: Subject, names: Mapping[str, str]) -> str:
    """Where, as a person knows it: an image as a whole has nothing but its name."""
    return str(subject) if subject.device or subject.path else names.get(subject.owner, str(subject))


def _below_grade(grades: Grades, least: Letter | None, names: Mapping[str, str]) -> list[str]:
    return [
        f"{names.get(b.owner, b.owner)} is graded {b.shown}, below {least}"
        for b in _books(grades)
        if least and b.best > least
    ]


def _maybe_below_grade(grades: Grades, least: Letter | None, names: Mapping[str, str]) -> list[str]:
    # Nothing assessed is no evidence of any grade, even where nothing is known to be open either.
    return [
        f"{names.get(b.owner, b.owner)} is graded {b.shown}: it may be below {least}"
        for b in _books(grades)
        if least and b.best <= least and (b.worst > least or not b.coverage.assessed)
    ]


def _uncovered(grades: Grades, least: float) -> list[str]:
    assessed = sum(b.coverage.assessed for b in _books(grades))
    total = assessed + sum(b.coverage.unknown for b in _books(grades))
    if not least or (total and assessed / total >= least):
        return []
    return [f"{assessed} of {total} checks were assessed, less than the {least:.0%} that are wanted"]


def _books(grades: Grades) -> tuple[Gradebook, ...]:
    return (*grades.devices.values(), *grades.images.values())


def _summarise(
    failing: Sequence[str], gaps: Sequence[str], told: Sequence[str], rules: GateRules, *, is_incomplete: bool
) -> str:
    tolerated = " (exit code 0 by --exit-zero)" if rules.exit_zero else ""
    parts = [f"gate fails{tolerated}: {_name(failing)}"] if failing else ["gate holds"] if rules.can_fail else []
    if gaps and (is_incomplete or rules.incomplete == "warn"):
        parts.append(f"incomplete{'' if is_incomplete else ' (a warning only)'}: {_name(gaps)}")
    elif gaps:
        parts.append("incomplete (ignored)")
    if not parts:
        parts.append("complete; no gate was set")
    return "; ".join([*parts, f"to know: {_name(told)}"] if told else parts)


def _name(words: Sequence[str]) -> str:
    more = len(words) - NAMED
    return ", ".join(words[:NAMED]) + (f" and {more} more" if more > 0 else "")
