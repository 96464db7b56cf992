"""Protocols of the link that no reader follows: how an address is got and who is there. All of them are in the clear.

Told by their port alone, and only between hosts of the link: beyond it the same ports may carry anything.
"""

from collections.abc import Mapping
from typing import Final

_OVER_UDP: Final[Mapping[int, str]] = {
    67: "dhcp",  # RFC 2131
    68: "dhcp",
    137: "netbios",  # RFC 1002
    138: "netbios",
    546: "dhcpv6",  # RFC 8415
    547: "dhcpv6",
    1900: "ssdp",
    3702: "ws-discovery",
    5353: "mdns",  # RFC 6762
    5355: "llmnr",  # RFC 4795
}


def link_protocol(transport: str, port: int) -> str:
    """What is spoken on a port of the link; empty for any other."""
    return _OVER_UDP.get(port, "") if transport == "udp" else ""
