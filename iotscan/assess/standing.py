"""What one check comes to on one device or image, and the letter that a set of such fails makes.

A check counts once for each device or image. Where it has several results there (services, files), the
worst outcome says whether it is assessed. For the letters, ``best`` takes its most severe fail; ``worst``
takes the most severe of its fails and of what its unknowns may turn out to be, so that losing evidence of
one service never improves a grade because another service fails less badly.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from iotscan.model.grade import Letter
from iotscan.model.result import Result
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity

_UNKNOWN = (Outcome.NOT_ASSESSED, Outcome.ERROR)
FOR_OTHERS = (Reason.NEEDS_NETWORK, Reason.NEEDS_TRAFFIC)
"""What no image answers."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One check on one device or image: all its results there that count."""

    check: str
    element: Element
    results: tuple[Result, ...]
    fails: tuple[Result, ...]
    """The failed results."""
    unknowns: tuple[Result, ...]
    """The results that are not assessed; an error of ours counts as that."""

    @property
    def outcome(self) -> Outcome:
        """The outcome that counts: the worst."""
        return max((r.outcome for r in self.results), key=lambda o: o.weight)

    @property
    def is_assessed(self) -> bool:
        """True for a pass or a fail."""
        return self.outcome in (Outcome.PASS, Outcome.FAIL)

    @property
    def is_unknown(self) -> bool:
        """True when it is not assessed and may be applicable."""
        return self.outcome in _UNKNOWN

    @property
    def weighs(self) -> Severity:
        """The severity it fails with. Only where there are :attr:`fails`."""
        return most_severe(self.fails)


def gather_standings(results: Iterable[Result]) -> dict[str, tuple[Standing, ...]]:
    """Owner -> its checks that count, sorted by id. The profile's exclusions and informational results do not."""
    gathered: dict[tuple[str, str, Element], list[Result]] = defaultdict(list)
    for result in results:
        if result.severity is not Severity.INFO and not (result.reason and result.reason.is_of_the_profile):
            gathered[result.subject.owner, result.check, result.element].append(result)
    by_owner: dict[str, list[Standing]] = defaultdict(list)
    for (owner, check, element), found in sorted(gathered.items()):
        if len(found) > 1:
            found.sort(key=lambda r: (r.fingerprint, msgspec.json.encode(r)))
        by_owner[owner].append(_standing(check, element, found))
    return {owner: tuple(found) for owner, found in by_owner.items()}


def with_images(
    standings: Mapping[str, tuple[Standing, ...]], runs: Mapping[str, str]
) -> dict[str, tuple[Standing, ...]]:
    """Standings in which those of a device and of the image that it runs (device id -> image id) complete each other.

    What one vantage could not see counts only where no vantage saw it. A device counts all that its image shows, an
    image of its devices only what no image shows: what one of them does otherwise than its image is its own.
    """
    joined = dict(standings)
    bearers: dict[str, list[str]] = defaultdict(list)
    for device, image in runs.items():
        bearers[image].append(device)
        joined[device] = _completed(standings, device, (image,), _both)
    for image, devices in bearers.items():
        joined[image] = _completed(standings, image, devices, _or_else)
    return joined


def answers_of(results: Iterable[Result], *, is_image: bool) -> list[Result]:
    """What results of a device or an image say themselves: without those that leave the answer to another vantage."""
    left = FOR_OTHERS if is_image else (Reason.NEEDS_IMAGE,)
    return [r for r in results if r.reason not in left]


def _completed(
    standings: Mapping[str, tuple[Standing, ...]],
    owner: str,
    others: Sequence[str],
    put_together: Callable[[list[Result], list[Result]], list[Result]],
) -> tuple[Standing, ...]:
    """The standings of an owner with what others show of it."""
    own = {(s.check, s.element): s.results for s in standings.get(owner, ())}
    theirs: dict[tuple[str, Element], list[Result]] = defaultdict(list)
    for standing in (s for other in others for s in standings.get(other, ())):
        theirs[standing.check, standing.element] += standing.results
    keys = sorted(own.keys() | theirs.keys())
    return tuple(_standing(*key, put_together(list(own.get(key, ())), theirs[key])) for key in keys)


def _both(own: list[Result], of_image: list[Result]) -> list[Result]:
    return _applicable([*answers_of(own, is_image=False), *answers_of(of_image, is_image=True)]) or own or of_image


def _or_else(own: list[Result], of_devices: list[Result]) -> list[Result]:
    answered = answers_of(own, is_image=True) or _applicable(answers_of(of_devices, is_image=False))
    return answered or own or of_devices


def _applicable(found: list[Result]) -> list[Result]:
    """What applies, where anything does."""
    return [r for r in found if r.outcome is not Outcome.NOT_APPLICABLE] or found


def _standing(check: str, element: Element, found: Sequence[Result]) -> Standing:
    return Standing(
        check=check,
        element=element,
        results=tuple(found),
        fails=tuple(r for r in found if r.outcome is Outcome.FAIL),
        unknowns=tuple(r for r in found if r.outcome in _UNKNOWN),
    )


def most_severe(results: Iterable[Result]) -> Severity:
    """The highest severity among results."""
    return max((r.severity for r in results), key=lambda s: s.rank)


def letter(severities: Iterable[Severity]) -> Letter:
    """The letter of some severities, each that of one failed check. Informational ones never count."""
    count = list(severities).count
    if count(Severity.CRITICAL) or count(Severity.HIGH) > 3:
        return "F"
    if count(Severity.HIGH) > 1:
        return "E"
    if count(Severity.HIGH) or count(Severity.MEDIUM) > 3:
        return "D"
    if count(Severity.MEDIUM) or count(Severity.LOW) > 3:
        return "C"
    return "B" if count(Severity.LOW) else "A"


def weakest(letters: Iterable[Letter]) -> Letter:
    """The worst of some letters; A without any."""
    return max(letters, default="A")


def by_element(standings: Iterable[Standing]) -> Mapping[Element, tuple[Standing, ...]]:
    """The standings of each of the five elements, in their order; empty where there are none."""
    listed = tuple(standings)
    return {element: tuple(s for s in listed if s.element is element) for element in Element}


def best_of(standings: Iterable[Standing]) -> Letter:
    """The best end of what some standings on one device or image come to: unknowns count as passed."""
    elements = by_element(standings).values()
    return weakest(letter(s.weighs for s in found if s.fails) for found in elements)
