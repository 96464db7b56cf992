"""Fragments put together again (RFC 791 §3.2, RFC 8200 §4.5), with bounds: a flood of them pushes the oldest out."""

from collections import OrderedDict
from typing import Final

import msgspec

from iotscan.wire.capture.packets import Packet

_OPEN: Final = 512
_PARTS: Final = 256
_BYTES: Final = 8 << 20
_LIFETIME: Final = 60_000_000_000
"""Nanoseconds after the first fragment (RFC 8200 §4.5)."""
_LONGEST: Final = 65_535

Key = tuple[bytes, bytes, int, int, int]


class _Open(msgspec.Struct):
    begun: int
    parts: dict[int, bytes]
    total: int = -1
    """Length of the whole; known with the last fragment."""
    is_spoilt: bool = False
    """Parts contradict one another, or were cut: what they make is nobody's packet (RFC 5722)."""


class Fragments:
    """The packets of which some fragments are here."""

    def __init__(self) -> None:
        self._open: OrderedDict[Key, _Open] = OrderedDict()
        self._bytes = 0
        self.lost = 0
        """Fragments that found no packet."""

    def take(self, at: int, vlan: int, part: Packet) -> Packet | None:
        """The whole packet, if ``part`` was the last that it lacked."""
        key = (part.source, part.destination, part.identity, part.protocol if len(part.source) == 4 else 0, vlan)
        open_ = self._open.get(key)
        if open_ is None or at - open_.begun > _LIFETIME:
            self._drop(key)
            open_ = self._open[key] = _Open(at, {})
        self._add(open_, part)
        while len(self._open) > _OPEN or self._bytes > _BYTES:
            self._drop(next(iter(self._open)))
        return self._whole(key, open_, part)

    def forget_all(self) -> None:
        """The capture is over: what is incomplete stays so."""
        for key in tuple(self._open):
            self._drop(key)

    def _add(self, open_: _Open, part: Packet) -> None:
        end = part.offset + part.length
        known = open_.parts.get(part.offset)
        if known is not None:
            open_.is_spoilt |= known != part.payload
            return
        open_.is_spoilt |= part.is_cut or end > _LONGEST or len(open_.parts) >= _PARTS
        open_.is_spoilt |= part.has_more and part.length % 8 != 0
        if not part.has_more:
            open_.is_spoilt |= open_.total >= 0
            open_.total = end
        if not open_.is_spoilt:
            open_.parts[part.offset] = part.payload
            self._bytes += len(part.payload)

    def _whole(self, key: Key, open_: _Open, last: Packet) -> Packet | None:
        if open_.is_spoilt or open_.total < 0 or sum(map(len, open_.parts.values())) < open_.total:
            return None
        data = bytearray()
        for offset in sorted(open_.parts):
            if offset != len(data):
                open_.is_spoilt = True
                return None
            data += open_.parts[offset]
        if len(data) != open_.total or key not in self._open:
            return None
        self._bytes -= len(data)
        del self._open[key]
        return Packet(last.protocol, last.source, last.destination, bytes(data), len(data), last.identity)

    def _drop(self, key: Key) -> None:
        dropped = self._open.pop(key, None)
        if dropped is not None:
            self._bytes -= sum(map(len, dropped.parts.values()))
            self.lost += len(dropped.parts)
