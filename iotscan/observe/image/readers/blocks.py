"""A block that is packed by itself, with a library: what squashfs, JFFS2 and UBIFS have in common.

Each function here returns what unpacks blocks, so that the library is loaded once; it raises NeedsLibrary where that
is missing.
"""

from collections.abc import Callable

from iotscan.observe.image.unreadable import NeedsLibrary, Unreadable

Unpack = Callable[[bytes, int], bytes]
"""Packed bytes and ``most``, to at most so many unpacked ones. Raises :class:`Unreadable`."""
DAMAGED = "a block of it does not unpack"


def checked(got: bytes, most: int, *, is_whole: bool) -> bytes:
    """``got``. Raises Unreadable where it is more than ``most``, or not all."""
    if not is_whole or len(got) > most:
        raise Unreadable(DAMAGED)
    return got


def lz4() -> Unpack:
    """Blocks of LZ4, without a frame."""
    try:
        from lz4.block import LZ4BlockError, decompress
    except ImportError as error:
        raise NeedsLibrary from error

    def unpack(data: bytes, most: int) -> bytes:
        try:
            return bytes(decompress(data, uncompressed_size=most))
        except (LZ4BlockError, ValueError, OverflowError) as error:
            raise Unreadable(DAMAGED) from error

    return unpack


def lzo() -> Unpack:
    """Blocks of LZO1X."""
    try:
        from lzallright import LZOCompressor, LZOError
    except ImportError as error:
        raise NeedsLibrary from error

    def unpack(data: bytes, most: int) -> bytes:
        # It has no limit of its own; LZO1X gives at most 255 bytes for one.
        try:
            got = bytes(LZOCompressor.decompress(data, most))
        except LZOError as error:
            raise Unreadable(DAMAGED) from error
        return checked(got, most, is_whole=True)

    return unpack


def zstd() -> Unpack:
    """One frame of Zstandard a block."""
    try:
        import zstandard
    except ImportError as error:
        raise NeedsLibrary from error
    engine = zstandard.ZstdDecompressor(max_window_size=1 << 27)

    def unpack(data: bytes, most: int) -> bytes:
        try:
            # What a frame says of its size is allocated at once: it is looked at first.
            if zstandard.frame_content_size(data) > most:
                raise Unreadable(DAMAGED)
            return bytes(engine.decompress(data, max_output_size=most))
        except zstandard.ZstdError as error:
            raise Unreadable(DAMAGED) from error

    return unpack
