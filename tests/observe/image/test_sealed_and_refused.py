"""What needs a key is sealed, what we do not read is refused by its name, and neither is taken for empty."""

import struct
import subprocess
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, FileBlob, Slice
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.readers import all_readers
from iotscan.observe.image.readers.refused import REFUSED
from iotscan.observe.image.site import Place
from tests.observe.network.daemons import tool


def opened(data: bytes, place: Path) -> tuple[Place, ...]:
    image = place / "image"
    image.write_bytes(data)
    return open_image(image).places


def recognised(data: bytes) -> list[str]:
    blob = Bytes(data)
    return [reader.name for reader in all_readers() if reader.recognises(blob.read_at(0, 4096), blob)]


def blank(place: Path, size: int) -> Path:
    image = place / "blank"
    with image.open("wb") as file:
        file.truncate(size)
    return image


@pytest.mark.parametrize("kind", ["luks1", "luks2"])
def test_luks_is_sealed(tmp_path: Path, kind: str) -> None:
    image = blank(tmp_path, 20 << 20)
    subprocess.run(
        [
            tool("cryptsetup", "cryptsetup-bin"), "luksFormat", "--type", kind, "--batch-mode", "--pbkdf", "pbkdf2",
            "--pbkdf-force-iterations", "1000", "--key-file", "-", image,
        ],
        input=b"a passphrase", check=True,
    )  # fmt: skip
    (place,) = open_image(image).places
    assert (place.format, place.role, place.problem) == (kind, "sealed", "")


def test_luks_of_a_version_to_come_is_refused(tmp_path: Path) -> None:
    (place,) = opened(b"LUKS\xba\xbe\0\x03" + bytes(4096), tmp_path)
    assert place.role == "opaque"
    assert "LUKS" in place.problem


def test_bitlocker_is_sealed(tmp_path: Path) -> None:
    (place,) = opened(b"\xeb\x58\x90-FVE-FS-" + bytes(4096), tmp_path)
    assert (place.format, place.role) == ("bitlocker", "sealed")


