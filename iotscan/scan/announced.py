"""Addresses that somebody announced, until they are shown to be there: whoever is on a link can answer in any name."""

from collections.abc import Iterable, Sequence
from typing import Final

from iotscan.observe.network.attached import Attached
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.methods import METHODS
from iotscan.observe.network.discovery.router import HOW as ROUTER
from iotscan.observe.network.group_call import is_of

HEARSAY: Final = frozenset((*(method.name for method in METHODS), ROUTER))
"""How an address is found that was only heard of; every other way is an answer to a frame or a connection of ours."""
NAMED: Final = 8
"""Addresses that a notice names."""


class Announced:
    """Holds back what is said in the name of IPv4 addresses on our links until something else answers there.

    All of these are swept, so whoever is there shows himself, by ARP if by nothing else. What is said of other
    addresses passes: of those there is no such proof.
    """

    def __init__(self, links: Sequence[Attached]) -> None:
        self._links = tuple(link for link in links if ":" not in link.address)
        self._own = {link.address for link in links}
        self._there: set[str] = set()
        self._held: dict[str, list[Found]] = {}

    def take(self, found: Found) -> tuple[Found, ...]:
        """What may be believed now that this was found: nothing, this, or this and what was held back."""
        address = found.address
        if found.how not in HEARSAY or self._needs_no_proof(address):
            return (*self.confirm(address), found)
        self._held.setdefault(address, []).append(found)
        return ()

    def _needs_no_proof(self, address: str) -> bool:
        return address in self._there or address in self._own or not any(is_of(link, address) for link in self._links)

    def confirm(self, address: str) -> tuple[Found, ...]:
        """Somebody is there: what was held back of the address."""
        self._there.add(address)
        return tuple(self._held.pop(address, ()))

    @property
    def held(self) -> tuple[str, ...]:
        """The addresses of which there is no proof yet, in the order in which they were heard of."""
        return tuple(self._held)


def as_words(addresses: Iterable[str], why: str) -> str:
    """Some addresses that were announced, and why they are not listed, in a sentence."""
    listed = tuple(addresses)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return f"announced in the name of {', '.join(listed[:NAMED])}{more}, {why}: not listed as devices"
