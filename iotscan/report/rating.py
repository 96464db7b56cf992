"""Grades as rows: who stands where, why, and what would change it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec.structs import replace

from iotscan.model.device import Device, Image, ImagePart
from iotscan.model.grade import LETTERS, Gradebook
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Reason, Severity, Vantage
from iotscan.report.content import Cause, ElementRow, Lift, NetworkRow, Open, OwnerRow, Takes
from iotscan.report.identity import (
    devices_of_images,
    image_ids,
    images_run,
    kind,
    maker,
    model,
    oneness,
    programs,
    remarks,
    traits,
)
from iotscan.report.places import Places, address_order
from iotscan.report.words import NOTHING, REASONS, clean, counted

Named = Callable[[Subject], str]
_JUDGED = (Outcome.PASS, Outcome.FAIL)
_UNKNOWN = (Outcome.NOT_ASSESSED, Outcome.ERROR)

_ROLES = {
    "root": "root file system",
    "initramfs": "first root file system",
    "files": "files",
    "container": "holds what follows",
    "code": "code",
    "sealed": "needs a key: not looked into",
    "blank": "empty",
    "opaque": "not read",
}


def devices(run: Run) -> tuple[OwnerRow, ...]:
    """Every device, worst first, those without a letter last."""
    results, runs, weighing = _by_owner(run.results), images_run(run), _weighing(run)
    rows = (_device(d, run, results[d.id], weighing[d.id], runs.get(d.id, "")) for d in run.devices)
    return tuple(sorted(rows, key=lambda r: (*letter_order(r.shown), *address_order(r.address))))


def images(run: Run) -> tuple[OwnerRow, ...]:
    """Every image, worst first."""
    results, weighing, bearers = _by_owner(run.results), _weighing(run), devices_of_images(run)
    rows = (_image(i, run, results[i.id], weighing[i.id], bearers.get(i.id, "")) for i in run.images)
    return tuple(sorted(rows, key=lambda r: (*letter_order(r.shown), r.label)))


def letter_order(shown: str) -> tuple[int, bool]:
    """A sort key for shown letters: F to A, a plain letter before an open one, ``–`` last."""
    letter = shown[-1:]
    rank = len(LETTERS) - LETTERS.index(letter) if letter in LETTERS else len(LETTERS) + 1
    return (rank, shown.startswith("≤"))


def _by_owner(results: Iterable[Result]) -> defaultdict[str, list[Result]]:
    owned: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        owned[result.subject.owner].append(result)
    return owned


def _weighing(run: Run) -> defaultdict[str, list[Result]]:
    """The results that weigh on the grade of each device and image: of one that runs the other, those of both.

    What an image answers itself is not asked of its devices again.
    """
    own = _by_owner(run.results)
    weighing = defaultdict(list, {owner: list(found) for owner, found in own.items()})
    for device, image in image_ids(run).items():
        answered = {r.check for r in own[image]}
        weighing[device] += own[image]
        weighing[image] += [r for r in own[device] if r.check not in answered]
    return weighing


def _device(device: Device, run: Run, results: list[Result], weighing: list[Result], image: str) -> OwnerRow:
    services = sorted(device.services)
    protocols = (clean(s.name if s.protocol == "unknown" else s.protocol, 20) for s in services)
    return _row(
        run.grades.devices.get(device.id),
        results,
        weighing,
        OwnerRow(
            id=clean(device.id),
            address=clean(device.address, 60),
            label=clean(device.label, 60) if device.label != device.address else "",
            vendor=clean(maker(device), 60),
            model=clean(model(device), 60),
            kind="back end" if device.role == "backend" else kind(device.identity),
            identity=_known_of(device, image),
            remarks=remarks(device.identity),
            protocols=tuple(dict.fromkeys(protocols)),
            shown=NOTHING,
            findings={},
            elements=(),
            graded=0,
            assessed=0,
            total=0,
            cost=run.costs.get(device.id),
        ),
    )


def _known_of(device: Device, image: str) -> tuple[str, ...]:
    runs = (f"runs {p}" for p in programs(device.identity))
    return (*traits(device.identity), *runs, *filter(None, (oneness(device), image)))


def _image(image: Image, run: Run, results: list[Result], weighing: list[Result], devices: str) -> OwnerRow:
    return _row(
        run.grades.images.get(image.id),
        results,
        weighing,
        OwnerRow(
            id=clean(image.id),
            address=clean(image.source),
            label=clean(image.name or image.source, 60),
            model=clean(f"{image.format or 'unknown'}, {counted(image.files, 'file')}", 60),
            identity=(devices,) if devices else (),
            shown=NOTHING,
            findings={},
            elements=(),
            graded=0,
            assessed=0,
            total=0,
            holds=tuple(_part(p) for p in image.parts) if len(image.parts) > 1 else (),
            unread=tuple(clean(f"{_where(p)}: {p.problem}") for p in image.parts if p.problem),
        ),
    )


def _part(part: ImagePart) -> str:
    """A line on a part of an image: ``p2 (rootfs_a): ext4, root file system, 412 MiB``."""
    label = f" ({part.label})" if part.label else ""
    size = f", {size_of(part.size)}" if part.size else ""
    return clean(f"{_where(part)}{label}: {part.format or 'unknown'}, {_ROLES.get(part.role, part.role)}{size}")


def _where(part: ImagePart) -> str:
    return part.path or "the image"


def size_of(count: int) -> str:
    """A size in bytes as a person reads it: ``412 MiB``."""
    for unit, bits in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << bits:
            return f"{count / (1 << bits):.3g} {unit}"
    return f"{count} bytes"


def _row(book: Gradebook | None, results: list[Result], weighing: list[Result], row: OwnerRow) -> OwnerRow:
    """``row`` with the grade of its owner and what was found on it."""
    found = Counter(r.severity for r in results if r.is_finding)
    row = replace(row, findings={s: found[s] for s in Severity if found[s]})
    if book is None:
        judged = sum(r.outcome in _JUDGED for r in results)
        still = sum(r.outcome in (Outcome.NOT_ASSESSED, Outcome.ERROR) for r in results)
        return replace(row, assessed=judged, total=judged + still)
    return replace(
        row,
        shown=clean(book.shown),
        graded=book.graded_elements,
        assessed=book.coverage.assessed,
        total=book.coverage.assessed + book.coverage.unknown,
        elements=_elements(book, (weighing,)),
    )


def _elements(book: Gradebook, members: Sequence[Sequence[Result]]) -> tuple[ElementRow, ...]:
    """The five elements in their fixed order; one that the book lacks was not looked at.

    ``members`` are the results that weigh on each device or image of which the book tells.
    """
    rows = []
    for element in Element:
        grade = book.elements.get(element.value)
        each = [[r for r in results if r.element is element and r.outcome in _JUDGED] for results in members]
        judged = [r for results in each for r in results]
        assessed = grade.coverage.assessed if grade else 0
        rows.append(
            ElementRow(
                element=element.value,
                shown=clean(grade.shown) if grade else NOTHING,
                assessed=assessed,
                total=assessed + grade.coverage.unknown if grade else 0,
                failed=min(sum(map(_count_failed, each)), assessed),
                configured=bool(judged) and all(r.vantage is Vantage.CONFIGURED for r in judged),
            )
        )
    return tuple(rows)


def _count_failed(results: Iterable[Result]) -> int:
    """Failed checks of one device or image as coverage counts them: those that are information only not at all."""
    return len({r.check for r in results if r.is_finding and r.severity is not Severity.INFO})


def network(run: Run, places: Places) -> NetworkRow | None:
    """The network's grade, None without devices or before grading."""
    book = run.grades.network
    if book is None:
        return None
    weakest = [d for d, b in run.grades.devices.items() if b.best == book.best and b.shown != NOTHING]
    return NetworkRow(
        shown=clean(book.shown),
        letters=tuple(sorted(((clean(s), n) for s, n in book.letters.items()), key=lambda item: letter_order(item[0]))),
        devices=len(run.devices),
        not_assessed=book.not_assessed,
        weakest=tuple(sorted(places.told_apart(d) for d in weakest)) if book.best != "A" else (),
        assessed=book.coverage.assessed,
        total=book.coverage.assessed + book.coverage.unknown,
        elements=_elements(book, [found for owner, found in _weighing(run).items() if owner in run.grades.devices]),
    )


