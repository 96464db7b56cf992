"""Tar archives by GNU tar, busybox and Python's tarfile, and what no tool writes."""

import io
import os
import resource
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.readers.tar import TAR
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.sameness import assert_same, damaged, expected_file, survives
from tests.observe.image.sample import RANDOM, SPARSE_SIZE, Sample, build
from tests.observe.network.daemons import tool


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build(tmp_path_factory.mktemp("sample"))


def opened(data: bytes, limits: Limits = Limits()) -> Contents:
    assert TAR.recognises(data[:4096], Bytes(data))
    return TAR.opens(Bytes(data), Budget(limits))


def tree_of(data: bytes) -> Tree:
    contents = opened(data)
    assert not contents.problem
    assert contents.tree is not None
    return contents.tree


def made(*members: tarfile.TarInfo, data: bytes = b"", format: int = tarfile.GNU_FORMAT) -> bytes:
    """An archive of these members; files get ``data``."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return out.getvalue()


def member(name: str, type: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type, target
    return info


@pytest.mark.parametrize("options", [("--format=gnu",), ("--format=gnu", "--sparse"), ("--format=pax", "--sparse"),
                                     ("--format=pax", "--sparse", "--sparse-version=0.0"),
                                     ("--format=pax", "--sparse", "--sparse-version=0.1")])  # fmt: skip
def test_gnu_tar(sample: Sample, options: tuple[str, ...]) -> None:
    data = sample.run(tool("tar", "tar"), *options, "-cf", "-", ".")
    if "--sparse" in options:
        assert len(data) < sum(one.size for one in sample.expected if one.same in ("", one.path))
    assert_same(tree_of(data), sample.expected, attributes=False)


def test_extended_attributes(sample: Sample) -> None:
    sample.needs_root("tar, for attributes,")
    data = sample.run(tool("tar", "tar"), "--xattrs", "--xattrs-include=*", "-cf", "-", ".")
    assert_same(tree_of(data), sample.expected)


def test_busybox(sample: Sample) -> None:
    sample.needs_root("a static busybox")
    data = sample.run(tool("busybox", "busybox-static"), "tar", "-cf", "-", ".")
    assert_same(tree_of(data), sample.expected, attributes=False)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_numbers_and_names_each_format_holds(format: int) -> None:
    info = member("d" * 90 + "/" + "f" * 90)
    info.uid, info.gid, info.mode = (70_000, 2_000_000, 0o4711)
    if format != tarfile.USTAR_FORMAT:
        info.uid = 4_000_000_000
        info.name += "x" * 200
    tree = tree_of(made(info, data=b"abc", format=format))
    expected = expected_file(f"/{info.name}", b"abc", mode=0o4711, uid=info.uid, gid=info.gid)
    assert_same(tree, [expected], ignoring=lambda path: path.count("/") == 1)


def test_a_very_old_archive_without_a_mark(sample: Sample) -> None:
    names = ("etc/passwd", "etc/init.d", "bin", "usr/bin/relative")
    data = sample.run(tool("tar", "tar"), "--format=v7", "-cf", "-", *names)
    assert b"ustar" not in data
    tree = tree_of(data)
    entry = tree.entry("/bin")
    assert entry is not None
    assert entry.target == "usr/bin"
    assert tree.read("/etc/init.d/rcS", 100) == b"#!/bin/sh\nexit 0\n"


def test_a_later_member_takes_the_place_of_an_earlier_one() -> None:
    one = made(member("etc"), member("x/deep/a"), member("b"), data=b"old")
    two = made(member("etc/passwd"), member("x"), member("./b"), data=b"newer")
    tree = tree_of(one[: one.rindex(b"old") + 512] + two)
    assert [entry.path for entry in tree.walk()] == ["/b", "/etc", "/x", "/etc/passwd"]
    assert tree.read("/b", 10) == b"newer"


def test_a_later_member_has_none_of_the_attributes_of_an_earlier_one() -> None:
    first, link = member("a"), member("b", tarfile.LNKTYPE, "a")
    first.pax_headers = {"SCHILY.xattr.user.x": "1"}
    data = made(first, link, member("a"), data=b"x", format=tarfile.PAX_FORMAT)
    tree = tree_of(data)
    found = {entry.path: dict(tree.attributes(entry)) for entry in tree.walk()}
    assert found == {"/a": {}, "/b": {"user.x": b"1"}}


def test_a_lone_blank_block_is_no_end_and_two_are() -> None:
    data = made(member("a"))[:512] + bytes(512) + made(member("b"))[:512] + bytes(1024) + made(member("c"))
    assert [entry.path for entry in tree_of(data).walk()] == ["/a", "/b"]


def test_every_walk_has_all_names_of_the_budget_to_itself() -> None:
    contents = opened(made(*(member(f"{number}") for number in range(15))), Limits(entries=20))
    assert contents.tree is not None
    assert [sum(1 for _ in contents.tree.walk()) for _ in range(5)] == [15] * 5


def test_names_that_lead_out_are_left_out_and_named() -> None:
    hostile = ("../../etc/shadow", "a/../../b", "..", "/../x", "a/b/../../../c")
    contents = opened(made(*map(member, (*hostile, "//abs/./file", "a/../inside", ".")), data=b"x"))
    assert contents.problem == "names that lead out of it, left out: 5"
    assert contents.tree is not None
    assert [entry.path for entry in contents.tree.walk()] == ["/abs", "/inside", "/abs/file"]


def test_links_to_folders_on_the_way_are_followed_inside() -> None:
    data = made(
        member("usr/lib", tarfile.DIRTYPE),
        member("lib", tarfile.SYMTYPE, "usr/lib"),
        member("lib/found"),
        member("out", tarfile.SYMTYPE, "../../.."),
        member("out/etc/passwd"),
        member("loop", tarfile.SYMTYPE, "loop"),
        member("loop/x"),
        data=b"x",
    )
    tree = tree_of(data)
    assert tree.read("/usr/lib/found", 10) == b"x"
    assert tree.read("/etc/passwd", 10) == b"x"
    assert tree.read("/loop/x", 10) == b"x"


def test_hard_links_to_nothing_and_to_what_leads_out_are_named() -> None:
    contents = opened(
        made(
            member("a"),
            member("good", tarfile.LNKTYPE, "./a"),
            member("bad", tarfile.LNKTYPE, "missing"),
            member("worse", tarfile.LNKTYPE, "../a"),
            data=b"abc",
        )
    )
    assert contents.problem == "hard links that lead nowhere, left out: 2"
    assert contents.tree is not None
    assert contents.tree.read("/good", 10) == b"abc"


def test_a_cut_archive_keeps_what_stands_before_the_cut(sample: Sample) -> None:
    data = sample.run(tool("tar", "tar"), "-cf", "-", "etc", "usr")
    for cut in (data.index(RANDOM[:1000]) + 1000, data.index(RANDOM[:1000]) - 100):
        contents = opened(data[:cut])
        assert contents.problem == "it is cut short"
        assert contents.tree is not None
        assert contents.tree.read("/etc/hostname", 100) == b"gateway"
        entry = contents.tree.entry("/usr/lib/random.bin")
        if entry is not None:
            with pytest.raises(Unreadable, match="cut short"):
                contents.tree.content(entry).read_at(0, entry.size)
    with pytest.raises(Unreadable, match="damaged"):
        opened(b"x" + data[1:])


def test_an_archive_without_its_last_padding_is_whole() -> None:
    data = made(member("a"), member("b"), data=b"abc")
    whole = data.rindex(b"abc") + 3
    assert tree_of(data[:whole]).read("/b", 10) == b"abc"
    assert opened(data[: whole - 1]).problem == "it is cut short"


def test_damage_is_named(sample: Sample) -> None:
    data = sample.run(tool("tar", "tar"), "--format=pax", "--sparse", "-cf", "-", "etc", "var", "odd", "usr/bin")
    for what, variant in damaged(data, count=200, first=40_000):
        survives(TAR.opens, variant, what)


@pytest.mark.parametrize(
    "field", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"\x80\0\0\0\x7f" + b"\xff" * 7, b"77777777777\0"]
)
def test_a_lying_size(field: bytes) -> None:
    block = bytearray(made(member("a"), data=b"abc")[:512])
    block[124:136] = field
    for kind in b"05LxgS":
        block[156] = kind
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        survives(TAR.opens, bytes(block) + b"abc" + bytes(2000), f"{field!r} {kind}")


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=30))), st.binary(max_size=40))
def test_any_pax_records(records: list[tuple[bytes, bytes]], rest: bytes) -> None:
    keys = (b"GNU.sparse.major", b"GNU.sparse.map", b"GNU.sparse.realsize", b"size", b"path", b"LIBARCHIVE.xattr.a")
    body = b""
    for number, (key, value) in enumerate(records):
        record = b" " + (key or keys[number % len(keys)]) + b"=" + value + b"\n"
        body += b"%d" % (len(record) + len(str(len(record) + 2))) + record
    body += rest
    info = member("pax", tarfile.XHDTYPE)
    info.size = len(body)
    data = info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512) + made(member("a"), data=b"1\n2\n3\n")
    survives(TAR.opens, data, repr(body))


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)), st.binary())
def test_tarfile_and_we_see_the_same(names: list[str], content: bytes) -> None:
    data = made(*(member(name) for name in names), data=content, format=tarfile.PAX_FORMAT)
    contents = TAR.opens(Bytes(data), Budget())
    assert contents.tree is not None
    theirs = set()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for info in archive:
            path = os.path.normpath(f"/{info.name}").replace("//", "/")
            if ".." not in info.name.split("/") and path != "/":
                theirs.add(path)
    assert {e.path for e in contents.tree.walk()} >= {p for p in theirs if contents.tree.entry(p) is not None}
    if all("/" not in name and name not in (".", "..") for name in names):
        assert {e.path for e in contents.tree.walk()} == theirs


def test_many_members_stay_small() -> None:
    block = member("x").tobuf()
    info = tarfile.TarInfo()
    parts = []
    for number in range(20_000):
        info.name = f"usr/share/doc/{number % 50}/{number}"
        parts.append(info.tobuf(tarfile.USTAR_FORMAT))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tree = tree_of(b"".join(parts))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert len(block) == 512
    assert sum(1 for _ in tree.walk()) == 20_000 + 53
    assert grown < 40_000  # KiB


def test_too_many_members_are_cut_off_and_named() -> None:
    contents = opened(made(*(member(f"{number}") for number in range(30))), Limits(entries=20))
    assert contents.problem == "more than 20 files"
    assert contents.tree is not None
    assert len(contents.tree.children("/")) == 20


def test_a_packed_archive_is_an_image(sample: Sample, tmp_path: Path) -> None:
    image = tmp_path / "rootfs.tar.gz"
    image.write_bytes(sample.run(tool("tar", "tar"), "-czf", "-", "."))
    site = open_image(image)
    assert [(p.path, p.format, p.role) for p in site.places] == [("", "gzip", "container"), ("unpacked", "tar", "root")]
    tree = site.roots[0].tree
    assert tree is not None
    assert tree.prefix == ""
    assert_same(tree, sample.expected, attributes=False)
    assert tree.blob("/var/sparse").size == SPARSE_SIZE
    image.write_bytes(image.read_bytes()[:-30_000])
    assert "cut short" in open_image(image).places[1].problem


def test_only_files_of_several_names_have_a_number() -> None:
    linked = member("etc/also", tarfile.LNKTYPE, target="etc/one")
    tree = tree_of(made(member("etc/one"), member("etc/other"), linked, member("etc/last"), data=b"x"))
    numbers = {entry.name: entry.inode for entry in tree.children("/etc")}
    assert numbers["one"] == numbers["also"] != 0
    assert (numbers["other"], numbers["last"]) == (0, 0)


def test_half_a_million_names_fit_into_memory() -> None:
    count = 5000
    data = made(*(member(f"usr/share/part{n // 200:03}/item{n}.conf") for n in range(count)), data=b"x")
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    tree = tree_of(data)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(1 for _ in tree.walk()) > count
    assert (after - before) / count < 280
