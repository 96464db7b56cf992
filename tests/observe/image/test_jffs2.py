"""JFFS2 as mkfs.jffs2 writes it, in both byte orders with every compressor, and what only a used flash holds."""

import itertools
import random
import stat
import struct
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.reader import HEAD, Contents
from iotscan.observe.image.readers.jffs2 import JFFS2
from iotscan.observe.image.readers.jffs2_nodes import crc, read_inode, scan
from iotscan.observe.image.readers.overlay import Span, newest
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable, Unsupported
from tests.observe.image.sameness import Expected, assert_same, damaged, survives
from tests.observe.image.sample import Sample, build
from tests.observe.network.daemons import tool

COMPRESSORS = {
    "default": [],
    "zlib": ["-x", "rtime"],
    "rtime": ["-x", "zlib"],
    "lzo": ["-X", "lzo", "-x", "zlib", "-x", "rtime"],
    "none": ["-m", "none"],
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build(tmp_path_factory.mktemp("jffs2"))


def packed(sample: Sample, *options: str) -> bytes:
    place = sample.folder.parent / "image.jffs2"
    words = ["-d", str(sample.folder), "-e", "64KiB", "--with-xattr", "-o", str(place), *options]
    sample.run(tool("mkfs.jffs2", "mtd-utils"), *words)
    return place.read_bytes()


def opened(data: bytes) -> Contents:
    blob = Bytes(data)
    assert JFFS2.recognises(data[:HEAD], blob)
    return JFFS2.opens(blob, Budget())


def tree_of(data: bytes) -> Tree:
    contents = opened(data)
    assert contents.problem == ""
    assert contents.tree is not None
    return contents.tree


def kept(sample: Sample) -> list[Expected]:
    """What stands in the folder as mkfs.jffs2 keeps it: of a link's text 254 characters."""
    return [msgspec.structs.replace(one, target=one.target[:254]) for one in sample.expected]


@pytest.mark.parametrize(("order", "compressor"), [("-l", name) for name in COMPRESSORS] + [("-b", "default")])
def test_same_as_the_folder(sample: Sample, order: str, compressor: str) -> None:
    image = packed(sample, order, *COMPRESSORS[compressor])
    assert_same(tree_of(image), kept(sample))
    found = scan(Bytes(image), "<" if order == "-l" else ">", Budget())
    used = {read_inode(Bytes(image), at, found.order).compressor for places in found.nodes.values() for at in places}
    wanted = {"default": {0, 2, 6}, "zlib": {0, 6}, "rtime": {0, 2}, "lzo": {0, 7}, "none": {0}}[compressor]
    assert used <= wanted
    assert max(used) == max(wanted)


def test_padding_erased_blocks_and_no_clean_markers(sample: Sample) -> None:
    assert_same(tree_of(packed(sample, "-l", "-p", "-n")), kept(sample))
    assert_same(tree_of(b"\xff" * 131072 + packed(sample, "-b", "--pad=0x180000")), kept(sample))


class Flash:
    """Nodes after one another, as the kernel would write them: mkfs.jffs2 writes each file once."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.data = b""
        self.versions = 0

    def add(self, kind: int, body: bytes, tail: bytes = b"") -> None:
        """``body`` is what stands between header and node checksum."""
        length = 12 + len(body) + 4 * (2 if tail or kind in (0xE001, 0xE002) else 1) + len(tail)
        head = struct.pack(f"{self.order}HHI", 0x1985, kind, length)
        head += struct.pack(f"{self.order}I", crc(head)) + body
        sums = struct.pack(f"{self.order}I", crc(head))
        if kind == 0xE002:
            sums = struct.pack(f"{self.order}I", crc(tail)) + sums
        elif kind == 0xE008:
            data = struct.pack(f"{self.order}I", crc(tail))
            sums = data + struct.pack(f"{self.order}I", crc(head + data))
        elif kind == 0xE001:
            sums += struct.pack(f"{self.order}I", crc(tail))
        node = head + sums + tail
        self.data += node.ljust((len(node) + 3) & ~3, b"\xff")

    def name(self, name: bytes, inode: int, *, parent: int = 1, version: int | None = None) -> None:
        self.versions += 1
        number = version or self.versions
        body = struct.pack(f"{self.order}IIIIBBxx", parent, number, inode, 0, len(name), 0)
        self.add(0xE001, body, name)

    def inode(
        self, inode: int, data: bytes = b"", *, at: int = 0, size: int, mode: int = 0o100644,
        version: int | None = None, compressor: int = 0, dsize: int | None = None,
    ) -> None:  # fmt: skip
        self.versions += 1
        number, length = version or self.versions, len(data) if dsize is None else dsize
        body = struct.pack(
            f"{self.order}IIIHHIIIIIIIBBH",
            inode, number, mode, 0, 0, size, 0, 0, 0, at, len(data), length, compressor, 0, 0,
        )  # fmt: skip
        self.add(0xE002, body, data)

    def attribute(self, number: int, prefix: int, name: bytes, value: bytes) -> None:
        body = struct.pack(f"{self.order}IIBBH", number, 1, prefix, len(name), len(value))
        self.add(0xE008, body, name + b"\0" + value)

    def has(self, inode: int, number: int, sequence: int) -> None:
        self.add(0xE009, struct.pack(f"{self.order}III", inode, number, sequence))


@pytest.fixture(params=["<", ">"])
def flash(request: pytest.FixtureRequest) -> Flash:
    return Flash(request.param)


def read(tree: Tree, path: str) -> bytes:
    return tree.read(path, 1 << 20)


def test_the_newest_version_counts(flash: Flash) -> None:
    flash.name(b"f", 2)
    flash.inode(2, b"aaaaaaaa", size=8)
    flash.inode(2, b"BB", at=3, size=8)
    flash.inode(2, b"old", at=0, size=8, version=1)
    assert read(tree_of(flash.data), "/f") == b"aaaBBaaa"
    flash.inode(2, size=4)
    assert read(tree_of(flash.data), "/f") == b"aaaB"
    flash.inode(2, at=4, size=7, compressor=1, dsize=3)
    assert read(tree_of(flash.data), "/f") == b"aaaB\0\0\0"


def test_removed_and_renamed_names_are_gone(flash: Flash) -> None:
    flash.name(b"old", 2)
    flash.inode(2, b"text", size=4)
    flash.name(b"new", 2)
    flash.name(b"old", 0)
    flash.name(b"back", 2, version=90)
    flash.name(b"back", 0, version=80)
    assert [entry.path for entry in tree_of(flash.data).walk()] == ["/back", "/new"]


def test_a_node_that_does_not_fit_its_checksum_leaves_the_older_one(flash: Flash) -> None:
    flash.name(b"f", 2)
    flash.inode(2, b"good", size=4)
    flash.inode(2, b"evil", size=4)
    contents = opened(flash.data[:-1] + b"!")
    assert contents.problem == "1 stretches of it are damaged"
    assert contents.tree is not None
    assert read(contents.tree, "/f") == b"good"


def test_an_obsolete_node_does_not_count(flash: Flash) -> None:
    flash.name(b"f", 2)
    flash.inode(2, b"good", size=4)
    before = len(flash.data)
    flash.inode(2, b"gone", size=4)
    node = bytearray(flash.data[before:])
    node[2 if flash.order == ">" else 3] &= ~0x20
    assert read(tree_of(flash.data[:before] + bytes(node)), "/f") == b"good"


def test_attributes_that_were_removed_are_gone(flash: Flash) -> None:
    flash.name(b"f", 2)
    flash.inode(2, b"text", size=4)
    flash.attribute(7, 2, b"capability", b"caps")
    flash.attribute(8, 1, b"gone", b"x")
    flash.has(2, 7, 2)
    flash.has(2, 8, 4)
    flash.has(2, 8, 5)
    tree = tree_of(flash.data)
    (entry,) = tree.walk()
    assert tree.attributes(entry) == {"security.capability": b"caps"}
    flash.attribute(9, 77, b"odd", b"")
    flash.has(2, 9, 6)
    with pytest.raises(Unsupported, match="kind 77"):
        tree_of(flash.data).attributes(entry)


@pytest.mark.parametrize(("compressor", "named"), [(8, "lzma"), (3, "rubin"), (5, "dynrubin"), (77, "compressor 77")])
def test_what_cannot_be_unpacked_is_named(flash: Flash, compressor: int, named: str) -> None:
    flash.name(b"f", 2)
    flash.inode(2, b"good", size=4, compressor=compressor)
    with pytest.raises(Unsupported, match=named):
        read(tree_of(flash.data), "/f")


def test_sizes_that_lie_are_told(flash: Flash) -> None:
    flash.name(b"f", 2)
    flash.inode(2, zlib.compress(b"x" * 9), size=4000, compressor=6, dsize=4000)
    flash.name(b"g", 3)
    flash.inode(3, zlib.compress(b"x" * 9), size=1 << 31, compressor=6, dsize=1 << 31)
    flash.name(b"hole", 4)
    flash.inode(4, size=1 << 31, compressor=1, dsize=1 << 31)
    tree = tree_of(flash.data)
    for path, why in (("/f", "does not unpack"), ("/g", "larger than any page")):
        with pytest.raises(Unreadable, match=why):
            read(tree, path)
    assert tree.blob("/hole").read_at((1 << 31) - 5, 100) == bytes(5)


def test_names_that_lead_nowhere_and_folders_in_themselves_are_told(flash: Flash) -> None:
    flash.name(b"nothing", 9)
    flash.name(b"d", 2)
    flash.inode(2, size=0, mode=stat.S_IFDIR | 0o755)
    flash.name(b"loop", 2, parent=2)
    contents = opened(flash.data)
    assert contents.problem == "2 names lead nowhere"
    assert contents.tree is not None
    assert [entry.path for entry in contents.tree.walk()] == ["/d"]


def test_nothing_sound_at_all_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        opened(b"\x85\x19\x02\xe0\x44\0\0\0" + random.Random(1).randbytes(5000))


def test_damage_is_survived(sample: Sample, tmp_path: Path) -> None:
    whole = packed(sample, "-l")
    for what, broken in damaged(whole[: 3 * 65536], count=60):
        survives(JFFS2.opens, broken, what)


def test_a_flipped_bit_is_never_silent(sample: Sample) -> None:
    """Nodes have checksums: whatever is hit that is not padding is named."""
    whole = packed(sample, "-l", "-n")
    chance = random.Random(5)
    for _ in range(25):
        at = chance.randrange(len(whole) - 70_000)
        if whole[at] in (0, 0xFF):
            continue
        broken = whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
        assert opened(broken).problem


def by_hand(spans: list[Span]) -> dict[int, int]:
    """What counts at each byte, the slow way."""
    found: dict[int, int] = {}
    for span in sorted(spans, key=lambda s: (s.version, s.piece)):
        found.update(dict.fromkeys(range(span.start, span.end), span.piece))
    return found


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(0, 5)), max_size=12))
def test_overlay_is_what_painting_gives(made: list[tuple[int, int, int]]) -> None:
    spans = [Span(start, start + length, version, n) for n, (start, length, version) in enumerate(made)]
    stretches = newest(spans)
    assert {at: s.piece for s in stretches for at in range(s.start, s.end)} == by_hand(spans)
    assert all(a.end <= b.start for a, b in itertools.pairwise(stretches))