def takes(run: Run, places: Places) -> tuple[Takes, ...]:
    """Why the network, each image and each device has its letter, and what it takes to lift or settle it."""
    known = {r.fingerprint: r for r in run.results if r.fingerprint}
    weighing = _weighing(run)
    books = [b for b in (run.grades.network,) if b is not None]
    members = [*run.grades.images.values(), *run.grades.devices.values()]
    books += sorted(members, key=lambda b: (*letter_order(b.shown), places.label(b.owner)))
    everywhere = [r for device in run.devices for r in weighing[device.id]]
    rows = (
        _takes(b, known, everywhere, "network", places.place)
        if b is run.grades.network
        # On a line about one device its name would be said twice.
        else _takes(b, known, weighing[b.owner], places.label(b.owner), places.spot)
        for b in books
    )
    return tuple(r for r in rows if r.why or r.lifts or r.open)


def _takes(book: Gradebook, known: dict[str, Result], weighing: Sequence[Result], owner: str, named: Named) -> Takes:
    return Takes(
        owner=owner,
        shown=clean(book.shown),
        best=book.best,
        worst=book.worst,
        without_trust=_without_trust(book),
        why=_causes(book.caps, known, named),
        lifts=tuple(_lifts(book, known, weighing, named)),
        open=tuple(
            dict.fromkeys(
                Open(check=clean(u.check), severity=clean(u.severity), remedy=clean(u.remedy) or _remedy(u.reason))
                for u in book.narrow
            )
        ),
    )


