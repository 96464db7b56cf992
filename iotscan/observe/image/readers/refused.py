"""What is recognised and not read: each is refused by its name, so that nobody takes it for empty.

A new format that gets a reader of its own leaves this table.
"""

import struct
from collections.abc import Callable
from functools import partial

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.reader import HEAD, Contents, Reader
from iotscan.observe.image.unreadable import NotRead

_FOOTER = 512


class Mark(msgspec.Struct, frozen=True):
    """Bytes at an offset (from the end where it is negative) that only this format has."""

    offset: int
    value: bytes


class _Refused(msgspec.Struct, frozen=True, kw_only=True):
    """``said`` is what a person calls the format; ``also`` is asked too, where a mark is short."""

    name: str
    said: str
    marks: tuple[Mark, ...]
    also: Callable[[Blob], bool] | None = None


def _is_minix(blob: Blob) -> bool:
    """The two bytes of MINIX alone say little: zones of one block, and tables that fit into what is there."""
    head = blob.read_at(1024, 32)
    if len(head) < 32:
        return False
    if head[24:26] == b"\x5a\x4d":
        _, _, inode_map, zone_map, _, log_zone = struct.unpack_from("<I5H", head)
    else:
        _, _, inode_map, zone_map, _, log_zone = struct.unpack_from("<6H", head)
    return bool(log_zone == 0 and 0 < inode_map < 4096 and 0 < zone_map < 65535)


def _is_nilfs2(blob: Blob) -> bool:
    """Revision 2, and a superblock of a size that it has had (``nilfs2_ondisk.h``)."""
    head = blob.read_at(1024, 16)
    if len(head) < 16:
        return False
    revision, _, _, size = struct.unpack_from("<I3H", head)
    return bool(revision == 2 and size >= 256)


