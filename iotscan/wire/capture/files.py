"""What kind of capture a file or stream is, told by its first bytes, gzip taken off (RFC 1952)."""

import zlib
from collections.abc import Iterator

from iotscan.wire.capture import Damaged, NotACapture, Take, pcap, pcapng
from iotscan.wire.capture.pcap import PcapReader
from iotscan.wire.capture.pcapng import PcapngReader

CHUNK = 1 << 20
"""Bytes that are read, or unpacked, at once."""
_GZIP = b"\x1f\x8b\x08"
_FROM_GZIP_HEADER = 31


def read_capture(take: Take) -> tuple[str, PcapReader | PcapngReader]:
    """The format of a capture and its frames, in order.

    The format is ``pcap`` or ``pcapng``, with ``+gzip`` where it is packed. Raises :class:`NotACapture` for anything
    else; what is damaged further on shows while the frames are read.
    """
    head = _at_least(take, b"", len(_GZIP))
    if not head.startswith(_GZIP):
        reader = _reader(take, head)
        return reader.format, reader
    unpacked = _unpack(take, head)
    try:
        reader = _reader(lambda: next(unpacked, b""), b"")
    except Damaged as damaged:
        raise NotACapture(str(damaged)) from None
    return f"{reader.format}+gzip", reader


def _reader(take: Take, head: bytes) -> PcapReader | PcapngReader:
    head = _at_least(take, head, pcap.HEADER)
    if len(head) >= pcap.HEADER and head[:4] in pcap.MAGICS:
        return PcapReader(take, head)
    if len(head) >= pcap.HEADER and head.startswith(pcapng.MAGIC):
        return PcapngReader(take, head)
    raise NotACapture("neither pcap nor pcapng" if head else "empty")


def _at_least(take: Take, head: bytes, size: int) -> bytes:
    while len(head) < size and (more := take()):
        head += more
    return head


def _unpack(take: Take, head: bytes) -> Iterator[bytes]:
    """What is packed, in chunks of bounded size; members one behind the other are one file (RFC 1952 §2.2)."""
    packed = head
    while True:
        inflating = zlib.decompressobj(_FROM_GZIP_HEADER)
        while not inflating.eof:
            packed = packed or take()
            try:
                plain = inflating.decompress(packed, CHUNK)
            except zlib.error:
                raise Damaged("what is packed is damaged") from None
            if plain:
                yield plain
            elif not packed and not inflating.eof:
                raise Damaged("the packed file ends early")
            packed = inflating.unconsumed_tail
        packed = (inflating.unused_data or take()).lstrip(b"\0")
        if not packed:
            return
        packed = _at_least(take, packed, len(_GZIP))
        if not packed.startswith(_GZIP):
            raise Damaged("something else follows what is packed")
