"""The nodes of UBIFS: where they lie, what they say, and whether they fit their checksum.

Source: Linux ``fs/ubifs/ubifs-media.h``. All numbers are little-endian.
"""

import struct
import zlib
from typing import Final

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.unreadable import Unreadable, Unsupported

MAGIC: Final = b"\x31\x18\x10\x06"
HEADER: Final = 24
BLOCK: Final = 4096
ROOT: Final = 1

INODE, DATA, DENT, XENT, TRUNCATION, PADDING, SUPERBLOCK, MASTER, REFERENCE, INDEX, COMMIT = range(11)

_INODE_HEADER, _DENT_HEADER, _DATA_HEADER, _MASTER_SIZE = 160, 56, 48, 512
_SUPERBLOCK_SIZE = 4096
_LONGEST = 1 << 20
_NAME = 255
_NEWEST_FORMAT = 5
_DIGESTS: Final = {0: 16, 1: 16, 2: 20, 3: 20, 4: 32, 5: 48, 6: 64, 7: 28}
"""Bytes of a digest by the kernel's number for its algorithm (``linux/hash_info.h``)."""
_AUTHENTICATED = 0x20
_INODE_ENCRYPTED = 0x40


class Superblock(msgspec.Struct, frozen=True, kw_only=True):
    """What a file system says of itself; ``digest`` are the bytes that each branch of its index has more."""

    block: int
    blocks: int
    log_blocks: int
    digest: int


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """The last commit: where its index and its journal begin."""

    commit: int
    log: int
    root: "Branch"


class Branch(msgspec.Struct, frozen=True, gc=False):
    """A branch of the index: bytes of the node and its key."""

    at: int
    length: int
    inode: int
    rest: int
    """Kind in the upper three bits; hash of a name or number of a block in the others."""

    @property
    def kind(self) -> int:
        """INODE, DATA, DENT or XENT."""
        return self.rest >> 29

    @property
    def number(self) -> int:
        """Block of a file."""
        return self.rest & 0x1FFFFFFF


class Node(msgspec.Struct, frozen=True, gc=False):
    """A node whose checksum fits."""

    kind: int
    sequence: int
    raw: bytes

    @property
    def key(self) -> tuple[int, int]:
        """Inode and the rest of the key; for inode, data and name nodes only. Raises Unreadable."""
        if len(self.raw) < HEADER + 16:
            raise Unreadable("a node of it is cut short")
        inode, rest = struct.unpack_from("<II", self.raw, HEADER)
        return inode, rest


class Inode(msgspec.Struct, frozen=True, gc=False):
    """An inode node. ``data`` is what stands in it: a link's text, a device, the value of an attribute."""

    size: int
    links: int
    uid: int
    gid: int
    mode: int
    is_encrypted: bool
    data: bytes


class Dent(msgspec.Struct, frozen=True, gc=False):
    """A name in a folder, or of an attribute; ``inode`` 0 is one that was removed."""

    parent: int
    name: bytes
    inode: int


def read_node(blob: Blob, at: int, length: int = 0) -> Node:
    """The node at a place; ``length`` 0 for one whose length only it tells. Raises Unreadable."""
    raw = blob.read_at(at, length or BLOCK + _DATA_HEADER)
    if len(raw) < HEADER or not raw.startswith(MAGIC):
        raise Unreadable("a node of it is damaged")
    checksum, sequence, said, kind = struct.unpack_from("<IQIB", raw, 4)
    if not HEADER <= said <= _LONGEST or (length and said != length):
        raise Unreadable("a node of it is damaged")
    raw = raw[:said] if said <= len(raw) else blob.read_at(at, said)
    if len(raw) < said or zlib.crc32(raw[8:]) ^ 0xFFFFFFFF != checksum:
        raise Unreadable("a node of it does not fit its checksum")
    return Node(kind, sequence, raw)


