"""The networks this machine is directly attached to, as the kernel tells."""

from ipaddress import IPv4Interface, IPv4Network

import msgspec
import psutil

from iotscan.model.scope import is_private


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """One directly attached IPv4 network: interface name, our own address in it, the network."""

    interface: str
    address: str
    network: str


def attached_networks() -> tuple[Attached, ...]:
    """Every IPv4 network of an interface that is up, loopback and point-to-point ones left out."""
    stats = psutil.net_if_stats()
    found = []
    for interface, addresses in psutil.net_if_addrs().items():
        if interface not in stats or not stats[interface].isup:
            continue
        for entry in addresses:
            if entry.family.name != "AF_INET" or not entry.netmask:
                continue
            own = IPv4Interface(f"{entry.address}/{entry.netmask}")
            if not own.is_loopback and own.network.prefixlen < 31:
                found.append(Attached(interface=interface, address=entry.address, network=str(own.network)))
    return tuple(found)


def private_networks(attached: tuple[Attached, ...]) -> tuple[Attached, ...]:
    """Those of private use (RFC 1918, link-local): what a scan without a target means."""
    return tuple(a for a in attached if is_private(IPv4Network(a.network)))
