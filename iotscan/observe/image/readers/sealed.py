"""What nobody reads without a key, and the hash tree that lets a kernel check what it reads.

LUKS: a magic number and a version (LUKS1 On-Disk Format 1.2.3 §2.1, LUKS2 1.1.3 §2.1). BitLocker: ``-FVE-FS-``
where a boot sector has its maker. dm-verity: the superblock that ``veritysetup format`` writes (cryptsetup's wiki,
DMVerity).
"""

import struct

from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.unreadable import Unsupported

_LUKS, _LUKS_VERSION_AT = b"LUKS\xba\xbe", 6
_BITLOCKER, _BITLOCKER_AT = b"-FVE-FS-", 3
_VERITY = b"verity\0\0"
_VERITY_ALIGNMENTS = (4096, 1024, 512)
"""Where a hash tree may begin after the data: at the next hash block, mostly 4096."""


def _luks_version(head: bytes) -> int | None:
    if head[:6] != _LUKS or len(head) < 8:
        return None
    return int(struct.unpack_from(">H", head, _LUKS_VERSION_AT)[0])


def _is_luks1(head: bytes, blob: Blob) -> bool:
    return _luks_version(head) == 1


def _is_luks2(head: bytes, blob: Blob) -> bool:
    return _luks_version(head) == 2


def _is_other_luks(head: bytes, blob: Blob) -> bool:
    return _luks_version(head) is not None


def _is_bitlocker(head: bytes, blob: Blob) -> bool:
    return head[_BITLOCKER_AT : _BITLOCKER_AT + len(_BITLOCKER)] == _BITLOCKER


def _is_verity(head: bytes, blob: Blob) -> bool:
    return is_verity(head)


def is_verity(head: bytes) -> bool:
    """True for the superblock of a dm-verity hash tree: its block sizes must make sense, too."""
    if head[:8] != _VERITY or len(head) < 512:
        return False
    data_block, hash_block = struct.unpack_from("<2I", head, 64)
    return all(512 <= size <= 1 << 19 and size & (size - 1) == 0 for size in (data_block, hash_block))


def verity_after(blob: Blob, end: int) -> tuple[Part, ...]:
    """The hash tree that is appended to a file system of ``end`` bytes, as the one part of it; mostly there is none."""
    for alignment in _VERITY_ALIGNMENTS:
        start = -(-end // alignment) * alignment
        if start < blob.size and is_verity(blob.read_at(start, 512)):
            return (Part(name="verity", blob=Slice(blob, start, blob.size - start)),)
    return ()


def _is_sealed(blob: Blob, budget: Budget) -> Contents:
    return Contents(is_sealed=True)


def _refuses_luks(blob: Blob, budget: Budget) -> Contents:
    raise Unsupported("LUKS of a version that is not known")


def _holds_hashes(blob: Blob, budget: Budget) -> Contents:
    return Contents()


SEALED = (
    Reader(name="luks1", recognises=_is_luks1, opens=_is_sealed),
    Reader(name="luks2", recognises=_is_luks2, opens=_is_sealed),
    Reader(name="luks", recognises=_is_other_luks, opens=_refuses_luks),
    Reader(name="bitlocker", recognises=_is_bitlocker, opens=_is_sealed),
)
VERITY = Reader(name="verity", recognises=_is_verity, opens=_holds_hashes)
