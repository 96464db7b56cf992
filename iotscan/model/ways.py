"""The ways by which devices are looked for, as a run and a device name them.

A device says how it was found (``found_by``); a run says by which ways it looked (``ways``). Whoever was found one
way and is not found another was not looked for: this says when a way of today covers that of yesterday.
"""

from collections.abc import Mapping
from typing import Final

CONNECT: Final = "connect"
"""Knocking on TCP ports; the kernel's neighbour table is read after it."""
UDP: Final = "udp"
"""Questions to UDP ports of addresses that nothing else has shown to be there."""
NEIGHBOURS: Final = "neighbour table"
ICMP: Final = "icmp"
"""Echo requests to addresses beyond our links: where it fell short, no sweep of a link makes up for it."""
ROUTER: Final = "router"
"""Asking a router whom it has met."""
PASSIVE: Final = "passive"
"""Listening to what is said unasked: that somebody was silent meanwhile says nothing, whatever the run."""
_SAID: Final[Mapping[str, str]] = {
    "answers ARP": "arp",
    "answers neighbour solicitation": "ndp",
    "answers echo to all nodes": "echo-all",
    "answers ICMP echo": ICMP,
    "neighbour table of a router": ROUTER,
    # Those who were found are asked what they are called: that finds nobody.
    "netbios": "",
    "llmnr": "",
    "heard ARP": PASSIVE,
    "heard NDP": PASSIVE,
}
_ANSWERS_ON: Final = "answers on "
COVERED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    # Whoever opens or refuses a port on a link answers ARP there; what lies beyond is connected to in any run.
    CONNECT: ("arp", "ndp"),
    NEIGHBOURS: ("arp", "ndp", CONNECT),
    UDP: ("arp", "ndp"),
    ICMP: ("arp", "ndp"),
}
"""Ways that find whoever another way finds."""


def way_of(found_by: str) -> str:
    """The way behind a word of ``Device.found_by``; empty for what finds nobody."""
    if found_by.startswith(("answers udp/", "refuses udp/")):
        return UDP
    return CONNECT if found_by.startswith(_ANSWERS_ON) else _SAID.get(found_by, found_by)


def way_of_send(kind: str, transport: str, probe: str) -> str:
    """The way that a send belongs to, from what the audit log says of it; empty for a question to who was found."""
    asks, _, method = probe.partition("/")[0].partition("-")
    if asks != "discovery" or method == "names":
        return ""
    if kind == "sweep":
        return transport
    if transport == "icmp":
        return "echo-all" if kind == "multicast" else ICMP
    if kind == "knock":
        return CONNECT
    if kind == "datagram" and method in ("", ROUTER):
        return method or UDP
    return method if kind == "multicast" else ""


def open_port(found_by: str) -> int:
    """The port of ``answers on tcp/80 (open)``; 0 for any other word: a refusal may come from any port."""
    if not (found_by.startswith(f"{_ANSWERS_ON}tcp/") and found_by.endswith(" (open)")):
        return 0
    port = found_by.removeprefix(f"{_ANSWERS_ON}tcp/").removesuffix(" (open)")
    return int(port) if port.isdecimal() else 0
