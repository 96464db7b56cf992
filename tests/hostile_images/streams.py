"""Packed streams: small on disk, endless when they are unpacked, or in need of more memory than there is."""

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.hostile_images import raw
from tests.hostile_images.case import BACKDOOR, PASSWD, Case, Yard
from tests.hostile_images.traversal import ROOT, in_cpio, in_tar

_ROOT = in_tar(ROOT)[: -len(raw.TAR_END)]
_GROWS = "unpacks to more than 200 times"
_MEMORY = "takes more than 64 MiB of memory"
_BIG = 16 << 20


def _zeros() -> Iterator[bytes]:
    """A root file system, and then a member of zeros that is larger than all that is allowed."""
    yield _ROOT + raw.tar_header(b"usr/zeros", size=_BIG)
    for _ in range(_BIG >> 20):
        yield bytes(1 << 20)
    yield raw.TAR_END


def _with(name: str, pack: Callable[[], bytes]) -> Callable[[Yard], Path]:
    return lambda yard: yard.write(name, pack())


def _gzip(pieces: Iterator[bytes], level: int = 9) -> bytes:
    machine = zlib.compressobj(level, zlib.DEFLATED, 31)
    return b"".join(map(machine.compress, pieces)) + machine.flush()


def _xz(pieces: Iterator[bytes]) -> bytes:
    machine = lzma.LZMACompressor(preset=0)
    return b"".join(map(machine.compress, pieces)) + machine.flush()


def _bzip2(pieces: Iterator[bytes]) -> bytes:
    machine = bz2.BZ2Compressor(1)
    return b"".join(map(machine.compress, pieces)) + machine.flush()


def _zstd(pieces: Iterator[bytes]) -> bytes:
    import zstandard

    machine = zstandard.ZstdCompressor(level=1).compressobj()
    return b"".join(map(machine.compress, pieces)) + machine.flush()


def _lz4(pieces: Iterator[bytes]) -> bytes:
    import lz4.frame

    return bytes(lz4.frame.compress(b"".join(pieces), compression_level=0))


def _nested(times: int) -> bytes:
    data = in_tar([*ROOT, (b"etc/passwd", PASSWD)])
    for _ in range(times):
        data = gzip.compress(data)
    return data


def _bomb_of_bombs() -> bytes:
    """Twice packed: the outer one looks harmless by its ratio."""
    return gzip.compress(_gzip(_zeros()))


def _dictionary(size: int) -> bytes:
    """An .xz whose block says that it takes a dictionary of ``size`` in the format's own code."""
    data = bytearray(lzma.compress(in_tar(ROOT), format=lzma.FORMAT_XZ, preset=0))
    # Stream header (12), then the block header: size, flags, filter 0x21, its size 1, the dictionary.
    at = data.index(b"\x21\x01", 12)
    data[at + 2] = size
    length = (data[12] + 1) * 4
    data[12 + length - 4 : 12 + length] = struct.pack("<I", zlib.crc32(bytes(data[12 : 12 + length - 4])))
    return bytes(data)


def _alone(dictionary: int) -> bytes:
    data = bytearray(lzma.compress(in_tar(ROOT), format=lzma.FORMAT_ALONE))
    data[1:5] = struct.pack("<I", dictionary)
    return bytes(data)


def _zstd_window(descriptor: int) -> bytes:
    """A frame with a window of up to 3.75 TiB (RFC 8878 3.1.1.1.2), and empty blocks of which none is the last."""
    return b"\x28\xb5\x2f\xfd" + b"\0" + bytes([descriptor]) + b"\0\0\0" * 400


def _empty_members(count: int) -> bytes:
    return gzip.compress(b"") * count + gzip.compress(in_tar([*ROOT, (b"etc/passwd", PASSWD)]))


def _skippable(size: int) -> bytes:
    return b"\x50\x2a\x4d\x18" + struct.pack("<I", size) + _zstd(iter([in_tar(ROOT)]))


def _named() -> bytes:
    """A name of sixteen megabytes without an end."""
    return b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (16 << 20)


