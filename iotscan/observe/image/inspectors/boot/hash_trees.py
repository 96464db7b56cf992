"""Hash trees of dm-verity in an image, and the root hash over the data that lie there now.

A tree is known by its superblock (a partition or file of its own, or behind the file system), or by the parameters
that a command line or vbmeta gives. Computing is linear in the data and bounded.
"""

from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import HashTree, RootHash
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.site import Place
from iotscan.wire import verity

_DATA_LIMIT = 2 << 30
"""Bytes that are hashed for one image."""
_BLOCKS = 1 << 20
"""Blocks of one tree: each digest is in memory once."""
_TRIES = 3
"""File systems that a tree by itself is tried on."""
_SQUASHFS, _EROFS = b"hsqs", b"\xe2\xe1\xf5\xe0"


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A root hash, and what else is said of its tree; ``blocks`` is 0 where only the hash is known."""

    hash: RootHash
    kind: int = 1
    data_block: int = 0
    hash_block: int = 0
    blocks: int = 0
    algorithm: str = ""
    salt: str = ""
    partition: str = ""

    @property
    def superblock(self) -> verity.Superblock | None:
        """What the tree is made with; None where it is not said."""
        if not self.blocks or self.kind not in (0, 1) or self.data_block < 512 or self.hash_block < 512:
            return None
        return verity.Superblock(
            kind=self.kind,
            algorithm=self.algorithm,
            data_block=self.data_block,
            hash_block=self.hash_block,
            data_blocks=self.blocks,
            salt=bytes.fromhex(self.salt) if len(self.salt) % 2 == 0 else b"",
        )


def hash_trees(chain: Chain, claims: tuple[Claim, ...]) -> Iterator[HashTree]:
    """Every tree, each over the file system that it fits. Raises Unreadable."""
    work = _Work(chain, {claim.hash.value for claim in claims})
    for place in chain.site.places:
        if place.blob is not None and not place.tree:
            yield from work.alone(place, place.blob)
    for place, blob in work.roots:
        end = _end_of(place, blob)
        # The reader of the file system may have made a part of it, which was met above.
        if end and not any(p.format == "verity" and p.path == f"{place.path}:verity" for p in chain.site.places):
            yield from work.behind(place, blob, end)
    for claim in claims:
        block = claim.superblock
        if block is not None:
            yield from work.claimed(claim, block)


class _Work:
    def __init__(self, chain: Chain, known: set[str]) -> None:
        self.roots = [(p, p.blob) for p in chain.site.places if p.role in ("root", "files") and p.blob is not None]
        self._known = known
        self._left = _DATA_LIMIT

    def alone(self, place: Place, blob: Blob) -> Iterator[HashTree]:
        """A hash area by itself: the data are elsewhere in the image."""
        block = _superblock(blob, 0)
        if block is None:
            return
        fitting = [(p, b) for p, b in self.roots if b.size >= block.data_size]
        fitting.sort(key=lambda found: not place.path.startswith(f"{found[0].path}:"))
        best: tuple[str, Answer[str]] = ("", _missing("no file system of the image is as large as its data"))
        for root, data in fitting[:_TRIES]:
            computed = self._compute(root, data, block)
            if not best[0] or computed.known in self._known:
                best = (root.shown or root.format, computed)
            if computed.known in self._known:
                break
        yield HashTree(path=place.shown or place.format, data=best[0], algorithm=block.algorithm, computed=best[1])

    def behind(self, place: Place, blob: Blob, end: int) -> Iterator[HashTree]:
        """A hash area behind its file system."""
        block = _superblock(blob, end)
        if block is not None:
            shown = place.shown or place.format
            computed = self._compute(place, blob, block)
            yield HashTree(path=shown, data=shown, algorithm=block.algorithm, computed=computed)

    def claimed(self, claim: Claim, block: verity.Superblock) -> Iterator[HashTree]:
        """A tree that only a command line or vbmeta speaks of."""
        for place, blob in self.roots:
            label = place.label.removesuffix("_a").removesuffix("_b")
            if blob.size < block.data_size or (claim.partition and label and label != claim.partition):
                continue
            shown = place.shown or place.format
            computed = self._compute(place, blob, block)
            yield HashTree(path=claim.hash.path, data=shown, algorithm=block.algorithm, computed=computed)
            if computed.known == claim.hash.value:
                return

    def _compute(self, place: Place, blob: Blob, block: verity.Superblock) -> Answer[str]:
        if block.data_size > self._left or block.data_blocks > _BLOCKS:
            return Answer.missing(Reason.BUDGET, f"more than {_DATA_LIMIT >> 30} GiB would have to be hashed")
        self._left -= block.data_size
        budget = place.tree.budget if place.tree is not None else None
        try:
            root = verity.root_hash(blob.read_at, block, budget.check_time if budget else lambda: None)
        except ValueError:
            return _missing("its hash algorithm is not known here")
        return _missing("its data are cut short") if root is None else Answer.of(root.hex())


def _missing(why: str) -> Answer[str]:
    return Answer.missing(Reason.NOT_OBSERVABLE, why)


def _superblock(blob: Blob, at: int) -> verity.Superblock | None:
    try:
        return verity.read_superblock(blob.read_at(at, verity.SUPERBLOCK))
    except verity.BadSuperblock:
        return None


def _end_of(place: Place, blob: Blob) -> int:
    """Where a file system ends in its partition, rounded to 4 KiB; 0 where it is not known."""
    head = blob.read_at(0, 2048)
    end = 0
    if head.startswith(_SQUASHFS):
        end = int.from_bytes(head[40:48], "little")
    elif head[1024:1028] == _EROFS:
        end = int.from_bytes(head[1060:1064], "little") << head[1036]
    elif head[1080:1082] == b"\x53\xef":
        end = int.from_bytes(head[1028:1032], "little") << (10 + min(head[1048], 6))
    return (end + 4095) & ~4095
