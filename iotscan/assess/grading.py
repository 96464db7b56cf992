"""Results become grades: an interval of letters that evidence narrows.

No weights, no averages. ``best`` counts what is unknown as passed, ``worst`` counts it as failed; more
evidence brings them together, and every letter is explained by naming results. How the results of one
check on one device come to one standing is in :mod:`.standing`. Waivers change nothing here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from iotscan.assess.repairs import capping, find_repairs, narrowing, order_unknowns
from iotscan.assess.standing import Standing, by_element, gather_standings, letter, most_severe, weakest, with_images
from iotscan.model.device import Device, Image
from iotscan.model.grade import Coverage, Grade, Gradebook, Grades, Letter
from iotscan.model.result import Result
from iotscan.model.vocabulary import Element, Vantage

NOT_GRADED = "–"
"""Shown where too little was assessed for any letter."""
ENOUGH = 0.5
"""Below this coverage an A is not shown: hardly anything was looked at."""
NETWORK = "network"
"""The owner of the network's grade."""


def grade(
    results: Iterable[Result],
    devices: Iterable[Device],
    images: Iterable[Image],
    runs: Mapping[str, str] = MappingProxyType({}),
) -> Grades:
    """Grade every device, every image and the network.

    A device of which the image is known that it runs (``runs``, device id -> image id) is graded by both: what only its
    image shows is no gap then.
    """
    standings = with_images(gather_standings(results), runs)
    device_ids, image_ids = sorted(d.id for d in devices), sorted(i.id for i in images)
    by_device = {key: _grade_owner(key, standings.get(key, ()), is_device=True) for key in device_ids}
    by_image = {key: _grade_owner(key, standings.get(key, ()), is_device=False) for key in image_ids}
    network = _grade_network(by_device, standings) if by_device else None
    return Grades(network=network, devices=by_device, images=by_image)


def _grade_owner(owner: str, standings: Sequence[Standing], *, is_device: bool) -> Gradebook:
    """As secure as its weakest element."""
    elements = grade_elements(standings, is_device=is_device)
    best = weakest(g.best for g in elements.values())
    worst = weakest(g.worst for g in elements.values())
    graded = sum(g.shown != NOT_GRADED for g in elements.values())
    return Gradebook(
        owner=owner,
        best=best,
        worst=worst,
        shown=show(best, worst, is_graded=graded > 0),
        coverage=_total(g.coverage for g in elements.values()),
        elements=elements,
        graded_elements=graded,
        caps=tuple(sorted(r.fingerprint for r in capping(standings, best))),
        narrow=narrowing(standings, elements, best),
        raises=find_repairs({owner: standings}, best),
    )


def grade_elements(standings: Sequence[Standing], *, is_device: bool) -> dict[str, Grade]:
    """The grade of each element of a device or image, by its name."""
    return {
        element.value: _grade_element(found, needs_image=is_device and element is Element.HARDWARE)
        for element, found in by_element(standings).items()
    }


def _grade_element(standings: Sequence[Standing], *, needs_image: bool) -> Grade:
    doubtful = [(*s.fails, *s.unknowns) for s in standings if s.fails or s.unknowns]
    best = letter(s.weighs for s in standings if s.fails)
    worst = letter(most_severe(found) for found in doubtful)
    assessed = [s for s in standings if s.is_assessed]
    coverage = Coverage(assessed=len(assessed), unknown=sum(s.is_unknown for s in standings))
    is_from_network = all(r.vantage is not Vantage.CONFIGURED for s in assessed for r in s.results)
    # The network alone can fail hardware and never praises it.
    is_idle_praise = best == "A" and (coverage.ratio < ENOUGH or (needs_image and is_from_network))
    return Grade(
        best=best,
        worst=worst,
        shown=show(best, worst, is_graded=bool(assessed) and not is_idle_praise),
        coverage=coverage,
    )


def _grade_network(books: Mapping[str, Gradebook], standings: Mapping[str, Sequence[Standing]]) -> Gradebook:
    """As secure as its weakest device."""
    members = books.values()
    best = weakest(b.best for b in members)
    worst = weakest(b.worst for b in members)
    elements = {e.value: join_element([b.elements[e.value] for b in members]) for e in Element}
    graded = sum(g.shown != NOT_GRADED for g in elements.values())
    letters = Counter(b.shown for b in members)
    silent = letters.pop(NOT_GRADED, 0)
    return Gradebook(
        owner=NETWORK,
        best=best,
        worst=worst,
        shown=show(best, worst, is_graded=silent < len(books)),
        coverage=_total(b.coverage for b in members),
        elements=elements,
        graded_elements=graded,
        caps=tuple(sorted({mark for b in members if b.best == best for mark in b.caps})),
        narrow=order_unknowns(
            u for owner, b in books.items() for u in narrowing(standings.get(owner, ()), b.elements, best)
        ),
        raises=find_repairs({owner: standings.get(owner, ()) for owner in books}, best),
        letters=dict(sorted(letters.items())),
        not_assessed=silent,
    )


def join_element(grades: Sequence[Grade]) -> Grade:
    """The weakest of some: an element of a network of its devices', a device of its elements."""
    best = weakest(g.best for g in grades)
    worst = weakest(g.worst for g in grades)
    is_graded = any(g.shown != NOT_GRADED for g in grades)
    return Grade(
        best=best,
        worst=worst,
        shown=show(best, worst, is_graded=is_graded),
        coverage=_total(g.coverage for g in grades),
    )


def _total(parts: Iterable[Coverage]) -> Coverage:
    listed = tuple(parts)
    return Coverage(assessed=sum(c.assessed for c in listed), unknown=sum(c.unknown for c in listed))


def show(best: Letter, worst: Letter, *, is_graded: bool) -> str:
    """What a person reads of an interval."""
    if not is_graded:
        return NOT_GRADED
    return best if best == worst else f"≤{best}"
