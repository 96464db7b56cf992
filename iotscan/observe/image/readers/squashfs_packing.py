"""How squashfs packs a block: each by itself, with one of six compressors, into at most a known number of bytes.

The ids and what each compressor writes: ``squashfs_fs.h`` of Linux and the wrappers of squashfs-tools. Every function
here gives at most ``most`` bytes; what gives more, or ends early, is damaged.
"""

import lzma
import zlib
from collections.abc import Callable

from iotscan.observe.image.readers import blocks
from iotscan.observe.image.readers.blocks import DAMAGED, Unpack, checked
from iotscan.observe.image.unreadable import NotRead, Unreadable

_XZ_MEMORY = 256 << 20
_LZMA_HEADER, _UNKNOWN_SIZE = 13, b"\xff" * 8


def unpacking(number: int) -> tuple[str, Unpack]:
    """The compressor of this id, by name. Raises NotRead, or NeedsLibrary."""
    known: dict[int, tuple[str, Callable[[], Unpack]]] = {
        1: ("gzip", lambda: _zlib),
        2: ("lzma", lambda: _lzma_alone),
        3: ("lzo", blocks.lzo),
        4: ("xz", lambda: _xz),
        5: ("lz4", blocks.lz4),
        6: ("zstd", blocks.zstd),
    }
    if number not in known:
        raise NotRead(f"squashfs with compressor {number}, which is not known")
    name, made = known[number]
    return name, made()


def _zlib(data: bytes, most: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        got = stream.decompress(data, most + 1)
    except zlib.error as error:
        raise Unreadable(DAMAGED) from error
    return checked(got, most, is_whole=stream.eof)


def _xz(data: bytes, most: int) -> bytes:
    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    try:
        got = stream.decompress(data, most + 1)
    except lzma.LZMAError as error:
        raise Unreadable(DAMAGED) from error
    return checked(got, most, is_whole=stream.eof)


def _lzma_alone(data: bytes, most: int) -> bytes:
    """The header holds the size, and yet an end mark may follow: liblzma wants one of them only."""
    size = int.from_bytes(data[5:_LZMA_HEADER], "little")
    if size > most:
        raise Unreadable(DAMAGED)
    stream = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_XZ_MEMORY)
    try:
        got = stream.decompress(data[:5] + _UNKNOWN_SIZE + data[_LZMA_HEADER:], size)
    except lzma.LZMAError as error:
        raise Unreadable(DAMAGED) from error
    return checked(got, most, is_whole=len(got) == size)
