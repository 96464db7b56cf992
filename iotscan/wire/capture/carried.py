"""What a frame carries once VLAN tags, PPPoE and MPLS are taken off (IEEE 802.1Q, RFC 2516, RFC 3032)."""

from typing import Final

import msgspec

_VLAN_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
_PPPOE, _MPLS = 0x8864, 0x8847
_PPP_KINDS: Final = {0x0021: 0x0800, 0x0057: 0x86DD}
_SNAP: Final = b"\xaa\xaa\x03\x00\x00\x00"
_LONGEST_8023 = 1500
_LAYERS = 8
"""Tags, labels and sessions in one another: nobody nests more."""


class Carried(msgspec.Struct, frozen=True, gc=False):
    """A packet and its frame. MACs are empty where the link has none, or does not tell."""

    kind: int
    """EtherType, or the length of a frame of IEEE 802.3 with LLC in it."""
    body: bytes
    source: bytes = b""
    destination: bytes = b""
    vlan: int = 0
    """The outermost VLAN's number; 0 for none."""


def ethernet(frame: bytes) -> tuple[Carried, ...]:
    """What an Ethernet frame carries; nothing where it is too short for one."""
    if len(frame) < 14:
        return ()
    return within(frame[0:6], frame[6:12], int.from_bytes(frame[12:14], "big"), frame[14:])


def within(destination: bytes, source: bytes, kind: int, body: bytes) -> tuple[Carried, ...]:
    """What is inside ``body`` of an EtherType once whatever wraps it is off; nothing where that is damaged."""
    vlan = 0
    for _ in range(_LAYERS):
        if kind in _VLAN_TAGS and len(body) >= 4:
            vlan = vlan or int.from_bytes(body[:2], "big") & 0x0FFF
            kind, body = int.from_bytes(body[2:4], "big"), body[4:]
        elif kind == _PPPOE and len(body) >= 8:
            length = int.from_bytes(body[4:6], "big")
            kind = _PPP_KINDS.get(int.from_bytes(body[6:8], "big"), 0)
            body = body[8 : 6 + length] if kind else body
        elif kind == _MPLS and len(body) >= 5:
            kind, body = (_below(body) if body[2] & 1 else _MPLS), body[4:]
        elif kind <= _LONGEST_8023 and body[:6] == _SNAP and len(body) >= 8 and body[6] >= 8:
            kind, body = int.from_bytes(body[6:8], "big"), body[8:]
        else:
            return (Carried(kind, body, source, destination, vlan),)
    return ()


def _below(body: bytes) -> int:
    """What follows the last label: the packet's own version tells."""
    return {4: 0x0800, 6: 0x86DD}.get(body[4] >> 4, 0)
