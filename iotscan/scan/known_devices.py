"""Devices that were heard, and an inventory that knows them: one device where MAC or address says so.

A MAC address goes first: an address that another MAC has now is another device's. An address alone says who it is
where inventory and traffic lie within a day of each other, and the device was not heard elsewhere: addresses are lent.
What is known of a device (its id, names, services, what it is) stays; what was heard comes on top.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Final

import msgspec

from iotscan.model.device import Device
from iotscan.model.facts import Claim
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.model.scope import in_order
from iotscan.observe.traffic.account import OWN

SCANNED: Final = Claim(what="role", value="the machine that scanned", how="scan")
_NAMED: Final = 8


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Devices and observations with the ids of the inventory, and what did not fit together."""

    devices: tuple[Device, ...]
    observations: tuple[Observation, ...]
    notices: tuple[str, ...] = ()


def own_marked(heard: Sequence[Device], scan: Run) -> tuple[Device, ...]:
    """Those that were heard while ``scan`` went on: the machine that scanned is no device like the others."""
    own = {*scan.own, *scan.looked_from}
    return tuple(
        d
        if own.isdisjoint((*d.addresses, d.mac)) or OWN in d.claims
        else msgspec.structs.replace(d, claims=(*d.claims, SCANNED))
        for d in heard
    )


def joined_with(
    heard: Sequence[Device], observations: Iterable[Observation], known: Run, *, by_address: bool = True
) -> Joined:
    """Those that were heard, as the inventory knows them. Who was not heard is counted in a notice.

    ``by_address``: whether inventory and traffic are of one time, so that an address says who has it.
    """
    if by_address:
        heard = own_marked(heard, known)
    index = _Index(known.devices)
    homes = _homes(heard, index, by_address=by_address)
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


def _homes(heard: Sequence[Device], index: "_Index", *, by_address: bool) -> dict[str, Device | None]:
    """By id of a device that was heard: who it is."""
    by_mac = {device.id: index.bearing(device.mac) for device in heard}
    elsewhere = {home.id for home in by_mac.values() if home is not None}

    def home(device: Device) -> Device | None:
        found = by_mac[device.id] or index.at(device)
        if by_mac[device.id] is None and found is not None:
            is_other = bool(device.mac and found.mac) or found.id in elsewhere
            return found if by_address and not is_other else None
        return found

    return {device.id: home(device) for device in heard}


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

    def bearing(self, mac: str) -> Device | None:
        """Who has a MAC address."""
        return self._by_mac.get(mac)

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
        were = "was" if len(missing) == 1 else "were"
        every = f"{len(index.devices)} device{'' if len(index.devices) == 1 else 's'}"
        yield f"of the {every} of {known.id}, {len(missing)} {were} not heard: {_named(missing)}"
    new = [d.address for d in heard if homes[d.id] is None]
    if new:
        yield f"heard, and not in {known.id}: {_named(new)}"
    lent: list[str] = []
    for device in heard:
        other = index.at(device) if homes[device.id] is None else None
        if other is None:
            continue
        if device.mac and other.mac:
            yield (
                f"{device.address} has the MAC address {device.mac} in this traffic and {other.mac} in {known.id}: "
                "taken for two devices"
            )
        elif other.id in met:
            yield f"{device.address} is another's in this traffic: who has it in {known.id} was heard elsewhere"
        else:
            lent.append(device.address)
    if lent:
        yield (
            f"{known.id} and this traffic lie more than a day apart, and addresses are lent: only a MAC address says "
            f"who is who. Taken for other devices: {_named(lent)}"
        )


def _named(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else ""
    return f"{', '.join(addresses[:_NAMED])}{more}"
