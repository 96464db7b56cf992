"""What differs between two sights of one device. Pure.

Only what both sights say, or what one of them asked for and did not get, is a difference: a name that was not heard
and a port that nobody knocked on are none.
"""

from collections.abc import Iterator

from iotscan.assess.looking import Looking
from iotscan.model.comparison import Shift
from iotscan.model.device import Device, Service
from iotscan.model.scope import in_order
from iotscan.model.vocabulary import Confidence

_TRAITS = ("vendor", "product", "model", "firmware", "kind", "system")
NO_ANSWER = "no answer this time"
CLOSED = "closed"


def shifts(before: Device, after: Device, was: Looking, now: Looking) -> tuple[Shift, ...]:
    """Each difference from ``before`` to ``after``, in a fixed order; none between a sight and itself."""
    return (
        *_addresses(before, after, was, now),
        *_mac(before, after),
        *_names(before, after),
        *_traits(before, after),
        *_services(before, after, was, now),
    )


def _addresses(before: Device, after: Device, was: Looking, now: Looking) -> Iterator[Shift]:
    lost = sorted(set(before.addresses) - set(after.addresses), key=in_order)
    come = sorted(set(after.addresses) - set(before.addresses), key=in_order)
    if lost and not come and now.address_missed(*lost):
        return
    if lost or come:
        unlooked = was.address_missed(*come) if come and not lost else ""
        note = f"not looked at before: {unlooked}" if unlooked else ""
        yield Shift(what="address", before=", ".join(lost), after=", ".join(come), note=note)


def _mac(before: Device, after: Device) -> Iterator[Shift]:
    if before.mac and after.mac and before.mac.lower() != after.mac.lower():
        yield Shift(what="mac", before=before.mac, after=after.mac)


def _names(before: Device, after: Device) -> Iterator[Shift]:
    old, new = names_of(before), names_of(after)
    if old and new and not old & new:
        yield Shift(what="name", before=", ".join(sorted(old)), after=", ".join(sorted(new)))


def names_of(device: Device) -> frozenset[str]:
    """What it is called, by itself if it says so, else by the network."""
    own = frozenset(c.value for c in device.claims if c.what == "name")
    return own or frozenset(c.value for c in device.claims if c.what == "hostname")


def _traits(before: Device, after: Device) -> Iterator[Shift]:
    for what in _TRAITS:
        old, new = trait_of(before, what), trait_of(after, what)
        if old and new and old.casefold() != new.casefold():
            yield Shift(what=what, before=old, after=new)


def trait_of(device: Device, what: str) -> str:
    """What is known of a device by more than a hint: hints come and go with what was heard."""
    trait = getattr(device.identity, what)
    return trait.value if trait is not None and trait.confidence is not Confidence.TENTATIVE else ""


def _services(before: Device, after: Device, was: Looking, now: Looking) -> Iterator[Shift]:
    old, new = _by_name(before), _by_name(after)
    for name in sorted(old.keys() | new.keys(), key=_in_order):
        if name not in old:
            asked = was.asked(before.id, name)
            yield Shift(what="service", after=_shown(new[name]), note="" if asked else "not asked before")
        elif name not in new:
            if now.asked(after.id, name):
                note = CLOSED if now.is_closed(after.id, name) else NO_ANSWER
                yield Shift(what="service", before=_shown(old[name]), note=note)
        elif _differ(old[name].protocol, new[name].protocol):
            yield Shift(what="service", before=_shown(old[name]), after=_shown(new[name]))


def _by_name(device: Device) -> dict[str, Service]:
    return {s.name: s for s in device.services}


def _in_order(name: str) -> tuple[str, int]:
    transport, _, port = name.partition("/")
    return transport, int(port)


def _differ(one: str, other: str) -> bool:
    return one != other and "unknown" not in (one, other)


def _shown(service: Service) -> str:
    return f"{service.name} {service.protocol}"
