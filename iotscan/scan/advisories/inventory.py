"""What is installed in one root file system, as advisories name it: source packages of an ecosystem."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from iotscan.model.facts import AffectedPackage, OperatingSystem, Package, Packages, StartedServices
from iotscan.model.subject import Subject
from iotscan.scan.advisories.flaws import Flaw, advisories_of, flaw_of
from iotscan.wire.osv.ecosystems import Ecosystem, ecosystem_of, listed_as
from iotscan.wire.osv.ranges import hit_by
from iotscan.wire.osv.records import Affected, Record
from iotscan.wire.versions import NotComparable

_MOST_ADVISORIES = 50
"""Of one package in the run file: a kernel has thousands, the gravest come first."""
_MOST_INSTALLED, _MOST_SERVICES, _MOST_TOLD = 10, 10, 20


class NoEcosystem(Exception):
    """There is nothing to compare with: the message says why."""


class _Source(msgspec.Struct, kw_only=True):
    """A source package at one version, what of it is installed, and what is known of it."""

    name: str
    version: str
    packages: list[Package] = []
    flaws: list[Flaw] = []


class Inventory:
    """The packages of one root. Raises NoEcosystem where advisories do not speak of its system."""

    def __init__(
        self, subject: Subject, packages: Packages, system: OperatingSystem | None, started: Iterable[StartedServices]
    ) -> None:
        self.subject = subject
        self.ecosystem = _ecosystem_of(system)
        self._reached = {s.name for fact in started for s in fact.services if s.faces_network.known is True}
        self._unclear: dict[str, None] = dict.fromkeys(packages.not_read)
        self._sources: dict[str, dict[str, _Source]] = defaultdict(dict)
        self._take(packages)

    def _take(self, packages: Packages) -> None:
        formats = {database.path: database.format for database in packages.databases}
        elsewhere = []
        for package in packages.packages:
            if formats.get(package.database) != self.ecosystem.format:
                continue
            listed = listed_as(package, self.ecosystem)
            if listed is None:
                elsewhere.append(f"{package.name} {package.version}")
                continue
            name, version = listed
            source = self._sources[name].setdefault(version, _Source(name=name, version=version))
            source.packages.append(package)
        if elsewhere:
            more = f" and {len(elsewhere) - 1} more" if len(elsewhere) > 1 else ""
            self._unclear[f"{elsewhere[0]}{more} came from another archive than {self.ecosystem.names[0]}'s"] = None
        if not self._sources:
            raise NoEcosystem(f"no package of {self.ecosystem.names[0]} is listed in the image")
        for versions in self._sources.values():
            for version in tuple(versions):
                try:
                    self.ecosystem.order(version)
                except NotComparable as error:
                    self._unclear[f"{versions.pop(version).name}: {error}"] = None

    def holds(self, name: str) -> bool:
        """True where a source package is installed."""
        return name in self._sources

    def judge(self, record: Record, entry: Affected) -> None:
        """Note what an entry of a record says of the package that it names."""
        if entry.package is None:
            return
        for source in self._sources.get(entry.package.name, {}).values():
            try:
                hit = hit_by(entry, source.version, self.ecosystem.order)
            except NotComparable as error:
                self._unclear[f"{source.name}, {record.id[:60]}: {error}"] = None
                continue
            if hit is not None:
                source.flaws.append(flaw_of(record, entry, hit))

    @property
    def compared(self) -> int:
        """How many source packages could be compared."""
        return sum(bool(versions) for versions in self._sources.values())

    def affected(self) -> tuple[AffectedPackage, ...]:
        """The packages with known flaws, by name."""
        found = [s for name in sorted(self._sources) for s in self._sources[name].values() if s.flaws]
        return tuple(self._affected(source) for source in found)

    def unclear(self) -> tuple[str, ...]:
        """What nobody could tell, in words."""
        return _few(list(self._unclear))

    def _affected(self, source: _Source) -> AffectedPackage:
        advisories = advisories_of(source.flaws)
        serious = sum(a.is_serious for a in advisories)
        unrated = sum(a.gravity == "unknown" for a in advisories)
        services = sorted({name for p in source.packages for name in p.starts if name in self._reached})
        return AffectedPackage(
            name=source.name,
            version=source.version,
            database=source.packages[0].database,
            installed=tuple(sorted({p.name for p in source.packages})[:_MOST_INSTALLED]),
            services=tuple(services[:_MOST_SERVICES]),
            serious=serious,
            lesser=len(advisories) - serious - unrated,
            unrated=unrated,
            advisories=tuple(advisories[:_MOST_ADVISORIES]),
        )


def _ecosystem_of(system: OperatingSystem | None) -> Ecosystem:
    if system is None:
        raise NoEcosystem("the image does not say which system it is")
    found = ecosystem_of(system)
    if found is None:
        raise NoEcosystem(f"no advisories are compared for {f'{system.id} {system.version}'.strip()}")
    return found


def _few(texts: Sequence[str]) -> tuple[str, ...]:
    rest = len(texts) - _MOST_TOLD
    return (*texts[:_MOST_TOLD], f"and {rest:,} more") if rest > 0 else tuple(texts)
