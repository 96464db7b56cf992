"""Who began a conversation, and the names of its ends as text."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

KNOWN_PORTS: Final = frozenset(
    {
        1080, 1194, 1812, 1813, 1883, 1884, 1900, 1935, 2055, 2404, 3000, 3128, 3306, 3389, 3478, 3702, 4222, 4433,
        4739, 4840, 5000, 5060, 5061, 5222, 5223, 5269, 5349, 5353, 5355, 5432, 5671, 5672, 5683, 5684, 5685, 5686,
        5900, 5985, 5986, 6343, 6379, 6667, 7547, 8000, 8008, 8080, 8081, 8086, 8443, 8554, 8883, 8888, 9000, 9001,
        9092, 9200, 9443, 11211, 20000, 27017, 44818, 47808, 51820, 61613, 61616,
    }
)  # fmt: skip
"""Ports above 1023 of servers, as IANA has registered them or as devices' servers use them."""
_SYSTEM_PORTS: Final = 1024
_CHOSEN_BY_CHANCE: Final = 32_768
"""From here on systems choose the ports of clients (Linux from 32,768, RFC 6335 from 49,152)."""


def is_backwards(port: int, other: int) -> bool:
    """Whether a packet from ``port`` to ``other`` goes from the server to the client, as far as ports can tell."""
    return _rank(port) < _rank(other)


def _rank(port: int) -> int:
    """The lower, the more it is a server's."""
    if port < _SYSTEM_PORTS:
        return 0
    if port in KNOWN_PORTS:
        return 1
    return 2 if port < _CHOSEN_BY_CHANCE else 3


@lru_cache(65_536)
def address_text(address: bytes) -> str:
    """An address of four or sixteen bytes as text; IPv4 within IPv6 as IPv4."""
    if len(address) == 4:
        return ".".join(map(str, address))
    known = IPv6Address(address)
    return str(known.ipv4_mapped or known)


def is_address(called: str, address: str) -> bool:
    """Whether what a client calls a server is that address, and no name."""
    try:
        return ip_address(called.strip("[]")) == ip_address(address)
    except ValueError:
        return False


@lru_cache(65_536)
def mac_text(mac: bytes) -> str:
    """A MAC as text; nothing for one of a group, of nobody (all zeros), or none."""
    return mac.hex(":") if len(mac) == 6 and not mac[0] & 1 and any(mac) else ""
