"""What switches, routers and access points say of themselves to their neighbours: LLDP, CDP and MNDP.

Sources: IEEE 802.1AB-2016 §8.5 (LLDP); ANSI/TIA-1057 §10.2.5 (inventory of LLDP-MED); the types of CDP and MNDP as
Wireshark's dissectors of them list them, and MikroTik's manual, IP/Neighbor discovery.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

import msgspec

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

MNDP_PORT: Final = 5678
_TLVS_LIMIT = 64
_CHASSIS, _NAME, _DESCRIPTION, _CAPABILITIES, _MANAGEMENT, _OWN = 1, 5, 6, 7, 8, 127
_MAC_CHASSIS = 4
_MED: Final = {
    b"\x00\x12\xbb\x05": "hardware",
    b"\x00\x12\xbb\x06": "firmware",
    b"\x00\x12\xbb\x07": "software",
    b"\x00\x12\xbb\x08": "serial",
    b"\x00\x12\xbb\x09": "manufacturer",
    b"\x00\x12\xbb\x0a": "model",
}
_ROLES: Final = ((2, "switch"), (3, "access point"), (4, "router"), (5, "telephone"))
"""Bits of the system capabilities that are enabled (table 8-4)."""
_CDP: Final = {1: "hostname", 5: "firmware", 6: "model"}
_CDP_ADDRESS, _CDP_IPV4 = 2, b"\1\1\xcc\0\4"
_MNDP: Final = {5: "hostname", 7: "firmware", 8: "manufacturer", 12: "model"}


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """One that tells who it is; ``address`` is where it says it is managed, empty where it does not."""

    address: str = ""
    mac: str = ""
    claims: tuple[Claim, ...] = ()

    def said(self, what: str) -> str:
        """The first claim of a kind; empty where there is none."""
        return next((c.value for c in self.claims if c.what == what), "")


def read_lldp(data: bytes) -> Neighbour | None:
    """What an LLDP frame says, from its first TLV on; None where it is none. Never raises."""
    claims: list[Claim] = []
    address = mac = ""
    for kind, value in _lldp_tlvs(data):
        if kind == _CHASSIS and len(value) == 7 and value[0] == _MAC_CHASSIS:
            mac = value[1:].hex(":")
        elif kind == _MANAGEMENT and not address:
            address = _managed_at(value)
        claims += _lldp_claims(kind, value)
    return Neighbour(address=address, mac=mac, claims=_known(claims)) if claims or mac else None


def _lldp_claims(kind: int, value: bytes) -> Iterator[Claim]:
    if kind == _NAME:
        yield Claim(what="hostname", value=safe_text(value), how="lldp")
    elif kind == _DESCRIPTION:
        yield Claim(what="description", value=safe_text(value), how="lldp")
    elif kind == _CAPABILITIES:
        enabled = int.from_bytes(value[2:4], "big")
        for bit, role in _ROLES:
            if enabled >> bit & 1:
                yield Claim(what="role", value=role, how="lldp")
    elif kind == _OWN and value[:4] in _MED:
        yield Claim(what=_MED[value[:4]], value=safe_text(value[4:]), how="lldp")


def _lldp_tlvs(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(_TLVS_LIMIT):
        head = int.from_bytes(data[at : at + 2], "big")
        kind, size = head >> 9, head & 0x1FF
        if not kind or at + 2 + size > len(data):
            return
        yield kind, data[at + 2 : at + 2 + size]
        at += 2 + size


def _managed_at(value: bytes) -> str:
    """The address of a management address TLV (§8.5.9): its length with the subtype, the subtype, the address."""
    size = value[0] - 1 if value else 0
    is_address = (value[1:2], size) in ((b"\1", 4), (b"\2", 16)) and len(value) >= 2 + size
    return str(ip_address(value[2 : 2 + size])) if is_address else ""


def read_cdp(data: bytes) -> Neighbour | None:
    """What a CDP packet says, behind its SNAP header; None where it is none. Never raises."""
    if len(data) < 4 or data[0] not in (1, 2):
        return None
    claims: list[Claim] = []
    address, at = "", 4
    for _ in range(_TLVS_LIMIT):
        kind, size = (int.from_bytes(data[here : here + 2], "big") for here in (at, at + 2))
        if size < 4 or at + size > len(data):
            break
        value = data[at + 4 : at + size]
        if kind in _CDP:
            claims.append(Claim(what=_CDP[kind], value=safe_text(value), how="cdp"))
        elif kind == _CDP_ADDRESS and value[4:9] == _CDP_IPV4 and len(value) >= 13 and not address:
            address = str(ip_address(value[9:13]))
        at += size
    return Neighbour(address=address, claims=_known(claims)) if claims else None


def read_mndp(packet: bytes) -> tuple[Claim, ...] | None:
    """What a MikroTik router says; None for anything else, a request for it among it. Never raises."""
    claims: list[Claim] = []
    at = 4
    for _ in range(_TLVS_LIMIT):
        kind, size = (int.from_bytes(packet[here : here + 2], "big") for here in (at, at + 2))
        if at + 4 > len(packet) or at + 4 + size > len(packet):
            break
        if kind in _MNDP:
            value = safe_text(packet[at + 4 : at + 4 + size])
            claims.append(Claim(what=_MNDP[kind], value=value, how="mndp"))
        at += 4 + size
    return _known(claims) or None


def _known(claims: list[Claim]) -> tuple[Claim, ...]:
    return tuple(dict.fromkeys(claim for claim in claims if claim.value))
