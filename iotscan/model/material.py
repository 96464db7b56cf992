"""What an audit report tells beyond its run: what was worked out of it, and what a person or a history adds."""

from typing import Literal

import msgspec

from iotscan.model.brand import Brand
from iotscan.model.comparison import Comparison
from iotscan.model.remedy import Remedy

RetestStatus = Literal["new", "open", "changed", "fixed", "not retested", "accepted"]


class Retest(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one finding since the audit before. ``since`` is the day it was first seen, or empty."""

    status: RetestStatus
    since: str = ""
    note: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the roadmap: one kind of thing to repair, wherever it is.

    ``reaches`` is what the network or image is graded once this and all steps before it are done, as it is shown.
    ``effort`` is the check's (``low``, ``medium``, ``high``); ``by`` who has to act.
    """

    check: str
    title: str
    severity: str
    findings: tuple[str, ...]
    """Fingerprints."""
    owners: tuple[str, ...]
    """Ids of the devices and images concerned."""
    effort: str
    by: Literal["owner", "vendor", "provider"]
    phase: Literal["P1", "P2", "P3"]
    reaches: str


class Roadmap(msgspec.Struct, frozen=True, kw_only=True):
    """What lifts one grade: the network's, or an image's. ``shown`` is the letter before any step.

    ``sentence`` is ``These four changes lift the network from D to B``, empty where nothing lifts it.
    """

    owner: str
    """``network`` or the id of an image."""
    shown: str
    steps: tuple[Step, ...]
    sentence: str = ""


class ClauseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A clause of a standard and what the run says about it; counts are of results.

    ``state`` is ``against`` as soon as one result is; ``documents`` where no tool can tell, whatever was seen.
    """

    id: str
    title: str
    """In our own words."""
    state: Literal["for", "against", "not assessed", "documents"]
    passed: int = 0
    failed: int = 0
    open: int = 0
    checks: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    """Ids of the checks that speak against it."""


class StandardTable(msgspec.Struct, frozen=True, kw_only=True):
    """A standard in one edition."""

    standard: str
    edition: str
    title: str
    note: str = ""
    rows: tuple[ClauseRow, ...]


class TrendPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a history in numbers."""

    run: str
    at: str
    shown: str
    devices: int
    findings: dict[str, int]
    """By severity."""
    assessed: int
    total: int
    rotated: int = 0
    """Services whose key is another than in the run before, of devices that are proved to be the same."""
    rotated_perhaps: int = 0
    """The same where nothing but the address is: rotated, or another device."""
    fixed: int = 0
    added: int = 0
    is_compared: bool = False
    """Whether ``fixed`` and ``added`` were found out: a first run has nothing before it, files may be gone."""


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the document's own history: written by persons."""

    version: str
    date: str
    author: str
    change: str


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. Everything may be missing: a report is whole without.

    ``comparison`` is with the audit before (:attr:`retests` is that by fingerprint); texts in it are as redacted as the
    run's are. ``made`` is the day of writing (``2026-11-27``).
    """

    made: str = ""
    is_final: bool = False
    title: str = ""
    editions: tuple[Edition, ...] = ()
    recipients: tuple[str, ...] = ()
    judgement: tuple[str, ...] = ()
    """What the person who signs makes of it: a paragraph each."""
    run_sha256: str = ""
    """Of the run file, where there is one."""
    brand: Brand = Brand()
    comparison: Comparison | None = None
    retests: dict[str, Retest] = {}
    trend: tuple[TrendPoint, ...] = ()
    roadmaps: tuple[Roadmap, ...] = ()
    standards: tuple[StandardTable, ...] = ()
    remedies: dict[str, tuple[Remedy, ...]] = {}
    """Fingerprint of a finding -> the changes that were proved to repair it."""
    versions: dict[str, str] = {}
    """What it was made with: Python, libraries, dates of the data."""
