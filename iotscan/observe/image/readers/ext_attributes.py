"""Extended attributes of ext: in the inode behind its fields, in a block of their own, large ones in an inode.

Source: ``fs/ext4/xattr.h`` of Linux.
"""

import os
import struct
from collections.abc import Iterator

from iotscan.observe.image.blob import read_whole
from iotscan.observe.image.readers.ext_volume import Inode, Volume
from iotscan.observe.image.unreadable import Unreadable

INLINE_DATA = "system.data"
"""Holds what a file in its inode has more than 60 bytes; no attribute to anybody else."""
_MAGIC = b"\x00\x00\x02\xea"
_PREFIXES = {
    1: "user.",
    2: "system.posix_acl_access",
    3: "system.posix_acl_default",
    4: "trusted.",
    6: "security.",
    7: "system.",
    8: "system.richacl",
}
_BLOCK_HEADER = 32
_LARGEST = 1 << 20
_DAMAGED = "its attributes are damaged"


def attributes_of(volume: Volume, inode: Inode) -> dict[str, bytes]:
    """All of them, with :data:`INLINE_DATA`. Raises Unreadable."""
    found: dict[str, bytes] = {}
    if inode.extra[:4] == _MAGIC:
        found.update(_listed(volume, inode.extra[4:], 0))
    if inode.attribute_block:
        block = volume.block(inode.attribute_block)
        if block[:4] != _MAGIC:
            raise Unreadable(_DAMAGED)
        found.update(_listed(volume, block, _BLOCK_HEADER))
    return found


def inline_data(volume: Volume, inode: Inode) -> bytes:
    """What a file or folder in its inode has more than the 60 bytes of the pointers. Raises Unreadable."""
    if inode.extra[:4] != _MAGIC:
        return b""
    return next((value for name, value in _listed(volume, inode.extra[4:], 0) if name == INLINE_DATA), b"")


def _listed(volume: Volume, region: bytes, at: int) -> Iterator[tuple[str, bytes]]:
    """The entries from ``at`` on; where a value begins is told from the beginning of the region."""
    while at + 4 <= len(region) and region[at : at + 4] != bytes(4):
        if at + 16 > len(region):
            raise Unreadable(_DAMAGED)
        length, kind, offset, elsewhere, size, _ = struct.unpack_from("<2BH3I", region, at)
        name, prefix = region[at + 16 : at + 16 + length], _PREFIXES.get(kind)
        if prefix is None or len(name) != length or size > _LARGEST:
            raise Unreadable(_DAMAGED)
        value = _of_inode(volume, elsewhere, size) if elsewhere else region[offset : offset + size]
        if len(value) != size:
            raise Unreadable(_DAMAGED)
        yield prefix + os.fsdecode(name), value
        at += 16 + (length + 3 & ~3)


def _of_inode(volume: Volume, number: int, size: int) -> bytes:
    return read_whole(volume.content(volume.inode(number)), _LARGEST)[:size]
