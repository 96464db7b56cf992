"""Whom a router has met, as it tells by SNMP: the tables of RFC 4293, and of RFC 1213 from before IPv6."""

from ipaddress import IPv4Address, IPv6Address
from typing import Final

import msgspec

from iotscan.model.scope import Address
from iotscan.wire.ber import OCTETS
from iotscan.wire.snmp_walk import Oid, Variable

IP_NET_TO_PHYSICAL: Final[Oid] = (1, 3, 6, 1, 2, 1, 4, 35, 1, 4)
"""ipNetToPhysicalPhysAddress: by interface, type of address, its length and its octets."""
IP_NET_TO_MEDIA: Final[Oid] = (1, 3, 6, 1, 2, 1, 4, 22, 1, 2)
"""ipNetToMediaPhysAddress: by interface and IPv4 address."""
TABLES: Final = (IP_NET_TO_PHYSICAL, IP_NET_TO_MEDIA)
_IPV4, _IPV6 = (1, 4), (2, 16)
"""InetAddressType and length (RFC 4001). One with a zone (3, 4) has the router's own, which is nothing to us."""
_MAC: Final = 6
_NOBODY: Final = frozenset({bytes(_MAC), b"\xff" * _MAC})


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """An address, and the MAC address that a router sends its packets to."""

    address: Address
    mac: str


def read_row(row: Variable) -> Neighbour | None:
    """What a row of one of :data:`TABLES` says; None where that is no neighbour. Never raises."""
    address = _address(row.name)
    is_mac = row.tag == OCTETS and len(row.value) == _MAC and row.value not in _NOBODY and not row.value[0] & 1
    if address is None or not is_mac or address.is_multicast or address.is_unspecified or address.is_loopback:
        return None
    return Neighbour(address=address, mac=row.value.hex(":"))


def _address(name: Oid) -> Address | None:
    octets: Oid = ()
    if name[: len(IP_NET_TO_MEDIA)] == IP_NET_TO_MEDIA and len(name) == len(IP_NET_TO_MEDIA) + 5:
        octets = name[-4:]
    elif name[: len(IP_NET_TO_PHYSICAL)] == IP_NET_TO_PHYSICAL:
        kind, octets = name[len(IP_NET_TO_PHYSICAL) + 1 :][:2], name[len(IP_NET_TO_PHYSICAL) + 3 :]
        octets = octets if kind in (_IPV4, _IPV6) and len(octets) == kind[1] else ()
    if not octets or max(octets) > 0xFF:
        return None
    return IPv4Address(bytes(octets)) if len(octets) == 4 else IPv6Address(bytes(octets))
