"""Who speaks in a capture, and which of the addresses are one device.

A device is a MAC address with the addresses that it speaks from. A router is one as well, but what it passes on is
not its own: a MAC from which addresses beyond the network speak, or more addresses than a device has, vouches for
those alone that it says to be its own by ARP or neighbour discovery. Whoever else is behind it is a device by its
address.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from iotscan.model.contradiction import PROXY_AT, PROXY_AT_IPV4
from iotscan.model.device import provisional_id
from iotscan.model.scope import in_order
from iotscan.observe.traffic.locality import Locality, is_group, is_somebody

PARTIES: Final = 16_384
"""Pairs of MAC and address that are told apart."""
PLACES: Final = 256
"""Addresses of one MAC that are told apart: those behind a router are."""
GUESTS: Final = 16
"""IPv6 addresses of one MAC that are kept until it is known whether their network is here."""
MACS: Final = 65_536
MINUTES: Final = 1440
DAYS: Final = 1024
_DAY: Final = 86_400_000_000_000
Party = tuple[str, str]
"""A MAC address, empty where the capture holds none, and an IP address."""


class Span(msgspec.Struct):
    """When somebody was seen, in nanoseconds, and how often."""

    first: int
    last: int
    frames: int = 0
    minutes: set[int] = set()
    """Minutes of the clock in which something of it was seen, of one day at most."""

    days: set[int] = set()

    def take(self, at: int, frames: int = 0) -> None:
        """It was seen once more."""
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.frames += frames
        if len(self.minutes) < MINUTES:
            self.minutes.add(at // 60_000_000_000)
        if len(self.days) < DAYS:
            self.days.add(at // _DAY)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The parties of one device. ``mac`` is empty where none is known to be its own."""

    id: str
    mac: str
    addresses: tuple[str, ...]
    parties: tuple[Party, ...]


