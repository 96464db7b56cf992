"""NetBIOS over TCP/IP: the node status of one host (RFC 1002 §4.2.17 and §4.2.18)."""

from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

PORT: Final = 137
_QUESTION: Final = b"\x20CK" + b"A" * 30 + b"\0" + b"\0\x21" + b"\0\1"
"""``*``, in half bytes as letters; type NBSTAT, class IN."""
_RESPONSE = 0x80
_NAME = 18
_NAMES_LIMIT = 25
_GROUP = 0x80
_WORKSTATION = 0x00
_HEAD = 12 + 34 + 10
"""The header, the name as it was asked, and type, class, time to live and length."""


def node_status_query(number: int) -> bytes:
    """Ask a host for its names; ``number`` comes back."""
    return number.to_bytes(2, "big") + b"\0\0\0\1" + bytes(6) + _QUESTION


def read_node_status(packet: bytes, number: int) -> tuple[Claim, ...] | None:
    """What a host is called; None for anything that is no answer to the query of that number. Never raises."""
    is_answer = packet[:2] == number.to_bytes(2, "big") and len(packet) > _HEAD and packet[2] & _RESPONSE
    if not is_answer or packet[12:48] != _QUESTION[:36]:
        return None
    count = min(packet[_HEAD], _NAMES_LIMIT)
    claims = []
    for at in range(_HEAD + 1, _HEAD + 1 + count * _NAME, _NAME):
        entry = packet[at : at + _NAME]
        if len(entry) < _NAME or entry[15] != _WORKSTATION:
            continue
        what = "workgroup" if entry[16] & _GROUP else "hostname"
        claims.append(Claim(what=what, value=safe_text(entry[:15].rstrip(b" \0")), how="netbios node status"))
    at = _HEAD + 1 + packet[_HEAD] * _NAME
    unit = packet[at : at + 6]
    # Samba has no hardware address to tell, and tells zeros.
    if len(unit) == 6 and any(unit):
        claims.append(Claim(what="mac", value=unit.hex(":"), how="netbios node status"))
    return tuple(claim for claim in claims if claim.value)
