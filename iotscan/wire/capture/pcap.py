"""pcap files (draft-ietf-opsawg-pcap): a header, and frames of one kind of link one behind the other."""

import struct
from collections.abc import Iterator
from typing import Final

from iotscan.wire.capture import Damaged, Frame, Take

_MICRO, _NANO = 1000, 1
_HEADERS: Final = {0xA1B2C3D4: (_MICRO, 16), 0xA1B23C4D: (_NANO, 16), 0xA1B2CD34: (_MICRO, 24)}
"""By the magic number: nanoseconds in a unit of time, bytes before a frame (24: Kuznetzov's patch for Linux)."""
MAGICS: Final = {struct.pack(sign + "I", number): sign for number in _HEADERS for sign in "<>"}
"""First bytes of a file, and the byte order that they tell, as ``struct`` names it."""
HEADER: Final = 24
LONGEST: Final = 1 << 20
"""Bytes of a frame: no link carries longer ones, and libpcap itself writes 262,144 at most."""
_HAS_CHECK_SEQUENCE = 0x0400_0000


class PcapReader:
    """The frames of one file. Raises :class:`Damaged` behind the last one that could be read whole."""

    format: Final = "pcap"
    lost = 0
    """Frames that whoever captured dropped: pcap has no word for it."""

    def __init__(self, take: Take, head: bytes) -> None:
        """``head`` is what was read so far, the header at least."""
        order = MAGICS[head[:4]]
        self._scale, size = _HEADERS[struct.unpack_from(order + "I", head)[0]]
        link: int = struct.unpack_from(order + "I", head, 20)[0]
        self._link = link & 0xFFFF
        self._check = (link >> 28) * 2 if link & _HAS_CHECK_SEQUENCE else 0
        self._record = struct.Struct(order + ("IIII" if size == 16 else "IIII8x"))
        self._take, self._head = take, head

    def __iter__(self) -> Iterator[Frame]:
        """Each frame."""
        take, read, scale, link, before = (
            self._take,
            self._record.unpack_from,
            self._scale,
            self._link,
            self._record.size,
        )
        data, at = self._head, HEADER
        while True:
            size = len(data)
            while at + before <= size:
                seconds, part, caught, length = read(data, at)
                start = at + before
                if start + caught > size:
                    if caught > LONGEST:
                        raise Damaged(f"frame of {caught:,} bytes announced: the file is damaged")
                    break
                at = start + caught
                yield seconds * 1_000_000_000 + part * scale, link, data[start : at - self._check], length
            more = take()
            if not more:
                break
            data, at = data[at:] + more, 0
        if at < len(data):
            raise Damaged("the file ends inside a frame")
