"""What speaks against sightings being one device. Not to merge is the smaller mistake, so little is enough.

Everything here takes time linear in the sightings, whatever they say.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from iotscan.model.device import Device
from iotscan.model.mac import is_lasting_mac, is_of_one_interface, plain_mac

Key = tuple[str, str]
"""What kind of identifier, and its value."""
Shown = Mapping[str, Sequence[tuple[int, str, Key]]]
"""Id of a sighting -> the keys that its services show: port, algorithm, key (``ssh`` or ``tls``, and its hash)."""
NOTHING_SHOWN: Final[Shown] = MappingProxyType({})
PROXY_AT: Final = 32
"""Addresses of one MAC on a link: no device has as many, a router that answers for others does."""
PROXY_AT_IPV4: Final = 8
"""As many IPv4 addresses: privacy addresses and prefixes add up on IPv6 alone."""
_NETBIOS: Final = 15
"""Characters to which NetBIOS cuts a host name."""


def interface_mac(sighting: Device) -> str:
    """The MAC address by which an interface is known; empty where that is a role's, or another answers as well."""
    return plain_mac(sighting.mac) if not sighting.rivals and is_of_one_interface(sighting.mac) else ""


def serials(sighting: Device) -> frozenset[str]:
    """Its serial numbers, those too plain to speak for it included."""
    return frozenset(v for c in sighting.claims if c.what == "serial" and (v := c.value.strip().lower()))


def contradicts(sightings: Sequence[Device], shown: Shown) -> str:
    """What of these sightings cannot be of one device, in words; empty where nothing speaks against it."""
    if _several_macs(sightings):
        return "their MAC addresses differ"
    if _nothing_common(map(serials, sightings)):
        return "their serial numbers differ"
    if _several_host_keys(sightings, shown):
        return "the same port shows another SSH host key"
    if len({p for p in map(_ports, sightings) if p}) > 1 and not _is_chain(map(_ports, sightings)):
        for what, said in (("host names", _host_names), ("models", _models)):
            if _nothing_common(map(said, sightings)):
                return f"their {what} and their ports differ"
    return ""


def is_proxied(sightings: Sequence[Device]) -> bool:
    """True for more addresses behind one MAC than a device has."""
    addresses = {a for s in sightings for a in s.addresses}
    return len(addresses) > PROXY_AT or sum(":" not in a for a in addresses) > PROXY_AT_IPV4


def _several_macs(sightings: Iterable[Device]) -> bool:
    lasting: set[str] = set()
    on_link: dict[str, set[str]] = defaultdict(set)
    for sighting in sightings:
        # Also one that another answers for: who forges an answer must not take away what keeps the two apart.
        mac = plain_mac(sighting.mac) if is_of_one_interface(sighting.mac) else ""
        if mac and is_lasting_mac(mac):
            lasting.add(mac)
        if mac and sighting.link:
            on_link[sighting.link].add(mac)
    return len(lasting) > 1 or any(len(macs) > 1 for macs in on_link.values())


def _several_host_keys(sightings: Iterable[Device], shown: Shown) -> bool:
    seen: dict[tuple[int, str], str] = {}
    for sighting in sightings:
        for port, algorithm, (kind, digest) in shown.get(sighting.id, ()):
            if kind == "ssh" and seen.setdefault((port, algorithm), digest) != digest:
                return True
    return False


def _nothing_common(said: Iterable[frozenset[str]]) -> bool:
    """True where those who say anything have nothing in common."""
    stated = [s for s in said if s]
    return bool(stated) and not stated[0].intersection(*stated[1:])


def _is_chain(ports: Iterable[frozenset[str]]) -> bool:
    """True where each holds the next smaller one: a service may listen on some addresses of a device alone."""
    ordered = sorted(set(ports), key=len)
    return all(small <= large for small, large in pairwise(ordered))


def _ports(sighting: Device) -> frozenset[str]:
    return frozenset(s.name for s in sighting.services)


def host_names(device: Device) -> frozenset[str]:
    """What it is called on the network: the first label, in lower case, as far as NetBIOS tells it."""
    return _host_names(device)


def _said(what: str, plain: Callable[[str], str]) -> Callable[[Device], frozenset[str]]:
    return lambda sighting: frozenset(v for c in sighting.claims if c.what == what and (v := plain(c.value)))


_host_names = _said("hostname", lambda text: text.strip().lower().partition(".")[0][:_NETBIOS])
_models = _said("model", lambda text: text.strip().lower())
