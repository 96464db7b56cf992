"""pcapng files (draft-ietf-opsawg-pcapng): blocks, among them interfaces and frames of several of them.

Secrets of TLS sessions that a file may carry (decryption secrets block) are passed over unread.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from iotscan.wire.capture import Damaged, Frame, Take
from iotscan.wire.capture.pcap import LONGEST

MAGIC: Final = b"\n\r\r\n"
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE, _STATISTICS, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 5, 6
_ORDERS: Final = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_LONGEST_BLOCK: Final = 16 << 20
_INTERFACES: Final = 4096
_OPTIONS: Final = 64
_RESOLUTION, _OFFSET, _FRAME_DROPS, _INTERFACE_DROPS = 9, 14, 4, 5
_MICRO: Final = 1000
_LAST_MOMENT: Final = (1 << 63) - 1


class _Interface(msgspec.Struct):
    link: int
    snaplen: int
    unit: int | None = _MICRO
    """Nanoseconds in a unit of time; None where units are shorter, or no whole number of nanoseconds."""
    parts: int = 1_000_000
    """Units in a second."""
    offset: int = 0
    lost: int = 0


class PcapngReader:
    """The frames of one file. Raises :class:`Damaged` behind the last one that could be read whole."""

    format: Final = "pcapng"

    def __init__(self, take: Take, head: bytes) -> None:
        self._take, self._head = take, head
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self._lost = 0
        self._kinds: dict[int, Callable[[bytes, int, int], Frame | None]] = {}

    @property
    def lost(self) -> int:
        """Frames that whoever captured says to have dropped."""
        return self._lost + sum(each.lost for each in self._interfaces)

    def __iter__(self) -> Iterator[Frame]:
        """Each frame."""
        data, at = self._head, 0
        while True:
            size = len(data)
            while at + 12 <= size:
                kind, length = self._block(data, at)
                if at + length > size:
                    break
                frame = self._read(kind, data, at + 8, at + length - 4)
                at += length
                if frame is not None:
                    yield frame
            more = self._take()
            if not more:
                break
            data, at = data[at:] + more, 0
        if at < len(data):
            raise Damaged("the file ends inside a block")

    def _block(self, data: bytes, at: int) -> tuple[int, int]:
        """Kind and length of the block at ``at``; a section header says the byte order of all that follows."""
        if data[at : at + 4] == MAGIC:
            order = _ORDERS.get(data[at + 8 : at + 12])
            if order is None:
                raise Damaged("a section without byte order: the file is damaged")
            self._order = order
        kind, length = struct.unpack_from(self._order + "II", data, at)
        if length < 12 or length > _LONGEST_BLOCK or length % 4:
            raise Damaged(f"block of {length:,} bytes announced: the file is damaged")
        return kind, length

    def _read(self, kind: int, data: bytes, start: int, end: int) -> Frame | None:
        """What a block holds: a frame, or something to remember; None for that and for all others."""
        if kind == _ENHANCED and end - start >= 20:
            number, high, low, caught, length = struct.unpack_from(self._order + "IIIII", data, start)
            return self._frame(number, high << 32 | low, data, (start + 20, end), (caught, length))
        if kind == _SECTION:
            self._lost, self._interfaces = self.lost, []
        elif kind == _INTERFACE and end - start >= 8:
            self._add_interface(data, start, end)
        elif kind == _SIMPLE and end - start >= 4 and self._interfaces:
            (length,) = struct.unpack_from(self._order + "I", data, start)
            caught = min(length, self._interfaces[0].snaplen or length, end - start - 4)
            return self._frame(0, 0, data, (start + 4, end), (caught, length))
        elif kind == _OLD_PACKET and end - start >= 20:
            number, _, high, low, caught, length = struct.unpack_from(self._order + "HHIIII", data, start)
            return self._frame(number, high << 32 | low, data, (start + 20, end), (caught, length))
        elif kind == _STATISTICS and end - start >= 12:
            self._take_statistics(data, start, end)
        return None

    def _frame(
        self, number: int, moment: int, data: bytes, place: tuple[int, int], lengths: tuple[int, int]
    ) -> Frame | None:
        (start, end), (caught, length) = place, lengths
        if number >= len(self._interfaces):
            raise Damaged("a frame of an interface that is not described: the file is damaged")
        if caught > end - start or caught > LONGEST:
            raise Damaged(f"frame of {caught:,} bytes announced: the file is damaged")
        of = self._interfaces[number]
        at = of.offset + (moment * of.unit if of.unit is not None else moment * 1_000_000_000 // of.parts)
        if start + caught + 4 <= end:
            self._take_drops(data, start + (caught + 3) // 4 * 4, end)
        return min(max(at, 0), _LAST_MOMENT), of.link, data[start : start + caught], length

    def _take_drops(self, data: bytes, start: int, end: int) -> None:
        for code, value in self._options(data, start, end):
            if code == _FRAME_DROPS and len(value) == 8:
                self._lost += struct.unpack(self._order + "Q", value)[0]

    def _take_statistics(self, data: bytes, start: int, end: int) -> None:
        """Counts since the interface was opened: the last ones hold."""
        (number,) = struct.unpack_from(self._order + "I", data, start)
        for code, value in self._options(data, start + 12, end):
            if code == _INTERFACE_DROPS and len(value) == 8 and number < len(self._interfaces):
                self._interfaces[number].lost = struct.unpack(self._order + "Q", value)[0]

    def _add_interface(self, data: bytes, start: int, end: int) -> None:
        if len(self._interfaces) >= _INTERFACES:
            raise Damaged("too many interfaces: the file is damaged")
        link, snaplen = struct.unpack_from(self._order + "HxxI", data, start)
        made = _Interface(link=link, snaplen=snaplen)
        for code, value in self._options(data, start + 8, end):
            if code == _RESOLUTION and value:
                made.parts = 1 << (value[0] & 0x7F) if value[0] & 0x80 else 10 ** min(value[0], 64)
                made.unit = 1_000_000_000 // made.parts if 1_000_000_000 % made.parts == 0 else None
            elif code == _OFFSET and len(value) == 8:
                made.offset = struct.unpack(self._order + "q", value)[0] * 1_000_000_000
        self._interfaces.append(made)

    def _options(self, data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Code and value of each option; a code of 0 ends them."""
        for _ in range(_OPTIONS):
            if start + 4 > end:
                return
            code, length = struct.unpack_from(self._order + "HH", data, start)
            start += 4
            if code == 0 or start + length > end:
                return
            yield code, data[start : start + length]
            start += (length + 3) // 4 * 4
