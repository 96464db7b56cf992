"""Every result as one row: what the machine formats share.

People are told groups (:mod:`.outcomes`); machines count, match and sort single results. All text in a row is one
printable line; writers escape it for their own format.
"""

import msgspec

from iotscan.model.result import CheckInfo, Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Reason, Severity
from iotscan.report.outcomes import COMMAND_LIMIT
from iotscan.report.places import Places
from iotscan.report.record import waived_by
from iotscan.report.uris import Uris
from iotscan.report.words import REASONS, clean, first_sentence

_OUTCOMES = (Outcome.FAIL, Outcome.ERROR, Outcome.NOT_ASSESSED, Outcome.PASS, Outcome.NOT_APPLICABLE)
"""The order in which rows are told."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One result: what, where, how bad, why, and what became of it.

    ``label`` is the device's or image's name, ``place`` that and the service or path (``cam-front tcp/23``),
    ``where`` the exact place (``192.0.2.21 tcp/23``), ``uri`` the same as a relative path. ``title`` says what
    is wrong where it failed, and else what should hold.
    """

    result: Result
    check: str
    title: str
    fix: str
    clauses: tuple[str, ...]
    label: str
    place: str
    spot: str
    where: str
    asset: str
    uri: str
    summary: str
    observed: str
    expected: str
    reproduce: str
    fingerprint: str
    why: str
    """Why it was not assessed or what broke, in words; empty for the rest."""
    remedy: str
    """What would assess it."""
    waiver: str
    waived: str
    """The waiver in words: ``W-2026-014 until 2027-02-20 (jane.doe@example.com)``; empty without one."""

    @property
    def outcome(self) -> Outcome:
        """What became of the question."""
        return self.result.outcome

    @property
    def severity(self) -> Severity:
        """How bad it is, or may turn out to be."""
        return self.result.severity

    @property
    def line(self) -> int:
        """The line in a file, at least 1."""
        return max(1, self.result.subject.line)

    @property
    def is_voluntary(self) -> bool:
        """True for what was not assessed because somebody chose so."""
        reason = self.result.reason
        return self.outcome is Outcome.NOT_ASSESSED and (reason is None or not reason.is_involuntary)

    @property
    def sentence(self) -> str:
        """``cam-front tcp/23: Telnet asks for a login: banner login:``, starting with whom it is about."""
        is_told = self.summary.casefold() in ("", self.title.casefold())
        said = self.title if is_told else f"{self.title}: {self.summary}"
        return f"{self.place}: {said}".rstrip(".") + "."

    @property
    def details(self) -> dict[str, str]:
        """What supports a finding and what mends it, by name; only what is there."""
        told = {
            "Observed": self.observed,
            "Expected": self.expected,
            "Fix": self.fix,
            "Reproduce": self.reproduce,
        }
        return {name: text for name, text in told.items() if text}


def rows(run: Run) -> tuple[Row, ...]:
    """Every result: findings first and of these the most severe, then by check and place.

    The order of results, checks and devices in the run does not matter.
    """
    places, uris = Places(run), Uris(run)
    known = {info.id: _Known(info) for info in run.checks}
    waivers = waived_by(run)
    unknown = _Known(None)

    def order(result: Result) -> tuple[object, ...]:
        return (
            _OUTCOMES.index(result.outcome),
            -result.severity.rank,
            result.check,
            places.order(result.subject),
            result.subject.owner,
            result.variant,
            result.fingerprint,
            result.summary,
        )

    return tuple(
        _row(result, known.get(result.check, unknown), waivers.get(result.waiver, clean(result.waiver)), places, uris)
        for result in sorted(run.results, key=order)
    )


class _Known:
    """What all rows of one check share: worked out once, there may be thousands."""

    def __init__(self, info: CheckInfo | None) -> None:
        self.title = clean(info.title) if info else ""
        self.variants = {name: clean(v.title) for name, v in info.variants.items()} if info else {}
        self.fix = first_sentence(info.fix) if info else ""
        self.clauses = tuple(clean(str(c)) for c in info.clauses) if info else ()

    def sentence(self, result: Result) -> str:
        """What is wrong where it failed, else what should hold."""
        wrong = self.variants.get(result.variant, "") if result.is_finding else ""
        return wrong or self.title or clean(result.summary or result.check)


def _row(result: Result, known: _Known, waived: str, places: Places, uris: Uris) -> Row:
    subject = result.subject
    return Row(
        result=result,
        check=clean(result.check),
        title=known.sentence(result),
        fix=known.fix,
        clauses=known.clauses,
        label=places.label(subject.owner) if subject.owner else "the network",
        place=places.place(subject),
        spot=places.spot(subject),
        where=places.where(subject),
        asset=uris.asset(subject),
        uri=uris.uri(subject),
        summary=clean(result.summary),
        observed=clean(result.observed),
        expected=clean(result.expected),
        reproduce=clean(result.reproduce, COMMAND_LIMIT),
        fingerprint=clean(result.fingerprint),
        why=_why(result),
        remedy=_remedy(result),
        waiver=clean(result.waiver),
        waived=waived,
    )


def _why(result: Result) -> str:
    if result.outcome is Outcome.ERROR:
        return clean(result.detail or result.summary)
    if result.outcome is not Outcome.NOT_ASSESSED:
        return ""
    words, _ = REASONS[result.reason or Reason.NOT_OBSERVABLE]
    return f"{words}: {clean(result.detail)}" if result.detail else words


def _remedy(result: Result) -> str:
    is_open = result.outcome is Outcome.NOT_ASSESSED
    return clean(result.remedy) or (REASONS[result.reason or Reason.NOT_OBSERVABLE][1] if is_open else "")


def check_infos(run: Run) -> tuple[CheckInfo, ...]:
    """The checks of a run by id, and a bare one for each that a finding names and the run does not describe."""
    infos = {info.id: info for info in run.checks}
    for result in run.results:
        if result.check not in infos:
            infos[result.check] = CheckInfo(
                id=result.check, title=result.check, element=result.element, variants={}, confidence=result.confidence
            )
    return tuple(infos[key] for key in sorted(infos))


def shortfall(run: Run) -> str:
    """The verdict of a run that is not complete, in one line; empty for one that is.

    A run that nobody judged is not complete.
    """
    if run.verdict is None:
        return "the run was not judged" if run.status == "complete" else "the run did not end"
    if run.verdict.complete and run.status == "complete":
        return ""
    return clean(run.verdict.summary, 400).rstrip(".") or "the run is incomplete"
