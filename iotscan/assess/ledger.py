"""Grades kept by counting, so that taking a check's fails away costs what it changes and no more.

What :func:`iotscan.assess.grading.grade` works out of results, this keeps as counts of severities for each element of
each device; tests hold the two against each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from iotscan.assess.grading import ENOUGH, NOT_GRADED, show
from iotscan.assess.standing import Standing, letter, most_severe, weakest
from iotscan.model.grade import Letter
from iotscan.model.vocabulary import Element, Severity, Vantage

Key = tuple[str, Element]
"""An element of a device or image."""
_LEVELS = tuple(Severity)
_ENOUGH_OF_ONE = 4
"""More fails of one severity than this change no letter."""


class Ledger:
    """The standings of some devices, or of one image, with what they come to."""

    def __init__(self, owned: Mapping[str, Sequence[Standing]], *, are_devices: bool) -> None:
        self._are_devices = are_devices
        self._owners = tuple(owned)
        self.elements: dict[Key, _Element] = {(o, e): _Element() for o in owned for e in Element}
        self.fails: dict[str, list[tuple[Key, Standing]]] = {}
        for owner, standings in owned.items():
            for standing in standings:
                key = owner, standing.element
                self.elements[key].add(standing)
                if standing.fails:
                    self.fails.setdefault(standing.check, []).append((key, standing))

    def repair(self, check: str) -> None:
        """Turn every fail of a check into a pass; what was open stays open."""
        for key, standing in self.fails.pop(check):
            self.elements[key].repair(standing)

    @property
    def best(self) -> Letter:
        """The better end of the grade of all of them."""
        return weakest(e.best for e in self.elements.values())

    @property
    def shown(self) -> str:
        """The grade of all of them as a person reads it."""
        worst = weakest(e.worst for e in self.elements.values())
        is_graded = any(
            e.is_graded(needs_image=self._are_devices and key[1] is Element.HARDWARE)
            for key, e in self.elements.items()
        )
        return show(self.best, worst, is_graded=is_graded) if self._owners else NOT_GRADED


class _Element:
    """Counts of one element: fails and doubts by severity, what was assessed, what is open."""

    def __init__(self) -> None:
        self.fails = [0] * len(_LEVELS)
        self.doubts = [0] * len(_LEVELS)
        self.assessed = 0
        self.unknown = 0
        self.configured = 0
        self.best: Letter = "A"
        self.worst: Letter = "A"

    def add(self, standing: Standing) -> None:
        self._count(standing, standing.fails, 1)
        self._cover(standing.is_assessed, standing.is_unknown, standing, 1)

    def repair(self, standing: Standing) -> None:
        self._count(standing, standing.fails, -1)
        self._count(standing, (), 1)
        self._cover(standing.is_assessed, standing.is_unknown, standing, -1)
        self._cover(not standing.unknowns, bool(standing.unknowns), standing, 1)

    def _count(self, standing: Standing, fails: Sequence[object], by: int) -> None:
        if fails:
            self.fails[_LEVELS.index(standing.weighs)] += by
        doubtful = (*(standing.fails if fails else ()), *standing.unknowns)
        if doubtful:
            self.doubts[_LEVELS.index(most_severe(doubtful))] += by
        self.best, self.worst = _letter(self.fails), _letter(self.doubts)

    def _cover(self, is_assessed: bool, is_unknown: bool, standing: Standing, by: int) -> None:
        self.assessed += by * is_assessed
        self.unknown += by * is_unknown
        self.configured += by * (is_assessed and any(r.vantage is Vantage.CONFIGURED for r in standing.results))

    def is_graded(self, *, needs_image: bool) -> bool:
        if not self.assessed:
            return False
        is_thin = self.assessed / (self.assessed + self.unknown) < ENOUGH
        return not (self.best == "A" and (is_thin or (needs_image and not self.configured)))


def _letter(counts: Iterable[int]) -> Letter:
    return _letter_of(tuple(min(n, _ENOUGH_OF_ONE) for n in counts))


@cache
def _letter_of(counts: tuple[int, ...]) -> Letter:
    return letter(severity for severity, count in zip(_LEVELS, counts, strict=True) for _ in range(count))
