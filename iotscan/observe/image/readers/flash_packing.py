"""How JFFS2 and UBIFS pack a node: each by itself, into a number of bytes that its header tells.

Sources: Linux ``fs/jffs2/compr*.c``, ``fs/ubifs/compress.c``. Every function gives exactly ``size`` bytes.
"""

import zlib
from collections.abc import Callable

from iotscan.observe.image.unreadable import NeedsLibrary, Unreadable

Unpack = Callable[[bytes, int], bytes]
"""Packed bytes and ``size``, to unpacked ones. Raises :class:`Unreadable`."""
INSTALL = "pip install 'iotscan[image]'"
_DAMAGED = "a block of it does not unpack"


def stored(data: bytes, size: int) -> bytes:
    """Not packed at all."""
    return _exactly(data[:size], size)


def deflated(data: bytes, size: int) -> bytes:
    """Deflate with zlib's header (JFFS2)."""
    return _inflate(data, size, zlib.MAX_WBITS)


def raw_deflated(data: bytes, size: int) -> bytes:
    """Deflate without a header (UBIFS)."""
    return _inflate(data, size, -zlib.MAX_WBITS)


def _inflate(data: bytes, size: int, bits: int) -> bytes:
    try:
        return _exactly(zlib.decompressobj(bits).decompress(data, size or 1), size)
    except zlib.error as error:
        raise Unreadable(_DAMAGED) from error


def rtime(data: bytes, size: int) -> bytes:
    """JFFS2's own: each byte with how many bytes follow that stood behind it the last time."""
    places = [0] * 256
    out = bytearray()
    for at in range(0, len(data) - 1, 2):
        value, repeat = data[at], data[at + 1]
        out.append(value)
        back, places[value] = places[value], len(out)
        if repeat:
            # Where it runs into itself, it goes on with what it just wrote.
            known = out[back : back + repeat]
            out += (known * (repeat // len(known) + 1))[:repeat] if known else bytes(repeat)
        if len(out) >= size:
            break
    return _exactly(bytes(out), size)


def lzo(data: bytes, size: int) -> bytes:
    """LZO1X. It has no limit of its own, and gives at most 255 bytes for one."""
    try:
        from lzallright import LZOCompressor, LZOError
    except ImportError as error:
        raise NeedsLibrary(INSTALL) from error
    try:
        return _exactly(bytes(LZOCompressor.decompress(data, size)), size)
    except LZOError as error:
        raise Unreadable(_DAMAGED) from error


def zstd(data: bytes, size: int) -> bytes:
    """One frame of Zstandard."""
    try:
        import zstandard
    except ImportError as error:
        raise NeedsLibrary(INSTALL) from error
    try:
        # What a frame says of its size is allocated at once: it is looked at first.
        if zstandard.frame_content_size(data) > size:
            raise Unreadable(_DAMAGED)
        return _exactly(bytes(zstandard.ZstdDecompressor().decompress(data, max_output_size=size)), size)
    except zstandard.ZstdError as error:
        raise Unreadable(_DAMAGED) from error


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise Unreadable(_DAMAGED)
    return data
