"""ext2, ext3 and ext4 below the names: what the superblock says, inodes, and which blocks a file has.

Written for images that lie: every block of pointers counts once for a file, every run of blocks lies after the one
before it, and both lie within the file system. Source: ``fs/ext4/ext4.h``, ``ext4_extents.h`` and
Documentation/filesystems/ext4 of Linux.
"""

import struct
from collections.abc import Iterable, Iterator

import msgspec

from iotscan.observe.image.blob import Blob, Bytes, Piece, Pieced, Slice
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.unreadable import Unreadable, Unsupported

SUPERBLOCK, MAGIC_AT, MAGIC = 1024, 56, b"\x53\xef"
HAS_JOURNAL, SPARSE_SUPER2 = 0x4, 0x200
JOURNAL_DEVICE, RECOVER, META_BG, SIXTY_FOUR, LARGE_FOLDERS = 0x8, 0x4, 0x10, 0x80, 0x4000
REFUSED = {0x1: "compression", JOURNAL_DEVICE: "a journal of its own (journal_dev)", 0x1000: "dirdata"}
"""Features with which the rest means something else."""
READ = (
    0x2 | RECOVER | META_BG | 0x40 | SIXTY_FOUR | 0x100 | 0x200 | 0x400 | 0x2000 | LARGE_FOLDERS | 0x8000 | 0x10000
    | 0x20000
)  # fmt: skip
"""filetype, extents, mmp, flex_bg, ea_inode, csum_seed, inline_data, encrypt, casefold and those that have a name.

Encrypted files and folders are refused one by one, as most of such a file system is plain. Features that only forbid
writing (bigalloc, verity, metadata_csum, quota) change nothing for us.
"""
EXT3_FEATURES, EXT3_READ_ONLY_FEATURES = 0x2 | RECOVER | META_BG, 0x7
ENCRYPTED, EXTENTS, INLINE = 0x800, 0x80000, 0x10000000
IN_INODE, OLD_INODE = 60, 128
"""Bytes of an inode for pointers, and of an inode before it could be larger."""
_EXTENT_MAGIC, _EXTENT_DEPTH, _WRITTEN = 0xF30A, 5, 32768
_SPARSE_SUPER = 1
_KEPT = 4 * MIB
_CUT = "a block of it lies beyond the end"
_DAMAGED = "the list of its blocks is damaged"

Run = tuple[int, int, int | None]
"""First block of the file, how many, and the first block on disk: None for blocks that were never written."""


class Superblock(msgspec.Struct, frozen=True, kw_only=True):
    """What we need of it; sizes in bytes where it does not say blocks."""

    inodes: int
    blocks: int
    block_size: int
    first_block: int
    blocks_a_group: int
    inodes_a_group: int
    inode_size: int
    descriptor_size: int
    first_meta_group: int
    backups: tuple[int, int]
    journal: int
    """Inode of the journal; 0 where it has none, or one on another device."""
    compatible: int
    incompatible: int
    read_only: int

    @property
    def kind(self) -> str:
        """``ext2``, ``ext3`` or ``ext4``: the oldest driver that knows all its features."""
        if self.incompatible & ~EXT3_FEATURES or self.read_only & ~EXT3_READ_ONLY_FEATURES:
            return "ext4"
        return "ext3" if self.compatible & HAS_JOURNAL else "ext2"


