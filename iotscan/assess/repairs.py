"""What holds a grade down, what would settle it, and the fewest repairs that lift it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from iotscan.assess.standing import Standing, best_of, by_element, letter, most_severe, weakest
from iotscan.model.grade import LETTERS, Grade, Letter, Repair, Unknown
from iotscan.model.result import Result
from iotscan.model.vocabulary import Severity

Owned = Mapping[str, Sequence[Standing]]
"""Device or image id -> its standings."""


def capping(standings: Sequence[Standing], best: Letter) -> tuple[Result, ...]:
    """The failed results that set ``best``: the most severe ones of each element that is no better."""
    if best == "A":
        return ()
    found: list[Result] = []
    for members in by_element(standings).values():
        fails = [s for s in members if s.fails]
        if letter(s.weighs for s in fails) == best:
            top = most_severe(r for s in fails for r in s.fails)
            found += [r for s in fails for r in s.fails if r.severity is top]
    return tuple(found)


def narrowing(standings: Sequence[Standing], elements: Mapping[str, Grade], best: Letter) -> tuple[Unknown, ...]:
    """The unknown checks that keep worst apart from best, most severe first, each with what would assess it."""
    found = [
        _unknown(s)
        for s in standings
        if s.unknowns and elements[s.element.value].worst > best and not _is_settled_by_its_fails(s)
    ]
    return order_unknowns(found)


def order_unknowns(unknowns: Iterable[Unknown]) -> tuple[Unknown, ...]:
    """Most severe first; each check once."""
    ordered = sorted(unknowns, key=lambda u: (-Severity(u.severity).rank, u.check, u.reason, u.remedy))
    return tuple({u.check: u for u in reversed(ordered)}.values())[::-1]


def find_repairs(owned: Owned, best: Letter) -> tuple[Repair, ...]:
    """The fewest failed results whose repair lifts ``best`` by one letter, and by two.

    All failing results of a check on one device or image go together, because the worst of them counts.
    How many fails of a severity a letter allows does not depend on the other severities, so taking the
    smallest surplus of each is the smallest set there is. ``reaches`` is what grading again without
    them gives, which may be better still.
    """
    repairs: list[Repair] = []
    for steps in (1, 2):
        index = LETTERS.index(best) - steps
        if index < 0:
            continue
        repaired = {owner: _surplus(standings, LETTERS[index]) for owner, standings in owned.items()}
        reaches = weakest(best_of(_without(standings, repaired[owner])) for owner, standings in owned.items())
        results = [r for standings in repaired.values() for s in standings for r in s.fails]
        results.sort(key=lambda r: (-r.severity.rank, r.check, r.fingerprint))
        repair = Repair(reaches=reaches, findings=tuple(r.fingerprint for r in results))
        if repair not in repairs:
            repairs.append(repair)
    return tuple(repairs)


def _without(standings: Sequence[Standing], repaired: Sequence[Standing]) -> list[Standing]:
    gone = {s.check for s in repaired}
    return [s for s in standings if s.check not in gone]


def _surplus(standings: Sequence[Standing], target: Letter) -> tuple[Standing, ...]:
    """The standings to repair so that every element is at ``target`` or better."""
    surplus: list[Standing] = []
    for members in by_element(standings).values():
        for severity in Severity:
            allowed = room(severity, target)
            if allowed is None:
                continue
            alike = [s for s in members if s.fails and s.weighs is severity]
            alike.sort(key=lambda s: (len(s.fails), s.check))
            surplus += alike[: max(0, len(alike) - allowed)]
    return tuple(surplus)


@cache
def room(severity: Severity, target: Letter) -> int | None:
    """How many fails of a severity an element at ``target`` may have; None for any number."""
    return next((n - 1 for n in range(1, 5) if letter([severity] * n) > target), None)


def _is_settled_by_its_fails(standing: Standing) -> bool:
    """True when its unknowns cannot make it worse than its fails already do."""
    fails, unknowns = standing.fails, standing.unknowns
    return bool(fails) and most_severe(fails).rank >= most_severe(unknowns).rank


def _unknown(standing: Standing) -> Unknown:
    first = min(
        standing.unknowns,
        key=lambda r: (-r.severity.rank, not (r.reason and r.reason.is_involuntary), r.reason or "", r.remedy),
    )
    return Unknown(
        check=standing.check,
        severity=first.severity.value,
        reason=first.reason.value if first.reason else first.outcome.value,
        remedy=first.remedy,
    )
