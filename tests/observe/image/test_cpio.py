"""cpio archives by GNU cpio and busybox, several behind one another, and damaged ones."""

import gzip
import lzma
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.readers.cpio import CPIO
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.sameness import assert_same, damaged, expected_file, survives
from tests.observe.image.sample import RANDOM, Sample, build
from tests.observe.network.daemons import tool


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build(tmp_path_factory.mktemp("sample"))


def packed(sample: Sample, form: str, *paths: bytes) -> bytes:
    names = b"\0".join(paths or sample.paths()) + b"\0"
    return sample.run(tool("cpio", "cpio"), "-o", "-0", "--quiet", "-H", form, given=names)


def opened(data: bytes) -> Contents:
    assert CPIO.recognises(data[:4096], Bytes(data))
    return CPIO.opens(Bytes(data), Budget())


def tree_of(data: bytes) -> Tree:
    contents = opened(data)
    assert not contents.problem
    assert contents.tree is not None
    return contents.tree


def newc(name: bytes, content: bytes = b"", mode: int = 0o100644, inode: int = 1, names: int = 1) -> bytes:
    fields = (inode, mode, 0, 0, names, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)


END = newc(b"TRAILER!!!", mode=0)


@pytest.mark.parametrize("form", ["newc", "crc", "odc", "bin"])
def test_gnu_cpio(sample: Sample, form: str) -> None:
    assert_same(tree_of(packed(sample, form)), sample.expected, attributes=False)


def test_old_binary_in_the_other_order(sample: Sample) -> None:
    data = packed(sample, "bin", b"etc/init.d/rcS", b"bin")
    # The header's words are turned round; names and contents stay.
    turned = bytearray(data)
    at = 0
    while at + 26 <= len(data) and data[at : at + 2] == b"\xc7\x71":
        words = struct.unpack("<13H", data[at : at + 26])
        turned[at : at + 26] = struct.pack(">13H", *words)
        at += 26 + words[10] + words[10] % 2 + (words[11] << 16 | words[12]) + words[12] % 2
    assert turned != data
    tree = tree_of(bytes(turned))
    assert tree.read("/etc/init.d/rcS", 100) == b"#!/bin/sh\nexit 0\n"


def test_busybox(sample: Sample) -> None:
    sample.needs_root("a static busybox")
    names = b"\n".join(path for path in sample.paths() if b"\n" not in path) + b"\n"
    data = sample.run(tool("busybox", "busybox-static"), "cpio", "-o", "-H", "newc", given=names)
    expected = [one for one in sample.expected if "\n" not in one.path]
    assert_same(tree_of(data), expected, attributes=False)


def test_several_archives_are_one_tree() -> None:
    microcode = newc(b"kernel/x86/microcode/GenuineIntel.bin", RANDOM[:5000]) + newc(b"init", b"old") + END
    main = newc(b"init", b"#!/bin/sh\n", 0o100755) + newc(b"etc/passwd", b"root::0:0\n") + END
    late = newc(b"etc/late", b"x") + END
    data = microcode + bytes(512 - len(microcode) % 512) + gzip.compress(main + bytes(300) + late) + bytes(100)
    data += lzma.compress(newc(b"last", b"y") + END) + b"\xff" * 5000
    tree = tree_of(data)
    expected = [
        expected_file("/kernel/x86/microcode/GenuineIntel.bin", RANDOM[:5000]),
        expected_file("/init", b"#!/bin/sh\n", mode=0o755),
        expected_file("/etc/passwd", b"root::0:0\n"),
        expected_file("/etc/late", b"x"),
        expected_file("/last", b"y"),
    ]
    assert_same(
        tree, expected, ignoring=lambda path: path in ("/kernel", "/kernel/x86", "/kernel/x86/microcode", "/etc")
    )


def test_what_stands_behind_an_archive() -> None:
    data = newc(b"a", b"x") + END
    assert opened(data + b"something else").problem == "what stands behind it is not known"
    assert opened(data + b"key = value\n" + bytes(8) + b"#BOOTCONFIG\n").problem == ""
    contents = opened(data + gzip.compress(RANDOM))
    assert contents.problem == "what stands behind it is not known"
    assert contents.tree is not None
    assert contents.tree.read("/a", 10) == b"x"


