"""DHCP: what a client that asks for an address says of itself (RFC 2131, RFC 2132, RFC 4702)."""

from ipaddress import ip_address
from typing import Final

import msgspec

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

SERVER_PORT, CLIENT_PORT = 67, 68
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
_FIXED: Final = 236
_COOKIE: Final = b"\x63\x82\x53\x63"
_ETHERNET = b"\1\6"
_PAD, _END = 0, 255
_OPTIONS_LIMIT = 64
_HOST_NAME, _REQUESTED, _KIND, _PARAMETERS, _VENDOR_CLASS, _CLIENT_ID, _FULL_NAME = 12, 50, 53, 55, 60, 61, 81
_MAC_ID, _DUID_ID = 1, 255
"""First byte of a client identifier: a hardware address; a DUID behind four bytes (RFC 4361)."""


class Dhcp(msgspec.Struct, frozen=True, kw_only=True):
    """A message over Ethernet. ``mac`` is the client's, ``address`` the one that it has or asks to keep.

    ``is_relayed``: a relay agent speaks, and not the client.
    """

    is_request: bool
    kind: int
    mac: str
    address: str = ""
    is_relayed: bool = False
    claims: tuple[Claim, ...] = ()


def read_message(packet: bytes) -> Dhcp | None:
    """A message; None for anything else, BOOTP among it. Never raises."""
    if len(packet) < _FIXED + 4 or packet[_FIXED : _FIXED + 4] != _COOKIE or packet[1:3] != _ETHERNET:
        return None
    options = _options(packet[_FIXED + 4 :])
    kind = options.get(_KIND, b"")
    if len(kind) != 1 or packet[0] not in (1, 2):
        return None
    is_request = packet[0] == 1
    requested = options.get(_REQUESTED, b"")
    held = packet[12:16] if any(packet[12:16]) else requested if len(requested) == 4 and kind[0] == REQUEST else b""
    return Dhcp(
        is_request=is_request,
        kind=kind[0],
        mac=packet[28:34].hex(":"),
        address=str(ip_address(held)) if held and any(held) else "",
        is_relayed=any(packet[24:28]),
        claims=_claims(options) if is_request else (),
    )


def _options(data: bytes) -> dict[int, bytes]:
    """Options by their number; parts of one that is long follow one another (RFC 3396)."""
    found: dict[int, bytes] = {}
    at = 0
    for _ in range(_OPTIONS_LIMIT + len(data)):
        if at >= len(data) or data[at] == _END or len(found) > _OPTIONS_LIMIT:
            break
        if data[at] == _PAD:
            at += 1
            continue
        if at + 1 >= len(data):
            break
        size = data[at + 1]
        found[data[at]] = (found.get(data[at], b"") + data[at + 2 : at + 2 + size])[:512]
        at += 2 + size
    return found


def _claims(options: dict[int, bytes]) -> tuple[Claim, ...]:
    said = {
        "hostname": safe_text(options.get(_HOST_NAME, b"").rstrip(b"\0")),
        "full-name": _full_name(options.get(_FULL_NAME, b"")),
        "vendor-class": safe_text(options.get(_VENDOR_CLASS, b"").rstrip(b"\0")),
        "dhcp-fingerprint": ",".join(map(str, options.get(_PARAMETERS, b"")[:64])),
        "client-id": _client_id(options.get(_CLIENT_ID, b"")),
    }
    return tuple(Claim(what=what, value=value, how="dhcp request") for what, value in said.items() if value)


def _full_name(value: bytes) -> str:
    """A domain name behind flags and two result codes (RFC 4702 §2): as labels where bit 2 is set, else as text."""
    if len(value) < 4:
        return ""
    return read_name(value[3:]) if value[0] & 4 else safe_text(value[3:].rstrip(b"\0"))


def read_name(data: bytes) -> str:
    """A name as labels (RFC 1035 §3.1), never a compressed one."""
    labels: list[str] = []
    at = 0
    while at < len(data) and 0 < data[at] < 64 and len(labels) < 32:
        labels.append(safe_text(data[at + 1 : at + 1 + data[at]], 63))
        at += 1 + data[at]
    return ".".join(label for label in labels if label)


def _client_id(value: bytes) -> str:
    """What a client is known by to its server, unless that is its MAC, which the frame tells."""
    if not value or (value[0] == _MAC_ID and len(value) == 7):
        return ""
    return value[5:].hex(":")[:120] if value[0] == _DUID_ID else value.hex(":")[:120]
