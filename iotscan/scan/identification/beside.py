"""What devices show of one another: who may be the same, who claims what is another's. Remarks, and never a merge."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from iotscan.model.contradiction import Key, Shown, host_names, interface_mac
from iotscan.model.device import Device
from iotscan.model.identification import Remark
from iotscan.model.identity import unique_claims
from iotscan.model.mac import plain_mac, virtual_role
from iotscan.model.scope import in_order

NAMED: Final = 3
"""Other devices that a remark names."""
REMARKS: Final = 8
"""Remarks of this kind on one device."""
_KEYS: Final = {"ssh": "shows the SSH host key", "tls": "shows the TLS key"}
_NOBODYS: Final = ("localhost", "")


def with_remarks(devices: Sequence[Device], shown: Shown) -> tuple[Device, ...]:
    """The devices, each with what the others have to do with it. ``shown`` is by the id of a sighting."""
    found = _remarks(devices, shown)
    return tuple(_told(device, found.get(device.id, ())) for device in devices)


def _told(device: Device, remarks: Iterable[Remark]) -> Device:
    more = tuple(dict.fromkeys(remarks))[:REMARKS]
    if not more:
        return device
    identity = msgspec.structs.replace(device.identity, remarks=tuple(sorted({*device.identity.remarks, *more})))
    return msgspec.structs.replace(device, identity=identity)


def _remarks(devices: Sequence[Device], shown: Shown) -> Mapping[str, Iterable[Remark]]:
    found: dict[str, list[Remark]] = defaultdict(list)
    for device in devices:
        found[device.id] += _of_address(device)
    claimed = _claimed(devices)
    for device in devices:
        found[device.id] += _claims_of_others(device, claimed)
    by_key: dict[Key, list[Device]] = defaultdict(list)
    for device in devices:
        for key in sorted(_keys(device, shown)):
            by_key[key].append(device)
    for key, bearers in by_key.items():
        if len(bearers) > 1:
            ordered = sorted(bearers, key=lambda d: (in_order(d.address), d.id))
            macs = {mac for d in ordered if (mac := interface_mac(d))}
            for device in ordered:
                found[device.id].append(_shared(key, device, ordered, are_two=len(macs) > 1))
    return found


def _of_address(device: Device) -> Iterator[Remark]:
    if role := virtual_role(device.mac):
        text = f"its MAC address {plain_mac(device.mac)} is a role's ({role}): whoever has the role now answers"
        yield Remark(about="virtual-router", text=text)
    four = [a for a in device.addresses if ":" not in a]
    if device.sightings and len(four) > 1 and interface_mac(device):
        named = ", ".join(four[:NAMED]) + (f" and {len(four) - NAMED} more" if len(four) > NAMED else "")
        text = f"{named} have one MAC address: one device, or a repeater that answers for others, too"
        yield Remark(about="shared-mac", text=text)
    if device.rivals:
        macs = ", ".join(sorted({plain_mac(device.mac), *device.rivals})[: NAMED + 1])
        text = (
            f"more than one MAC address answers for {device.address}: {macs}; two devices claim it, or one stands in "
            "for the other, and what is told of it may be of either"
        )
        yield Remark(about="address-conflict", text=text)


def _claimed(devices: Iterable[Device]) -> Mapping[str, list[Device]]:
    """MAC address -> the devices for whose address it answers, too."""
    claimed: dict[str, list[Device]] = defaultdict(list)
    for device in devices:
        for mac in device.rivals:
            claimed[mac].append(device)
    return claimed


def _claims_of_others(device: Device, claimed: Mapping[str, list[Device]]) -> Iterator[Remark]:
    theirs = claimed.get(interface_mac(device), ())
    if theirs:
        addresses = sorted((d.address for d in theirs), key=in_order)
        more = f" and {len(addresses) - NAMED} more" if len(addresses) > NAMED else ""
        text = f"answers for {', '.join(addresses[:NAMED])}{more}, too, where another MAC address answers as well"
        yield Remark(about="address-conflict", text=text)


def _keys(device: Device, shown: Shown) -> set[Key]:
    keys = {("mac", f"{mac} on {device.link}" if device.link else mac)} if (mac := interface_mac(device)) else set()
    keys |= unique_claims(device)
    keys |= {("hostname", name) for name in host_names(device) if name not in _NOBODYS}
    return keys | {key for s in (device, *device.sightings) for _, _, key in shown.get(s.id, ())}


def _shared(key: Key, device: Device, bearers: Sequence[Device], *, are_two: bool) -> Remark:
    what, value = key
    # Bounded: the few that are named, whoever else there is.
    others = [d.address for d in bearers[: NAMED + 1] if d is not device][:NAMED]
    more = len(bearers) - 1 - len(others)
    named = ", ".join(others) + (f" and {more} more" if more else "")
    if what == "mac":
        text = f"its MAC address is that of {named}, too: a repeater, bridge or proxy answers for several devices"
        return Remark(about="shared-mac", text=text)
    if what == "hostname":
        if are_two:
            return Remark(about="name-conflict", text=f"calls itself {value}, as {named} does: two claim one name")
        return Remark(about="may-be-same", text=f"may be the same device as {named}: both call themselves {value}")
    if what in _KEYS:
        digest = f"{value[:16]}…"
        if are_two:
            return Remark(about="may-be-same", text=f"{_KEYS[what]} {digest} of {named}: a clone, or the same device")
        return Remark(about="may-be-same", text=f"may be the same device as {named}: {_KEYS[what]} {digest}, too")
    text = f"states the {what} {value}, as {named} does, which something contradicts: not taken for the same device"
    return Remark(about="shared-claim", text=text)
