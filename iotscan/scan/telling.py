"""Findings told while a scan goes on, each once; what is true in the end, the judged run says."""

from collections.abc import Callable, Collection

from iotscan.assess.assessing import assess
from iotscan.assess.check import Check
from iotscan.assess.evidence import Evidence
from iotscan.assess.profile import values_by_id
from iotscan.assess.terms import Terms
from iotscan.model.facts import kind_of
from iotscan.model.subject import Subject
from iotscan.observe.network.unit import Unit
from iotscan.scan.events import FindingSeen
from iotscan.scan.inventory import Inventory
from iotscan.scan.request import ScanRequest


class Telling:
    """Judges what is known of an address by now and tells ``watch`` of the findings that are new."""

    def __init__(self, request: ScanRequest, inventory: Inventory, watch: Callable[[FindingSeen], None]) -> None:
        self._request = request
        self._inventory = inventory
        self._watch = watch
        self._told: set[tuple[str, str, str, Subject]] = set()
        self._checks = tuple(c for c in request.checks if not _waits(c, request.terms))
        joined = request.header
        of_images = Evidence((), joined.images, joined.observations, (), joined.moment, joined.trusted)
        self.trusted = of_images.trusted_by(Subject())
        """Keys that the joined images trust."""

    def tell_unit(self, unit: Unit) -> None:
        """Tell what the facts of a unit may have brought."""
        if unit.observations:
            self.tell(unit.address, {kind_of(type(o.fact)) for o in unit.observations})

    def tell(self, address: str, news: Collection[str] = ()) -> None:
        """Tell what is found at an address by now; with ``news``, what facts of these kinds may have brought."""
        checks = tuple(c for c in self._checks if not news or any(need.kind in news for need in c.needs))
        evidence = Evidence(
            devices=(self._inventory.device(address),),
            images=(),
            observations=self._inventory.observations(address),
            attempts=tuple(a for u in self._inventory.units(address) for a in u.attempts),
            as_of=self._request.header.moment,
            trusted=self.trusted,
        )
        profile = self._request.profile
        values = values_by_id(profile, checks)
        for result in assess(evidence, checks, policy=profile.as_policy(), values=values):
            # Not by its fingerprint: what a device is known by is settled only at the end.
            said = (result.check, result.variant, result.part, result.subject)
            if result.is_finding and said not in self._told:
                self._told.add(said)
                self._watch(FindingSeen(result=result))


def _waits(check: Check, terms: Terms) -> bool:
    """True for what can only be judged at the end: who is who, over all devices and against an earlier run."""
    return check.anchor.cardinality == "fleet" or (terms.earlier is not None and "earlier" in check.extras.values())
