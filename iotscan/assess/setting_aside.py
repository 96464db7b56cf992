"""Grades with and without one question: who vouches for certificates.

On a local network nearly nobody does, and a device that does everything else right is told apart from one that does
not only when that question is set aside, as SSL Labs does ("if trust issues are ignored"). The checks that ask it are
tagged ``trust``; grading knows nothing of them: it grades the results without theirs.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from iotscan.assess.check import Check
from iotscan.assess.grading import NOT_GRADED, grade, grade_elements, join_element
from iotscan.assess.standing import gather_standings, with_images
from iotscan.model.device import Device, Image
from iotscan.model.grade import Grade, Gradebook, Grades
from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome

TAG = "trust"


def of_trust(checks: Iterable[Check]) -> frozenset[str]:
    """The checks that ask who vouches for a certificate."""
    return frozenset(c.info.id for c in checks if TAG in c.info.tags)


def grade_aside(
    results: Sequence[Result],
    devices: Sequence[Device],
    images: Sequence[Image],
    *,
    aside: Collection[str],
    runs: Mapping[str, str] = MappingProxyType({}),
) -> Grades:
    """The grades; each with the letter that it would be without the checks ``aside``, where that is better.

    ``runs`` is which image a device runs: device id -> image id.
    """
    grades = grade(results, devices, images, runs)
    failed = {r.subject.owner for r in results if r.check in aside and r.outcome is Outcome.FAIL}
    # A device is graded by its image, too, and an image by what only its devices show.
    failed |= {other for one, two in runs.items() for failing, other in ((one, two), (two, one)) if failing in failed}
    if not failed:
        return grades
    wanted = failed | {image for device, image in runs.items() if device in failed}
    wanted |= {device for device, image in runs.items() if image in wanted}
    standings = gather_standings(r for r in results if r.subject.owner in wanted and r.check not in aside)
    standings = with_images(standings, runs)
    # Nobody else's grade is another without them.
    books = grades.devices | grades.images
    others = {
        owner: grade_elements(standings.get(owner, ()), is_device=owner in grades.devices)
        for owner in failed & books.keys()
    }
    network = grades.network
    if network is not None:
        members = [others.get(owner, book.elements) for owner, book in grades.devices.items()]
        network = _noted(network, {name: join_element([m[name] for m in members]) for name in network.elements})
    return Grades(network=network, devices=_each(grades.devices, others), images=_each(grades.images, others))


def _each(books: Mapping[str, Gradebook], others: Mapping[str, Mapping[str, Grade]]) -> dict[str, Gradebook]:
    return {owner: _noted(book, others[owner]) if owner in others else book for owner, book in books.items()}


def _noted(book: Gradebook, others: Mapping[str, Grade]) -> Gradebook:
    elements = {
        name: msgspec.structs.replace(one, without_trust=_better(one, others[name]))
        for name, one in book.elements.items()
    }
    whole = join_element(tuple(others.values()))
    return msgspec.structs.replace(book, elements=elements, without_trust=_better(book, whole))


def _better(one: Grade | Gradebook, other: Grade) -> str:
    """What ``other`` shows where it is a better letter than that of ``one``: no letter at all is none."""
    return other.shown if other.best < one.best and other.shown != NOT_GRADED else ""
