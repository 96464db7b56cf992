"""Which MAC address holds each address, and who else answers for it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

import msgspec

from iotscan.data import oui
from iotscan.model.device import Device, provisional_id
from iotscan.model.mac import plain_mac
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.neighbours import HOW as BY_KERNEL

RIVALS = 8
"""MAC addresses kept of one address: whoever answers with ever new ones is no reason to remember them all."""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The MAC address that our own packets to an address go to, the link, and further ones that answer for it."""

    mac: str = ""
    link: str = ""
    rivals: tuple[str, ...] = ()


class Holders:
    """The MAC addresses seen so far. The order in which they were seen does not matter while they are few."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, set[tuple[str, str]]]] = defaultdict(dict)
        self._at: dict[str, dict[str, None]] = {}

    def add(self, found: Found) -> None:
        """Take in the MAC address of a sign of life, if it has one."""
        mac = plain_mac(found.mac)
        seen = self._seen[found.address] if mac else {}
        if mac and (mac in seen or len(seen) <= RIVALS):
            seen.setdefault(mac, set()).add((found.how, found.link))
            self._at.setdefault(mac, {})[found.address] = None

    def places_of(self, mac: str) -> Collection[str]:
        """The addresses that a MAC address was seen to answer for."""
        return self._at.get(mac, {}).keys()

    def of(self, address: str) -> Holder:
        """Who holds an address: the kernel's neighbour where it has one, for that is whom the questions went to."""
        seen = self._seen.get(address, {})
        if not seen:
            return Holder()
        asked = sorted(mac for mac, ways in seen.items() if any(how == BY_KERNEL for how, _ in ways))
        mac = (asked or sorted(seen))[0]
        link = next((link for _, link in sorted(seen[mac]) if link), "")
        return Holder(mac=mac, link=link, rivals=tuple(sorted(m for m in seen if m != mac)))

    def others(self) -> Iterator[Device]:
        """A device for each MAC address that holds no address and was seen to answer for one: it is there, too."""
        held = {self.of(address).mac for address in self._seen}
        claimed: dict[str, list[str]] = defaultdict(list)
        for address in sorted(self._seen):
            for mac in self.of(address).rivals:
                if mac not in held:
                    claimed[mac].append(address)
        yield from (self._other(mac, addresses) for mac, addresses in claimed.items())

    def _other(self, mac: str, addresses: list[str]) -> Device:
        ways = {way for address in addresses for way in self._seen[address][mac]}
        vendor = oui.vendor(mac)
        return Device(
            id=provisional_id(f"{addresses[0]} {mac}"),
            addresses=tuple(addresses),
            mac=mac,
            vendor=vendor,
            vendor_source=vendor_source(mac, vendor),
            found_by=tuple(sorted({how for how, _ in ways})),
            link=next((link for _, link in sorted(ways) if link), ""),
            rivals=tuple(sorted({self.of(address).mac for address in addresses})),
            is_rival=True,
        )


def vendor_source(mac: str, vendor: str) -> str:
    """By what table a MAC address names its vendor, or why it names none."""
    if not mac:
        return ""
    if oui.is_locally_administered(mac):
        return "locally administered address: it names no vendor"
    return f"IEEE MA-L registry of {oui.DATE}" + ("" if vendor else ": prefix not in it")


def owners(devices: Iterable[Device]) -> dict[str, Device]:
    """Id of a sighting -> the device that it is now."""
    found: dict[str, Device] = {}
    for device in devices:
        found |= dict.fromkeys((device.id, *(s.id for s in device.sightings)), device)
    return found
