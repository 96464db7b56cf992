"""Which addresses are of the devices' own networks, and which are beyond.

Private use and link-local (RFC 1918, RFC 3927, RFC 4193, RFC 4291) and loopback are here; documentation and benchmark
networks are not, nor is the space that providers share (RFC 6598): those are on the internet's side of a router.
IPv6 networks are learnt from router advertisements and neighbour discovery (RFC 4861), whatever else the user names.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from iotscan.model.scope import Network, holds
from iotscan.wire.frames import ADVERTISEMENT, ROUTER_ADVERTISEMENT, SOLICITATION, Sighting, read_prefixes

_HERE: Final[tuple[Network, ...]] = tuple(
    ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
)
_LEARNT: Final = 64
"""IPv6 networks that are learnt: no link has as many."""
_CACHED: Final = 65_536
_EVERYBODY: Final = ip_address("255.255.255.255")


class Locality:
    """Says of addresses whether they are here; ``local`` are networks that the user named."""

    def __init__(self, local: Iterable[Network] = ()) -> None:
        self._networks: tuple[Network, ...] = (*_HERE, *local)
        self._learnt: dict[IPv6Network, None] = {}
        self.is_local = lru_cache(_CACHED)(self._is_local)
        """Whether an address is of the devices' networks; multicast and broadcast are, too."""

    def learn(self, seen: Sighting) -> None:
        """Take the networks of a link from a message of neighbour discovery."""
        if seen.kind != "ndp" or seen.own_mac != seen.mac:
            return
        if seen.port == ROUTER_ADVERTISEMENT:
            seconds, prefixes = read_prefixes(seen.payload)
            for prefix in prefixes if seconds else ():
                self._add(IPv6Network(prefix, strict=False))
        elif seen.port in (SOLICITATION, ADVERTISEMENT) and len(seen.payload) >= 24:
            target = IPv6Address(seen.payload[8:24])
            if target.is_global:
                self._add(IPv6Network((target, 64), strict=False))

    def _add(self, network: IPv6Network) -> None:
        if network in self._learnt or len(self._learnt) >= _LEARNT or not 48 <= network.prefixlen <= 64:
            return
        self._learnt[network] = None
        self._networks = (*self._networks, network)
        self.is_local.cache_clear()

    def _is_local(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return parsed.is_multicast or parsed == _EVERYBODY or holds(self._networks, parsed)


@lru_cache(_CACHED)
def is_somebody(address: str) -> bool:
    """True for an address that one host can have: no multicast, no broadcast, not the unspecified one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_multicast or parsed.is_unspecified or parsed == _EVERYBODY)


def is_group(mac: str) -> bool:
    """True for a MAC address of many: multicast, broadcast (IEEE 802)."""
    return len(mac) > 1 and mac[1] in "13579bdf"
