"""What a run says that the history keeps: devices with their marks, the keys that they show, findings in numbers."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from iotscan.model.facts import Certificate, CertificateChain, SshServer
from iotscan.model.grade import Coverage
from iotscan.model.identity import Key, provisional_ids
from iotscan.model.lasting import borne
from iotscan.model.result import Result
from iotscan.model.run import Run, read_moment
from iotscan.model.sighting import KeyKind

SEVERITIES = ("critical", "high", "medium", "low", "info")


class TakenKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key at a service; ``certificate`` is that which carried it."""

    service: str
    opening: str
    kind: KeyKind
    algorithm: str
    sha256: str
    certificate: Certificate | None = None


class TakenOwner(msgspec.Struct, frozen=True, kw_only=True):
    """A device or image as one run saw it; ``marks`` with the strongest first."""

    kind: str
    id: str
    label: str
    address: str = ""
    marks: tuple[Key, ...]
    keys: tuple[TakenKey, ...] = ()
    grade: tuple[str, int, int] = ("", 0, 0)
    """The letter as it is shown, and how many of how many applicable checks were assessed."""


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a run stands among the others: by its start, runs of one second by their ids."""

    at: str
    run: str


def place_of(run: Run) -> Place:
    """Where a run stands. Raises BadInput where its file does not say when it started."""
    started = read_moment(run.started, f"'started' of run {run.id[:60]}")
    return Place(started.isoformat(timespec="microseconds"), run.id)


def owners_of(run: Run) -> tuple[TakenOwner, ...]:
    """Every device and image of a run."""
    marks = borne(run.devices, run.observations)
    shown = keys_of(run)
    devices = (
        TakenOwner(
            kind="device",
            id=device.id,
            label=device.label,
            address=device.address if device.addresses else "",
            marks=marks[device.id],
            keys=shown.get(device.id, ()),
            grade=_grade_of(run, device.id),
        )
        for device in run.devices
    )
    names = Counter(image.name for image in run.images)
    images = (
        TakenOwner(
            kind="image",
            id=image.id,
            label=image.name or image.source,
            marks=(("image", image.name) if image.name and names[image.name] == 1 else ("source", image.source),),
            grade=_grade_of(run, image.id),
        )
        for image in run.images
    )
    return (*devices, *images)


def keys_of(run: Run) -> dict[str, tuple[TakenKey, ...]]:
    """Device id -> the keys that its services proved to hold."""
    home = {old: device.id for device in run.devices for old in provisional_ids(device)}
    found: dict[str, dict[tuple[str, str, str, str], TakenKey]] = {}
    for observation in run.observations:
        owner = home.get(observation.subject.device, observation.subject.device)
        for key in _keys_in(observation.fact, observation.subject.service) if owner else ():
            held = found.setdefault(owner, {})
            held.setdefault((key.service, key.opening, key.kind, key.sha256), key)
    return {owner: tuple(held[place] for place in sorted(held)) for owner, held in found.items()}


def _keys_in(fact: object, service: str) -> Iterator[TakenKey]:
    if isinstance(fact, SshServer):
        for key in fact.host_keys.known or ():
            yield TakenKey(service=service, opening="", kind="ssh", algorithm=key.algorithm, sha256=key.sha256)
    elif isinstance(fact, CertificateChain) and fact.certificates and not fact.is_unproved:
        leaf = fact.certificates[0]
        yield TakenKey(
            service=service,
            opening=fact.opening,
            kind="tls",
            algorithm=leaf.key_type,
            sha256=leaf.spki_sha256,
            certificate=leaf,
        )


def _grade_of(run: Run, owner: str) -> tuple[str, int, int]:
    """The letter as it is shown, and how many of how many applicable checks were assessed."""
    book = run.grades.devices.get(owner) or run.grades.images.get(owner)
    return (book.shown, *counted(book.coverage)) if book else ("", 0, 0)


def counted(coverage: Coverage) -> tuple[int, int]:
    """Assessed, and of how many."""
    return coverage.assessed, coverage.assessed + coverage.unknown


def findings_of(run: Run) -> tuple[Result, ...]:
    """Each finding once by its fingerprint."""
    return tuple({r.fingerprint: r for r in run.results if r.is_finding and r.fingerprint}.values())
