"""Which sightings are one device. The only place that knows; everything else asks here.

Sightings merge on a globally administered MAC address, on any MAC address that one link shows at one time, or on a
serial number or UUID; each only where nothing contradicts. A key or certificate never merges: two clones that share
one are two devices, and a finding. A person's rules go before all of it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from iotscan.model.contradiction import NOTHING_SHOWN, Key, Shown, contradicts, interface_mac, is_proxied
from iotscan.model.device import Device, Service
from iotscan.model.identification import Identity
from iotscan.model.identity_rule import IdentityRule, named_by
from iotscan.model.mac import is_lasting_mac, mac_in, plain_mac
from iotscan.model.scope import in_order

__all__ = ("UNIQUE_CLAIMS", "Key", "is_lasting_mac", "merge", "provisional_ids", "sightings_of", "unique_claims")

UNIQUE_CLAIMS = ("serial", "uuid")
"""The claims by which a device can be known again."""


def provisional_ids(device: Device) -> tuple[str, ...]:
    """The ids that were merged into this device (``Device.merged`` holds them as ``ID REASON``)."""
    return tuple(entry.partition(" ")[0] for entry in device.merged)


def sightings_of(devices: Iterable[Device]) -> tuple[Device, ...]:
    """What the devices were made of, by id: every merge undone, and nothing said of what they are."""
    found = {s.id: _unknown(s) for d in devices for s in (d.sightings or (d,))}
    return tuple(found[key] for key in sorted(found))


def _unknown(sighting: Device) -> Device:
    return msgspec.structs.replace(sighting, identity=Identity()) if sighting.identity.is_known else sighting


def merge(
    devices: Iterable[Device], *, rules: Sequence[IdentityRule] = (), shown: Shown = NOTHING_SHOWN
) -> tuple[Device, ...]:
    """Join the sightings of one device; sorted by id, whatever the order given, and whatever was merged before.

    The id of the joined device is the smallest provisional id; ``merged`` lists the others with the reason. What it is,
    its ``identity``, is for the caller to tell anew. An identifier held by sightings that contradict each other,
    directly or over a third, is not unique and merges nobody. ``shown`` are the keys that the services of each sighting
    show, which may contradict.
    """
    sightings = sightings_of(devices)
    # A back end is the server of one name: two names are two, and what a device says of itself makes it none.
    servers = [s for s in sightings if s.role == "backend"]
    grouping = _Grouping([s for s in sightings if s.role != "backend"], rules, shown)
    return tuple(sorted((*servers, *map(grouping.joined, grouping.groups())), key=lambda d: d.id))


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


def _mac_keys(sighting: Device) -> set[Key]:
    """Its MAC address as seen, for good or on one link; where none was seen, the one that its address is made of."""
    mac = interface_mac(sighting)
    if mac:
        return (
            {("mac", mac)}
            if is_lasting_mac(mac)
            else {("mac", f"{mac} on {sighting.link}")}
            if sighting.link
            else set()
        )
    written = "" if sighting.mac else next(filter(None, map(mac_in, sighting.addresses)), "")
    return {("mac", written)} if written else set()


class _Grouping:
    """Sightings on their way into groups, and by which keys and rules they came."""

    def __init__(self, sightings: Sequence[Device], rules: Sequence[IdentityRule], shown: Shown) -> None:
        self._sightings = sightings
        self._shown = shown
        named = tuple(zip(rules, named_by(rules, sightings), strict=True))
        self._alone = {i for rule, ids in named if rule.kind == "separate" for i in ids}
        self._forced = [(rule, ids) for rule, ids in named if rule.kind == "same" and len(ids) > 1]
        self._keys: dict[str, dict[Key, None]] = {s.id: {} for s in sightings}

    def groups(self) -> list[list[Device]]:
        """The sightings of each device together."""
        groups = [[s] for s in self._sightings]
        groups = self._joined_by(groups, _mac_keys, is_proxied)
        groups = self._joined_by(groups, unique_claims, lambda _: False)
        return self._joined_by_rule(groups)

    def _joined_by(
        self,
        groups: list[list[Device]],
        keys_of: Callable[[Device], set[Key]],
        is_nobodys: Callable[[Sequence[Device]], bool],
    ) -> list[list[Device]]:
        """Join groups that share a key; where what would be joined contradicts itself, they stay as they were."""
        members: dict[Key, list[int]] = defaultdict(list)
        for index, group in enumerate(groups):
            for key in sorted({k for s in group if s.id not in self._alone for k in keys_of(s)}):
                members[key].append(index)
        used: dict[Key, list[int]] = {}
        for key, indices in members.items():
            bearers = [s for i in indices for s in groups[i]]
            if len(indices) > 1 and not is_nobodys(bearers) and not contradicts(bearers, self._shown):
                used[key] = indices
        result: list[list[Device]] = []
        for indices in _components(len(groups), used.values()):
            together = [s for i in indices for s in groups[i]]
            if len(indices) > 1 and contradicts(together, self._shown):
                result += [groups[i] for i in indices]
                continue
            result.append(together)
            for sighting in together if len(indices) > 1 else ():
                self._keys[sighting.id] |= dict.fromkeys(k for k in sorted(keys_of(sighting)) if k in used)
        return result

    def _joined_by_rule(self, groups: list[list[Device]]) -> list[list[Device]]:
        home = {s.id: index for index, group in enumerate(groups) for s in group}
        wanted = [sorted({home[i] for i in ids}) for _, ids in self._forced]
        return [[s for i in indices for s in groups[i]] for indices in _components(len(groups), wanted)]

    def joined(self, group: Sequence[Device]) -> Device:
        """One device of all of these."""
        if len(group) == 1:
            return group[0]
        first, *others = sorted(group, key=lambda s: s.id)
        bearers = Counter(key for s in group for key in self._keys[s.id])
        # Of several MAC addresses (a rule joins whatever contradicts) that of the address by which it is listed.
        listed = sorted(group, key=lambda s: (in_order(s.address), s.id))
        known = next((s for s in listed if is_lasting_mac(s.mac) and not s.rivals), first)
        links = {s.link for s in group}
        # Runs of earlier versions keep no sightings: what they merged stays merged.
        earlier = (entry for s in group for entry in s.merged)
        return msgspec.structs.replace(
            first,
            addresses=tuple(sorted({a for s in group for a in s.addresses}, key=in_order)),
            mac=known.mac or next((s.mac for s in others if s.mac), ""),
            vendor=known.vendor,
            vendor_source=known.vendor_source,
            claims=tuple(sorted({c for s in group for c in s.claims})),
            services=_joined_services(group),
            found_by=tuple(sorted({f for s in group for f in s.found_by})),
            merged=tuple(sorted((*earlier, *(f"{o.id} {self._reason(first, o, bearers)}" for o in others)))),
            identity=Identity(),
            link=links.pop() if len(links) == 1 else "",
            rivals=tuple(sorted({r for s in group for r in s.rivals})),
            is_rival=all(s.is_rival for s in group),
            sightings=(first, *others),
        )

    def _reason(self, first: Device, other: Device, bearers: Mapping[Key, int]) -> str:
        """By what ``other`` came in: shared with the first where possible, else a rule, else with another."""
        own = self._keys[other.id]
        shared = next((k for k in own if k in self._keys[first.id]), None)
        rule = next((r for r, ids in self._forced if other.id in ids), None)
        if shared is None and rule is None:
            shared = next((k for k in own if bearers[k] > 1), None)
        if shared is not None:
            return _in_words(shared, other)
        if rule is None:
            rule = next((r for r, ids in self._forced if first.id in ids), None)
        return f"is the same by a rule: {rule}" if rule else "was merged"


def _in_words(key: Key, sighting: Device) -> str:
    what, value = key
    if what != "mac":
        return f"states the same {what} {value}"
    return f"has the same MAC address {value}" if plain_mac(sighting.mac) else f"has an address made of MAC {value}"


def _components(count: int, joins: Iterable[Sequence[int]]) -> list[list[int]]:
    """The numbers below ``count``, those together that a join names, over others or at once; in order."""
    leader = list(range(count))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for indices in joins:
        for index in indices[1:]:
            first, second = sorted((find(indices[0]), find(index)))
            leader[second] = first
    joined: dict[int, list[int]] = defaultdict(list)
    for index in range(count):
        joined[find(index)].append(index)
    return list(joined.values())


def _joined_services(group: Sequence[Device]) -> tuple[Service, ...]:
    best: dict[tuple[str, int], Service] = {}
    for service in sorted(s for d in group for s in d.services):
        key = (service.transport, service.port)
        if key not in best or best[key].protocol == "unknown":
            best[key] = service
    return tuple(sorted(best.values()))
