"""DHCPv6: what a client that asks all servers says of itself (RFC 8415; names by RFC 4704)."""

from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text
from iotscan.wire.dhcp import read_name

SERVER_PORT: Final = 547
_FROM_CLIENTS: Final = frozenset({1, 3, 4, 5, 6, 8, 9, 11})
"""Solicit, Request, Confirm, Renew, Rebind, Release, Decline, Information-request (§7.3)."""
_CLIENT_ID, _WANTED, _VENDOR_CLASS, _FULL_NAME = 1, 6, 16, 39
_OPTIONS_LIMIT = 64
_DUID_LONGEST = 130


def read_claims(packet: bytes) -> tuple[Claim, ...] | None:
    """What a client says; None for anything that is not of one. Never raises."""
    if len(packet) < 4 or packet[0] not in _FROM_CLIENTS:
        return None
    options: dict[int, bytes] = {}
    at = 4
    while at + 4 <= len(packet) and len(options) < _OPTIONS_LIMIT:
        code, size = (int.from_bytes(packet[here : here + 2], "big") for here in (at, at + 2))
        options.setdefault(code, packet[at + 4 : at + 4 + size])
        at += 4 + size
    wanted = options.get(_WANTED, b"")[:128]
    said = {
        "client-id": options.get(_CLIENT_ID, b"")[:_DUID_LONGEST].hex(":")[:120],
        "dhcp6-fingerprint": ",".join(str(int.from_bytes(wanted[i : i + 2], "big")) for i in range(0, len(wanted), 2)),
        "vendor-class": _vendor_class(options.get(_VENDOR_CLASS, b"")),
        "full-name": read_name(options.get(_FULL_NAME, b"")[1:]),
    }
    return tuple(Claim(what=what, value=value, how="dhcp request") for what, value in said.items() if value)


def _vendor_class(value: bytes) -> str:
    """The first text behind the number of the maker (§21.16)."""
    size = int.from_bytes(value[4:6], "big")
    return safe_text(value[6 : 6 + size])
