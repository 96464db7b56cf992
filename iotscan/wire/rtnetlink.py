"""The kernel's neighbours of both IP versions, as it tells them over netlink: rtnetlink(7), linux/neighbour.h."""

import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

import msgspec

REQUEST: Final = struct.pack("=LHHLLB3xlHBB", 28, 30, 0x301, 1, 0, 0, 0, 0, 0, 0)
"""RTM_GETNEIGH for all of them: NLM_F_REQUEST, NLM_F_ROOT, NLM_F_MATCH, and a struct ndmsg without a wish."""
_HEAD: Final = struct.Struct("=LHHLL")
_ENTRY: Final = struct.Struct("=B3xlHBB")
_ATTRIBUTE: Final = struct.Struct("=HH")
_NEW_NEIGHBOUR, _DONE, _ERROR = 28, 3, 2
_DESTINATION, _LINK_ADDRESS = 1, 2
_KNOWN: Final = 0x02 | 0x04 | 0x08 | 0x10 | 0x80
"""NUD_REACHABLE, NUD_STALE, NUD_DELAY, NUD_PROBE, NUD_PERMANENT: it answered, or somebody wrote it in."""


class Neighbour(msgspec.Struct, frozen=True):
    """A neighbour whose MAC address is known; ``index`` is the number of the interface."""

    address: str
    mac: str
    index: int


def read_neighbours(data: bytes) -> tuple[tuple[Neighbour, ...], bool]:
    """The neighbours that one read tells of, and whether more reads follow; what is cut short is left out."""
    found: list[Neighbour] = []
    for kind, body in _pieces(data, _HEAD):
        if kind in (_DONE, _ERROR):
            return tuple(found), False
        if kind == _NEW_NEIGHBOUR and len(body) >= _ENTRY.size:
            _, index, state, _, _ = _ENTRY.unpack_from(body)
            said = dict(_pieces(body[_ENTRY.size :], _ATTRIBUTE))
            address, mac = said.get(_DESTINATION, b""), said.get(_LINK_ADDRESS, b"")
            if state & _KNOWN and len(address) in (4, 16) and len(mac) == 6 and any(mac):
                found.append(Neighbour(str(ip_address(address)), mac.hex(":"), index))
    return tuple(found), bool(data)


def _pieces(data: bytes, head: struct.Struct) -> Iterator[tuple[int, bytes]]:
    """Kind and body of what follows one another, each behind its length, at multiples of four."""
    at = 0
    while len(data) - at >= head.size:
        length, kind, *_ = head.unpack_from(data, at)
        if not head.size <= length <= len(data) - at:
            return
        yield kind, data[at + head.size : at + length]
        at += length + 3 & ~3
