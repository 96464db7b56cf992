"""What tells that two devices of a run are two, and not one machine at two addresses. Pure.

Sightings stay apart unless something joins them (:mod:`iotscan.model.identity`), so that two rows are no proof of two
machines. Whoever accuses both of sharing something needs one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from iotscan.model.contradiction import contradicts
from iotscan.model.device import Device
from iotscan.model.facts import CertificateChain, SshServer
from iotscan.model.identity import sightings_of
from iotscan.model.identity_rule import IdentityRule, named_by
from iotscan.model.lasting import keys_shown
from iotscan.model.mac import is_of_one_interface, plain_mac, virtual_role
from iotscan.model.observation import Observation


class Apart:
    """Need: whether two devices are known to be two."""

    def __init__(
        self, devices: Iterable[Device], observations: Iterable[Observation], rules: Sequence[IdentityRule] = ()
    ) -> None:
        self._devices = {d.id: d for d in devices}
        seen = [o for o in observations if isinstance(o.fact, CertificateChain | SshServer)]
        self._shown = keys_shown(seen)
        self._said: Mapping[str, dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
        for observation in seen:
            for what, value in _said(observation):
                self._said[observation.subject.device][what].add(value)
        sightings = sightings_of(self._devices.values())
        named = zip(rules, named_by(rules, sightings), strict=True) if rules else ()
        self._separate = {i for rule, ids in named if rule.kind == "separate" for i in ids}

    def proof(self, one: str, other: str) -> str:
        """What shows the devices with these ids to be two, in words; empty where nothing does."""
        pair = [self._devices[i] for i in (one, other) if i in self._devices]
        if len(pair) < 2:
            return ""
        if {one, other} & self._separate:
            return "a rule of who is one device says so"
        if _is_rival_of(*pair):
            # What was seen at one of the addresses may be the other's: their MAC addresses tell nothing of it.
            pair = [msgspec.structs.replace(device, mac="", sightings=()) for device in pair]
        return contradicts(pair, self._shown) or self._unlike(one, other)

    def doubt(self, one: str, other: str) -> str:
        """What makes it likely that one machine answers for both, in words; empty where nothing does."""
        pair = [self._devices[i] for i in (one, other) if i in self._devices]
        macs = [plain_mac(d.mac) for d in pair]
        if role := next((virtual_role(mac) for mac in macs if virtual_role(mac)), ""):
            return f"one of the addresses is a virtual router's ({role}), and another machine may hold it"
        if len(macs) == 2 and macs[0] == macs[1] and is_of_one_interface(macs[0]):
            return f"both answer from {macs[0]}: one machine, or a router or proxy that answers for others"
        if len(pair) == 2 and _is_rival_of(*pair):
            return "the MAC address of one answers for the other's address, too: it may have spoken for it"
        return ""

    def _unlike(self, one: str, other: str) -> str:
        """What differs at a service that both have."""
        first, second = self._said[one], self._said[other]
        for what, service in sorted(first.keys() & second.keys()):
            if not first[what, service] & second[what, service]:
                return f"{service} shows another {what}"
        return ""


def _is_rival_of(one: Device, other: Device) -> bool:
    macs = {plain_mac(one.mac), plain_mac(other.mac)} - {""}
    return any(plain_mac(rival) in macs for rival in (*one.rivals, *other.rivals))


def _said(observation: Observation) -> list[tuple[tuple[str, str], str]]:
    """What one machine says alike at all of its addresses: (what, service), value."""
    fact, service = observation.fact, observation.subject.service
    if isinstance(fact, CertificateChain) and fact.certificates and not fact.server_name:
        leaf = fact.certificates[0]
        # Several engines may be shown certificates for several kinds of key.
        return [((f"certificate ({leaf.key_type}{' ' + fact.opening if fact.opening else ''})", service), leaf.sha256)]
    if isinstance(fact, SshServer):
        return [(("SSH software", service), fact.software)]
    return []
