"""Addresses that somebody announced, until they are shown to be there: whoever is on a link can answer in any name."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from iotscan.observe.network.attached import Attached
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.hearing import PROOFS
from iotscan.observe.network.discovery.methods import HEARSAY
from iotscan.observe.network.discovery.neighbours import neighbour
from iotscan.observe.network.group_call import is_of

NAMED: Final = 8
"""Addresses that a notice names."""


def neighbour_mac(address: str) -> str:
    """The MAC that answered the kernel's own ARP for an address; empty where it knows none."""
    known = neighbour(address)
    return known.mac if known else ""


class Announced:
    """Holds back what is said in the name of IPv4 addresses on our links until something else answers there.

    All of these are swept, so whoever is there shows himself, by ARP if by nothing else. What is said of other
    addresses passes: of those there is no such proof.
    """

    def __init__(self, links: Sequence[Attached], mac_of: Callable[[str], str] = neighbour_mac) -> None:
        self._links = tuple(link for link in links if ":" not in link.address)
        self._own = {link.address for link in links}
        self._mac_of = mac_of
        self._there: set[str] = set()
        self._macs: dict[str, set[str]] = {}
        self._held: dict[str, list[Found]] = {}
        self.contradicted = 0
        """Words that came from another MAC than the one that answers at the address: not believed."""

    def take(self, found: Found) -> tuple[Found, ...]:
        """What may be believed now that this was found: nothing, this, or this and what was held back."""
        address = found.address
        if found.how in PROOFS and address in self._there:
            return ()  # somebody has answered there: that he spoke as well shows no more
        if found.how not in HEARSAY:
            return (*self.confirm(address, found.mac), found)
        if not self._needs_no_proof(address):
            self._held.setdefault(address, []).append(found)
            return ()
        return self._borne_out(address, (found,))

    def _needs_no_proof(self, address: str) -> bool:
        return address in self._there or address in self._own or not any(is_of(link, address) for link in self._links)

    def confirm(self, address: str, mac: str = "") -> tuple[Found, ...]:
        """Somebody is there, with this MAC where it is known: what was held back of the address."""
        self._there.add(address)
        held = self._held.pop(address, [])
        if not mac and address not in self._macs and any(found.mac for found in held):
            mac = self._mac_of(address)
        if mac:
            self._macs.setdefault(address, set()).add(mac)
        return self._borne_out(address, held)

    def _borne_out(self, address: str, several: Sequence[Found]) -> tuple[Found, ...]:
        """Those that come from a MAC that answers at the address, or from one that is not known."""
        macs = self._macs.get(address, set())
        kept = tuple(found for found in several if not macs or not found.mac or found.mac in macs)
        self.contradicted += len(several) - len(kept)
        return kept

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the reader must know of what was not believed."""
        words = "announcements from another MAC than the one that answers at the address, not believed"
        return (f"{words}: {self.contradicted:,}",) if self.contradicted else ()

    @property
    def held(self) -> tuple[str, ...]:
        """The addresses of which there is no proof yet, in the order in which they were heard of."""
        return tuple(self._held)


def as_words(addresses: Iterable[str], why: str) -> str:
    """Some addresses that were announced, and why they are not listed, in a sentence."""
    listed = tuple(addresses)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return f"announced in the name of {', '.join(listed[:NAMED])}{more}, {why}: not listed as devices"
