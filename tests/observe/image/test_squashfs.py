"""squashfs of every compressor is what was packed; what is damaged or of another dialect is named."""

import os
import struct
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, FileBlob
from iotscan.observe.image.budget import Budget, Limits, OverBudget
from iotscan.observe.image.readers.squashfs import SQUASHFS
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable, Unsupported
from tests.observe.image import sample as samples
from tests.observe.image.sameness import assert_same, damaged, survives
from tests.observe.image.sample import Sample
from tests.observe.network.daemons import tool


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return samples.build(tmp_path_factory.mktemp("squashfs"))


def packed(sample: Sample, place: Path, *options: str) -> Path:
    image = place / "image.squashfs"
    sample.run(tool("mksquashfs", "squashfs-tools"), ".", image, "-noappend", "-no-progress", "-quiet", *options)
    return image


def tree_of(image: Path, limits: Limits = Limits()) -> Tree:
    blob = FileBlob(image)
    assert SQUASHFS.recognises(blob.read_at(0, 4096), blob)
    contents = SQUASHFS.opens(blob, Budget(limits))
    assert contents.tree is not None
    assert not contents.problem
    return contents.tree


@pytest.mark.parametrize(
    "options",
    [
        ("-comp", "gzip"),
        ("-comp", "gzip", "-Xstrategy", "default,huffman_only", "-b", "4096"),
        ("-comp", "lzma"),
        ("-comp", "lzo"),
        ("-comp", "lzo", "-Xalgorithm", "lzo1x_1", "-b", "1M"),
        ("-comp", "xz", "-b", "1M"),
        ("-comp", "xz", "-Xbcj", "arm", "-Xdict-size", "8K", "-b", "16K"),
        ("-comp", "lz4"),
        ("-comp", "lz4", "-Xhc", "-b", "64K"),
        ("-comp", "zstd"),
        ("-noI", "-noD", "-noF", "-noX"),
        ("-no-fragments",),
        ("-tailends", "-no-duplicates", "-no-exports"),
        ("-no-sparse", "-nopad"),
    ],
    ids=" ".join,
)
def test_it_is_what_was_packed(sample: Sample, tmp_path: Path, options: tuple[str, ...]) -> None:
    assert_same(tree_of(packed(sample, tmp_path, *options)), sample.expected)


def test_what_follows_the_image_is_no_part_of_it(sample: Sample, tmp_path: Path) -> None:
    image = packed(sample, tmp_path)
    with image.open("ab") as file:
        file.write(os.urandom(3000))
    assert_same(tree_of(image), sample.expected)


