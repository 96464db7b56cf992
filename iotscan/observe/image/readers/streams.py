"""One packed stream: gzip, xz, lzma, zstd, bzip2, lz4 and lzop, each with one part, the unpacked bytes.

Several members behind one another are one stream, as their tools have it; what else stands behind the last one
(padding of a partition, a signature) is left alone.

Sources: RFC 1952 (gzip), the .xz and .lzma file format texts of XZ Utils, RFC 8878 (zstd), lz4_Frame_format.md with its
legacy frame, and lzop 1.04's conf.h and lzop.c.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.reader import HEAD, Contents, Part, Reader
from iotscan.observe.image.unpacking import CUT_SHORT, DAMAGED, Decoder, Feed, Inflater, Machine, Unpacked, run
from iotscan.observe.image.unreadable import NeedsLibrary, Unreadable, Unsupported

_XZ = b"\xfd7zXZ\0"
_ZSTD, _LZ4, _LZ4_LEGACY = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"
_LZOP = b"\x89LZO\0\r\n\x1a\n"
_LEGACY_BLOCK = 8 << 20
"""Bytes that a block of a legacy lz4 frame unpacks to, at most."""
_ZSTD_BLOCK = 128 << 10
_BLOCKS_AT_ONCE = 8
"""Blocks of zstd that are unpacked together: they give 1 MiB at most."""
_LZO_BLOCK = 64 << 20


def _gzip(feed: Feed, limits: Limits) -> Iterator[bytes]:
    while True:
        yield from run(Inflater(zlib.MAX_WBITS | 16), feed)
        if feed.peek(3) != b"\x1f\x8b\x08":
            return


def _xz(feed: Feed, limits: Limits) -> Iterator[bytes]:
    while True:
        yield from run(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.memory), feed)
        behind = feed.peek(HEAD)
        # Padding is four bytes at a time (xz-file-format 2.2).
        feed.at += (len(behind) - len(behind.lstrip(b"\0"))) // 4 * 4
        if feed.peek(len(_XZ)) != _XZ:
            return


def _lzma(feed: Feed, limits: Limits) -> Iterator[bytes]:
    return run(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=limits.memory), feed)


def _bzip2(feed: Feed, limits: Limits) -> Iterator[bytes]:
    while True:
        yield from run(bz2.BZ2Decompressor(), feed)
        if not _is_bzip2(feed.peek(10)):
            return


def _zstd(feed: Feed, limits: Limits) -> Iterator[bytes]:
    """Frame by frame, and block by block: zstandard's own reader neither bounds what one call gives nor says where
    a frame ends.
    """
    try:
        import zstandard
    except ImportError as error:
        raise NeedsLibrary from error
    while True:
        magic = feed.peek(4)
        if _is_skippable(magic):
            feed.at += 8 + struct.unpack("<4xI", feed.peek(8).ljust(8, b"\0"))[0]
            continue
        if magic != _ZSTD:
            return
        machine = zstandard.ZstdDecompressor(max_window_size=max(limits.memory, 1 << 27)).decompressobj()
        try:
            for piece in _zstd_frame(feed, limits):
                yield machine.decompress(piece)
        except zstandard.ZstdError as error:
            raise Unreadable(DAMAGED) from error


def _zstd_frame(feed: Feed, limits: Limits) -> Iterator[bytes]:
    """The bytes of one frame, at most :data:`_BLOCKS_AT_ONCE` blocks at a time (RFC 8878 §3.1.1)."""
    gathered = feed.exactly(5)
    descriptor = gathered[4]
    is_single = bool(descriptor & 0x20)
    size_length = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    rest = feed.exactly((not is_single) + (0, 1, 2, 4)[descriptor & 3] + size_length)
    if is_single:
        window = int.from_bytes(rest[-size_length:], "little")
    else:
        window = (1 << 10 + (rest[0] >> 3)) // 8 * (8 + (rest[0] & 7))
    if window > limits.memory:
        raise Unreadable(f"it takes more than {limits.memory >> 20} MiB of memory to unpack")
    if any(rest[not is_single : len(rest) - size_length]):
        raise Unsupported("it is packed with a dictionary of its own")
    gathered += rest
    batch, count, is_last = 1, 0, False
    while not is_last:
        try:
            is_last, block = _zstd_block(feed)
        except Unreadable:
            # What stands before the fault is given.
            yield gathered
            raise
        gathered, count = gathered + block, count + 1
        if count == batch:
            yield gathered
            gathered, count, batch = b"", 0, min(2 * batch, _BLOCKS_AT_ONCE)
    gathered += feed.exactly(4) if descriptor & 4 else b""
    if gathered:
        # A frame that has ended takes no more, not even nothing.
        yield gathered


def _zstd_block(feed: Feed) -> tuple[bool, bytes]:
    """Whether it is the last one, and the bytes of a block with its header."""
    header = feed.exactly(3)
    value = int.from_bytes(header, "little")
    kind, size = value >> 1 & 3, value >> 3
    if kind == 3 or size > _ZSTD_BLOCK:
        raise Unreadable(DAMAGED)
    return bool(value & 1), header + feed.exactly(1 if kind == 1 else size)


def _lz4(feed: Feed, limits: Limits) -> Iterator[bytes]:
    try:
        import lz4.block
        import lz4.frame
    except ImportError as error:
        raise NeedsLibrary from error
    while True:
        magic = feed.peek(4)
        if _is_skippable(magic):
            feed.at += 8 + struct.unpack("<4xI", feed.peek(8).ljust(8, b"\0"))[0]
        elif magic == _LZ4:
            machine: Machine = lz4.frame.LZ4FrameDecompressor()
            yield from run(machine, feed)
        elif magic == _LZ4_LEGACY:
            feed.at += 4
            try:
                yield from _lz4_legacy(feed, lz4.block.decompress)
            except lz4.block.LZ4BlockError as error:
                raise Unreadable(DAMAGED) from error
        else:
            return


def _lz4_legacy(feed: Feed, decompress: Callable[..., bytes]) -> Iterator[bytes]:
    """Blocks until their end, another frame, or a size that no block has: the kernel's build puts one there."""
    is_first = True
    while True:
        head = feed.peek(4)
        size = int.from_bytes(head, "little")
        is_block = len(head) == 4 and 0 < size <= _LEGACY_BLOCK + _LEGACY_BLOCK // 255 + 16
        # Behind the last block: its size, which may well be one that a block could have.
        if not is_block or (not is_first and len(feed.peek(5)) < 5):
            if is_first:
                raise Unreadable(DAMAGED if len(head) == 4 else CUT_SHORT)
            return
        feed.at += 4
        piece = decompress(feed.exactly(size), uncompressed_size=_LEGACY_BLOCK)
        yield piece
        is_first = False
        if len(piece) < _LEGACY_BLOCK:
            return


