"""Which sightings are one device. The only place that knows; everything else asks here.

Devices merge on a globally administered MAC address, or on a serial number or UUID that nothing
contradicts. A key or certificate never merges: two clones that share one are two devices, and a finding.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from iotscan.model.device import Device, Service
from iotscan.model.scope import in_order

UNIQUE_CLAIMS = ("serial", "uuid")
"""The claims by which a device can be known again."""
Key = tuple[str, str]
"""What kind of identifier, and its value."""
_LOCAL = 0x02
_GROUP = 0x01


def is_lasting_mac(mac: str) -> bool:
    """True for a globally administered unicast MAC address (IEEE 802 §8.2): U/L and I/G bits are 0."""
    digits = mac.replace(":", "").replace("-", "")
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        return False
    return len(value) == 6 and any(value) and not value[0] & (_LOCAL | _GROUP)


def provisional_ids(device: Device) -> tuple[str, ...]:
    """The ids that were merged into this device (``Device.merged`` holds them as ``ID REASON``)."""
    return tuple(entry.partition(" ")[0] for entry in device.merged)


def merge(devices: Iterable[Device]) -> tuple[Device, ...]:
    """Join the sightings of one device; sorted by id, whatever the order given.

    The id of the joined device is the smallest provisional id; ``merged`` lists the others with the
    reason. A serial or UUID held by devices that contradict each other (different globally administered
    MACs, different serials), directly or over a third, is not unique and merges nobody.
    """
    sightings = sorted(devices, key=lambda d: d.id)
    by_mac = _consistent_groups([[d] for d in sightings], _mac_keys)
    by_claim = _consistent_groups(by_mac, unique_claims)
    return tuple(sorted((_joined(group) for group in by_claim), key=lambda d: d.id))


def _mac_keys(device: Device) -> set[Key]:
    return {("mac", device.mac.lower())} if is_lasting_mac(device.mac) else set()


def unique_claims(device: Device) -> set[Key]:
    """Its serial numbers and UUIDs, without those that makers leave in."""
    return {(what, value) for what, value in _stated(device) if _looks_unique(value)}


def _stated(device: Device) -> set[Key]:
    claims = ((c.what, c.value.strip().lower()) for c in device.claims if c.what in UNIQUE_CLAIMS)
    return {(what, value.removeprefix("uuid:")) for what, value in claims if value}


def _looks_unique(value: str) -> bool:
    """False for what makers leave in: 0000, N/A, 123456789, the all-zero UUID."""
    kept = "".join(c for c in value if c.isalnum())
    return len(kept) >= 5 and len(set(kept)) >= 4 and kept not in "01234567890123456789" and kept != "unknown"


def _consistent_groups(groups: list[list[Device]], keys_of: Callable[[Device], set[Key]]) -> list[list[Device]]:
    """Join groups that share a key; where what would be joined contradicts itself, they stay as they were."""
    members: dict[Key, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        for key in sorted({k for d in group for k in keys_of(d)}):
            members[key].append(index)
    leader = list(range(len(groups)))

    def find(index: int) -> int:
        while leader[index] != index:
            index = leader[index]
        return index

    for indices in members.values():
        for index in indices[1:]:
            first, second = sorted((find(indices[0]), find(index)))
            leader[second] = first
    joined: dict[int, list[int]] = defaultdict(list)
    for index in range(len(groups)):
        joined[find(index)].append(index)
    result: list[list[Device]] = []
    for indices in joined.values():
        together = [d for i in indices for d in groups[i]]
        result += [groups[i] for i in indices] if _contradicts(together) else [together]
    return result


def _contradicts(devices: Sequence[Device]) -> bool:
    macs = {d.mac.lower() for d in devices if is_lasting_mac(d.mac)}
    # Any serial speaks against, also one too plain to speak for: not to merge is the smaller mistake.
    serials = [{c for c in _stated(d) if c[0] == "serial"} for d in devices]
    named = [s for s in serials if s]
    return len(macs) > 1 or any(not (a & b) for a in named for b in named)


def _joined(group: Sequence[Device]) -> Device:
    if len(group) == 1:
        return group[0]
    first, *others = sorted(group, key=lambda d: d.id)
    merged = [entry for d in (first, *others) for entry in d.merged]
    merged += [f"{other.id} {_reason(first, other, group)}" for other in others]
    known = next((d for d in (first, *others) if is_lasting_mac(d.mac)), first)
    return msgspec.structs.replace(
        first,
        addresses=tuple(sorted({a for d in group for a in d.addresses}, key=in_order)),
        mac=known.mac or next((d.mac for d in others if d.mac), ""),
        vendor=known.vendor,
        vendor_source=known.vendor_source,
        claims=tuple(sorted({c for d in group for c in d.claims})),
        services=_joined_services(group),
        found_by=tuple(sorted({f for d in group for f in d.found_by})),
        merged=tuple(sorted(merged)),
    )


def _reason(first: Device, other: Device, group: Sequence[Device]) -> str:
    """By what ``other`` came in: shared with the first where possible, else with another of the group."""
    for peer in (first, *group):
        if peer is other:
            continue
        if _mac_keys(peer) & _mac_keys(other):
            return f"has the same MAC address {other.mac.lower()}"
        shared = sorted(unique_claims(peer) & unique_claims(other))
        if shared:
            return f"states the same {shared[0][0]} {shared[0][1]}"
    return "was merged"


def _joined_services(group: Sequence[Device]) -> tuple[Service, ...]:
    best: dict[tuple[str, int], Service] = {}
    for service in sorted(s for d in group for s in d.services):
        key = (service.transport, service.port)
        if key not in best or best[key].protocol == "unknown":
            best[key] = service
    return tuple(sorted(best.values()))
