"""ext2, ext3 and ext4 with whatever features are what was packed; what would be read wrong is refused by name."""

import os
import struct
import subprocess
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, FileBlob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.readers.ext import EXT
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable, Unsupported
from tests.observe.image import sample as samples
from tests.observe.image.sameness import assert_same, damaged, survives
from tests.observe.image.sample import Sample
from tests.observe.network.daemons import tool

OPENS = EXT[0].opens
FEATURES = 1024 + 96
"""Where a superblock has the features that change what is read."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return samples.build(tmp_path_factory.mktemp("ext"))


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """A few files in few blocks, so that damage meets them."""
    folder = tmp_path_factory.mktemp("little") / "folder"
    (folder / "etc").mkdir(parents=True)
    (folder / "usr").mkdir()
    for number in range(12):
        (folder / "etc" / f"{number}").write_bytes(b"%d of them\n" % number)
    (folder / "large").write_bytes(samples.RANDOM[:150_000])
    os.symlink("etc/" * 30, folder / "link")
    os.setxattr(folder / "large", "user.one", b"1" * 500)
    return Sample(folder=folder, expected=())


def packed(sample: Sample, place: Path, *options: str, size: str = "8M") -> Path:
    image = place / "image.ext"
    sample.run(tool("mke2fs", "e2fsprogs"), "-q", "-F", "-d", ".", *options, image, size)
    return image


def changed(image: Path, *requests: str) -> Path:
    """Change a file system as only its debugger does."""
    for request in requests:
        words = [tool("debugfs", "e2fsprogs"), "-w", "-R", request, image]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return image


def contents_of(image: Path, kind: str) -> Contents:
    blob = FileBlob(image)
    head = blob.read_at(0, 4096)
    assert [reader.name for reader in EXT if reader.recognises(head, blob)] == [kind]
    return OPENS(blob, Budget())


def tree_of(image: Path, kind: str = "ext4") -> Tree:
    contents = contents_of(image, kind)
    assert contents.tree is not None
    assert not contents.problem
    assert contents.tree.format == kind
    return contents.tree


def is_recovered(path: str) -> bool:
    """What mke2fs adds."""
    return path.startswith("/lost+found")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ext2", ()),
        ("ext2", ("-b", "4096", "-I", "128")),
        ("ext3", ()),
        ("ext3", ("-b", "2048", "-O", "^sparse_super,^resize_inode")),
        ("ext4", ()),
        ("ext4", ("-b", "1024", "-I", "128")),
        ("ext4", ("-b", "4096", "-O", "^64bit,^has_journal,^metadata_csum")),
        ("ext4", ("-O", "inline_data")),
        ("ext4", ("-O", "inline_data", "-I", "1024")),
        ("ext4", ("-O", "bigalloc,^resize_inode")),
        ("ext4", ("-O", "meta_bg,^resize_inode", "-b", "1024", "-g", "256")),
        ("ext4", ("-O", "meta_bg,sparse_super2,^resize_inode,^flex_bg", "-b", "1024", "-g", "512")),
        ("ext4", ("-O", "casefold,verity,mmp,large_dir,quota,project,ea_inode")),
        ("ext4", ("-O", "encrypt")),
        ("ext4", ("-O", "^extents,^64bit", "-b", "1024")),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_it_is_what_was_packed(sample: Sample, tmp_path: Path, kind: str, options: tuple[str, ...]) -> None:
    image = packed(sample, tmp_path, "-t", kind, *options)
    assert_same(tree_of(image, kind), sample.expected, ignoring=is_recovered)


def test_the_first_revision_had_no_attributes(sample: Sample, tmp_path: Path) -> None:
    image = packed(sample, tmp_path, "-t", "ext2", "-r", "0")
    assert_same(tree_of(image, "ext2"), sample.expected, ignoring=is_recovered, attributes=False)


def test_blocks_of_64_kib(sample: Sample, tmp_path: Path) -> None:
    image = packed(sample, tmp_path, "-t", "ext4", "-b", "65536", "-O", "^has_journal", size="16M")
    assert_same(tree_of(image), sample.expected, ignoring=is_recovered)


@pytest.mark.parametrize("kind", ["ext2", "ext4"])
def test_a_file_of_many_pieces_and_a_folder_with_an_index(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "folder"
    (folder / "many").mkdir(parents=True)
    for number in range(600):
        (folder / "many" / f"a-rather-long-name-of-a-file-{number}").touch()
    with (folder / "holes").open("wb") as file:
        for number in range(400):
            file.seek(number * 7000)
            file.write(b"%d" % number)
    (folder / "three-levels").write_bytes(samples.RANDOM)
    with (folder / "three-levels").open("r+b") as file:
        # With pointers this takes three levels of them.
        file.seek((70 if kind == "ext2" else 5) << 20)
        file.write(b"far away")
    image = packed(Sample(folder=folder, expected=()), tmp_path, "-t", kind, "-b", "1024", size="12M")
    checked = subprocess.run([tool("e2fsck", "e2fsprogs"), "-fyD", image], check=False, stdout=subprocess.DEVNULL)
    assert checked.returncode in (0, 1)
    assert_same(tree_of(image, kind), folder, ignoring=is_recovered)


def test_a_value_that_has_an_inode_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").touch()
    os.setxattr(folder / "file", "user.large", samples.RANDOM[:3000])
    image = packed(Sample(folder=folder, expected=()), tmp_path, "-t", "ext4", "-b", "1024", "-O", "ea_inode")
    assert_same(tree_of(image), folder, ignoring=is_recovered)


def test_the_hash_tree_after_it_is_a_part(little: Sample, tmp_path: Path) -> None:
    image = packed(little, tmp_path, "-t", "ext4", "-O", "^has_journal", size="1M")
    subprocess.run(
        [tool("veritysetup", "cryptsetup-bin"), "format", image, image, f"--hash-offset={1 << 20}"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert [(p.path, p.format, p.problem) for p in open_image(image).places] == [
        ("", "ext4", ""),
        ("verity", "verity", ""),
    ]


def test_an_empty_journal_changes_nothing(little: Sample, tmp_path: Path) -> None:
    image = changed(packed(little, tmp_path, "-t", "ext4"), "feature needs_recovery")
    assert_same(tree_of(image), little.folder, ignoring=is_recovered)


@pytest.mark.parametrize(
    ("kind", "options", "opened"),
    [
        ("ext3", (), "jo"),
        ("ext4", ("-O", "^metadata_csum"), "jo"),
        ("ext4", ("-O", "^metadata_csum"), "jo -c -v 2"),
        ("ext4", ("-O", "^metadata_csum,64bit"), "jo -c -v 3"),
    ],
)
def test_a_journal_is_read_as_the_next_mount_would(
    little: Sample, tmp_path: Path, kind: str, options: tuple[str, ...], opened: str
) -> None:
    image = packed(little, tmp_path, "-t", kind, "-b", "1024", *options)
    folder, large = (_first_block(image, path) for path in ("/etc", "/large"))
    names = image.read_bytes()[folder * 1024 :][:1024]
    (tmp_path / "names").write_bytes(names.replace(b"\x02\x01" + b"10", b"\x02\x01" + b"xx"))
    # It begins as blocks of the journal do.
    (tmp_path / "data").write_bytes(b"\xc0\x3b\x39\x98" + b"new" * 340)
    (tmp_path / "never").write_bytes(b"never" * 204 + b"four")
    requests = (
        f"jw -b {large} {tmp_path / 'never'}",
        # debugfs 1.47.0 gives a list of revoked blocks a wrong checksum.
        *([] if "-c" in opened else [f"jw -b {large + 1} {tmp_path / 'never'}", f"jw -r {large + 1}"]),
        f"jw -b {folder},{large} {tmp_path / 'both'}",
        f"jw -c -b {folder} {tmp_path / 'never'}",
    )
    (tmp_path / "both").write_bytes((tmp_path / "names").read_bytes() + (tmp_path / "data").read_bytes())
    said = subprocess.run(
        [tool("debugfs", "e2fsprogs"), "-w", "-f", "-", image],
        input="\n".join((opened, *requests, "jc")).encode(), check=True, capture_output=True,
    )  # fmt: skip
    tree = tree_of(image, kind)
    assert {"xx", "11"} < {entry.name for entry in tree.children("/etc")}, said
    assert tree.read("/large", 7) == b"\xc0\x3b\x39\x98new"
    assert tree.read("/large", 1100)[1024:] == samples.RANDOM[1024:1100]
    before = {entry.path: tree.read(entry.path, 1 << 20) for entry in tree.walk() if entry.kind == "file"}
    subprocess.run([tool("e2fsck", "e2fsprogs"), "-fy", image], check=False, stdout=subprocess.DEVNULL)
    after = tree_of(image, kind)
    assert before == {entry.path: after.read(entry.path, 1 << 20) for entry in after.walk() if entry.kind == "file"}


def _first_block(image: Path, path: str) -> int:
    words = [tool("debugfs", "e2fsprogs"), "-R", f"blocks {path}", image]
    return int(subprocess.run(words, check=True, capture_output=True).stdout.split()[0])


def test_a_journal_that_cannot_be_read_is_named(little: Sample, tmp_path: Path) -> None:
    image = changed(packed(little, tmp_path, "-t", "ext4"), "feature needs_recovery", "sif <8> mode 0", "clri <8>")
    contents = contents_of(image, "ext4")
    assert contents.tree is not None
    assert_same(contents.tree, little.folder, ignoring=is_recovered)
    assert "journal was not replayed" in contents.problem


def test_an_encrypted_folder_and_file_are_named(little: Sample, tmp_path: Path) -> None:
    image = changed(
        packed(little, tmp_path, "-t", "ext4", "-O", "encrypt"), "sif /etc flags 0x80800", "sif /large flags 0x80800"
    )
    tree = tree_of(image)
    unread: list[tuple[str, str]] = []
    assert "/usr" in [entry.path for entry in tree.walk(unread=unread)]
    assert unread == [("/etc", "it is encrypted (fscrypt)")]
    with pytest.raises(Unsupported, match="encrypted"):
        tree.read("/large", 10)


def test_a_folder_in_itself_is_walked_once(little: Sample, tmp_path: Path) -> None:
    image = changed(packed(little, tmp_path, "-t", "ext4"), "ln / /etc/loop", "ln /etc /usr/again")
    tree = tree_of(image)
    unread: list[tuple[str, str]] = []
    paths = [entry.path for entry in tree.walk(unread=unread)]
    assert len(paths) == len(set(paths))
    assert [path for path, _ in unread] == ["/etc/loop", "/usr/again"]


@pytest.mark.parametrize(
    ("bit", "named"), [(0x1, "compression"), (0x8, "journal_dev"), (0x1000, "dirdata"), (0x800000, "0x800000")]
)
def test_features_that_change_what_is_read_are_refused(little: Sample, tmp_path: Path, bit: int, named: str) -> None:
    data = bytearray(packed(little, tmp_path, "-t", "ext4").read_bytes())
    struct.pack_into("<I", data, FEATURES, struct.unpack_from("<I", data, FEATURES)[0] | bit)
    with pytest.raises(Unsupported, match=named):
        OPENS(Bytes(bytes(data)), Budget())


def test_a_cut_is_named(little: Sample, tmp_path: Path) -> None:
    data = packed(little, tmp_path, "-t", "ext4").read_bytes()
    contents = OPENS(Bytes(data[: len(data) // 2]), Budget())
    assert "cut short: 4,194,304 of 8,388,608" in contents.problem
    with pytest.raises(Unreadable):
        OPENS(Bytes(data[:1500]), Budget())


@pytest.mark.parametrize(
    "options", [("ext2", "-b", "1024"), ("ext4", "-b", "1024"), ("ext4", "-O", "inline_data,^has_journal")]
)
def test_damage_is_named(little: Sample, tmp_path: Path, options: tuple[str, ...]) -> None:
    data = packed(little, tmp_path, "-t", *options, size="512K").read_bytes()
    for what, bad in damaged(data, first=60_000, count=200):
        survives(OPENS, bad, what)


def test_lists_of_blocks_that_point_to_themselves_end(little: Sample, tmp_path: Path) -> None:
    image = packed(little, tmp_path, "-t", "ext2", "-b", "1024", size="1M")
    data = bytearray(image.read_bytes())
    inode = data.index(struct.pack("<I", 150_000)) - 4
    block = 900
    data[block * 1024 : (block + 1) * 1024] = struct.pack("<I", block) * 256
    struct.pack_into("<I", data, inode + 40 + 14 * 4, block)
    struct.pack_into("<I", data, inode + 4, 0x7FFFFFFF)
    tree = OPENS(Bytes(bytes(data)), Budget()).tree
    assert tree is not None
    with pytest.raises(Unreadable, match="list of its blocks"):
        tree.read("/large", 10)


def test_extents_that_point_to_themselves_end(little: Sample, tmp_path: Path) -> None:
    image = packed(little, tmp_path, "-t", "ext4", "-b", "1024", size="1M")
    data = bytearray(image.read_bytes())
    inode = data.index(struct.pack("<I", 150_000)) - 4
    block = 900
    for depth, at, room in ((5, inode + 40, 4), (4, block * 1024, 84)):
        entries = b"".join(struct.pack("<2I2H", number, block, 0, 0) for number in range(room))
        data[at : at + 12 + len(entries)] = struct.pack("<4HI", 0xF30A, room, room, depth, 0) + entries
    tree = OPENS(Bytes(bytes(data)), Budget()).tree
    assert tree is not None
    with pytest.raises(Unreadable, match="list of its blocks"):
        tree.read("/large", 10)