def _wrong(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


def _lzop(blocks: bytes) -> bytes:
    head = struct.pack(">3H2BI", 0x1030, 0x2080, 0x0940, 1, 5, 0) + bytes(12) + b"\0" + bytes(4)
    return b"\x89LZO\0\r\n\x1a\n" + head + blocks + bytes(600)


PLAIN_TAR = in_tar([*ROOT, (b"etc/passwd", PASSWD)])
CASES = (
    Case(name="gzip: 16 MiB of zeros in 16 KiB", build=_with("i.tar.gz", lambda: _gzip(_zeros())), problem=_GROWS),
    Case(name="xz: 16 MiB of zeros in 3 KiB", build=_with("i.tar.xz", lambda: _xz(_zeros())), problem=_GROWS),
    Case(name="bzip2: 16 MiB of zeros", build=_with("i.tar.bz2", lambda: _bzip2(_zeros())), problem=_GROWS),
    Case(name="zstd: 16 MiB of zeros in 2 KiB", build=_with("i.tar.zst", lambda: _zstd(_zeros())), problem=_GROWS),
    Case(name="lz4: 16 MiB of zeros in 66 KiB", build=_with("i.tar.lz4", lambda: _lz4(_zeros())), problem=_GROWS),
    Case(
        name="gzip: a bomb within a stream that grows little", build=_with("i.tar.gz", _bomb_of_bombs), problem=_GROWS
    ),
    Case(name="gzip: packed three times", build=_with("i.gz", lambda: _nested(3)), finds=BACKDOOR, is_whole=True),
    Case(name="gzip: packed twenty times", build=_with("i.gz", lambda: _nested(20)), problem="nested deeper than 8"),
    Case(
        name="gzip: 20,000 empty members before the one that counts",
        build=_with("i.gz", lambda: _empty_members(20_000)),
        finds=BACKDOOR,
    ),
    Case(name="gzip: a name without an end", build=_with("i.gz", _named), problem="cut short|damaged"),
    Case(
        name="gzip: a wrong sum behind all files",
        build=_with("i.gz", lambda: _wrong(gzip.compress(PLAIN_TAR), -8)),
        problem="damaged",
        finds="",
    ),
    Case(
        name="gzip: cut before the account",
        build=_with("i.gz", lambda: gzip.compress(PLAIN_TAR, 0)[:3000]),
        problem="cut short",
    ),
    Case(name="xz: a dictionary of 4 GiB", build=_with("i.xz", lambda: _dictionary(40)), problem=_MEMORY),
    Case(name="xz: a dictionary beyond the format", build=_with("i.xz", lambda: _dictionary(41)), problem="damaged"),
    Case(name="lzma: a dictionary of 2 GiB", build=_with("i.lzma", lambda: _alone(1 << 31)), problem=_MEMORY),
    Case(name="zstd: a window of 3 TiB", build=_with("i.zst", lambda: _zstd_window(0xFF)), problem=_MEMORY),
    Case(
        name="zstd: blocks without an end",
        build=_with("i.zst", lambda: _zstd_window(0x50)),
        problem="damaged|cut short",
    ),
    Case(name="zstd: 4 GiB to be skipped", build=_with("i.zst", lambda: _skippable(0xFFFFFFFF)), refused="neither"),
    Case(
        name="lz4: a legacy block that lies",
        build=_with("i.lz4", lambda: b"\x02\x21\x4c\x18" + struct.pack("<I", 1 << 23) + b"\xff" * 9000),
        problem="damaged|cut short",
    ),
    Case(
        name="lzop: a block of 4 GiB",
        build=_with("i.lzo", lambda: _lzop(struct.pack(">2I", 0xFFFFFFFF, 0xFFFFFFFF))),
        problem="damaged|cut short",
    ),
    Case(
        name="lzop: a block of 64 MiB that is not there",
        build=_with("i.lzo", lambda: _lzop(struct.pack(">2I", 1 << 26, 1 << 25))),
        problem="damaged|cut short",
    ),
    Case(
        name="gzip: a bomb in an initramfs behind another one",
        build=_with("i.cpio", lambda: in_cpio(ROOT) + _gzip(iter([in_cpio(ROOT)[:-124], bytes(_BIG)]))),
        problem=f"{_GROWS}|not known|damaged|cut",
    ),
)
