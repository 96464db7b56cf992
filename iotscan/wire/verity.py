"""dm-verity: the superblock, its hash tree, and the root hash over given bytes.

Source: cryptsetup ``docs/on-disk`` (wiki page DMVerity) and ``lib/verity``; Linux ``drivers/md/dm-verity-target.c``.
"""

import hashlib
import struct
from collections.abc import Callable
from typing import Final

import msgspec

MAGIC: Final = b"verity\0\0"
SUPERBLOCK: Final = 512
"""Bytes."""
ALGORITHMS: Final = ("sha1", "sha256", "sha384", "sha512")
_LAYOUT: Final = struct.Struct("<8sII16s32sIIQH6x256s")
_CHUNK: Final = 4 << 20

Read = Callable[[int, int], bytes]


class BadSuperblock(ValueError):
    """It says it is a superblock of verity, and makes no sense."""


class Superblock(msgspec.Struct, frozen=True, kw_only=True):
    """What a hash tree is made with. Block sizes are in bytes; ``kind`` is 1 (normal) or 0 (Chromium OS)."""

    kind: int
    algorithm: str
    data_block: int
    hash_block: int
    data_blocks: int
    salt: bytes

    @property
    def data_size(self) -> int:
        """Bytes that are hashed."""
        return self.data_block * self.data_blocks


def read_superblock(data: bytes) -> Superblock:
    """Read the first 512 bytes of a hash area. Raises :class:`BadSuperblock`."""
    if len(data) < SUPERBLOCK or not data.startswith(MAGIC):
        raise BadSuperblock("no superblock of verity")
    _, version, kind, _, name, data_block, hash_block, blocks, salt_size, salt = _LAYOUT.unpack_from(data)
    algorithm = name.split(b"\0")[0].decode("ascii", "replace").lower()
    if version != 1 or kind not in (0, 1):
        raise BadSuperblock("its version is not known")
    if not _is_block(data_block) or not _is_block(hash_block) or salt_size > len(salt) or not blocks:
        raise BadSuperblock("its sizes make no sense")
    return Superblock(
        kind=kind,
        algorithm=algorithm,
        data_block=data_block,
        hash_block=hash_block,
        data_blocks=blocks,
        salt=salt[:salt_size],
    )


def root_hash(read: Read, block: Superblock, ticked: Callable[[], None] = lambda: None) -> bytes | None:
    """The root hash over the data that ``read(offset, length)`` gives; None where it is cut short.

    ``ticked`` is called every 4 MiB and may raise. The cost is linear in ``block.data_size``. Raises ValueError for an
    algorithm that is none of :data:`ALGORITHMS`.
    """
    found = tree(read, block, ticked)
    return found[1] if found is not None else None


def tree(read: Read, block: Superblock, ticked: Callable[[], None] = lambda: None) -> tuple[list[bytes], bytes] | None:
    """The levels of the hash tree, the one that hashes the data first, and the root hash; else like :func:`root_hash`.

    On disk the levels lie the other way round, the topmost first. They take 1/128 of the data for SHA-256 in 4 KiB.
    """
    if block.algorithm not in ALGORITHMS:
        raise ValueError(block.algorithm)
    start = hashlib.new(block.algorithm, block.salt if block.kind == 1 else b"")
    hashes: list[bytes] = []
    at = 0
    while at < block.data_size:
        ticked()
        wanted = min(_CHUNK - _CHUNK % block.data_block or block.data_block, block.data_size - at)
        data = read(at, wanted)
        if len(data) != wanted:
            return None
        hashes += [_digest(start, block, data[i : i + block.data_block]) for i in range(0, wanted, block.data_block)]
        at += wanted
    # Digests stand at multiples of a power of two, as many as fit (kind 0 packs them).
    slot = 1 << (start.digest_size - 1).bit_length() if block.kind == 1 else start.digest_size
    per_block = 1 << ((block.hash_block // start.digest_size).bit_length() - 1)
    levels: list[bytes] = []
    while len(hashes) > 1:
        groups = (hashes[i : i + per_block] for i in range(0, len(hashes), per_block))
        blocks = [_packed(group, slot, block.hash_block) for group in groups]
        levels.append(b"".join(blocks))
        hashes = [_digest(start, block, one) for one in blocks]
    return levels, hashes[0]


def _digest(start: "hashlib._Hash", block: Superblock, data: bytes) -> bytes:
    hashing = start.copy()
    hashing.update(data)
    if block.kind == 0:
        hashing.update(block.salt)
    return hashing.digest()


def _packed(hashes: list[bytes], slot: int, size: int) -> bytes:
    return b"".join(one.ljust(slot, b"\0") for one in hashes).ljust(size, b"\0")


def _is_block(size: int) -> bool:
    return 512 <= size <= 1 << 19 and size & (size - 1) == 0
