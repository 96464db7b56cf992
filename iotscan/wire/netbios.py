"""NetBIOS over TCP/IP: the node status of one host (RFC 1002 §4.2.17, §4.2.18), and names that are told to all."""

from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.text import safe_text

PORT: Final = 137
DATAGRAM_PORT: Final = 138
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


_REGISTRATION, _OPCODE = 5, 0x0F
_ENCODED = 34
_LETTERS: Final = frozenset(range(ord("A"), ord("A") + 16))
_DATAGRAMS: Final = frozenset({0x10, 0x11, 0x12})
_DATAGRAM_HEAD = 14
_SERVER = 0x20
_FLAGS_AT = 12 + _ENCODED + 4 + 12
"""Of a registration: the header, its question, and the record behind it up to the flags, its name a pointer."""


def read_registration(packet: bytes) -> tuple[Claim, ...] | None:
    """The name that a host claims for itself before all (§4.2.2); None for anything else. Never raises."""
    if len(packet) < _FLAGS_AT + 2 or packet[2] & _RESPONSE or packet[2] >> 3 & _OPCODE != _REGISTRATION:
        return None
    name, kind = _decoded(packet[12 : 12 + _ENCODED])
    if not name or kind != _WORKSTATION:
        return None
    what = "workgroup" if packet[_FLAGS_AT] & _GROUP else "hostname"
    return (Claim(what=what, value=name, how="netbios registration"),)


def read_datagram(packet: bytes) -> tuple[Claim, ...] | None:
    """The name of a host that speaks to all (§4.4.2); None for anything else. Never raises."""
    if len(packet) < _DATAGRAM_HEAD + _ENCODED or packet[0] not in _DATAGRAMS:
        return None
    name, kind = _decoded(packet[_DATAGRAM_HEAD : _DATAGRAM_HEAD + _ENCODED])
    return (Claim(what="hostname", value=name, how="netbios datagram"),) if name and kind in (0, _SERVER) else None


def _decoded(encoded: bytes) -> tuple[str, int]:
    """A name of two letters a byte (RFC 1001 §14.1), and its last byte, which says of what; an empty one for others."""
    letters = encoded[1:33]
    if encoded[:1] != b"\x20" or encoded[33:] != b"\0" or not _LETTERS.issuperset(letters):
        return "", 0
    raw = bytes((letters[at] - 65) << 4 | letters[at + 1] - 65 for at in range(0, 32, 2))
    return safe_text(raw[:15].rstrip(b" \0")), raw[15]
