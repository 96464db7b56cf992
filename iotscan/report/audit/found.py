"""What the section of findings looks up: results, devices, names, retests. Made once a document."""

from collections.abc import Iterable
from functools import cached_property

from iotscan.model.actor import Actor, actor
from iotscan.model.device import Device
from iotscan.model.result import CheckInfo, Result
from iotscan.report.audit import anchors
from iotscan.report.audit.told import Told
from iotscan.report.content import Finding, FindingGroup
from iotscan.report.words import clean


class Found:
    """The findings of a run with all that belongs to them. Never changed."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.material = told.material

    @cached_property
    def _results(self) -> dict[tuple[str, str], Result]:
        return {(clean(r.check), clean(r.fingerprint)): r for r in self.told.run.results if r.is_finding}

    @cached_property
    def _checks(self) -> dict[str, CheckInfo]:
        return {clean(c.id): c for c in self.told.run.checks}

    @cached_property
    def _devices(self) -> dict[str, Device]:
        return {d.id: d for d in self.told.run.devices}

    @cached_property
    def evidence(self) -> frozenset[str]:
        """The observations that the run holds."""
        return frozenset(o.id for o in self.told.run.observations)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The id of the card of each group, in their order; the same in every run, whatever else was found."""
        given: dict[str, None] = {}
        for group in self.told.view.findings:
            result = self.result(group, group.findings[0])
            anchor = anchors.finding(group.check, result.variant if result else "")
            given[anchor if anchor not in given else _next(anchor, group.severity.value, given)] = None
        return tuple(given)

    def check(self, id: str) -> CheckInfo | None:
        """The metadata of a check."""
        return self._checks.get(id)

    def result(self, group: FindingGroup, finding: Finding) -> Result | None:
        """The result behind a finding."""
        return self._results.get((group.check, finding.whole_fingerprint))

    def anchor_of(self, check: str) -> str:
        """The card of the gravest kind of finding of a check; empty without one."""
        return self._anchors.get(clean(check), "")

    @cached_property
    def _anchors(self) -> dict[str, str]:
        pairs = zip(self.told.view.findings, self.ids, strict=True)
        return {group.check: anchor for group, anchor in reversed(tuple(pairs))}

    def owners(self, group: FindingGroup) -> tuple[str, ...]:
        """The devices and images on which a group was found, each once."""
        results = (self.result(group, f) for f in group.findings)
        return tuple(dict.fromkeys(r.subject.owner for r in results if r and r.subject.owner))

    def owner_link(self, owner: str) -> str:
        """The card of a device or an image."""
        return anchors.device(owner) if owner in self._devices else anchors.image(owner)

    def actor(self, group: FindingGroup) -> Actor:
        """Who has to act."""
        return actor(self.check(group.check), self.devices(self.owners(group)))

    def devices(self, owners: Iterable[str]) -> tuple[Device, ...]:
        """Those of them that are devices."""
        return tuple(self._devices[o] for o in owners if o in self._devices)


def _next(id: str, word: str, given: dict[str, None]) -> str:
    number, name = 2, f"{id}-{word}"
    while name in given:
        number, name = number + 1, f"{id}-{word}-{number}"
    return name
