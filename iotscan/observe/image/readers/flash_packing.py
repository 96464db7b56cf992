"""How JFFS2 and UBIFS pack a node: each by itself, into a number of bytes that its header tells.

Sources: Linux ``fs/jffs2/compr*.c``, ``fs/ubifs/compress.c``. Every function gives exactly ``size`` bytes.
"""

import zlib

from iotscan.observe.image.readers import blocks
from iotscan.observe.image.readers.blocks import DAMAGED
from iotscan.observe.image.unreadable import Unreadable


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
        raise Unreadable(DAMAGED) from error


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
    """LZO1X. Raises NeedsLibrary, too."""
    return _exactly(blocks.lzo()(data, size), size)


def zstd(data: bytes, size: int) -> bytes:
    """One frame of Zstandard. Raises NeedsLibrary, too."""
    return _exactly(blocks.zstd()(data, size), size)


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise Unreadable(DAMAGED)
    return data
