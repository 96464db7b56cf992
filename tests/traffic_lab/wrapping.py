"""A real capture as it would be on other links: in VLANs, in PPPoE, in open Wi-Fi, in fragments, cut short.

The kernel here makes no VLANs and no PPP, and nothing has a radio: each frame of the capture is wrapped by us, and
tshark must read of it what it reads of the plain one.
"""

import struct
import zlib
from collections.abc import Callable

from tests.traffic_lab.mutating import Record, file_of, records_of
from tests.wire.capture.making import rfc1071

Wrapping = Callable[[bytes, int], tuple[bytes, ...]]
"""The frames that carry one frame, of which so many were before it."""
ETHERNET, WIFI, RADIOTAP = 1, 105, 127
_ARP, _IPV4, _IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
_PPP = {_IPV4: b"\x00\x21", _IPV6: b"\x00\x57"}
_SNAP = b"\xaa\xaa\x03\0\0\0"
_LONGEST_8023 = 1500
_ACCESS_POINT = bytes.fromhex("0277000000aa")
_FRAGMENT = 256


def vlan(frame: bytes, _: int) -> tuple[bytes, ...]:
    """IEEE 802.1Q, VLAN 42 of priority 1."""
    return (frame[:12] + b"\x81\0\x20\x2a" + frame[12:],)


def two_vlans(frame: bytes, _: int) -> tuple[bytes, ...]:
    """IEEE 802.1ad: the customer's VLAN 7 in the provider's 42."""
    return (frame[:12] + b"\x88\xa8\0\x2a\x81\0\0\x07" + frame[12:],)


def pppoe(frame: bytes, _: int) -> tuple[bytes, ...]:
    """A session of PPPoE (RFC 2516) for all of IP; what is not IP stays as it was."""
    kind = _PPP.get(frame[12:14])
    if kind is None:
        return (frame,)
    body = frame[14:]
    if frame[12:14] == _IPV4:  # without what fills a short frame
        body = body[: int.from_bytes(body[2:4], "big")]
    return (frame[:12] + b"\x88\x64" + struct.pack("!BBHH", 0x11, 0, 5, len(body) + 2) + kind + body,)


def _data_frame(frame: bytes, number: int, *, to_station_system: bool) -> bytes:
    """IEEE 802.11 data of quality of service to an access point, or from one, with LLC and SNAP (RFC 1042)."""
    destination, source = frame[:6], frame[6:12]
    kind = int.from_bytes(frame[12:14], "big")
    body = frame[14 : 14 + kind] if kind <= _LONGEST_8023 else _SNAP + frame[12:]
    upward, downward = (_ACCESS_POINT, source, destination), (destination, _ACCESS_POINT, source)
    head = bytes((0x88, 1 if to_station_system else 2, 0, 0)) + b"".join(upward if to_station_system else downward)
    return head + struct.pack("<H", number % 4096 << 4) + b"\0\0" + body


def wifi(frame: bytes, number: int) -> tuple[bytes, ...]:
    """Without a header of the card."""
    return (_data_frame(frame, number, to_station_system=True),)


def radiotap(frame: bytes, number: int) -> tuple[bytes, ...]:
    """With a header of the card that has its clock and flags, and with the frame's check sequence."""
    data = _data_frame(frame, number, to_station_system=bool(number % 2))
    head = struct.pack("<BBHIQB", 0, 0, 17, 3, number, 0x10)
    return (head + data + zlib.crc32(data).to_bytes(4, "little"),)


def fragments(frame: bytes, number: int) -> tuple[bytes, ...]:
    """IPv4 in pieces of 256 bytes (RFC 791), the last one first."""
    if frame[12:15] != _IPV4 + b"\x45" or int.from_bytes(frame[16:18], "big") <= _FRAGMENT + 20:
        return (frame,)
    head, body = frame[14:34], frame[34 : 14 + int.from_bytes(frame[16:18], "big")]
    parts = []
    for offset in range(0, len(body), _FRAGMENT):
        part = body[offset : offset + _FRAGMENT]
        more = 0x2000 if offset + len(part) < len(body) else 0
        size = struct.pack("!HHH", 20 + len(part), number & 0xFFFF, more | offset // 8)
        check = rfc1071(head[:2] + size + head[8:10] + b"\0\0" + head[12:])
        parts.append(frame[:14] + head[:2] + size + head[8:10] + struct.pack("!H", check) + head[12:] + part)
    return tuple(reversed(parts))


WRAPPINGS: dict[str, tuple[int, Wrapping]] = {
    "vlan": (ETHERNET, vlan),
    "two-vlans": (ETHERNET, two_vlans),
    "pppoe": (ETHERNET, pppoe),
    "pppoe-in-vlan": (ETHERNET, lambda frame, number: vlan(pppoe(frame, number)[0], number)),
    "wifi": (WIFI, wifi),
    "radiotap": (RADIOTAP, radiotap),
    "fragments": (ETHERNET, fragments),
}


def wrapped(data: bytes, link: int, wrap: Wrapping) -> bytes:
    """The same capture on another link, with the times that it had."""
    parts = [data[:20] + struct.pack("<I", link)]
    for number, each in enumerate(records_of(data)):
        for frame in wrap(each.frame, number):
            parts += (each.time, struct.pack("<II", len(frame), len(frame)), frame)
    return b"".join(parts)


def retransmitted(data: bytes) -> bytes:
    """Each segment that carries data once more, behind the two that follow it."""
    records = records_of(data)
    out: list[Record] = []
    for place, each in enumerate(records):
        out.append(each)
        if place >= 2 and _is_tcp(records[place - 2].frame):
            late = records[place - 2]
            out.append(Record(each.time, late.length, late.frame))
    return file_of(data, out)


def _is_tcp(frame: bytes) -> bool:
    return frame[12:15] == _IPV4 + b"\x45" and frame[23] == 6 and int.from_bytes(frame[16:18], "big") > 60
