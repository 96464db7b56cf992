"""The kernel's neighbour table: who answered ARP or a neighbour solicitation lately. Reading it sends nothing."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import psutil

from iotscan.observe.network.discovery.found import Found
from iotscan.wire import rtnetlink

TABLE = Path("/proc/net/arp")
LIMIT = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")
HOW = "neighbour table"
_COMPLETE = 0x2
_READS = 4096
"""Reads of one table: the kernel tells some hundred entries in each."""


def read_neighbours(text: str) -> tuple[Found, ...]:
    """Entries of ``/proc/net/arp`` whose address is resolved (proc(5), flag ATF_COM)."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 6 and int(fields[2], 16) & _COMPLETE and fields[3] != "00:00:00:00:00:00":
            found.append(Found(address=fields[0], how=HOW, mac=fields[3].lower(), link=fields[5]))
    return tuple(found)


def neighbours() -> tuple[Found, ...]:
    """What the kernel knows now, of both IP versions; empty where there is no such table (not Linux)."""
    return (*_four(), *_six())


def tells_of(interface: str) -> bool:
    """Whether the kernel tells whom it has met on an interface: on Linux, where they find one another by ARP or NDP."""
    stats = psutil.net_if_stats().get(interface)
    return TABLE.exists() and stats is not None and "noarp" not in stats.flags.split(",")


def most_neighbours() -> int:
    """How many the kernel holds at most, also of those that do not answer; 0 where it does not tell (a container)."""
    try:
        return int(LIMIT.read_text("ascii"))
    except (OSError, ValueError):
        return 0


def neighbour(address: str) -> Found | None:
    """What the kernel knows now of one address, a link-local one with its zone; None where it knows nothing."""
    return next((n for n in (_six() if ":" in address else _four()) if n.address == address), None)


def _four() -> tuple[Found, ...]:
    try:
        return read_neighbours(TABLE.read_text("ascii"))
    except OSError:
        return ()


def _six() -> Iterator[Found]:
    """Those of IPv6, which no file shows; a link-local address has its interface for a zone."""
    for each in _told():
        address = ip_address(each.address)
        if address.version == 6:
            with suppress(OSError):  # the interface has gone
                link = socket.if_indextoname(each.index)
                zone = f"%{link}" if address.is_link_local else ""
                yield Found(address=f"{address}{zone}", how=HOW, mac=each.mac, link=link)


def _told() -> Iterator[rtnetlink.Neighbour]:
    with suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(1.0)
        kernel.send(rtnetlink.REQUEST)
        for _ in range(_READS):
            told, goes_on = rtnetlink.read_neighbours(kernel.recv(1 << 16))
            yield from told
            if not goes_on:
                return
