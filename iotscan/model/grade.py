"""Letters as intervals, with what made them."""

from typing import Literal

import msgspec

Letter = Literal["A", "B", "C", "D", "E", "F"]
LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D", "E", "F")


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the applicable checks were assessed."""

    assessed: int
    unknown: int

    @property
    def ratio(self) -> float:
        """Share of applicable checks that were assessed, 0 to 1; 0 when there is nothing."""
        total = self.assessed + self.unknown
        return self.assessed / total if total else 0.0


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """An interval of letters for one element: ``best`` counts unknowns as passed, ``worst`` as failed.

    ``shown`` is what a person reads: one letter, ``≤C``, or ``–``.
    """

    best: Letter
    worst: Letter
    shown: str
    coverage: Coverage
    without_trust: str = ""
    """What would be shown without the checks of who vouches for a certificate; empty where that is no better letter."""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """A check that keeps worst apart from best, and what would assess it."""

    check: str
    severity: str
    reason: str
    remedy: str


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """The failed results whose repair lifts ``best`` to ``reaches``: check ids with their subject."""

    reaches: Letter
    findings: tuple[str, ...]
    """Fingerprints of the results to repair."""


class Gradebook(msgspec.Struct, frozen=True, kw_only=True):
    """The grade of a device, an image or the network.

    ``caps`` are fingerprints of the failed results that set ``best``; ``narrow`` the unknown checks,
    most severe first; ``raises`` what lifts it by one letter, and by two. ``letters`` counts members
    at each shown letter (network only).
    """

    owner: str
    best: Letter
    worst: Letter
    shown: str
    coverage: Coverage
    elements: dict[str, Grade]
    graded_elements: int
    caps: tuple[str, ...] = ()
    narrow: tuple[Unknown, ...] = ()
    raises: tuple[Repair, ...] = ()
    letters: dict[str, int] = {}
    not_assessed: int = 0
    """Devices found of which nothing could be assessed (network only)."""
    without_trust: str = ""
    """As in :attr:`Grade.without_trust`."""


class Grades(msgspec.Struct, frozen=True, kw_only=True):
    """All grades of a run, by device id and image id, and the network's (absent without devices)."""

    network: Gradebook | None = None
    devices: dict[str, Gradebook] = {}
    images: dict[str, Gradebook] = {}