def _lzop(feed: Feed, limits: Limits) -> Iterator[bytes]:
    try:
        import lzallright
    except ImportError as error:
        raise NeedsLibrary from error
    machine = lzallright.LZOCompressor()
    while feed.peek(len(_LZOP)) == _LZOP:
        flags = _lzop_header(feed)
        while (size := int.from_bytes(feed.exactly(4), "big")) != 0:
            packed = int.from_bytes(feed.exactly(4), "big")
            if not 0 < packed <= size <= _LZO_BLOCK:
                raise Unreadable(DAMAGED)
            wanted = [check for bit, check in _LZOP_CHECKS if flags & bit]
            sums = [int.from_bytes(feed.exactly(4), "big") for _ in wanted]
            # A block that did not become smaller is stored, without sums of its packed form.
            feed.at += 4 * bool(flags & 0x2) * (packed < size) + 4 * bool(flags & 0x200) * (packed < size)
            data = feed.exactly(packed)
            try:
                piece = data if packed == size else bytes(machine.decompress(data, output_size_hint=size))
            except (lzallright.LZOError, lzallright.InputNotConsumed) as error:
                raise Unreadable(DAMAGED) from error
            if len(piece) != size or [check(piece) for check in wanted] != sums:
                raise Unreadable(DAMAGED)
            yield piece


