"""Ethernet frames that were heard: who sent one, and what is in it (RFC 826, 791, 8200, 768, 4861; IEEE 802.3).

Nothing here raises, whatever a frame holds; each byte is looked at a fixed number of times.
"""

from ipaddress import ip_address
from typing import Final, Literal

import msgspec

ARP, IPV4, IPV6, LLDP = 0x0806, 0x0800, 0x86DD, 0x88CC
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT = 133, 134, 135, 136
Kind = Literal["arp", "ndp", "udp", "lldp", "cdp"]
_HEAD: Final = 14
_ARP: Final = b"\0\1\x08\0\6\4"
_SNAP_CDP: Final = b"\xaa\xaa\3\0\0\x0c\x20\0"
_LONGEST_8023 = 1500
_UDP, _ICMP6 = 17, 58
_IPV4_SMALLEST, _IPV6_HEAD, _UDP_HEAD = 20, 40, 8
_ICMP6_LAST = 255
"""The hop limit of a message that no router has passed on (RFC 4861 §7.1)."""
_SOURCE_LINK_ADDRESS, _TARGET_LINK_ADDRESS = 1, 2


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One frame. ``mac`` is who put it on the wire.

    ``source`` is the address that it speaks from, empty where it names none. ``own_mac`` is the MAC that the message
    itself names as the sender's (ARP, neighbour discovery): another one than ``mac`` means that somebody else speaks.
    ``port`` is where a datagram goes; for neighbour discovery the type of the message. ``payload`` is what is inside.
    """

    kind: Kind
    mac: str
    source: str = ""
    own_mac: str = ""
    port: int = 0
    from_port: int = 0
    payload: bytes = b""


def read_frame(frame: bytes) -> Sighting | None:
    """What a frame is; None for one of no kind that tells anything."""
    if len(frame) <= _HEAD or frame[6] & 1:
        return None
    mac, kind, body = frame[6:12].hex(":"), int.from_bytes(frame[12:14], "big"), frame[_HEAD:]
    if kind == ARP:
        return _arp(mac, body)
    if kind == IPV4:
        return _ipv4(mac, body)
    if kind == IPV6:
        return _ipv6(mac, body)
    if kind == LLDP:
        return Sighting(kind="lldp", mac=mac, payload=body)
    if kind <= _LONGEST_8023 and body.startswith(_SNAP_CDP):
        return Sighting(kind="cdp", mac=mac, payload=body[len(_SNAP_CDP) : kind])
    return None


def _arp(mac: str, body: bytes) -> Sighting | None:
    """Who speaks: sender addresses of a request or an answer (RFC 826). A probe (RFC 5227) has none yet."""
    if len(body) < 28 or body[:6] != _ARP or not any(body[14:18]):
        return None
    return Sighting(kind="arp", mac=mac, source=str(ip_address(body[14:18])), own_mac=body[8:14].hex(":"))


def _ipv4(mac: str, body: bytes) -> Sighting | None:
    """A whole UDP datagram (RFC 791, RFC 768)."""
    size = (body[0] & 15) * 4
    length = int.from_bytes(body[2:4], "big")
    if body[0] >> 4 != 4 or size < _IPV4_SMALLEST or len(body) < size + _UDP_HEAD or body[9] != _UDP:
        return None
    if int.from_bytes(body[6:8], "big") & 0x3FFF:  # a fragment
        return None
    source = str(ip_address(body[12:16])) if any(body[12:16]) else ""
    return _udp(mac, source, body[size:length])


def _ipv6(mac: str, body: bytes) -> Sighting | None:
    """A UDP datagram, or a message of neighbour discovery, right behind the header (RFC 8200)."""
    if len(body) < _IPV6_HEAD + 4 or body[0] >> 4 != 6:
        return None
    source = str(ip_address(body[8:24])) if any(body[8:24]) else ""
    inside = body[_IPV6_HEAD : _IPV6_HEAD + int.from_bytes(body[4:6], "big")]
    if body[6] == _UDP:
        return _udp(mac, source, inside)
    if body[6] == _ICMP6 and body[7] == _ICMP6_LAST:
        return _ndp(mac, source, inside)
    return None


def _udp(mac: str, source: str, datagram: bytes) -> Sighting | None:
    if len(datagram) < _UDP_HEAD:
        return None
    from_port, port, length = (int.from_bytes(datagram[at : at + 2], "big") for at in (0, 2, 4))
    payload = datagram[_UDP_HEAD:length]
    return Sighting(kind="udp", mac=mac, source=source, port=port, from_port=from_port, payload=payload)


_FIXED: Final = {ROUTER_SOLICITATION: 8, ROUTER_ADVERTISEMENT: 16, SOLICITATION: 24, ADVERTISEMENT: 24}


def _ndp(mac: str, source: str, message: bytes) -> Sighting | None:
    """Router and neighbour messages (RFC 4861 §4); one from no address asks whether an address is free."""
    kind = int.from_bytes(message[:1], "big")  # a header may announce that nothing follows
    start = _FIXED.get(kind, 0)
    if not start or len(message) < start or not source:
        return None
    named = mac
    for option, value in read_options(message[start:]):
        wanted = _TARGET_LINK_ADDRESS if kind == ADVERTISEMENT else _SOURCE_LINK_ADDRESS
        if option == wanted and len(value) == 6:
            named = value.hex(":")
    return Sighting(kind="ndp", mac=mac, source=source, own_mac=named, port=kind, payload=message)


def read_options(data: bytes) -> list[tuple[int, bytes]]:
    """Options of neighbour discovery: type and value; the length counts units of eight bytes (RFC 4861 §4.6)."""
    found, at = [], 0
    while at + 2 <= len(data) and data[at + 1]:
        size = data[at + 1] * 8
        found.append((data[at], data[at + 2 : at + size]))
        at += size
    return found


def read_prefixes(advertisement: bytes) -> tuple[int, tuple[str, ...]]:
    """Of a router advertisement: how many seconds it is a router, and networks of the link (RFC 4861 §4.2, §4.6.2)."""
    prefixes = []
    for option, value in read_options(advertisement[16:])[:16]:
        if option == 3 and len(value) == 30 and value[0] <= 128:
            prefixes.append(f"{ip_address(value[14:30])}/{value[0]}")
    return int.from_bytes(advertisement[6:8], "big"), tuple(prefixes)
