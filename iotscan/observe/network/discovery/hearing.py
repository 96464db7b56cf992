"""What is heard on a link without asking: who speaks, from which address and MAC, and what that says of them.

A frame is believed as far as it bears itself out: the message must name the MAC that put it on the wire. Everything
is bounded, whoever floods, and nothing is ever sent.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from iotscan.model.facts import Claim
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Tally
from iotscan.observe.network.group_call import is_of
from iotscan.wire import coiot, dhcp, dhcp6, llmnr, mdns, netbios, ssdp, switches, tuya, ws_discovery, yeelight
from iotscan.wire.frames import ROUTER_ADVERTISEMENT, Sighting, read_prefixes

PASSIVE: Final = "passive"
"""How an address is found that was only heard of."""
SENDERS: Final = 4096
"""MAC addresses, and addresses, that are told apart on all links: as many as a scan takes on by default."""
ADDRESSES: Final = 8
"""Addresses that one MAC vouches for: no device has as many, and who forges has more."""
REPORTS: Final = 32
"""Reports of one address after which nobody new is heard who speaks from it, unless he has answered there."""
CLAIMS: Final = 64
"""Claims kept of one MAC, and of one address."""
RECORDS: Final = 65_536
"""Records of mDNS kept of all senders."""
_PROOF: Final = {"arp": "heard ARP", "ndp": "heard NDP"}
PROOFS: Final = frozenset(_PROOF.values())
"""How an address is found from which somebody spoke for himself, and nobody has answered."""
Reader = Callable[[bytes], tuple[Claim, ...] | None]


def _of_ssdp(packet: bytes) -> tuple[Claim, ...] | None:
    said = ssdp.read_notify(packet)
    if said is None:
        return None
    claims = (("software", said.server), ("uuid", ssdp.uuid_of(said.unique_name)))
    return tuple(Claim(what=what, value=value, how="ssdp notify") for what, value in claims if value)


def _of_web_services(packet: bytes) -> tuple[Claim, ...] | None:
    said = ws_discovery.read_hello(packet)
    return said.claims() if said else None


READERS: Final[dict[int, tuple[str, Reader]]] = {
    netbios.PORT: ("NetBIOS", netbios.read_registration),
    netbios.DATAGRAM_PORT: ("NetBIOS", netbios.read_datagram),
    ssdp.PORT: ("SSDP", _of_ssdp),
    yeelight.PORT: ("Yeelight", yeelight.read_notify),
    ws_discovery.PORT: ("WS-Discovery", _of_web_services),
    llmnr.PORT: ("LLMNR", lambda _: None),
    switches.MNDP_PORT: ("MNDP", switches.read_mndp),
    coiot.PORT: ("CoAP", coiot.read_status),
    tuya.PLAIN_PORT: ("Tuya", tuya.read_broadcast),
    tuya.PORT: ("Tuya", tuya.read_broadcast),
}
"""What speaks to all on a port, and what reads it; somebody who only asks is there all the same."""


class Hearing:
    """All that was heard on some links.

    ``allows`` says whether an address is in scope, ``places_of`` at which addresses a MAC has answered others: who has
    is heard however many others speak.
    """

    def __init__(
        self,
        links: Sequence[Attached],
        allows: Callable[[str], bool],
        places_of: Callable[[str], Collection[str]] = lambda _: (),
    ) -> None:
        self._links, self._allows, self._places_of = links, allows, places_of
        self._macs: dict[str, dict[str, str]] = {}
        self._addresses: dict[str, dict[str, None]] = {}
        self._of_mac: dict[str, dict[Claim, None]] = {}
        self._link_of: dict[str, str] = {}
        self._told: dict[tuple[str, str], set[Claim]] = {}
        self._announcers: dict[tuple[str, str], mdns.Announcer] = {}
        self._once: dict[str, None] = {}
        self._reports: Counter[str] = Counter()
        self._is_flooded = False
        self._records = 0
        self.kinds: Counter[str] = Counter()
        self.strays = self.foreign = self.left_out = 0
        self.notes = Tally()

    @property
    def senders(self) -> int:
        """How many MAC addresses spoke; of those whose MAC is not known, how many addresses."""
        return len(self._addresses) or len(self._told)

    def take(self, seen: Sighting, interface: str) -> Iterator[Found]:
        """What is found by one sighting."""
        if seen.own_mac and seen.own_mac != seen.mac:
            self.foreign += 1
        elif seen.mac and not self._has_room(seen.mac):
            self.left_out += 1
        else:
            if seen.mac:
                self._link_of[seen.mac] = interface
            yield from self._read(seen, interface)

    def _has_room(self, mac: str) -> bool:
        """Take a MAC in; where there are too many, for the oldest of those that spoke but once."""
        if mac in self._addresses:
            self._once.pop(mac, None)
            return True
        if len(self._addresses) >= SENDERS:
            self._is_flooded = True
            if not self._once:
                return False
            self._forget(next(iter(self._once)))
        self._addresses[mac] = {}
        self._once[mac] = None
        return True

    def _forget(self, mac: str) -> None:
        del self._once[mac]
        self._of_mac.pop(mac, None)
        self._link_of.pop(mac, None)
        for place in self._addresses.pop(mac):
            self._told.pop((place, mac), None)
            self._announcers.pop((place, mac), None)
            macs = self._macs.get(place, {})
            macs.pop(mac, None)
            if not macs:
                self._macs.pop(place, None)

    def _read(self, seen: Sighting, interface: str) -> Iterator[Found]:
        if seen.kind in ("lldp", "cdp"):
            yield from self._neighbour(seen, interface)
        elif seen.kind == "udp" and seen.port in (dhcp.SERVER_PORT, dhcp.CLIENT_PORT):
            yield from self._dhcp(seen, interface)
        elif seen.kind == "udp" and seen.port == dhcp6.SERVER_PORT:
            self.kinds["DHCPv6"] += 1
            yield from self._learn(seen, dhcp6.read_claims(seen.payload) or ())
        elif seen.kind == "udp":
            yield from self._datagram(seen, interface)
        else:
            self.kinds[seen.kind.upper()] += 1
            if seen.port == ROUTER_ADVERTISEMENT and seen.kind == "ndp":
                yield from self._router(seen, interface)
            yield from self._speaks(seen, self._place(seen.source, interface))

    def _place(self, source: str, interface: str, *, counts: bool = True) -> str:
        """An address that is on the link and in scope, with its zone where it needs one; empty for any other."""
        if not source:
            return ""
        address = ip_address(source)
        is_local = address.version == 6 and address.is_link_local
        is_here = is_local or any(link.interface == interface and is_of(link, source) for link in self._links)
        if any(link.address.partition("%")[0] == source for link in self._links):
            return ""
        place = f"{source}%{interface}" if is_local else source
        if is_here and self._allows(place):
            return place
        self.strays += counts
        return ""

    def _speaks(self, seen: Sighting, place: str, claims: Iterable[Claim] = ()) -> Iterator[Found]:
        """Somebody speaks from a place: note who, and report what is new."""
        if not place:
            return
        key = (place, seen.mac)
        if key not in self._told and not self._may_join(place, seen.mac):
            self.left_out += 1
            return
        is_new = key not in self._told
        told = self._told.setdefault(key, set())
        said = dict.fromkeys(claims)
        if seen.mac:
            self._note(seen, place)
            said |= self._of_mac.get(seen.mac, {})
        fresh = tuple(claim for claim in said if claim not in told)[: max(CLAIMS - len(told), 0)]
        told.update(fresh)
        if is_new or fresh:
            self._reports[place] += 1
            yield Found(address=place, how=PASSIVE, mac=seen.mac, claims=fresh, link=self._link_of.get(seen.mac, ""))

    def _may_join(self, place: str, mac: str) -> bool:
        """Whether one more MAC may speak from a place: the first two, and who has answered there."""
        if mac and place in self._places_of(mac):
            return True
        if place not in self._reports and len(self._reports) >= SENDERS:
            return False
        if ":" in place and len(self._addresses.get(mac, ())) > ADDRESSES:
            return False
        return len(self._macs.get(place, ())) < 2 and self._reports[place] < REPORTS

    def _note(self, seen: Sighting, place: str) -> None:
        """Note that a MAC speaks from a place, and whether in a message that bears itself out."""
        macs, places = self._macs.setdefault(place, {}), self._addresses.setdefault(seen.mac, {})
        if len(places) <= ADDRESSES:
            places[place] = None
        macs[seen.mac] = _PROOF.get(seen.kind, "") or macs.get(seen.mac, "")

    def _learn(self, seen: Sighting, claims: Iterable[Claim]) -> Iterator[Found]:
        """Something is known of a MAC: of the addresses that it speaks from, and of those that it will."""
        known = self._of_mac.setdefault(seen.mac, {})
        known.update(dict.fromkeys(tuple(claims)[: CLAIMS - len(known)]))
        # What it says from one address is no proof that it is at another.
        told = Sighting(kind="udp", mac=seen.mac)
        for place in tuple(self._addresses.get(seen.mac, ())):
            yield from self._speaks(told, place)

    def _dhcp(self, seen: Sighting, interface: str) -> Iterator[Found]:
        said = dhcp.read_message(seen.payload)
        if said is None:
            return
        self.kinds["DHCP"] += 1
        if not said.is_request:
            # One that is relayed comes from a router, for another network.
            if seen.from_port == dhcp.SERVER_PORT and not said.is_relayed:
                self.notes.remark(f"DHCP server: {seen.source} ({seen.mac})")
                role = Claim(what="role", value="DHCP server", how="dhcp answer")
                yield from self._speaks(seen, self._place(seen.source, interface), (role,))
        elif said.is_relayed or said.mac != seen.mac:
            self.foreign += 1
        elif said.kind not in (dhcp.DECLINE, dhcp.RELEASE):
            yield from self._learn(seen, said.claims)
            # It has this address, or asks to have it again: whether it got it, only the address can show.
            yield from self._speaks(seen, self._place(said.address, interface))

    def _router(self, seen: Sighting, interface: str) -> Iterator[Found]:
        seconds, prefixes = read_prefixes(seen.payload)
        if seconds:
            shown = ", ".join(prefixes) or "no network"
            self.notes.remark(f"IPv6 router: {seen.source}%{interface} ({seen.mac}) for {shown}")
            yield from self._learn(seen, (Claim(what="role", value="IPv6 router", how="router advertisement"),))

    def _neighbour(self, seen: Sighting, interface: str) -> Iterator[Found]:
        said = switches.read_lldp(seen.payload) if seen.kind == "lldp" else switches.read_cdp(seen.payload)
        if said is None:
            return
        self.kinds[seen.kind.upper()] += 1
        # Without its name: where it is no device of the scope, nobody could hide that in a report.
        what = said.said("model") or said.said("description") or "of no model"
        place = f" at {said.address}" if said.address else ""
        self.notes.remark(f"neighbour by {seen.kind.upper()}: {what}{place} ({said.mac or seen.mac})")
        yield from self._learn(seen, said.claims)
        yield from self._speaks(seen, self._place(said.address, interface, counts=False))

    def _datagram(self, seen: Sighting, interface: str) -> Iterator[Found]:
        if seen.port == mdns.PORT:
            self.kinds["mDNS"] += 1
            place = self._place(seen.source, interface)
            yield from self._speaks(seen, place, self._announced(seen, place))
        elif reader := READERS.get(seen.port):
            name, read = reader
            self.kinds[name] += 1
            yield from self._speaks(seen, self._place(seen.source, interface), read(seen.payload) or ())

    def _announced(self, seen: Sighting, place: str) -> tuple[Claim, ...]:
        key = (place, seen.mac)
        # Only who speaks from the port of mDNS speaks mDNS (RFC 6762 §6).
        if seen.from_port != mdns.PORT:
            return ()
        if not place or self._records >= RECORDS or (key not in self._announcers and len(self._announcers) >= SENDERS):
            return ()
        sender = self._announcers.get(key) or mdns.Announcer(place)
        before = sender.records
        if not sender.take(seen.payload) or sender.records == before:
            return ()
        self._announcers[key] = sender
        self._records += sender.records - before
        return sender.claims()

    def settle(self) -> Iterator[Found]:
        """All has been heard: what now is known of whom, and who is there for having spoken for itself."""
        for (place, mac), sender in self._announcers.items():
            yield from self._speaks(Sighting(kind="udp", mac=mac), place, sender.claims(at_the_end=True))
        for mac in self._of_mac:
            for place in self._places_of(mac):
                yield from self._speaks(Sighting(kind="udp", mac=mac), place)
        for place, macs in self._macs.items():
            yield from self._proof(place, macs)

    def _proof(self, place: str, macs: dict[str, str]) -> Iterator[Found]:
        """An address from which one MAC alone spoke ARP: as good as an answer, from a device that may sleep by now."""
        if len(macs) > 1:
            self.notes.remark(f"{' and '.join(macs)} both speak as {place}: used twice, or forged")
            return
        ((mac, how),) = macs.items()
        if how and not self._is_flooded and len(self._addresses.get(mac, ())) <= ADDRESSES:
            yield Found(address=place, how=how, mac=mac, link=self._link_of.get(mac, ""))