_LZOP_CHECKS: tuple[tuple[int, Callable[[bytes], int]], ...] = ((0x1, zlib.adler32), (0x100, zlib.crc32))
"""Flags F_ADLER32_D and F_CRC32_D: sums of a block's unpacked bytes, in this order."""


def _lzop_header(feed: Feed) -> int:
    """Its flags; the feed then stands at the first block."""
    feed.at += len(_LZOP)
    version, _, wanted = struct.unpack(">3H", feed.exactly(6))
    if not 0x0940 <= wanted <= 0x1040 or version < 0x0940:
        raise Unreadable(f"lzop of version {wanted:x} is not known")
    _, _, flags = struct.unpack(">2BI", feed.exactly(6))
    if flags & 0x800:
        raise Unsupported("lzop with a filter")
    # Mode, twice the time, the length of the name, the name, a sum.
    name = feed.exactly(13)[12]
    feed.exactly(name + 4)
    if flags & 0x40:
        extra = int.from_bytes(feed.exactly(4), "big")
        feed.at += extra + 4
    return int(flags)


def _is_gzip(head: bytes) -> bool:
    return head[:3] == b"\x1f\x8b\x08" and len(head) > 3 and not head[3] & 0xE0


def _is_lzma(head: bytes) -> bool:
    """The format has no mark: properties 0x5D as every tool writes them, a round dictionary, a size that can be."""
    if len(head) < 14 or head[0] != 0x5D or head[13] != 0:
        return False
    dictionary, size = struct.unpack_from("<IQ", head, 1)
    is_round = dictionary >= 4096 and (
        dictionary & dictionary - 1 == 0 or (dictionary % 3 == 0 and (dictionary // 3) & (dictionary // 3) - 1 == 0)
    )
    return bool(is_round and (size == 0xFFFF_FFFF_FFFF_FFFF or size < 1 << 38))


def _is_bzip2(head: bytes) -> bool:
    return (
        head[:3] == b"BZh"
        and head[3:4] in b"123456789"
        and head[4:10] in (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
    )


def _is_skippable(head: bytes) -> bool:
    return len(head) >= 4 and 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18"


def _after_skippable(head: bytes) -> bytes:
    """``head`` from its first frame that is not to be skipped."""
    while _is_skippable(head) and len(head) >= 8:
        head = head[8 + int.from_bytes(head[4:8], "little") :]
    return head


_STREAMS: dict[str, tuple[Callable[[bytes], bool], Decoder]] = {
    "gzip": (_is_gzip, _gzip),
    "xz": (lambda head: head.startswith(_XZ), _xz),
    "zstd": (lambda head: _after_skippable(head).startswith(_ZSTD), _zstd),
    "bzip2": (_is_bzip2, _bzip2),
    "lz4": (lambda head: _after_skippable(head).startswith((_LZ4, _LZ4_LEGACY)), _lz4),
    "lzop": (lambda head: head.startswith(_LZOP), _lzop),
    "lzma": (_is_lzma, _lzma),
}


def stream_of(head: bytes) -> str:
    """The format of the packed stream that begins with these bytes (:data:`HEAD` of them); empty for none."""
    return next((name for name, (is_it, _) in _STREAMS.items() if is_it(head)), "")


def unpacked(name: str, blob: Blob, budget: Budget, at: int = 0) -> Unpacked:
    """The stream of a format that :func:`stream_of` gave, at ``at`` of a blob. Nothing is read yet."""
    return Unpacked(decoder_of(name), blob, budget, at)


def decoder_of(name: str) -> Decoder:
    """What unpacks a format that :func:`stream_of` gives."""
    return _STREAMS[name][1]


def _reader(name: str) -> Reader:
    def opens(blob: Blob, budget: Budget) -> Contents:
        stream = unpacked(name, blob, budget)
        # A stream that is broken from its first byte is no container of anything.
        stream.read_at(0, HEAD)
        return Contents(parts=(Part(name="unpacked", blob=stream),))

    return Reader(name=name, recognises=lambda head, blob: _STREAMS[name][0](head), opens=opens)


READERS = tuple(_reader(name) for name in _STREAMS)
"""One a format, named as in :data:`iotscan.observe.image.opening.STREAMS`."""
