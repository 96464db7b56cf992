"""How squashfs packs a block: each by itself, with one of six compressors, into at most a known number of bytes.

The ids and what each compressor writes: ``squashfs_fs.h`` of Linux and the wrappers of squashfs-tools. Every function
here gives at most ``most`` bytes; what gives more, or ends early, is damaged.
"""

import lzma
import zlib
from collections.abc import Callable

from iotscan.observe.image.unreadable import NeedsLibrary, Unreadable, Unsupported

Unpack = Callable[[bytes, int], bytes]
"""Packed bytes and ``most``, to unpacked ones. Raises :class:`Unreadable`."""
INSTALL = "pip install 'iotscan[image]'"
_DAMAGED = "a block of it does not unpack"
_XZ_MEMORY = 256 << 20
_LZMA_HEADER, _UNKNOWN_SIZE = 13, b"\xff" * 8


def unpacking(number: int) -> tuple[str, Unpack]:
    """The compressor of this id, by name. Raises Unsupported, or NeedsLibrary."""
    known: dict[int, tuple[str, Callable[[], Unpack]]] = {
        1: ("gzip", lambda: _zlib),
        2: ("lzma", lambda: _lzma_alone),
        3: ("lzo", _lzo),
        4: ("xz", lambda: _xz),
        5: ("lz4", _lz4),
        6: ("zstd", _zstd),
    }
    if number not in known:
        raise Unsupported(f"squashfs with compressor {number}, which is not known")
    name, made = known[number]
    return name, made()


def _zlib(data: bytes, most: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        got = stream.decompress(data, most + 1)
    except zlib.error as error:
        raise Unreadable(_DAMAGED) from error
    return _checked(got, most, is_whole=stream.eof)


def _xz(data: bytes, most: int) -> bytes:
    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    try:
        got = stream.decompress(data, most + 1)
    except lzma.LZMAError as error:
        raise Unreadable(_DAMAGED) from error
    return _checked(got, most, is_whole=stream.eof)


def _lzma_alone(data: bytes, most: int) -> bytes:
    """The header holds the size, and yet an end mark may follow: liblzma wants one of them only."""
    size = int.from_bytes(data[5:_LZMA_HEADER], "little")
    if size > most:
        raise Unreadable(_DAMAGED)
    stream = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_XZ_MEMORY)
    try:
        got = stream.decompress(data[:5] + _UNKNOWN_SIZE + data[_LZMA_HEADER:], size)
    except lzma.LZMAError as error:
        raise Unreadable(_DAMAGED) from error
    return _checked(got, most, is_whole=len(got) == size)


def _lz4() -> Unpack:
    try:
        from lz4.block import LZ4BlockError, decompress
    except ImportError as error:
        raise NeedsLibrary(INSTALL) from error

    def unpack(data: bytes, most: int) -> bytes:
        try:
            return bytes(decompress(data, uncompressed_size=most))
        except (LZ4BlockError, ValueError, OverflowError) as error:
            raise Unreadable(_DAMAGED) from error

    return unpack


def _lzo() -> Unpack:
    try:
        from lzallright import LZOCompressor, LZOError
    except ImportError as error:
        raise NeedsLibrary(INSTALL) from error

    def unpack(data: bytes, most: int) -> bytes:
        # It has no limit of its own; LZO1X gives at most 255 bytes for one.
        try:
            got = bytes(LZOCompressor.decompress(data, most))
        except LZOError as error:
            raise Unreadable(_DAMAGED) from error
        return _checked(got, most, is_whole=True)

    return unpack


def _zstd() -> Unpack:
    try:
        import zstandard
    except ImportError as error:
        raise NeedsLibrary(INSTALL) from error
    engine = zstandard.ZstdDecompressor(max_window_size=1 << 27)

    def unpack(data: bytes, most: int) -> bytes:
        try:
            # What a frame says of its size is allocated at once: it is looked at first.
            if zstandard.frame_content_size(data) > most:
                raise Unreadable(_DAMAGED)
            return bytes(engine.decompress(data, max_output_size=most))
        except zstandard.ZstdError as error:
            raise Unreadable(_DAMAGED) from error

    return unpack


def _checked(got: bytes, most: int, *, is_whole: bool) -> bytes:
    if not is_whole or len(got) > most:
        raise Unreadable(_DAMAGED)
    return got