def test_a_hash_tree_of_its_own_and_one_that_is_appended(tmp_path: Path) -> None:
    (tmp_path / "folder" / "etc").mkdir(parents=True)
    (tmp_path / "folder" / "usr").mkdir()
    image, tree = tmp_path / "image", tmp_path / "tree"
    subprocess.run(
        [tool("mksquashfs", "squashfs-tools"), tmp_path / "folder", image, "-quiet", "-no-progress"], check=True
    )
    verity = tool("veritysetup", "cryptsetup-bin")
    data = image.read_bytes()
    subprocess.run([verity, "format", image, tree], check=True, stdout=subprocess.DEVNULL)
    assert recognised(tree.read_bytes()) == ["verity"]
    with image.open("ab") as file:
        file.truncate(len(data) + 8192)
    subprocess.run(
        [verity, "format", image, image, f"--hash-offset={len(data)}", f"--data-blocks={len(data) // 4096}"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    places = open_image(image).places
    assert [(p.path, p.format, p.role, p.problem) for p in places] == [
        ("", "squashfs", "root", ""),
        ("verity", "verity", "container", ""),
    ]


@pytest.mark.parametrize(
    ("name", "package", "size", "command"),
    [
        ("erofs", "erofs-utils", 0, ["mkfs.erofs", "{image}", "{folder}"]),
        ("cramfs", "util-linux", 0, ["mkfs.cramfs", "{folder}", "{image}"]),
        ("minix", "util-linux", 1 << 20, ["mkfs.minix", "-1", "{image}"]),
        ("minix", "util-linux", 1 << 20, ["mkfs.minix", "-2", "{image}"]),
        ("minix", "util-linux", 1 << 20, ["mkfs.minix", "-3", "{image}"]),
        ("7z", "p7zip-full", 0, ["7z", "a", "-bd", "-t7z", "{image}", "{folder}"]),
    ],
)
def test_what_a_tool_made_is_refused(tmp_path: Path, name: str, package: str, size: int, command: list[str]) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"content" * 100)
    program = tool(command[0], package)
    image = tmp_path / "image"
    if size:
        image = blank(tmp_path, size)
    words = [word.format(image=image, folder=tmp_path / "folder") for word in command[1:]]
    subprocess.run([program, *words], check=True, stdout=subprocess.DEVNULL)
    made = image if image.exists() else image.with_suffix(".7z")
    (place,) = open_image(made).places
    assert (place.format, place.role) == (name, "opaque")
    assert "is not read" in place.problem


def _mark(offset: int, value: bytes, size: int = 70_000) -> bytes:
    data = bytearray(size)
    offset %= size
    data[offset : offset + len(value)] = value
    return bytes(data)


# No tool for these is in Debian's installer set, or it wants a kernel: their magic numbers alone.
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("btrfs", _mark(65600, b"_BHRfS_M")),
        ("xfs", _mark(0, b"XFSB\0\0\x10\0")),
        ("f2fs", _mark(1024, struct.pack("<I", 0xF2F52010))),
        ("cramfs", _mark(512, struct.pack(">I", 0x28CD3D45))),
        ("romfs", _mark(0, b"-rom1fs-")),
        ("yaffs2", _mark(0, struct.pack("<IIH", 3, 1, 0xFFFF))),
        ("yaffs2", _mark(0, struct.pack(">IIH", 3, 1, 0xFFFF))),
        ("nilfs2", _mark(1024, struct.pack("<IHHH", 2, 0, 0x3434, 280))),
        ("jfs", _mark(32768, b"JFS1")),
        ("reiserfs", _mark(65588, b"ReIsEr2Fs")),
        ("ntfs", _mark(0, b"\xeb\x52\x90NTFS    ")),
        ("exfat", _mark(0, b"\xeb\x76\x90EXFAT   ")),
        ("hfsplus", _mark(1024, b"H+\0\x04")),
        ("apfs", _mark(32, b"NXSB")),
        ("iso9660", _mark(32768, b"\x01CD001\x01")),
        ("udf", _mark(32768, b"\0BEA01\x01")),
        ("lvm2", _mark(512, b"LABELONE" + bytes(16) + b"LVM2 001")),
        ("md-raid", _mark(4096, struct.pack("<II", 0xA92B4EFC, 1))),
        ("qcow2", _mark(0, b"QFI\xfb\0\0\0\x03")),
        ("vhdx", _mark(0, b"vhdxfile")),
        ("vhd", _mark(-512, b"conectix\0\0\0\x02")),
        ("vmdk", _mark(0, b"KDMV\x01")),
        ("vdi", _mark(64, struct.pack("<I", 0xBEDA107F))),
        ("dmg", _mark(-512, b"koly\0\0\0\x04")),
        ("rar", _mark(0, b"Rar!\x1a\x07\x01\0")),
    ],
)
def test_a_magic_number_alone_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    assert recognised(data) == [name]
    (place,) = opened(data, tmp_path)
    assert place.role == "opaque"
    assert "is not read" in place.problem


@pytest.mark.parametrize("name", sorted({reader.name for reader in REFUSED}))
def test_nothing_is_recognised_in_what_is_short_or_blank(name: str) -> None:
    reader = next(one for one in REFUSED if one.name == name)
    for data in (b"", b"x", bytes(100_000), b"\xff" * 100_000):
        blob = Bytes(data)
        assert not reader.recognises(data[:4096], blob)


def test_two_bytes_of_minix_are_not_enough() -> None:
    assert recognised(_mark(1040, b"\x7f\x13")) == []


def test_swap_holds_no_files_and_is_no_gap(tmp_path: Path) -> None:
    image = blank(tmp_path, 1 << 20)
    subprocess.run([tool("mkswap", "util-linux"), image], check=True, stdout=subprocess.DEVNULL)
    assert recognised(image.read_bytes()) == ["swap"]


def test_an_offset_beyond_what_the_system_takes_reads_nothing(tmp_path: Path) -> None:
    image = blank(tmp_path, 4096)
    assert FileBlob(image).read_at(1 << 65, 10) == b""
    assert Slice(FileBlob(image), 1 << 64, 1 << 64).read_at(5, 10) == b""
