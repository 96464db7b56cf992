"""The networks this machine is directly attached to, as the kernel tells."""

import socket
from collections.abc import Container, Iterator
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, ip_address, ip_network
from typing import Any

import msgspec
import psutil

from iotscan.model.scope import is_private, with_zone

_INTERNET = frozenset({"AF_INET", "AF_INET6"})


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """One directly attached network: interface name, our own address in it, the network.

    A link-local one, and our address in it, have the interface for their zone: ``fe80::%eth0/64``.
    """

    interface: str
    address: str
    network: str


def attached_networks() -> tuple[Attached, ...]:
    """Every network of an interface that is up, loopback and point-to-point ones left out.

    Of several IPv6 addresses in one network the first stands for all: the others are temporary ones.
    """
    stats = psutil.net_if_stats()
    found: dict[tuple[str, str], Attached] = {}
    for interface, addresses in psutil.net_if_addrs().items():
        if interface not in stats or not stats[interface].isup:
            continue
        for own in _own(addresses):
            key = (interface, str(own.network if own.version == 6 else own))
            zone = interface if own.version == 6 and own.is_link_local else ""
            address, network = with_zone(own.ip, zone), with_zone(own.network, zone)
            found.setdefault(key, Attached(interface=interface, address=address, network=network))
    return tuple(found.values())


def interface_called(zone: str) -> str:
    """The name of the interface that a zone means, by a name or its number; empty where there is none.

    An interface may have further names (ip-link(8), altname): the kernel takes each, and tells but the one.
    """
    try:
        index = int(zone) if zone.isascii() and zone.isdecimal() else socket.if_nametoindex(zone)
        return socket.if_indextoname(index)
    except (OSError, OverflowError, ValueError):
        return ""


def _own(addresses: list[Any]) -> Iterator[IPv4Interface | IPv6Interface]:
    for entry in addresses:
        if entry.family.name == "AF_INET" and entry.netmask:
            own = IPv4Interface(f"{entry.address}/{entry.netmask}")
            if not own.is_loopback and own.network.prefixlen < 31:
                yield own
        elif entry.family.name == "AF_INET6" and entry.netmask:
            bits = int(IPv6Interface(entry.netmask).ip).bit_count()
            six = IPv6Interface(f"{entry.address.partition('%')[0]}/{bits}")
            if not six.is_loopback and bits < 127:
                yield six


def private_networks(attached: tuple[Attached, ...]) -> tuple[Attached, ...]:
    """The IPv4 ones of private use (RFC 1918, link-local): what a scan without a target means."""
    networks = ((a, ip_network(a.network)) for a in attached)
    return tuple(a for a, network in networks if isinstance(network, IPv4Network) and is_private(network))


def own_addresses() -> frozenset[str]:
    """Every address of this machine but those of loopback, a link-local one with its interface for a zone."""
    found = (e for entries in psutil.net_if_addrs().values() for e in entries if e.family.name in _INTERNET)
    return frozenset(str(own) for own in (ip_address(e.address) for e in found) if not own.is_loopback)


def own_places(interfaces: Container[str] | None = None) -> tuple[str, ...]:
    """MAC and IP addresses of this machine, link-local ones without their zone, of some interfaces or of all.

    What it says itself is known by them in a capture.
    """
    found = [
        address.address.partition("%")[0].replace("-", ":").lower()
        for interface, addresses in sorted(psutil.net_if_addrs().items())
        for address in addresses
        if interfaces is None or interface in interfaces
        if address.family in (socket.AF_INET, socket.AF_INET6, psutil.AF_LINK)
    ]
    return tuple(dict.fromkeys(place for place in found if place != "00:00:00:00:00:00"))