def test_attributes_that_are_shared_and_long(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(700):
        (folder / f"{number}").write_bytes(b"")
        os.setxattr(folder / f"{number}", "user.own", b"%d" % number)
        os.setxattr(folder / f"{number}", "user.same", b"s" * 3000)
    os.symlink("x" * 60, folder / "link")
    os.setxattr(folder / "link", "trusted.of-a-link", b"l", follow_symlinks=False)
    assert_same(tree_of(packed(Sample(folder=folder, expected=()), tmp_path)), folder)


def test_folders_of_many_names(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(700):
        (folder / f"a-rather-long-name-of-a-file-{number}").write_bytes(b"%d" % number)
    assert_same(tree_of(packed(Sample(folder=folder, expected=()), tmp_path)), folder, owners=False)


def test_holes_cost_what_they_would_unpack_to(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with (folder / "sparse").open("wb") as file:
        file.truncate(128 << 20)
    image = packed(Sample(folder=folder, expected=()), tmp_path, "-b", "1M")
    assert image.stat().st_size < 20_000
    blob = tree_of(image, Limits(unpacked=32 << 20)).blob("/sparse")
    assert blob.size == 128 << 20
    assert blob.read_at(100 << 20, 10) == bytes(10)
    blob.read_at(0, 12 << 20)
    with pytest.raises(OverBudget):
        blob.read_at(0, 33 << 20)


def test_a_size_of_a_terabyte_that_is_a_lie(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with (folder / "sparse").open("wb") as file:
        file.truncate(16_777_777)
    data = bytearray(packed(Sample(folder=folder, expected=()), tmp_path, "-noI", "-no-fragments").read_bytes())
    data = data.replace(struct.pack("<Q", 16_777_777), struct.pack("<Q", 1 << 40))
    tree = SQUASHFS.opens(Bytes(bytes(data)), Budget()).tree
    assert tree is not None
    blob = tree.blob("/sparse")
    assert blob.size == 1 << 40
    with pytest.raises(Unreadable):
        blob.read_at(1 << 39, 10)


def test_a_bomb(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "bomb").write_bytes(b"\xff" * (12 << 20))
    tree = tree_of(
        packed(Sample(folder=folder, expected=()), tmp_path, "-comp", "xz", "-b", "1M"), Limits(ratio_from=4 << 20)
    )
    with pytest.raises(Unreadable, match="200 times"):
        tree.blob("/bomb").read_at(0, 12 << 20)


@pytest.mark.parametrize(
    "options", [("-comp", "gzip"), ("-comp", "zstd"), ("-comp", "lz4"), ("-comp", "lzo"), ("-noI", "-noD", "-noF")]
)
def test_damage_is_named(tmp_path: Path, options: tuple[str, ...]) -> None:
    folder = tmp_path / "folder"
    (folder / "etc").mkdir(parents=True)
    for number in range(30):
        (folder / "etc" / f"{number}").write_bytes(b"%d of them\n" % number * 50)
    (folder / "large").write_bytes(samples.RANDOM[:9000] + bytes(20_000))
    os.setxattr(folder / "large", "user.one", b"1")
    data = packed(Sample(folder=folder, expected=()), tmp_path, "-b", "4096", "-nopad", *options).read_bytes()
    said = {survives(SQUASHFS.opens, bad, what) for what, bad in damaged(data, first=96)}
    assert any("cut short" in reason for reason in said)


def test_a_folder_in_itself_is_walked_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "one" / "two").mkdir(parents=True)
    data = bytearray(packed(Sample(folder=folder, expected=()), tmp_path, "-noI").read_bytes())
    # The listing of the root holds the inode of "one" at its offset: the root's own takes its place in "one".
    listings = struct.unpack_from("<Q", data, 72)[0] + 2
    inodes = _offsets(bytes(data[listings:]))
    root = struct.unpack_from("<Q", data, 32)[0] & 0xFFFF
    struct.pack_into("<H", data, listings + inodes[b"two"], root)
    contents = SQUASHFS.opens(Bytes(bytes(data)), Budget())
    assert contents.tree is not None
    unread: list[tuple[str, str]] = []
    assert [e.path for e in contents.tree.walk(unread=unread)] == ["/one", "/one/two"]
    assert [path for path, _ in unread] == ["/one/two"]


def _offsets(listings: bytes) -> dict[bytes, int]:
    """Where each name's entry begins: names follow eight fixed bytes."""
    return {name: listings.index(name) - 8 for name in (b"one", b"two")}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({28: b"\x03\0\x01\0"}, r"squashfs 3\.1"),
        ({0: b"sqsh"}, "big-endian"),
        ({0: b"shsq"}, "vendor"),
        ({20: b"\x09\0"}, "compressor 9"),
    ],
)
def test_other_dialects_are_refused_by_name(
    sample: Sample, tmp_path: Path, change: dict[int, bytes], named: str
) -> None:
    data = bytearray(packed(sample, tmp_path).read_bytes())
    for at, value in change.items():
        data[at : at + len(value)] = value
    blob = Bytes(bytes(data))
    assert SQUASHFS.recognises(blob.read_at(0, 4096), blob)
    with pytest.raises(Unsupported, match=named):
        SQUASHFS.opens(blob, Budget())


def test_a_wrong_block_size_and_a_cut_are_no_empty_image(sample: Sample, tmp_path: Path) -> None:
    data = packed(sample, tmp_path).read_bytes()
    for bad in (data[:-9000], data[:50], data[:12] + b"\x01\0\0\0" + data[16:]):
        with pytest.raises(Unreadable):
            SQUASHFS.opens(Bytes(bad), Budget())
