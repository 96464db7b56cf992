"""The networks this machine is directly attached to, as the kernel tells."""

from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, ip_network
from typing import Any

import msgspec
import psutil

from iotscan.model.scope import is_private


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """One directly attached network: interface name, our own address in it, the network."""

    interface: str
    address: str
    network: str


def attached_networks() -> tuple[Attached, ...]:
    """Every network of an interface that is up, loopback, point-to-point and IPv6 link-local ones left out.

    Of several IPv6 addresses in one network the first stands for all: the others are temporary ones.
    """
    stats = psutil.net_if_stats()
    found: dict[tuple[str, str], Attached] = {}
    for interface, addresses in psutil.net_if_addrs().items():
        if interface not in stats or not stats[interface].isup:
            continue
        for own in _own(addresses):
            key = (interface, str(own.network if own.version == 6 else own))
            attached = Attached(interface=interface, address=str(own.ip), network=str(own.network))
            found.setdefault(key, attached)
    return tuple(found.values())


def _own(addresses: list[Any]) -> Iterator[IPv4Interface | IPv6Interface]:
    for entry in addresses:
        if entry.family.name == "AF_INET" and entry.netmask:
            own = IPv4Interface(f"{entry.address}/{entry.netmask}")
            if not own.is_loopback and own.network.prefixlen < 31:
                yield own
        elif entry.family.name == "AF_INET6" and entry.netmask and "%" not in entry.address:
            bits = int(IPv6Interface(entry.netmask).ip).bit_count()
            six = IPv6Interface(f"{entry.address}/{bits}")
            if not six.is_loopback and not six.is_link_local and bits < 127:
                yield six


def private_networks(attached: tuple[Attached, ...]) -> tuple[Attached, ...]:
    """The IPv4 ones of private use (RFC 1918, link-local): what a scan without a target means."""
    networks = ((a, ip_network(a.network)) for a in attached)
    return tuple(a for a, network in networks if isinstance(network, IPv4Network) and is_private(network))
