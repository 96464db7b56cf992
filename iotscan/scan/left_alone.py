"""Devices that were excluded by one address and answer at another: they are listed, and not asked.

Nothing is sent to find that out. The kernel knows the MAC address of whoever spoke to us lately; where it knows none of
the excluded address, only that address is left alone.
"""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_network

from iotscan.model.mac import is_of_one_interface
from iotscan.model.scope import Network, Scope, canonical, ends_of, holds, unmapped
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.neighbours import neighbours


class LeftAlone:
    """Knows what the scope excludes, and whose addresses were met. ``known`` reads the kernel's table of neighbours."""

    def __init__(self, scope: Scope, known: Callable[[], Iterable[Found]] = neighbours) -> None:
        self._known = known
        self._named = frozenset(scope.include)
        self._out = tuple(_exclusions(scope))
        self._whose: dict[str, str] = {}

    def holds(self, address: str, mac: str) -> bool:
        """Whether a device is one that was excluded by another address; whoever was named himself is asked."""
        if not self._out or str(ip_network(address)) in self._named:
            return False
        known = tuple(self._known())
        mac = mac or next((n.mac for n in known if n.address == address), "")
        if is_of_one_interface(mac):
            others = (n.address for n in known if n.mac == mac and n.address != address)
            out = next((other for other in others if holds(self._out, canonical(other))), "")
            if out:
                self._whose[address] = out
        return address in self._whose

    def __contains__(self, address: str) -> bool:
        return address in self._whose

    def notices(self) -> Iterator[str]:
        """What the reader must know of each."""
        for address, out in self._whose.items():
            yield f"{address} has the MAC address of {out}, which is excluded: listed, and not asked"


def _exclusions(scope: Scope) -> Iterator[Network]:
    # Those of a subnet are nobody's, and excluded by ourselves.
    ends = ends_of(map(ip_network, scope.include))
    excluded = (unmapped(ip_network(n)) for n in scope.exclude)
    yield from (n for n in excluded if n not in ends)
    for entry in scope.mandate.out_of_scope if scope.mandate else ():
        yield from (unmapped(ip_network(n)) for n in entry.networks)