def read_superblock(blob: Blob) -> Superblock:
    """The node a file system begins with. Raises Unreadable."""
    node = read_node(blob, 0, _SUPERBLOCK_SIZE)
    if node.kind != SUPERBLOCK:
        raise Unreadable("no superblock node")
    hashing, form = node.raw[26], node.raw[27]
    flags, _, block, blocks = struct.unpack_from("<IIII", node.raw, 28)
    (log_blocks,) = struct.unpack_from("<I", node.raw, 56)
    (version,) = struct.unpack_from("<I", node.raw, 80)
    (algorithm,) = struct.unpack_from("<H", node.raw, 256)
    if form != 0 or hashing > 1:
        raise Unsupported(f"keys of format {form}, hash {hashing}")
    if version > _NEWEST_FORMAT:
        raise Unsupported(f"UBIFS of version {version}")
    if not BLOCK < block <= 16 << 20 or not 3 < log_blocks + 3 < blocks <= 1 << 20:
        raise Unreadable("its superblock makes no sense")
    digest = 0
    if flags & _AUTHENTICATED:
        if algorithm not in _DIGESTS:
            raise Unsupported(f"authentication with algorithm {algorithm}")
        digest = _DIGESTS[algorithm]
    return Superblock(block=block, blocks=blocks, log_blocks=log_blocks, digest=digest)


def read_master(node: Node, block: int) -> Master:
    """What a master node says."""
    if node.kind != MASTER or len(node.raw) < _MASTER_SIZE:
        raise Unreadable("no master node")
    (commit,) = struct.unpack_from("<Q", node.raw, 32)
    log, number, offset, length = struct.unpack_from("<IIII", node.raw, 44)
    return Master(commit=commit, log=log, root=Branch(number * block + offset, length, 0, 0))


def read_index(node: Node, superblock: Superblock) -> tuple[int, list[Branch]]:
    """Level and branches of an index node; level 0 leads to what is no index. Raises Unreadable."""
    if node.kind != INDEX or len(node.raw) < 28:
        raise Unreadable("an index node of it is none")
    count, level = struct.unpack_from("<HH", node.raw, HEADER)
    width = 20 + superblock.digest
    if 28 + count * width > len(node.raw):
        raise Unreadable("an index node of it is cut short")
    branches = []
    for at in range(28, 28 + count * width, width):
        number, offset, length, inode, rest = struct.unpack_from("<IIIII", node.raw, at)
        branches.append(Branch(number * superblock.block + offset, length, inode, rest))
    return level, branches


def read_inode(node: Node) -> Inode:
    """What an inode node says. Raises Unreadable."""
    if node.kind != INODE or len(node.raw) < _INODE_HEADER:
        raise Unreadable("an inode node of it is none")
    (size,) = struct.unpack_from("<Q", node.raw, 48)
    links, uid, gid, mode, flags, length = struct.unpack_from("<IIIIII", node.raw, 92)
    data = node.raw[_INODE_HEADER : _INODE_HEADER + length]
    if len(data) < length:
        raise Unreadable("an inode node of it is cut short")
    return Inode(size, links, uid, gid, mode, bool(flags & _INODE_ENCRYPTED), data)


def read_dent(node: Node) -> Dent:
    """What a name node says. Raises Unreadable."""
    if node.kind not in (DENT, XENT) or len(node.raw) < _DENT_HEADER:
        raise Unreadable("a name node of it is none")
    (inode,) = struct.unpack_from("<Q", node.raw, 40)
    (length,) = struct.unpack_from("<H", node.raw, 50)
    name = node.raw[_DENT_HEADER : _DENT_HEADER + length]
    if len(name) < length or length > _NAME:
        raise Unreadable("a name node of it is cut short")
    return Dent(node.key[0], name, inode)


def read_data(node: Node) -> tuple[int, int, bytes]:
    """Size when unpacked, compressor and packed bytes of a data node. Raises Unreadable."""
    if node.kind != DATA or len(node.raw) < _DATA_HEADER:
        raise Unreadable("a data node of it is none")
    size, compressor = struct.unpack_from("<IH", node.raw, 40)
    if size > BLOCK:
        raise Unreadable("a data node of it is larger than a block")
    return size, compressor, node.raw[_DATA_HEADER:]


def read_truncation(node: Node) -> tuple[int, int]:
    """Inode and new size of a truncation. Raises Unreadable."""
    if node.kind != TRUNCATION or len(node.raw) < 56:
        raise Unreadable("a truncation node of it is none")
    (inode,) = struct.unpack_from("<I", node.raw, HEADER)
    (size,) = struct.unpack_from("<Q", node.raw, 48)
    return inode, size
