"""What a check's question answered, turned into results.

A result says what its verdict says, and what the verdict leaves open: of which element, how severe, seen from where,
by which observations. Whatever a check answers, a result comes out; an answer that it may not give is an *error*.
"""

from typing import Any

import msgspec

from iotscan.assess.back_ends import element_of, severity_of
from iotscan.assess.check import Check, Target, Verdict
from iotscan.assess.evidence import Evidence, Owner, place_of, vantage_of
from iotscan.assess.gaps import Gap
from iotscan.assess.remedies import remedy
from iotscan.model.device import Device
from iotscan.model.observation import Observation
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity, Vantage

_OUTCOMES = {
    "good": Outcome.PASS,
    "bad": Outcome.FAIL,
    "skip": Outcome.NOT_APPLICABLE,
    "unknown": Outcome.NOT_ASSESSED,
    "disagree": Outcome.ERROR,
}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One way to call a check's question: whom about, with which facts, read from which observations."""

    target: Target
    needs: dict[str, Any]
    used: tuple[Observation, ...]

    @property
    def home(self) -> Subject:
        """Where the question is asked."""
        return self.target.subject


class Results:
    """Results of one check on one body of evidence."""

    def __init__(self, check: Check, evidence: Evidence) -> None:
        self._check = check
        self._evidence = evidence

    def of(self, said: Verdict | Result, call: Call) -> Result:
        """What was answered, as a result; one that is a result already is told of where the question was asked."""
        info = self._check.info
        if isinstance(said, Result):
            return msgspec.structs.replace(said, subject=call.home)
        subject = _narrowed(call.home, said.about)
        if subject.owner != call.home.owner:
            return self.error(call, f"{info.id} returned a verdict about another subject than it was asked about")
        has_variant, is_unknown = said.kind in ("bad", "disagree"), said.kind == "unknown"
        reason = Reason.PROBE_ERROR if said.kind == "disagree" else said.reason if is_unknown else None
        if has_variant and said.variant not in info.variants:
            return self.error(call, f"{info.id} returned a variant it does not declare")
        about = [o for o in call.used if place_of(o.subject) == place_of(subject)] or list(call.used)
        vantage = vantage_of(about)
        # A command that asks a service has nobody to ask in an image: there the file and its line say all.
        is_unasked = bool(subject.image) and self._check.anchor.fact.per == "service" and vantage is Vantage.CONFIGURED
        return Result(
            check=info.id,
            element=self._element(subject),
            outcome=_OUTCOMES[said.kind],
            subject=subject,
            severity=info.variants[said.variant].severity if has_variant else self._severity(subject),
            confidence=said.confidence or info.confidence,
            vantage=vantage,
            variant=said.variant if has_variant else "",
            summary=said.summary,
            observed=said.observed,
            expected=said.expected,
            reproduce="" if is_unasked else said.reproduce,
            shows="" if is_unasked else said.shows,
            reason=said.reason if is_unknown else None,
            detail=said.summary if reason else "",
            remedy=remedy(reason, self._check.anchor.kind, subject) if reason else "",
            observations=tuple(sorted({o.id for o in about})),
            part=said.part,
        )

    def error(self, call: Call, detail: str) -> Result:
        """The check is broken: ``detail`` says how, in words of ours."""
        info = self._check.info
        return Result(
            check=info.id,
            element=self._element(call.home),
            outcome=Outcome.ERROR,
            subject=call.home,
            severity=self._severity(call.home),
            confidence=info.confidence,
            vantage=vantage_of(call.used),
            summary="the check failed: this says nothing of the device",
            detail=detail,
            remedy=remedy(Reason.PROBE_ERROR, self._check.anchor.kind, call.home),
            observations=tuple(sorted({o.id for o in call.used})),
        )

    def still_open(self, owner: Owner, gap: Gap) -> Result:
        """A fact is missing, so that the question was not asked of ``owner``."""
        info = self._check.info
        return Result(
            check=info.id,
            element=element_of(self._check, owner),
            outcome=Outcome.NOT_ASSESSED,
            subject=gap.subject,
            severity=severity_of(self._check, owner),
            confidence=info.confidence,
            vantage=looked_from(owner),
            summary=gap.detail,
            reason=gap.reason,
            detail=gap.detail,
            remedy=remedy(gap.reason, gap.kind, gap.subject),
        )

    def _element(self, subject: Subject) -> Element:
        owner = self._evidence.owner(subject.owner)
        return element_of(self._check, owner) if owner else self._check.info.element

    def _severity(self, subject: Subject) -> Severity:
        owner = self._evidence.owner(subject.owner)
        return severity_of(self._check, owner) if owner else self._check.info.severity


def _narrowed(home: Subject, about: Subject | None) -> Subject:
    """``about`` with what it leaves open filled in from where the question was asked."""
    if about is None:
        return home
    given = {name: value for name, value in msgspec.structs.asdict(about).items() if value}
    return msgspec.structs.replace(home, **given)


def looked_from(owner: Owner) -> Vantage:
    """Where a result about a whole device or image is told from."""
    return Vantage.OBSERVED if isinstance(owner, Device) else Vantage.CONFIGURED