class Inode(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``pointers`` are the 60 bytes that hold block numbers, extents, a short link or a small file."""

    number: int
    mode: int
    uid: int
    gid: int
    size: int
    links: int
    flags: int
    pointers: bytes
    attribute_block: int
    extra: bytes
    """What follows the fixed fields: attributes, mostly."""


def superblock_of(raw: bytes) -> Superblock | None:
    """The superblock, from its 1024 bytes; None where it is none of ext."""
    if len(raw) < 1024 or raw[MAGIC_AT : MAGIC_AT + 2] != MAGIC:
        return None
    inodes, blocks = struct.unpack_from("<2I", raw)
    first_block, log_block_size, _, blocks_a_group, _, inodes_a_group = struct.unpack_from("<6I", raw, 20)
    revision, _, _, inode_size = struct.unpack_from("<2IIH", raw, 76)
    compatible, incompatible, read_only = struct.unpack_from("<3I", raw, 92)
    if revision > 1 or log_block_size > 6 or not inodes or not blocks:
        return None
    if revision == 0:
        inode_size, compatible, incompatible, read_only = OLD_INODE, 0, 0, 0
    has_64 = bool(incompatible & SIXTY_FOUR)
    return Superblock(
        inodes=inodes,
        blocks=blocks | (struct.unpack_from("<I", raw, 0x150)[0] << 32 if has_64 else 0),
        block_size=1024 << log_block_size,
        first_block=first_block,
        blocks_a_group=blocks_a_group,
        inodes_a_group=inodes_a_group,
        inode_size=inode_size,
        descriptor_size=struct.unpack_from("<H", raw, 0xFE)[0] if has_64 else 32,
        first_meta_group=struct.unpack_from("<I", raw, 0x104)[0],
        backups=struct.unpack_from("<2I", raw, 0x24C),
        journal=struct.unpack_from("<I", raw, 0xE0)[0] if compatible & HAS_JOURNAL else 0,
        compatible=compatible,
        incompatible=incompatible,
        read_only=read_only,
    )


class Volume:
    """The file system's blocks and inodes. Raises Unsupported for features that change what is read."""

    def __init__(self, blob: Blob, superblock: Superblock, budget: Budget) -> None:
        self.superblock = superblock
        self.budget = budget
        self._blob = blob
        self._kept: dict[int, bytes] = {}
        self._most_kept = max(8, _KEPT // superblock.block_size)
        self._tables: dict[int, int] = {}
        _check(superblock)

    def inode(self, number: int) -> Inode:
        """Raises Unreadable where there is no such inode."""
        superblock = self.superblock
        if not 0 < number <= superblock.inodes:
            raise Unreadable("a name of it leads to no inode")
        group, index = divmod(number - 1, superblock.inodes_a_group)
        table = self._tables.get(group)
        if table is None:
            table = self._tables[group] = self._inode_table(group)
        block, within = divmod(index * superblock.inode_size, superblock.block_size)
        raw = self.block(table + block)[within : within + superblock.inode_size]
        mode, uid, size, _, _, _, _, gid, links, _, flags, _ = struct.unpack_from("<2H5I2H3I", raw)
        attributes, size_high = struct.unpack_from("<2I", raw, 104)
        _, attributes_high, uid_high, gid_high = struct.unpack_from("<4H", raw, 116)
        is_long = mode >> 12 == 0o10 or superblock.incompatible & LARGE_FOLDERS
        extra = b""
        if len(raw) > OLD_INODE + 2:
            extra = raw[OLD_INODE + struct.unpack_from("<H", raw, OLD_INODE)[0] :]
        return Inode(
            number=number,
            mode=mode,
            uid=uid | uid_high << 16,
            gid=gid | gid_high << 16,
            size=size | (size_high << 32 if is_long else 0),
            links=links,
            flags=flags,
            pointers=raw[40 : 40 + IN_INODE],
            attribute_block=attributes | attributes_high << 32,
            extra=extra,
        )

    def content(self, inode: Inode) -> Blob:
        """What the blocks of an inode hold; holes are zeros. Not for data that stands in the inode itself."""
        if inode.flags & ENCRYPTED:
            raise Unsupported("it is encrypted (fscrypt)")
        size = self.superblock.block_size
        last = -(-inode.size // size)
        runs = self._extents(inode.pointers) if inode.flags & EXTENTS else self._by_pointers(inode.pointers, last)
        return self._joined(runs, inode.size)

    def block(self, number: int) -> bytes:
        """A block of tables, lists or names; the ones used last are kept."""
        known = self._kept.pop(number, None)
        if known is None:
            size = self.superblock.block_size
            known = self._blob.read_at(number * size, size) if 0 <= number < self.superblock.blocks else b""
            if len(known) < size:
                raise Unreadable(_CUT)
            while len(self._kept) >= self._most_kept:
                del self._kept[next(iter(self._kept))]
        self._kept[number] = known
        return known

    def _inode_table(self, group: int) -> int:
        superblock = self.superblock
        a_block = superblock.block_size // superblock.descriptor_size
        meta, index = divmod(group, a_block)
        block = SUPERBLOCK // superblock.block_size + 1 + meta
        if superblock.incompatible & META_BG and meta >= superblock.first_meta_group:
            first = meta * a_block
            is_first_of_small = superblock.block_size == 1024 and not meta and not superblock.first_block
            block = first * superblock.blocks_a_group + superblock.first_block
            block += _has_superblock(superblock, first) + is_first_of_small
        raw = self.block(block)[index * superblock.descriptor_size :][: superblock.descriptor_size]
        low = int(struct.unpack_from("<I", raw, 8)[0])
        return low | (int(struct.unpack_from("<I", raw, 0x28)[0]) << 32 if len(raw) >= 64 else 0)

    def _joined(self, runs: Iterable[Run], size: int) -> Blob:
        block_size, at = self.superblock.block_size, 0
        pieces: list[Piece] = []
        for first, count, on_disk in runs:
            start = first * block_size
            # Blocks after the end of a file are there in advance, or hold the hashes of fs-verity.
            if start >= size:
                break
            if on_disk is not None and not 0 <= on_disk <= self.superblock.blocks - count:
                raise Unreadable(_CUT)
            if start > at:
                pieces.append(Piece(start - at))
            length = min(count * block_size, size - start)
            source = None if on_disk is None else self._blob
            pieces.append(Piece(length, source, (on_disk or 0) * block_size))
            at = start + length
        if at < size:
            pieces.append(Piece(size - at))
        if not pieces:
            return Bytes(b"")
        only = pieces[0]
        return Slice(only.source, only.start, size) if len(pieces) == 1 and only.source else Pieced(pieces)

    def _extents(self, root: bytes) -> Iterator[Run]:
        """The leaves of a tree of extents, in order."""
        seen: set[int] = set()
        at = -1
        depth = _depth_of(root)
        waiting = [(root, depth)]
        while waiting:
            node, depth = waiting.pop()
            if depth:
                below = []
                for _, low, high, _ in _extent_entries(node, "<2I2H", depth):
                    number = low | high << 32
                    if number in seen:
                        raise Unreadable(_DAMAGED)
                    seen.add(number)
                    below.append(number)
                # They are read when it is their turn, so that one that lies is met after those before it.
                waiting.extend((self.block(number), depth - 1) for number in reversed(below))
                continue
            for first, length, high, low in _extent_entries(node, "<I2HI", depth):
                count = length if length <= _WRITTEN else length - _WRITTEN
                if first <= at or not count:
                    raise Unreadable(_DAMAGED)
                at = first + count - 1
                yield first, count, (high << 32 | low) if length <= _WRITTEN else None

    def _by_pointers(self, pointers: bytes, last: int) -> Iterator[Run]:
        """Twelve blocks, and three trees of one, two and three levels; neighbours are put together."""
        run: Run | None = None
        mapped = 0
        for first, on_disk in self._pointed(pointers, last):
            mapped += 1
            if mapped > self.superblock.blocks:
                raise Unreadable(_DAMAGED)
            if run is not None and run[2] is not None and run[0] + run[1] == first and run[2] + run[1] == on_disk:
                run = run[0], run[1] + 1, run[2]
                continue
            if run is not None:
                yield run
            run = first, 1, on_disk
        if run is not None:
            yield run

    def _pointed(self, pointers: bytes, last: int) -> Iterator[tuple[int, int]]:
        words = struct.unpack("<15I", pointers)
        yield from ((number, block) for number, block in enumerate(words[:12]) if block and number < last)
        a_block = self.superblock.block_size // 4
        first = 12
        seen: set[int] = set()
        for level, block in enumerate(words[12:], 1):
            if first >= last:
                return
            if block:
                yield from self._below(block, level, first, last, seen)
            first += a_block**level

    def _below(self, block: int, level: int, first: int, last: int, seen: set[int]) -> Iterator[tuple[int, int]]:
        if block in seen:
            raise Unreadable(_DAMAGED)
        seen.add(block)
        self.budget.check_time()
        raw = self.block(block)
        step = (len(raw) // 4) ** (level - 1)
        for pointer in struct.unpack(f"<{len(raw) // 4}I", raw):
            if first >= last:
                return
            if pointer and level == 1:
                yield first, pointer
            elif pointer:
                yield from self._below(pointer, level - 1, first, last, seen)
            first += step


def _check(superblock: Superblock) -> None:
    """Refuse what we would read wrong, by name."""
    named = [said for bit, said in REFUSED.items() if superblock.incompatible & bit]
    unknown = superblock.incompatible & ~READ & ~sum(REFUSED)
    if unknown:
        named.append(f"features that are not known ({unknown:#x})")
    if named:
        raise Unsupported(f"{superblock.kind} with {', '.join(named)}")
    is_sound = (
        superblock.blocks_a_group > 0
        and superblock.inodes_a_group > 0
        and OLD_INODE <= superblock.inode_size <= superblock.block_size
        and superblock.inode_size & (superblock.inode_size - 1) == 0
        and 32 <= superblock.descriptor_size <= superblock.block_size
        and superblock.descriptor_size & (superblock.descriptor_size - 1) == 0
    )
    if not is_sound:
        raise Unreadable("its superblock is damaged")


def _has_superblock(superblock: Superblock, group: int) -> bool:
    """Whether a group begins with a copy of the superblock."""
    if superblock.compatible & SPARSE_SUPER2:
        return group == 0 or group in superblock.backups
    if group <= 1 or not superblock.read_only & _SPARSE_SUPER:
        return True
    return any(_is_power(group, of) for of in (3, 5, 7))


def _is_power(number: int, of: int) -> bool:
    while number % of == 0:
        number //= of
    return number == 1


def _depth_of(node: bytes) -> int:
    depth = int(struct.unpack_from("<H", node, 6)[0])
    if depth > _EXTENT_DEPTH:
        raise Unreadable(_DAMAGED)
    return depth


def _extent_entries(node: bytes, layout: str, depth: int) -> Iterator[tuple[int, ...]]:
    magic, count, _, says = struct.unpack_from("<4H", node)
    if magic != _EXTENT_MAGIC or says != depth or 12 + 12 * count > len(node):
        raise Unreadable(_DAMAGED)
    return struct.iter_unpack(layout, node[12 : 12 + 12 * count])
