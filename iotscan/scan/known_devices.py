"""Devices that were heard, and an inventory that knows them: one device where MAC or address says so.

A MAC address goes first: an address that another MAC has now is another device's. What is known of a device (its id,
names, services, what it is) stays; what was heard comes on top.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Final

import msgspec

from iotscan.model.device import Device
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.model.scope import in_order

_NAMED: Final = 8


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Devices and observations with the ids of the inventory, and what did not fit together."""

    devices: tuple[Device, ...]
    observations: tuple[Observation, ...]
    notices: tuple[str, ...] = ()


def joined_with(heard: Sequence[Device], observations: Iterable[Observation], known: Run) -> Joined:
    """Those that were heard, as the inventory knows them. Who was not heard is counted in a notice."""
    index = _Index(known.devices)
    homes = {device.id: index.of(device) for device in heard}
    together: dict[str, Device] = {}
    for device in heard:
        home = homes[device.id]
        if home is None:
            together[device.id] = device
        else:
            together[home.id] = _with(together.get(home.id, home), device)
    names = {old: home.id for old, home in homes.items() if home is not None}
    return Joined(
        devices=tuple(sorted(together.values(), key=lambda d: (in_order(d.address), d.id))),
        observations=tuple(_rebound(o, names) for o in observations),
        notices=tuple(_notices(heard, homes, index, known)),
    )


class _Index:
    """The devices of an inventory by MAC and by address."""

    def __init__(self, devices: Iterable[Device]) -> None:
        self.devices = tuple(d for d in devices if not d.is_rival)
        self._by_mac: dict[str, Device] = {}
        self._by_address: dict[str, Device] = {}
        for device in self.devices:
            for mac in {device.mac, *(s.mac for s in device.sightings)} - {""}:
                self._by_mac.setdefault(mac, device)
            for address in filter(_says_who, device.addresses):
                self._by_address.setdefault(address, device)

    def of(self, heard: Device) -> Device | None:
        """Who a device that was heard is."""
        if heard.mac in self._by_mac:
            return self._by_mac[heard.mac]
        found = self.at(heard)
        return found if found is not None and not (heard.mac and found.mac) else None

    def at(self, heard: Device) -> Device | None:
        """Who had one of its addresses, whatever its MAC."""
        there = (self._by_address.get(address) for address in heard.addresses if _says_who(address))
        return next((device for device in there if device is not None), None)


def _says_who(address: str) -> bool:
    """False for a link-local address: on another link it is another device's."""
    return not ip_address(address).is_link_local


def _with(known: Device, heard: Device) -> Device:
    services = {s.name: s for s in heard.services} | {s.name: s for s in known.services}
    link_local = {a.partition("%")[0] for a in known.addresses}
    addresses = (*known.addresses, *(a for a in heard.addresses if a not in link_local))
    return msgspec.structs.replace(
        known,
        addresses=tuple(sorted(set(addresses), key=in_order)),
        mac=known.mac or heard.mac,
        claims=tuple(dict.fromkeys((*known.claims, *heard.claims))),
        services=tuple(sorted(services.values())),
        found_by=tuple(sorted({*known.found_by, *heard.found_by})),
    )


def _rebound(observation: Observation, names: Mapping[str, str]) -> Observation:
    name = names.get(observation.subject.device, "")
    if not name:
        return observation
    return msgspec.structs.replace(observation, subject=msgspec.structs.replace(observation.subject, device=name))


def _notices(heard: Sequence[Device], homes: Mapping[str, Device | None], index: _Index, known: Run) -> Iterator[str]:
    met = {home.id for home in homes.values() if home is not None}
    missing = [d.address for d in index.devices if d.id not in met]
    if missing:
        yield f"of the {len(index.devices)} devices of {known.id}, {len(missing)} were not heard: {_named(missing)}"
    new = [d.address for d in heard if homes[d.id] is None]
    if new:
        yield f"heard, and not in {known.id}: {_named(new)}"
    for device in heard:
        other = index.at(device) if homes[device.id] is None else None
        if other is not None:
            yield (
                f"{device.address} has the MAC address {device.mac} in this traffic and {other.mac} in {known.id}: "
                "taken for two devices"
            )


def _named(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
    return f"{', '.join(addresses[:_NAMED])}{more}"