def test_gigabytes_of_nothing_behind_an_archive_are_read_in_large_pieces() -> None:
    reads: list[int] = []

    class Sparse:
        size = 1 << 30
        head = newc(b"a", b"1") + newc(b"TRAILER!!!")

        def read_at(self, offset: int, length: int) -> bytes:
            reads.append(length)
            data = self.head[offset : offset + length]
            return data + bytes(max(0, min(length, self.size - offset) - len(data)))

    contents = CPIO.opens(Sparse(), Budget())
    assert contents.tree is not None
    assert [entry.path for entry in contents.tree.walk() if entry.kind == "file"] == ["/a"]
    assert len(reads) < 3000


def test_links_of_one_archive_are_none_of_the_next() -> None:
    one = newc(b"a", b"", names=2) + newc(b"b", b"one", names=2) + END
    two = newc(b"c", b"", names=2) + newc(b"d", b"two", names=2) + END
    tree = tree_of(one + two)
    assert [tree.read(path, 10) for path in ("/a", "/b", "/c", "/d")] == [b"one", b"one", b"two", b"two"]
    inodes = [entry.inode for entry in tree.walk()]
    assert inodes[0] == inodes[1] != inodes[2] == inodes[3]


def test_a_name_that_is_taken_again_loses_its_link() -> None:
    tree = tree_of(newc(b"a", b"", names=2) + newc(b"a", b"", inode=5) + newc(b"b", b"data", names=2) + END)
    assert (tree.read("/a", 10), tree.read("/b", 10)) == (b"", b"data")


def test_hostile_names_are_left_out_and_named() -> None:
    contents = opened(newc(b"../../etc/shadow", b"x") + newc(b"/abs", b"y") + newc(b".", mode=0o40755) + END)
    assert contents.problem == "names that lead out of it, left out: 1"
    assert contents.tree is not None
    assert [entry.path for entry in contents.tree.walk()] == ["/abs"]


def test_a_cut_archive_keeps_what_stands_before_the_cut() -> None:
    data = newc(b"a", b"x") + newc(b"b", RANDOM[:4000])
    for cut in (len(data), len(data) - 1000, len(data) - 4001):
        contents = opened(data[:cut])
        assert contents.problem == "it is cut short"
        assert contents.tree is not None
        assert contents.tree.read("/a", 10) == b"x"
    assert "damaged" in opened(newc(b"a", b"x") + b"0707" + bytes(200)).problem
    with pytest.raises(Unreadable, match="cut short"):
        opened(data[:80])


@pytest.mark.parametrize("form", ["newc", "odc", "bin"])
def test_damage_is_named(sample: Sample, form: str) -> None:
    data = packed(sample, form, b"etc/init.d/rcS", b"usr/bin/rcS", b"bin", b"dev/null", b"usr/bin/long", b"etc/passwd")
    for what, variant in damaged(data, count=200, first=len(data)):
        survives(CPIO.opens, variant, what)
    for what, variant in damaged(data + gzip.compress(data), count=100):
        survives(CPIO.opens, variant, what)


@given(st.sampled_from([b"070701", b"070707", b"\xc7\x71", b"\x71\xc7"]), st.binary(max_size=150))
def test_nonsense_is_refused(mark: bytes, rest: bytes) -> None:
    survives(CPIO.opens, mark + rest, repr(rest))


def test_a_packed_initramfs_is_an_image(tmp_path: Path) -> None:
    image = tmp_path / "initramfs.cpio.gz"
    image.write_bytes(
        gzip.compress(newc(b"init", b"#!/bin/sh\n", 0o100755) + newc(b"etc/passwd", b"root::0:0\n") + END)
    )
    site = open_image(image)
    assert [(p.format, p.role) for p in site.places] == [("gzip", "container"), ("cpio", "root")]


def test_a_bundle_of_swupdate_is_a_container_of_its_images(tmp_path: Path) -> None:
    main = gzip.compress(newc(b"init", RANDOM[:1000]) + newc(b"etc/passwd", b"x") + END)
    image = tmp_path / "x.swu"
    image.write_bytes(newc(b"sw-description", b"software = {}") + newc(b"rootfs.cpio.gz", main) + END)
    site = open_image(image)
    assert [(p.path, p.format, p.role) for p in site.places] == [
        ("", "cpio", "files"),
        ("/rootfs.cpio.gz", "gzip", "container"),
        ("/rootfs.cpio.gz:unpacked", "cpio", "root"),
    ]