# Sources: the magic numbers in linux/magic.h and each file system's header, libvmdk, libqcow, libvhdi, QEMU's block
# drivers, 7zFormat.txt, RAR 5.0 archive format, ECMA-119, the LVM2 and MD superblocks.
_TABLE = (
    _Refused(name="erofs", said="EROFS", marks=(Mark(1024, b"\xe2\xe1\xf5\xe0"),)),
    _Refused(name="btrfs", said="Btrfs", marks=(Mark(65600, b"_BHRfS_M"),)),
    _Refused(name="xfs", said="XFS", marks=(Mark(0, b"XFSB\0\0"),)),
    _Refused(name="f2fs", said="F2FS", marks=(Mark(1024, b"\x10\x20\xf5\xf2"),)),
    _Refused(
        name="cramfs", said="cramfs",
        marks=tuple(Mark(at, magic) for at in (0, 512) for magic in (b"\x45\x3d\xcd\x28", b"\x28\xcd\x3d\x45")),
    ),
    _Refused(name="romfs", said="romfs", marks=(Mark(0, b"-rom1fs-"),)),
    _Refused(
        name="yaffs2", said="YAFFS2",
        # The object header of the first folder: its type, its parent (1, the root) and the unused checksum.
        marks=(Mark(0, b"\x03\0\0\0\x01\0\0\0\xff\xff"), Mark(0, b"\0\0\0\x03\0\0\0\x01\xff\xff")),
    ),
    _Refused(name="nilfs2", said="NILFS2", marks=(Mark(1030, b"\x34\x34"),), also=_is_nilfs2),
    _Refused(
        name="minix", said="MINIX's file system", also=_is_minix,
        marks=(
            *(Mark(1040, magic) for magic in (b"\x7f\x13", b"\x8f\x13", b"\x68\x24", b"\x78\x24")),
            Mark(1048, b"\x5a\x4d"),
        ),
    ),
    _Refused(name="jfs", said="JFS", marks=(Mark(32768, b"JFS1"),)),
    _Refused(name="reiserfs", said="ReiserFS", marks=(Mark(65588, b"ReIsEr"),)),
    _Refused(name="bcachefs", said="bcachefs", marks=(Mark(4120, bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81")),)),
    _Refused(name="ntfs", said="NTFS", marks=(Mark(3, b"NTFS    "),)),
    _Refused(name="exfat", said="exFAT", marks=(Mark(3, b"EXFAT   "),)),
    _Refused(name="hfsplus", said="HFS+", marks=(Mark(1024, b"H+\0\x04"), Mark(1024, b"HX\0\x05"))),
    _Refused(name="apfs", said="APFS", marks=(Mark(32, b"NXSB"),)),
    _Refused(name="iso9660", said="ISO 9660", marks=(Mark(32769, b"CD001"),)),
    _Refused(name="udf", said="UDF", marks=(Mark(32769, b"BEA01"),)),
    _Refused(name="lvm2", said="LVM2", marks=(Mark(536, b"LVM2 001"),)),
    _Refused(name="md-raid", said="a member of a Linux RAID", marks=(Mark(4096, b"\xfc\x4e\x2b\xa9\x01\0\0\0"),)),
    _Refused(name="qcow2", said="QCOW", marks=(Mark(0, b"QFI\xfb"),)),
    _Refused(name="vhdx", said="VHDX", marks=(Mark(0, b"vhdxfile"),)),
    _Refused(name="vhd", said="VHD", marks=(Mark(0, b"conectix"), Mark(-_FOOTER, b"conectix\0\0\0"))),
    _Refused(name="vmdk", said="VMDK", marks=(Mark(0, b"KDMV"), Mark(0, b"COWD"), Mark(0, b"# Disk DescriptorFile"))),
    _Refused(name="vdi", said="VDI", marks=(Mark(64, b"\x7f\x10\xda\xbe"),)),
    _Refused(name="dmg", said="an Apple disk image", marks=(Mark(-_FOOTER, b"koly\0\0\0\x04"),)),
    _Refused(name="7z", said="7z", marks=(Mark(0, b"7z\xbc\xaf\x27\x1c"),)),
    _Refused(name="rar", said="RAR", marks=(Mark(0, b"Rar!\x1a\x07"),)),
)  # fmt: skip


_SWAP = tuple(Mark(page - 10, magic) for page in (4096, 8192, 16384, 65536) for magic in (b"SWAPSPACE2", b"SWAP-SPACE"))
"""At the end of the first page of memory."""


def _is_near(mark: Mark) -> bool:
    return 0 <= mark.offset <= HEAD - len(mark.value)


def _has_mark(blob: Blob, mark: Mark) -> bool:
    start = mark.offset if mark.offset >= 0 else mark.offset + blob.size
    if start < 0 or start + len(mark.value) > blob.size:
        return False
    return blob.read_at(start, len(mark.value)) == mark.value


def _finds(marks: tuple[Mark, ...]) -> Callable[[bytes, Blob], bool]:
    """What looks for any of these. It is asked of every file that may be an image: it must be cheap."""
    near = tuple((mark.value, mark.offset) for mark in marks if _is_near(mark))
    far = tuple(mark for mark in marks if not _is_near(mark))

    def find(head: bytes, blob: Blob) -> bool:
        for value, offset in near:
            if head.startswith(value, offset):
                return True
        return bool(far) and any(_has_mark(blob, mark) for mark in far)

    return find


def _recognises(format: _Refused) -> Callable[[bytes, Blob], bool]:
    find, also = _finds(format.marks), format.also
    return find if also is None else lambda head, blob: find(head, blob) and also(blob)


def _refuses(blob: Blob, budget: Budget, *, said: str) -> Contents:
    raise NotRead(f"{said} is not read")


def _holds_nothing(blob: Blob, budget: Budget) -> Contents:
    return Contents()


REFUSED = tuple(Reader(name=f.name, recognises=_recognises(f), opens=partial(_refuses, said=f.said)) for f in _TABLE)
SWAP = Reader(name="swap", recognises=_finds(_SWAP), opens=_holds_nothing)
"""Swap holds no files: nothing of it is missed."""
