"""One question's answer about one subject, and the question itself as the report needs it."""

import hashlib
from collections.abc import Mapping
from typing import Literal

import msgspec

from iotscan.model.parameter import ParameterInfo
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Confidence, Element, Outcome, Reason, Severity, Vantage


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """A clause to which a result is *evidence relevant to*; never a statement of conformity."""

    standard: str
    edition: str
    id: str

    def __str__(self) -> str:
        return f"{self.standard} ({self.edition}) {self.id}"


class VariantInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One way a check can fail, with its own severity and sentence."""

    severity: Severity
    title: str


OF_SERVERS = "server-"
"""How the name of a variant begins that only a back end can fail with, where another one is that of devices."""


def _highest(variants: Mapping[str, VariantInfo]) -> Severity:
    return max((v.severity for v in variants.values()), key=lambda s: s.rank)


class CheckInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a report needs to know of a check, so that a run file explains itself."""

    id: str
    title: str
    element: Element
    variants: dict[str, VariantInfo]
    confidence: Confidence
    aliases: tuple[str, ...] = ()
    clauses: tuple[Clause, ...] = ()
    tags: tuple[str, ...] = ()
    parameters: dict[str, ParameterInfo] = {}
    since: str = ""
    lifecycle: str = "stable"
    effort: str = "medium"
    looks_at: str = ""
    matters: str = ""
    fix: str = ""
    references: str = ""
    pack: str = "iotscan"

    @property
    def severity(self) -> Severity:
        """The highest severity among the variants: what an unknown may turn out to be on a device or in an image."""
        usual = {name: variant for name, variant in self.variants.items() if not name.startswith(OF_SERVERS)}
        return _highest(usual or self.variants)

    @property
    def severity_of_servers(self) -> Severity:
        """The same on a back end."""
        return _highest(self.variants)


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a check says of a subject. A *finding* is a result whose outcome is ``fail``.

    ``observations`` are ids in the run file; ``reason`` and ``detail`` are set for ``not_assessed``
    and ``error``; ``remedy`` says what would assess it. ``shows`` is a text that the output of
    ``reproduce`` contains when the finding is true.
    """

    check: str
    element: Element
    outcome: Outcome
    subject: Subject
    severity: Severity
    confidence: Confidence = Confidence.CERTAIN
    vantage: Vantage = Vantage.OBSERVED
    variant: str = ""
    summary: str = ""
    observed: str = ""
    expected: str = ""
    reproduce: str = ""
    shows: str = ""
    reason: Reason | None = None
    detail: str = ""
    remedy: str = ""
    observations: tuple[str, ...] = ()
    part: str = ""
    """What of its place it is about, where that holds several: an account, a key, a feed."""
    fingerprint: str = ""
    waiver: str = ""
    """The id of the waiver that takes this finding out of the gate."""
    baseline: Literal["", "new", "known"] = ""
    """Whether a finding stood in the baseline; empty without one."""

    @property
    def is_finding(self) -> bool:
        """True for a failed result."""
        return self.outcome is Outcome.FAIL


def fingerprint(check: str, variant: str, identity: str, place: str, part: str = "") -> str:
    """A name for a finding that survives a rescan and a rebuild: 16 hex digits.

    ``identity``, ``place`` and ``part`` are those of :mod:`iotscan.model.lasting`: the device or image,
    the service or path in it without version and line, and which of the things there.
    """
    text = "\x1f".join(("iotscan-fingerprint-2", check, variant, identity, place, part))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
