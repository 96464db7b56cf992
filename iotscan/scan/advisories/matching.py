"""The packages of every image compared with every record, in one pass over the records.

What comes out is a fact for each root file system, with what is affected and nothing else: a run can be judged again
without the data.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from iotscan.model.facts import (
    AdvisoryData,
    KnownVulnerabilities,
    OperatingSystem,
    Packages,
    StartedServices,
    kind_of,
)
from iotscan.model.observation import Attempt, Observation, observe
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason, Vantage
from iotscan.scan.advisories.data import AdvisoryFile
from iotscan.scan.advisories.inventory import Inventory, NoEcosystem
from iotscan.wire.osv.records import BadRecord, read_heading, read_record

PROBE = "advisories/1"
_KIND = kind_of(KnownVulnerabilities)
_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?=T|$)")
_EVERY = 1000
Told = Callable[[int], None]
"""Hears how many records were read."""
Posture = tuple[tuple[Observation, ...], tuple[Attempt, ...]]


def known_vulnerabilities(
    observations: Sequence[Observation],
    attempts: Sequence[Attempt],
    files: Sequence[AdvisoryFile],
    told: Told = lambda count: None,
) -> Posture:
    """What is known of the packages among the observations of images. Never raises for what the files hold."""
    inventories: list[Inventory] = []
    gaps = [_open(a.subject, a.status, a.reason, a.detail) for a in attempts if _is_gap(a)]
    for seen in observations:
        if isinstance(seen.fact, Packages):
            try:
                inventories.append(_inventory(seen.subject, seen.fact, observations))
            except NoEcosystem as error:
                gaps.append(_open(seen.subject, AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, str(error)))
    found: list[Observation] = []
    compared = _Comparison(inventories, files)
    if inventories:
        compared.run(told)
    for inventory in inventories:
        fact = compared.fact(inventory)
        if fact is None:
            detail = f"the data given holds nothing on {inventory.ecosystem.names[0]}"
            gaps.append(_open(inventory.subject, AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, detail))
        else:
            found.append(observe(fact, inventory.subject, probe=PROBE, vantage=Vantage.CONFIGURED))
    gaps += _without_packages(attempts, {g.subject.image for g in gaps} | {i.subject.image for i in inventories})
    return tuple(found), (*gaps, *(_observed(o) for o in found))


class _Comparison:
    """One pass: which records concern which system, and what they say of the installed packages."""

    def __init__(self, inventories: Sequence[Inventory], files: Sequence[AdvisoryFile]) -> None:
        self._files = files
        self._by_name: dict[str, list[Inventory]] = defaultdict(list)
        for inventory in inventories:
            for name in inventory.ecosystem.names:
                self._by_name[name].append(inventory)
        self._counts = dict.fromkeys(files, 0)
        self._newest: dict[tuple[AdvisoryFile, str], str] = {}

    def run(self, told: Told) -> None:
        """Go through all records."""
        total = 0
        for file in self._files:
            for name, data in file.records():
                total += 1
                if total % _EVERY == 0:
                    told(total)
                try:
                    self._take(file, data)
                except BadRecord as error:
                    file.lose(name, str(error))

    def _take(self, file: AdvisoryFile, data: bytes) -> None:
        heading = read_heading(data)
        self._counts[file] += 1
        concerned = [p for p in heading.packages if p.ecosystem in self._by_name]
        date = _DATE.match(heading.modified)
        for ecosystem in {p.ecosystem for p in concerned}:
            known = self._newest.get((file, ecosystem), "")
            self._newest[file, ecosystem] = max(known, date[0] if date else "")
        if not any(i.holds(p.name) for p in concerned for i in self._by_name[p.ecosystem]):
            return
        record = read_record(data)
        if record.is_withdrawn:
            return
        for entry in record.affected or ():
            for inventory in self._by_name.get(entry.package.ecosystem, ()) if entry.package else ():
                inventory.judge(record, entry)

    def fact(self, inventory: Inventory) -> KnownVulnerabilities | None:
        """What came out for one root; None where no record concerns its system."""
        names = inventory.ecosystem.names
        if not any((file, name) in self._newest for file in self._files for name in names):
            return None
        data = [
            AdvisoryData(
                name=file.name,
                records=self._counts[file],
                newest=max(self._newest.get((file, name), "") for name in names),
            )
            for file in self._files
        ]
        return KnownVulnerabilities(
            ecosystem=names[0],
            compared=inventory.compared,
            data=tuple(data),
            affected=inventory.affected(),
            not_compared=(*inventory.unclear(), *(text for file in self._files for text in file.unread)),
        )


def _inventory(subject: Subject, packages: Packages, observations: Iterable[Observation]) -> Inventory:
    here = [o.fact for o in observations if (o.subject.image, o.subject.path) == (subject.image, subject.path)]
    system = next((fact for fact in here if isinstance(fact, OperatingSystem)), None)
    return Inventory(subject, packages, system, [fact for fact in here if isinstance(fact, StartedServices)])


def _is_gap(attempt: Attempt) -> bool:
    """True where there may be packages that nobody saw."""
    known = (AttemptStatus.OBSERVED, AttemptStatus.ABSENT)
    return attempt.need == kind_of(Packages) and attempt.status not in known


def _without_packages(attempts: Iterable[Attempt], done: set[str]) -> Iterator[Attempt]:
    images = {a.subject.image for a in attempts if a.need == kind_of(Packages)} - done
    for image in sorted(images):
        detail = "no package database is in the image"
        yield _open(Subject(image=image), AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, detail)


def _open(subject: Subject, status: AttemptStatus, reason: Reason | None, detail: str) -> Attempt:
    return Attempt(subject=subject, need=_KIND, status=status, reason=reason, detail=detail, probe=PROBE)


def _observed(seen: Observation) -> Attempt:
    ids = (seen.id,)
    return Attempt(subject=seen.subject, need=_KIND, status=AttemptStatus.OBSERVED, probe=PROBE, observations=ids)
