"""The devices of a running scan: who was found, how, and what is known of each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from iotscan.data import oui
from iotscan.data.fingerprints.library import Library
from iotscan.model.device import Device, Service, provisional_id
from iotscan.model.facts import Announcement, Claim, DisclosedThing, Disclosure, ServiceOpinion
from iotscan.model.identity import merge
from iotscan.model.identity_rule import IdentityRule
from iotscan.model.lasting import keys_shown
from iotscan.model.observation import Observation, observe
from iotscan.model.scope import in_order
from iotscan.model.subject import Subject
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.unit import Unit
from iotscan.scan.announced_facts import facts_of
from iotscan.scan.holders import Holders, vendor_source
from iotscan.scan.identification.beside import with_remarks
from iotscan.scan.identification.engine import identify
from iotscan.scan.identity import claims_of

GIVEN: Final = "given by --backend"
"""How the name of a back end was learnt."""


class Inventory:
    """Gathers signs of life and finished units into devices; the order in which they come does not matter.

    ``library`` holds the rules by which products are told; without one nothing is. ``rules`` say what a person
    knows better of who is one device. ``servers`` are the addresses of back ends, with the names that were given.
    """

    def __init__(
        self,
        library: Library | None = None,
        rules: Sequence[IdentityRule] = (),
        servers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._library = library or Library(())
        self._rules = rules
        self._servers = servers
        self._found: dict[str, set[str]] = {}
        self._holders = Holders()
        self._claims: dict[str, dict[Claim, None]] = {}
        self._units: dict[str, list[Unit]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, found: Found) -> bool:
        """Take in a sign of life; True when its address is new."""
        is_new = found.address not in self._found
        self._found.setdefault(found.address, set()).add(found.how)
        self._claims.setdefault(found.address, {}).update(dict.fromkeys(found.claims))
        self._holders.add(found)
        return is_new

    def places_of(self, mac: str) -> Collection[str]:
        """The addresses that a MAC address was seen to answer for."""
        return self._holders.places_of(mac)

    def keep(self, unit: Unit) -> None:
        """Take in a finished unit."""
        self._units.setdefault(unit.address, []).append(unit)

    def units(self, address: str) -> tuple[Unit, ...]:
        """The units finished for an address."""
        return tuple(self._units.get(address, ()))

    def announcement(self, address: str) -> Observation | None:
        """What a device announced, as one observation; None when it announced nothing."""
        claims = tuple(sorted(self._claims.get(address, {})))
        if not claims:
            return None
        subject = Subject(device=provisional_id(address), address=address)
        return observe(Announcement(claims=claims), subject, probe="discovery/1")

    def observations(self, address: str) -> tuple[Observation, ...]:
        """Everything observed on an address, announcements included."""
        announced = self.announcement(address)
        units = tuple(o for u in self.units(address) for o in u.observations)
        return (announced, *self._stated(address), *self._disclosed(address), *units) if announced else units

    def _stated(self, address: str) -> tuple[Observation, ...]:
        """What a device announced besides its names."""
        subject = Subject(device=provisional_id(address), address=address)
        facts = facts_of(sorted(self._claims.get(address, {})))
        return tuple(observe(fact, subject, probe="discovery/1") for fact in facts)

    def _disclosed(self, address: str) -> tuple[Observation, ...]:
        """What a device announced of its version and identity to all on the link."""
        own = [c for c in sorted(self._claims.get(address, {})) if c.how.startswith("mdns")]
        firmware = [DisclosedThing(kind="firmware", word=c.value) for c in own if c.what == "firmware"]
        serial = [DisclosedThing(kind="serial", word=c.what) for c in own if c.what == "serial"]
        mac = [DisclosedThing(kind="mac", word=c.what) for c in own if c.what == "mac"]
        shows = (*firmware[:1], *serial[:1], *mac[:1])
        subject = Subject(device=provisional_id(address), address=address)
        return (observe(Disclosure(shows=shows), subject, probe="discovery/1"),) if shows else ()

    def device(self, address: str) -> Device:
        """The device behind an address as it is known now, before any merging."""
        return self._identified(self._sighting(address))

    def _identified(self, device: Device) -> Device:
        """The device with what all its addresses showed weighed together."""
        own = {sighting.id for sighting in (device, *device.sightings)}
        addresses = (a for a in device.addresses if provisional_id(a) in own)
        observations = [o for address in addresses for o in self.observations(address)]
        return msgspec.structs.replace(device, identity=identify(device, observations, self._library))

    def _sighting(self, address: str) -> Device:
        services: dict[str, Service] = {s.name: s for u in self.units(address) for s in u.services}
        services |= _with_opinions(services, self.units(address))
        holder = self._holders.of(address)
        vendor = oui.vendor(holder.mac) if holder.mac else ""
        return Device(
            id=provisional_id(address),
            addresses=(address,),
            mac=holder.mac,
            vendor=vendor,
            vendor_source=vendor_source(holder.mac, vendor),
            claims=(*self._given_name(address), *claims_of(self.observations(address))),
            services=tuple(sorted(services.values())),
            found_by=tuple(sorted(self._found.get(address, ()))),
            link=holder.link,
            rivals=holder.rivals,
            role="backend" if address in self._servers else "device",
        )

    def _given_name(self, address: str) -> tuple[Claim, ...]:
        """The name of a back end. What its pages call it says less: they are those of a product, or of a tenant."""
        name = self._servers.get(address, address)
        return () if name == address else (Claim(what="name", value=name, how=GIVEN),)

    def sightings(self) -> tuple[Device, ...]:
        """One for each address, and for each MAC address that answers for another's; nothing merged."""
        return (*map(self._sighting, self._found), *self._holders.others())

    def devices(self) -> tuple[Device, ...]:
        """All devices, one for each that the identity rules hold to be one, in order of their address."""
        shown = keys_shown(o for address in self._found for o in self.observations(address))
        merged = merge(self.sightings(), rules=self._rules, shown=shown)
        known = with_remarks(tuple(map(self._identified, merged)), shown)
        return tuple(sorted(known, key=lambda d: (in_order(d.address), d.id)))

    def addresses(self) -> tuple[str, ...]:
        """Every address that answered, in order."""
        return tuple(sorted(self._found, key=in_order))


def _with_opinions(services: Mapping[str, Service], units: Iterable[Unit]) -> dict[str, Service]:
    """Services of which another program has an opinion: it is told with them; what they speak stays as it was."""
    held = {o.subject.service: o.fact for u in units for o in u.observations if isinstance(o.fact, ServiceOpinion)}
    return {
        name: msgspec.structs.replace(services[name], how=f"{services[name].how}; {fact.by} says {fact.says}")
        for name, fact in held.items()
        if name in services
    }


def rebind(observation: Observation, device: Device) -> Observation:
    """The observation with its subject's device set to the one it was merged into; the id stays."""
    return msgspec.structs.replace(observation, subject=msgspec.structs.replace(observation.subject, device=device.id))
