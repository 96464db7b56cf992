"""What of a UBIFS counts: its index as of the last commit, and the journal that was written since.

A scan of all nodes would bring removed files back: the node that removes a name may be collected before the one it
removed. Source: Linux ``fs/ubifs/master.c``, ``tnc.c``, ``replay.c``, ``log.c``.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget, OverBudget
from iotscan.observe.image.readers import ubifs_nodes as nodes
from iotscan.observe.image.unreadable import Unreadable

LEAVES = 4_000_000
"""Blocks of 4 KiB: 16 GiB."""
_MASTERS = (1, 2)
_FIRST_LOG = 3
_DEEPEST = 64
_LONGEST_NAME = 400
"""Bytes of the node of a name."""
_PAD = b"\xce" * 8
"""Fills what is too short for a padding node."""


class Known(msgspec.Struct):
    """What counts: places of nodes by inode, names by folder, attributes by inode."""

    inodes: dict[int, int]
    names: dict[int, dict[bytes, int]]
    attributes: dict[int, dict[bytes, int]]
    data: dict[int, dict[int, int]]
    damaged: int = 0
    """Nodes that could not be read: what they led to is missing."""


def known_of(blob: Blob, superblock: nodes.Superblock, budget: Budget) -> Known:
    """Read index and journal. Raises Unreadable where there is no way in, and OverBudget."""
    reading = _Reading(blob, superblock, budget)
    master = reading.master()
    reading.index(master.root)
    reading.journal(master)
    return reading.known


class _Reading:
    def __init__(self, blob: Blob, superblock: nodes.Superblock, budget: Budget) -> None:
        self._blob = blob
        self._superblock = superblock
        self._budget = budget
        self._leaves = 0
        self.known = Known({}, defaultdict(dict), defaultdict(dict), defaultdict(dict))

    def master(self) -> nodes.Master:
        """The last master node of the two copies."""
        found = []
        for number in _MASTERS:
            for _, node in self._nodes(number):
                if node.kind == nodes.MASTER:
                    found.append((node.sequence, nodes.read_master(node, self._superblock.block)))
        if not found:
            raise Unreadable("it has no sound master node")
        return max(found, key=lambda pair: pair[0])[1]

    def _nodes(self, number: int, offset: int = 0) -> Iterator[tuple[int, nodes.Node]]:
        """Sound nodes after one another in a logical block, from an offset up to the erased rest.

        What is neither counts as damaged: nobody can tell a write that power cut from anything else.
        """
        at, end = number * self._superblock.block + offset, (number + 1) * self._superblock.block
        while at + nodes.HEADER <= end:
            head = self._blob.read_at(at, nodes.HEADER)
            if head.startswith(_PAD):
                at += len(_PAD)
                continue
            if not head.strip(b"\xff"):
                return
            try:
                node = nodes.read_node(self._blob, at)
            except Unreadable:
                self.known.damaged += 1
                return
            yield at, node
            if node.kind == nodes.PADDING and len(node.raw) >= 28:
                at += struct.unpack_from("<I", node.raw, nodes.HEADER)[0] + len(node.raw)
            else:
                at += (len(node.raw) + 7) & ~7

    def index(self, root: nodes.Branch) -> None:
        """Walk the index. Raises Unreadable where its root cannot be read."""
        level, branches = nodes.read_index(nodes.read_node(self._blob, root.at, root.length), self._superblock)
        if level > _DEEPEST:
            raise Unreadable("its index is deeper than any")
        waiting = [(level, branch) for branch in reversed(branches)]
        seen = {root.at}
        while waiting:
            above, branch = waiting.pop()
            if above == 0:
                self._leaf(branch)
                continue
            self._budget.check_time()
            try:
                # With a node below two others the index would be as large as it likes.
                if branch.at in seen:
                    raise Unreadable("a node of its index stands in two places")
                seen.add(branch.at)
                node = nodes.read_node(self._blob, branch.at, branch.length)
                level, branches = nodes.read_index(node, self._superblock)
                if level != above - 1:
                    raise Unreadable("its index makes no sense")
            except Unreadable:
                self.known.damaged += 1
                continue
            waiting.extend((level, below) for below in reversed(branches))

    def _count(self) -> None:
        self._leaves += 1
        if self._leaves % 4096 == 0:
            self._budget.check_time()
        if self._leaves > LEAVES:
            raise OverBudget(f"more than {LEAVES:,} nodes")

    def _leaf(self, branch: nodes.Branch) -> None:
        self._count()
        if branch.kind == nodes.DATA:
            self.known.data[branch.inode][branch.number] = branch.at
        elif branch.kind == nodes.INODE:
            self.known.inodes[branch.inode] = branch.at
        else:
            try:
                if branch.length > _LONGEST_NAME:
                    raise Unreadable("a node of a name is too long")
                dent = nodes.read_dent(nodes.read_node(self._blob, branch.at, branch.length))
            except Unreadable:
                self.known.damaged += 1
                return
            self._name(branch.kind, dent)

    def _name(self, kind: int, dent: nodes.Dent) -> None:
        names = (self.known.names if kind == nodes.DENT else self.known.attributes)[dent.parent]
        if dent.inode:
            names[dent.name] = dent.inode
        else:
            names.pop(dent.name, None)

    def journal(self, master: nodes.Master) -> None:
        """Take in what was written since the last commit, in the order in which it was."""
        written = []
        for number, offset in self._buds(master):
            self._budget.check_time()
            for at, node in self._nodes(number, offset):
                self._count()
                # Of data only the key is of use here.
                kept = nodes.Node(node.kind, node.sequence, node.raw[:40]) if node.kind == nodes.DATA else node
                written.append((node.sequence, at, kept))
        for _, at, node in sorted(written, key=lambda item: item[0]):
            try:
                self._apply(at, node)
            except Unreadable:
                self.known.damaged += 1

    def _buds(self, master: nodes.Master) -> Iterator[tuple[int, int]]:
        """The blocks of the journal with where it begins in them, as the log names them."""
        first, count = _FIRST_LOG, self._superblock.log_blocks
        if not first <= master.log < first + count:
            raise Unreadable("its log is not where it can be")
        began = 0
        seen = set()
        for step in range(count):
            number = first + (master.log - first + step) % count
            found = [node for _, node in self._nodes(number)]
            if not found or found[0].kind != nodes.COMMIT or len(found[0].raw) < 32:
                return
            (commit,) = struct.unpack_from("<Q", found[0].raw, nodes.HEADER)
            if step == 0:
                if commit != master.commit:
                    return
                began = found[0].sequence
            elif found[0].sequence < began:
                return
            for node in found:
                if node.kind == nodes.REFERENCE and node.sequence >= began and len(node.raw) >= 36:
                    bud, offset = struct.unpack_from("<II", node.raw, nodes.HEADER)
                    if bud < self._superblock.blocks and offset < self._superblock.block and bud not in seen:
                        seen.add(bud)
                        yield bud, offset

    def _apply(self, at: int, node: nodes.Node) -> None:
        if node.kind == nodes.INODE:
            number = node.key[0]
            if nodes.read_inode(node).links:
                self.known.inodes[number] = at
            else:
                self.known.inodes.pop(number, None)
                self.known.data.pop(number, None)
                self.known.attributes.pop(number, None)
        elif node.kind in (nodes.DENT, nodes.XENT):
            self._name(node.kind, nodes.read_dent(node))
        elif node.kind == nodes.DATA:
            number, rest = node.key
            self.known.data[number][rest & 0x1FFFFFFF] = at
        elif node.kind == nodes.TRUNCATION:
            number, size = nodes.read_truncation(node)
            last = -(-size // nodes.BLOCK)
            blocks = self.known.data[number]
            for block in [block for block in blocks if block >= last]:
                del blocks[block]