class Parties:
    """All who were seen on some captures."""

    def __init__(self, locality: Locality) -> None:
        self._locality = locality
        self._spoke: dict[Party, bool] = {}
        """Whether a party spoke itself: an address that is only asked is nobody yet."""
        self._proved: set[Party] = set()
        self._places: dict[str, dict[str, None]] = {}
        self._beyond: dict[str, str] = {}
        """A MAC, and an address beyond the network that spoke from it."""
        self.seen: dict[str, Span] = {}
        """By MAC address; by address where there is none."""
        self._routers: set[str] = set()
        """MAC addresses that say to be a router."""
        self.left_out = 0

    def __len__(self) -> int:
        return len({mac or address for (mac, address), spoke in self._spoke.items() if spoke})

    def frame(self, at: int, source: str, count: int = 0) -> None:
        """Frames of a source were seen, the last of them at this time; with none, that something was told of it."""
        span = self.seen.get(source)
        if span is None:
            if len(self.seen) >= MACS:
                return
            span = self.seen[source] = Span(first=at, last=at)
        span.take(at, count)

    def meet(self, mac: str, address: str, *, speaks: bool) -> Party | None:
        """Somebody takes part in a conversation; None for who is no device here, or one too many."""
        party = (mac, address)
        known = self._spoke.get(party)
        if known is None:
            if not self._is_here(party):
                self._note_beyond(party, speaks=speaks)
                return None
            if not self._has_room(party):
                return None
            self._spoke[party] = speaks
            self._places.setdefault(mac, {})[address] = None
        elif speaks and not known:
            self._spoke[party] = True
        return party

    def bear_out(self, mac: str, address: str) -> None:
        """A MAC says by ARP or neighbour discovery that an address is its own."""
        if (party := self.meet(mac, address, speaks=True)) is not None:
            self._proved.add(party)

    def be_router(self, mac: str) -> None:
        """A MAC says that it passes on what goes beyond."""
        if len(self._routers) < PLACES:
            self._routers.add(mac)

    def places_of(self, mac: str) -> tuple[str, ...]:
        """The addresses here from which a MAC spoke."""
        return tuple(a for a in self._places.get(mac, ()) if self._spoke[mac, a] and self._locality.is_local(a))

    def spans(self, group: Group) -> tuple[Span, ...]:
        """When a device was seen: by its MAC; by its addresses where it has none of its own."""
        sources = (group.mac,) if group.mac else group.addresses
        return tuple(self.seen[s] for s in sources if s in self.seen)

    def is_alone(self, mac: str) -> bool:
        """True where one IPv4 address at most speaks from a MAC: what it learns at one it knows at all."""
        return sum(":" not in a for a in self._places.get(mac, ())) < 2

    def _is_here(self, party: Party) -> bool:
        mac, address = party
        if is_group(mac) or not is_somebody(address):
            return False
        if self._locality.is_local(address):
            return True
        if ":" not in address or not mac:
            return False
        guests = sum(":" in a and not self._locality.is_local(a) for a in self._places.get(mac, ()))
        return guests < GUESTS

    def _has_room(self, party: Party) -> bool:
        mac, _ = party
        if len(self._spoke) < PARTIES and (not mac or len(self._places.get(mac, ())) < PLACES):
            return True
        self.left_out += 1
        return False

    def _note_beyond(self, party: Party, *, speaks: bool) -> None:
        mac, address = party
        if speaks and mac and is_somebody(address) and len(self._beyond) < MACS:
            self._beyond.setdefault(mac, address)

    def groups(self) -> tuple[Group, ...]:
        """The devices, each with its parties, in the order of their addresses."""
        owned: dict[str, tuple[list[Party], str]] = {}
        alone: list[Party] = []
        for mac, places in self._places.items():
            here = [(mac, a) for a in places if self._spoke[mac, a] and self._locality.is_local(a)]
            own = self._own(mac, here) if mac else []
            if own:
                owned[mac] = (own, mac)
            # Somebody beyond who is on this very link speaks there from a link-local address, too: he is no device.
            alone += [party for party in here if party not in own and not (mac and _is_link_local(party))]
        return tuple(sorted(self._joined(owned, alone), key=lambda g: (in_order(g.addresses[0]), g.mac)))

    def _own(self, mac: str, here: list[Party]) -> list[Party]:
        """Which parties of a MAC are itself."""
        fours = [p for p in here if ":" not in p[1]]
        if not (self._passes_on(mac) or len(here) > PROXY_AT or len(fours) > PROXY_AT_IPV4):
            return here
        own = [p for p in here if p in self._proved and not _is_link_local(p)] or (fours if len(fours) == 1 else [])
        if not own and mac not in self._routers:
            return []
        return [*own, *(p for p in here if _is_link_local(p) and p not in own)]

    def _passes_on(self, mac: str) -> bool:
        """Whether somebody beyond the network spoke from a MAC."""
        guests = (a for a in self._places[mac] if self._spoke[mac, a] and not self._locality.is_local(a))
        return mac in self._beyond or next(guests, None) is not None

    def _joined(self, owned: Mapping[str, tuple[list[Party], str]], alone: Iterable[Party]) -> Iterator[Group]:
        """A party without a MAC of its own is who has its address elsewhere, else a device by its address."""
        # Of two that speak from one address the one that proves one goes first; else the order is always the same.
        first = sorted(owned, key=lambda mac: (self._proved.isdisjoint(owned[mac][0]), mac))
        holder: dict[str, str] = {}
        for key in first:
            for _, address in owned[key][0]:
                holder.setdefault(address, key)
        guests: dict[str, list[Party]] = {}
        for party in alone:
            guests.setdefault(holder.get(party[1], party[1]), []).append(party)
        taken: set[str] = set()
        for key in first:
            own, mac = owned[key]
            yield _group(mac, [*own, *guests.pop(key, ())], taken)
        for parties in guests.values():
            yield _group("", parties, taken)


def _is_link_local(party: Party) -> bool:
    return party[1].startswith("fe80:")


def _group(mac: str, parties: list[Party], taken: set[str]) -> Group:
    addresses = tuple(sorted({a for _, a in parties}, key=in_order))
    # Two devices may have had one address: at one time, or one after the other.
    name = provisional_id(addresses[0])
    if name in taken:
        name = provisional_id(f"{addresses[0]} of {mac}")
    taken.add(name)
    return Group(id=name, mac=mac, addresses=addresses, parties=tuple(parties))
