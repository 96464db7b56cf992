"""IPv4 and IPv6 packets, and the checksums of what they carry (RFC 791, 8200, 1071, 9293, 768).

A packet that is damaged is none. One whose capture ends early is one, and says how much is missing.
"""

import struct
from typing import Final, Literal

import msgspec

from iotscan.wire.capture.links import IPV4, IPV6

TCP, UDP, ICMP6 = 6, 17, 58
_IPV4_HEAD: Final = struct.Struct("!BxHHHxBH4s4s")
_IPV6_HEAD: Final = struct.Struct("!IHBx16s16s")
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _TO_END, _MOBILITY, _NOTHING = 0, 43, 44, 51, 60, 135, 59
_EXTENSIONS: Final = frozenset({_HOP_BY_HOP, _ROUTING, _TO_END, _MOBILITY})
_CHAIN = 8
_FIELDS: Final = {TCP: 16, UDP: 6, ICMP6: 2}
"""Where the checksum is."""
_MODULUS = 0xFFFF

Sum = Literal["right", "wrong", "unknown"]


class Packet(msgspec.Struct, frozen=True, gc=False):
    """A packet. ``length`` is that of its payload as it was sent; ``payload`` holds less where the capture ends."""

    protocol: int
    source: bytes
    destination: bytes
    payload: bytes
    length: int
    identity: int = 0
    offset: int = 0
    """Where a fragment belongs, in bytes."""
    has_more: bool = False
    """Fragments follow."""

    @property
    def is_fragment(self) -> bool:
        """Only a part of what was sent."""
        return self.has_more or self.offset > 0

    @property
    def is_cut(self) -> bool:
        """The capture holds only its beginning."""
        return len(self.payload) < self.length


def read_packet(kind: int, body: bytes, on_wire: int) -> Packet | None:
    """A packet of an EtherType; None for no IP, and for one whose header is damaged.

    ``on_wire`` is how long the body was on the wire: the payload's length where a header says 0, as one does that is
    split only by the network card.
    """
    if kind == IPV4:
        return _ipv4(body, on_wire)
    return _ipv6(body, on_wire) if kind == IPV6 else None


def _ipv4(body: bytes, on_wire: int) -> Packet | None:
    if len(body) < 20:
        return None
    first, total, identity, place, protocol, check, source, destination = _IPV4_HEAD.unpack_from(body)
    size = (first & 15) * 4
    total = total or on_wire
    if first >> 4 != 4 or size < 20 or total < size or len(body) < size:
        return None
    # 0: left to the network card of the machine that captured
    if check and int.from_bytes(body[:size], "big") % _MODULUS:
        return None
    offset, has_more = (place & 0x1FFF) * 8, bool(place & 0x2000)
    return Packet(protocol, source, destination, body[size:total], total - size, identity, offset, has_more)


def _ipv6(body: bytes, on_wire: int) -> Packet | None:
    if len(body) < 40:
        return None
    first, length, kind, source, destination = _IPV6_HEAD.unpack_from(body)
    if first >> 28 != 6:
        return None
    length = length or max(on_wire - 40, 0)
    payload, identity, offset, has_more = body[40 : 40 + length], 0, 0, False
    for _ in range(_CHAIN):
        if offset or has_more:  # what follows is known once the fragments are together
            break
        if kind == _FRAGMENT and len(payload) >= 8:
            place, identity = struct.unpack_from("!HI", payload, 2)
            offset, has_more, size = place & 0xFFF8, bool(place & 1), 8
        elif kind in _EXTENSIONS and len(payload) >= 8:
            size = (payload[1] + 1) * 8
        elif kind == _AUTHENTICATION and len(payload) >= 8:
            size = (payload[1] + 2) * 4
        else:
            break
        if size > length:
            return None
        kind, payload, length = payload[0], payload[size:], length - size
    return Packet(kind, source, destination, payload, length, identity, offset, has_more)


def check_sum(packet: Packet) -> Sum:
    """Whether the checksum of a segment or datagram is right.

    It is not known where the capture ends early, and where none was sent or it was left to the network card: there
    the field holds 0, or the sum of the pseudo-header alone. The sum of 16-bit words with the carry added again
    (RFC 1071) is the number modulo 65,535.
    """
    payload = packet.payload
    at = _FIELDS.get(packet.protocol, len(payload))
    if len(payload) < packet.length or len(payload) < at + 2:
        return "unknown"
    length = len(payload)
    if packet.protocol == UDP:
        announced = int.from_bytes(payload[4:6], "big")
        if 8 <= announced < length:  # what follows the datagram is not of it
            payload, length = payload[:announced], announced
    field = payload[at] << 8 | payload[at + 1]
    if not field:
        return "unknown"
    addresses = int.from_bytes(packet.source + packet.destination, "big") + packet.protocol
    # An odd byte at the end is filled up with zero.
    content = int.from_bytes(payload, "big") << (8 if length & 1 else 0)
    if (addresses + length + content) % _MODULUS == 0:
        return "right"
    left_to_card = ((addresses + length) % _MODULUS, addresses % _MODULUS)
    return "unknown" if field % _MODULUS in left_to_card else "wrong"
