"""What a person is told of a run, as data: the content that every human-readable writer shares.

All text in a view is one printable line: writers lay it out and escape for their own format.
"""

import msgspec

from iotscan.model.run import Cost
from iotscan.model.vocabulary import Severity
from iotscan.report.prose import Block
from iotscan.report.talk_rows import Traffic


class ElementRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of the five elements. ``configured`` when all evidence is what an image says, not what runs.

    A check counts once for each device or image; of the ``assessed`` ones ``failed`` failed.
    """

    element: str
    shown: str
    assessed: int
    total: int
    failed: int = 0
    configured: bool = False

    @property
    def passed(self) -> int:
        """Assessed and good."""
        return self.assessed - self.failed

    @property
    def not_assessed(self) -> int:
        """Applicable, and nobody knows."""
        return self.total - self.assessed


class OwnerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device or an image: who it is, how it is graded, what was found and what stayed open.

    ``graded`` is the number of the five elements that carry a letter. ``findings`` counts by severity,
    most severe first, waived ones included (a waiver changes no grade).
    """

    id: str
    address: str
    label: str
    vendor: str = ""
    model: str = ""
    kind: str = ""
    """``camera``, with ``?`` behind it where that is only hinted at; empty where nothing tells."""
    identity: tuple[str, ...] = ()
    """What a device is and how that is known, then what runs on it: one sentence each."""
    remarks: tuple[str, ...] = ()
    """Why what is known of a device has to be read with care."""
    protocols: tuple[str, ...] = ()
    shown: str
    graded: int
    assessed: int
    total: int
    findings: dict[Severity, int]
    elements: tuple[ElementRow, ...]
    cost: Cost | None = None
    holds: tuple[str, ...] = ()
    """What was found in an image, a line each; empty where it is one file system and nothing else."""
    unread: tuple[str, ...] = ()
    """What of an image could not be read, with why."""

    @property
    def not_assessed(self) -> int:
        """Checks that are open on it."""
        return self.total - self.assessed


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One failed result at one place. ``fingerprint`` is the beginning of ``whole_fingerprint``.

    ``label`` is empty where ``where`` says it.
    """

    label: str
    where: str
    summary: str
    observed: str
    expected: str
    confidence: str
    reproduce: str
    fingerprint: str
    waiver: str = ""
    waived: str = ""
    """The waiver in words: ``W-2026-014 until 2027-02-20 (jane.doe@example.com)``; empty without one."""
    baseline: str = ""
    """``new`` or ``known`` since the run that this one is compared with; empty without one."""
    configured: bool = False
    attested: bool = False
    """A person says so; nobody saw it."""
    whole_fingerprint: str = ""


class FindingGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The same thing wrong at one or more places: severity, sentence, remedy, then the places.

    ``fix`` is the first sentence of ``remedy``. ``clauses`` are those to which it is evidence relevant.
    """

    severity: Severity
    check: str
    element: str
    title: str
    fix: str
    findings: tuple[Finding, ...]
    matters: tuple[Block, ...] = ()
    remedy: tuple[Block, ...] = ()
    references: tuple[Block, ...] = ()
    clauses: tuple[str, ...] = ()

    def shared(self, field: str) -> str:
        """The value of ``field`` when it is the same at every place, else empty."""
        values = {getattr(f, field) for f in self.findings}
        return str(values.pop()) if len(values) == 1 else ""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """A check and at how many places."""

    check: str
    places: int


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """What was not assessed for one reason, and what it would take."""

    reason: str
    words: str
    voluntary: bool
    count: int
    owners: int
    checks: tuple[Tally, ...]
    remedies: tuple[str, ...]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """An error of ours."""

    what: str
    where: str
    text: str


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A check and the places where it failed, as the reason of a grade."""

    check: str
    places: tuple[str, ...]


class Lift(msgspec.Struct, frozen=True, kw_only=True):
    """The letter that ``repairs`` repairs reach. ``causes`` leave out the ``before`` repairs of the lift above."""

    reaches: str
    repairs: int
    before: int
    causes: tuple[Cause, ...]


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """An open question that widens a grade, and what would settle it."""

    check: str
    severity: str
    remedy: str


class Takes(msgspec.Struct, frozen=True, kw_only=True):
    """Why a grade is what it is, what lifts it, what would settle it; ``best`` and ``worst`` are its ends."""

    owner: str
    shown: str
    best: str
    worst: str
    without_trust: str = ""
    """``B (communication ≤A)``: the letters without the question of who vouches for certificates, where better."""
    why: tuple[Cause, ...]
    lifts: tuple[Lift, ...]
    open: tuple[Open, ...]


class NetworkRow(msgspec.Struct, frozen=True, kw_only=True):
    """The network's grade: letter, distribution over devices, weakest devices, five elements."""

    shown: str
    letters: tuple[tuple[str, int], ...]
    devices: int
    not_assessed: int
    weakest: tuple[str, ...]
    assessed: int
    total: int
    elements: tuple[ElementRow, ...]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What was run, when, by whose word and with what: all that a reader needs to trust it or to repeat it.

    Times are ``2026-11-22 18:00:00 UTC`` or empty. ``granted`` are the words that granted more than the default.
    """

    tool: str
    command: str
    targets: tuple[str, ...]
    run: str
    started: str
    finished: str
    as_of: str
    profile: str
    profile_sha256: str
    required: tuple[str, ...]
    checks: int
    authority: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    granted: tuple[str, ...]
    scope_sha256: str
    redaction: str
    audit_root: str
    """Empty where nothing was sent."""


class WaiverRow(msgspec.Struct, frozen=True, kw_only=True):
    """A waiver and what became of it: ``applied``, ``expired``, ``unused``, ``void`` or ``not_asked``."""

    id: str
    check: str
    target: str
    decision: str
    reason: str
    owner: str
    expires: str
    state: str
    findings: int
    notes: tuple[str, ...] = ()
    approved_by: str = ""
    ticket: str = ""


class AttestationRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of a check that only a person can answer, and what became of it."""

    id: str
    check: str
    target: str
    holds: bool
    by: str
    reference: str
    expires: str
    state: str
    notes: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A command to type next, and what for."""

    command: str
    purpose: str


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run in the order in which it is told."""

    title: tuple[str, ...]
    """Lines that say what this is: tool, target, profile, run, time, scope, grants."""
    about: About
    banner: str
    """What every page of a report at this redaction level says first; empty where nothing need be said."""
    partial: str
    network: NetworkRow | None
    devices: tuple[OwnerRow, ...]
    images: tuple[OwnerRow, ...]
    findings: tuple[FindingGroup, ...]
    takes: tuple[Takes, ...]
    gaps: tuple[Gap, ...]
    passed: tuple[Tally, ...]
    faults: tuple[Fault, ...]
    notices: tuple[tuple[str, str], ...]
    gate: str
    """``PASS``, ``FAIL``, ``NO GATE`` or ``NO VERDICT``, with `` · INCOMPLETE``."""
    verdict: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    rules: tuple[str, ...]
    """What the gate was asked to hold, in words; empty where nothing was asked."""
    is_complete: bool
    """False also for a run that nobody judged."""
    exit_code: int | None
    steps: tuple[Step, ...]
    baseline: str = ""
    """What the comparison with the baseline says, empty without one."""
    waivers: tuple[WaiverRow, ...] = ()
    attestations: tuple[AttestationRow, ...] = ()
    traffic: Traffic | None = None
    """What devices were seen to say; None where no traffic was read."""

    @property
    def severities(self) -> dict[Severity, int]:
        """Findings by severity, most severe first, only those that occur."""
        counts = {s: sum(len(g.findings) for g in self.findings if g.severity is s) for s in Severity}
        return {s: n for s, n in counts.items() if n}

    @property
    def waived(self) -> int:
        """Findings that a waiver takes out of the gate."""
        return sum(bool(f.waiver) for g in self.findings for f in g.findings)

    @property
    def new(self) -> int:
        """Findings that the baseline did not have."""
        return sum(f.baseline == "new" for g in self.findings for f in g.findings)