def _without_trust(book: Gradebook) -> str:
    """Both letters where both differ, the overall one first; SSL Labs says "if trust issues are ignored"."""
    elements = ", ".join(
        f"{name} {grade.without_trust}" for name, grade in book.elements.items() if grade.without_trust
    )
    if not book.without_trust:
        return clean(elements)
    return clean(f"{book.without_trust} ({elements})" if elements else book.without_trust)


def _remedy(reason: str) -> str:
    """What lifts a reason; an error of ours has none of its own."""
    return REASONS[Reason(reason) if reason in set(Reason) else Reason.PROBE_ERROR][1]


def _lifts(book: Gradebook, known: dict[str, Result], weighing: Sequence[Result], named: Named) -> Iterator[Lift]:
    """Each lift with the repairs that it adds to the one before it, or all of its own where it starts anew."""
    done: set[str] = set()
    for repair in book.raises:
        wanted = set(repair.findings)
        # Repairs lift the best end only: what is open stays open, also where a settled F hid that it is.
        at_best = "≤" if book.narrow or _is_open(weighing, [known[f] for f in wanted if f in known]) else ""
        before = len(done) if done <= wanted else 0
        fresh = wanted - done if before else wanted
        yield Lift(
            reaches=f"{at_best}{repair.reaches}",
            repairs=len(wanted),
            before=before,
            causes=_causes(sorted(fresh), known, named),
        )
        done = wanted


def _is_open(weighing: Iterable[Result], repaired: Iterable[Result]) -> bool:
    """Whether something that counts is unknown, besides the checks that are repaired."""
    done = {(r.subject.owner, r.check) for r in repaired}
    return any(
        r.outcome in _UNKNOWN and r.severity is not Severity.INFO and (r.subject.owner, r.check) not in done
        for r in weighing
    )


def _causes(fingerprints: Sequence[str], known: dict[str, Result], named: Named) -> tuple[Cause, ...]:
    """Results by check, most severe first. A fingerprint without its result is named as such."""
    found = [known[f] for f in fingerprints if f in known]
    found.sort(key=lambda r: (-r.severity.rank, r.check, r.subject))
    where: dict[str, dict[str, None]] = {}
    for result in found:
        where.setdefault(clean(result.check), {})[named(result.subject)] = None
    lost = sorted(clean(f) for f in fingerprints if f not in known)
    return (*(Cause(check=c, places=tuple(p)) for c, p in where.items()), *(Cause(check=f, places=()) for f in lost))
