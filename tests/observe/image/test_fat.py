"""FAT of every width is what was copied into it; what is damaged is named."""

import struct
import subprocess
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, FileBlob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.readers.fat import FAT
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image import sample as samples
from tests.observe.image.sameness import assert_same, damaged, survives
from tests.observe.network.daemons import tool


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a boot partition holds, and names of all sorts."""
    root = tmp_path_factory.mktemp("fat") / "folder"
    (root / "overlays" / "deeper" / "a folder with a long name").mkdir(parents=True)
    (root / "EFI").mkdir()
    (root / "config.txt").write_bytes(b"enable_uart=1\n")
    (root / "CMDLINE.TXT").write_bytes(b"root=/dev/mmcblk0p2 rootwait\n")
    (root / "MiXed.Dtb").write_bytes(samples.LINES)
    (root / "kernel8.img").write_bytes(samples.RANDOM)
    (root / "empty").write_bytes(b"")
    (root / "no-ending-and-longer-than-thirteen-characters").write_bytes(b"long")
    (root / "Prüfung ☃.txt").write_bytes("ünïcode".encode())
    (root / "overlays" / "deeper" / "a folder with a long name" / "file").write_bytes(b"here")
    for number in range(200):
        (root / "overlays" / f"overlay-number-{number}.dtbo").write_bytes(b"%d" % number)
    return root


def packed(folder: Path, place: Path, *options: str, size: int = 4 << 20) -> Path:
    image = place / "image.fat"
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(
        [tool("mkfs.vfat", "dosfstools"), "-n", "BOOT", *options, image], check=True, stdout=subprocess.DEVNULL
    )
    if any(folder.iterdir()):
        names = sorted(folder.iterdir())
        subprocess.run(
            [tool("mcopy", "mtools"), "-s", "-i", image, *names, "::"], check=True, env={"LC_ALL": "C.UTF-8"}
        )
    return image


def contents_of(image: Path) -> Contents:
    blob = FileBlob(image)
    assert FAT.recognises(blob.read_at(0, 4096), blob)
    return FAT.opens(blob, Budget())


def tree_of(image: Path) -> Tree:
    contents = contents_of(image)
    assert contents.tree is not None
    assert not contents.problem
    return contents.tree


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (("-F", "12"), 4 << 20),
        (("-F", "12", "-f", "1", "-r", "64"), 4 << 20),
        (("-F", "16"), 16 << 20),
        (("-F", "16", "-S", "4096", "-s", "1"), 20 << 20),
        (("-F", "32"), 40 << 20),
    ],
)
def test_it_is_what_was_copied(folder: Path, tmp_path: Path, options: tuple[str, ...], size: int) -> None:
    tree = tree_of(packed(folder, tmp_path, *options, size=size))
    assert not tree.keeps_permissions
    assert_same(tree, folder, modes=False, owners=False, attributes=False, hard_links=False)


# mtools take no FAT32 of so few clusters; Linux does.
@pytest.mark.parametrize("options", [(), ("-F", "32", "-s", "1")])
def test_an_empty_one_has_no_files(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "folder").mkdir()
    assert list(tree_of(packed(tmp_path / "folder", tmp_path, *options)).walk()) == []


def test_removed_files_are_gone(folder: Path, tmp_path: Path) -> None:
    image = packed(folder, tmp_path)
    subprocess.run([tool("mdel", "mtools"), "-i", image, "::no-ending-and-longer-than-thirteen-characters"], check=True)
    names = {entry.name for entry in tree_of(image).children("/")}
    assert "no-ending-and-longer-than-thirteen-characters" not in names
    assert "config.txt" in names
    assert not any(name.endswith("aracters") for name in names)


def test_a_cut_is_named(folder: Path, tmp_path: Path) -> None:
    data = packed(folder, tmp_path).read_bytes()
    contents = FAT.opens(Bytes(data[: 1 << 20]), Budget())
    assert "cut short" in contents.problem


def _small(tmp_path: Path) -> bytearray:
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "sub" / "file").write_bytes(samples.RANDOM[:9000])
    return bytearray(packed(tmp_path / "folder", tmp_path, "-F", "12", "-s", "1", size=128 << 10).read_bytes())


def test_a_folder_in_itself_is_walked_once(tmp_path: Path) -> None:
    data = _small(tmp_path)
    root = data.index(b"SUB        ")
    listing = data.index(b".          ")
    file = data.index(b"FILE       ", listing)
    data[file + 11] = 0x10
    data[file + 26 : file + 28] = data[root + 26 : root + 28]
    tree = FAT.opens(Bytes(bytes(data)), Budget()).tree
    assert tree is not None
    unread: list[tuple[str, str]] = []
    assert [entry.path for entry in tree.walk(unread=unread)] == ["/sub", "/sub/file"]
    assert [path for path, _ in unread] == ["/sub/file"]


def test_a_chain_in_itself_and_a_size_that_lies_are_named(tmp_path: Path) -> None:
    data = _small(tmp_path)
    file = data.index(b"FILE       ")
    cluster = struct.unpack_from("<H", data, file + 26)[0]
    table = struct.unpack_from("<H", data, 14)[0] * 512
    looped = bytearray(data)
    at = table + cluster * 3 // 2
    word = struct.unpack_from("<H", looped, at)[0]
    new = word & 0xF | cluster << 4 if cluster & 1 else word & 0xF000 | cluster
    struct.pack_into("<H", looped, at, new)
    larger = bytearray(data)
    struct.pack_into("<I", larger, file + 28, 20_000)
    largest = bytearray(data)
    struct.pack_into("<I", largest, file + 28, 0xFFFFFFFF)
    for bad, named in ((looped, "chain"), (larger, "shorter"), (largest, "larger")):
        tree = FAT.opens(Bytes(bytes(bad)), Budget()).tree
        assert tree is not None
        with pytest.raises(Unreadable, match=named):
            tree.read("/sub/file", 10)


def test_damage_is_named(tmp_path: Path) -> None:
    for what, bad in damaged(bytes(_small(tmp_path)), first=8000, count=200):
        if FAT.recognises(bad[:4096], Bytes(bad)):
            survives(FAT.opens, bad, what)
