"""Disks: every partition is a part with its name, what stands between them is seen, and damage is named."""

import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, FileBlob
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.readers import all_readers
from iotscan.observe.image.readers.disk import DISK
from iotscan.observe.image.site import Place
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.sameness import damaged, survives
from tests.observe.network.daemons import tool

MIB = 1 << 20
GPT = """label: gpt
first-lba: 2048
start=2048, size=2048, name="boot"
start=4096, size=4096, name="rootfs_a"
start=8192, size=4096, name="rootfs_b \u2603"
"""
MBR = """label: dos
start=2048, size=2048, type=c
start=4096, size=10240, type=5
start=6144, size=2048, type=83
start=10240, size=2048, type=83
start=14336, size=1024, type=83
"""


def divided(place: Path, script: str, size: int = 9 * MIB) -> bytearray:
    image = place / "disk"
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(
        [tool("sfdisk", "fdisk"), "--quiet", "--no-reread", "--no-tell-kernel", image],
        input=script.encode(), check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return bytearray(image.read_bytes())


def opened(data: bytes | bytearray) -> Contents:
    blob = Bytes(bytes(data))
    head = blob.read_at(0, 4096)
    assert next(reader.name for reader in all_readers() if reader.recognises(head, blob)) == "disk"
    return DISK.opens(blob, Budget())


def named(contents: Contents) -> list[tuple[str, str, int]]:
    return [(part.name, part.label, part.blob.size if part.blob else -1) for part in contents.parts]


THREE = [("p1", "boot", MIB), ("p2", "rootfs_a", 2 * MIB), ("p3", "rootfs_b ☃", 2 * MIB)]


def test_a_gpt(tmp_path: Path) -> None:
    data = divided(tmp_path, GPT)
    data[4096 * 512 : 4096 * 512 + 4] = b"here"
    contents = opened(data)
    assert named(contents) == THREE
    assert not contents.problem
    second = contents.parts[1].blob
    assert second is not None
    assert second.read_at(0, 4) == b"here"


def test_sgdisk_names_the_same(tmp_path: Path) -> None:
    image = tmp_path / "disk"
    image.write_bytes(bytes(9 * MIB))
    words = ["-n", "1:2048:4095", "-c", "1:boot", "-n", "2:4096:8191", "-c", "2:rootfs_a", "-n", "7:8192:12287"]
    subprocess.run([tool("sgdisk", "gdisk"), *words, image], check=True, stdout=subprocess.DEVNULL)
    assert named(opened(image.read_bytes())) == [*THREE[:2], ("p7", "", 2 * MIB)]


def test_an_mbr_with_logical_partitions(tmp_path: Path) -> None:
    contents = opened(divided(tmp_path, MBR))
    assert [(name, size) for name, _, size in named(contents)] == [
        ("p1", MIB),
        ("p3", MIB // 2),
        ("p5", MIB),
        ("p6", MIB),
    ]
    assert not contents.problem


def test_a_chain_that_ends_in_itself_or_nowhere(tmp_path: Path) -> None:
    data = divided(tmp_path, MBR)
    first = 4096 * 512
    looped = bytearray(data)
    # The second entry of the second link, made to lead to that link again.
    following = struct.unpack_from("<I", data, first + 446 + 16 + 8)[0]
    second = first + following * 512
    struct.pack_into("<B3xB3x2I", looped, second + 446 + 16, 0, 5, following, 2048)
    gone = bytearray(data)
    gone[second + 510 : second + 512] = b"\0\0"
    for bad, said in ((looped, "no end"), (gone, "damaged")):
        contents = opened(bad)
        assert said in contents.problem
        assert [part.name for part in contents.parts][:2] == ["p1", "p3"]


def test_the_copy_is_read_where_the_first_is_damaged(tmp_path: Path) -> None:
    data = divided(tmp_path, GPT)
    for at in (512 + 20, 512, 1024 + 60):
        bad = bytearray(data)
        bad[at] ^= 0xFF
        contents = opened(bad)
        assert named(contents)[:3] == THREE
        assert "damaged" in contents.problem
    bad = bytearray(data)
    bad[512:1024] = bytes(512)
    assert named(opened(bad))[:3] == THREE


def test_a_copy_that_is_missing_costs_nothing(tmp_path: Path) -> None:
    data = divided(tmp_path, GPT)
    data[-512:] = bytes(512)
    contents = opened(data)
    assert named(contents)[:3] == THREE
    assert not contents.problem
    data[1024 + 60] ^= 0xFF
    with pytest.raises(Unreadable, match="damaged"):
        opened(data)


def test_two_tables_that_differ_are_named(tmp_path: Path) -> None:
    data = divided(tmp_path, GPT)
    entries = bytearray(data[-33 * 512 : -512])
    entries[56] = ord("B")
    data[-33 * 512 : -512] = entries
    header = bytearray(data[-512:])
    struct.pack_into("<I", header, 88, zlib.crc32(entries))
    struct.pack_into("<I", header, 16, 0)
    struct.pack_into("<I", header, 16, zlib.crc32(header[:92]))
    data[-512:] = header
    contents = opened(data)
    assert named(contents) == THREE
    assert "differ" in contents.problem


def of_large_sectors() -> bytearray:
    """A GPT of 4096-byte sectors: no tool here makes one in a file."""
    data = bytearray(4 * MIB)
    data[510:512] = b"\x55\xaa"
    struct.pack_into("<B3xB3x2I", data, 446, 0, 0xEE, 1, 1023)
    entry = (
        bytes(range(16)) + bytes(16) + struct.pack("<3Q", 256, 511, 0) + "large".encode("utf-16-le").ljust(72, b"\0")
    )
    entries = entry.ljust(128 * 128, b"\0")
    data[8192 : 8192 + len(entries)] = entries
    header = struct.pack(
        "<8s4I4Q16sQ3I", b"EFI PART", 0x10000, 92, 0, 0, 1, 1023, 6, 1018, bytes(16), 2, 128, 128, zlib.crc32(entries)
    )
    data[4096 : 4096 + 92] = header[:16] + struct.pack("<I", zlib.crc32(header)) + header[20:]
    return data


def test_sectors_of_4096_bytes() -> None:
    data = of_large_sectors()
    data[MIB : MIB + 4] = b"here"
    contents = opened(data)
    assert named(contents) == [("p1", "large", MIB)]
    assert contents.parts[0].blob is not None
    assert contents.parts[0].blob.read_at(0, 4) == b"here"
    data[510:512] = bytes(2)
    assert named(opened(data)) == [("p1", "large", MIB)]


def test_a_hybrid_has_what_only_its_mbr_names(tmp_path: Path) -> None:
    data = divided(tmp_path, GPT)
    struct.pack_into("<B3xB3x2I", data, 446 + 16, 0x80, 0x0C, 2048, 2048)
    struct.pack_into("<B3xB3x2I", data, 446 + 32, 0, 0x83, 13000, 1000)
    assert named(opened(data)) == [*THREE, ("mbr3", "", 512_000)]


def test_what_stands_before_and_between_is_a_part(tmp_path: Path) -> None:
    data = divided(tmp_path, GPT)
    data[100] = 0x33
    assert named(opened(data)) == THREE
    data[8192:8196] = b"code"
    data[6 * MIB + 5000] = 1
    contents = opened(data)
    assert [part.name for part in contents.parts[3:]] == ["before-p1", "after-p3"]


def test_raw_bytes_begin_at_their_first_sector(tmp_path: Path) -> None:
    data = divided(tmp_path, MBR)
    data[8192 + 3 : 8192 + 7] = b"code"
    (part,) = [part for part in opened(data).parts if part.name == "before-p1"]
    assert part.blob is not None
    assert part.blob.read_at(0, 8) == b"\0\0\0code\0"
    assert part.blob.size == MIB - 8192
    data[512:MIB] = b"\xff" * (MIB - 512)
    assert "before-p1" not in [part.name for part in opened(data).parts]


def places_of(data: bytes | bytearray, place: Path) -> dict[str, Place]:
    image = place / "image"
    image.write_bytes(data)
    return {place.path: place for place in open_image(image).places}


def with_a_root(place: Path) -> bytearray:
    """A disk whose second partition is a root file system, and whose third is blank."""
    folder = place / "folder"
    (folder / "etc").mkdir(parents=True)
    (folder / "usr").mkdir()
    root = place / "root"
    words = [tool("mke2fs", "e2fsprogs"), "-q", "-t", "ext4", "-d", folder, root, "2M"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    data = divided(place, GPT)
    data[4096 * 512 : 4096 * 512 + 2 * MIB] = root.read_bytes()
    return data


def test_a_disk_is_opened_down_to_its_files(tmp_path: Path) -> None:
    data = with_a_root(tmp_path)
    places = places_of(data, tmp_path)
    assert [(p.path, p.format, p.role, p.label, p.problem) for p in places.values()] == [
        ("", "disk", "container", "", ""),
        ("p1", "", "blank", "boot", ""),
        ("p2", "ext4", "root", "rootfs_a", ""),
        ("p3", "", "blank", "rootfs_b ☃", ""),
    ]


def test_a_partition_beyond_the_end_is_that_partitions_problem(tmp_path: Path) -> None:
    data = with_a_root(tmp_path)
    places = places_of(data[: 5 * MIB], tmp_path)
    assert not places["p2"].problem
    assert (places["p3"].role, places["p3"].problem) == ("opaque", "it is cut short: 1,048,576 of 2,097,152 bytes")
    places = places_of(data[: 4 * MIB], tmp_path)
    assert (places["p3"].role, places["p3"].problem) == ("opaque", "it lies beyond the end of the image")


def test_code_of_grub_is_known(tmp_path: Path) -> None:
    data = with_a_root(tmp_path)
    # Its first sector's words, as they stand in diskboot.img of GRUB 2.06.
    said = b"loading\0.\0\r\n\0Geom\0Read\0 Error\0"
    data[34 * 512 + 300 : 34 * 512 + 300 + len(said)] = said
    places = places_of(data, tmp_path)
    assert (places["before-p1"].format, places["before-p1"].problem) == ("grub", "")


def test_boot_sectors_of_others_are_no_disk() -> None:
    for at, value in ((446, b"\x12"), (450, b"\x83"), (454, bytes(8))):
        data = bytearray(4096)
        data[510:512] = b"\x55\xaa"
        struct.pack_into("<B3xB3x2I", data, 446, 0x80, 0x83, 2048, 2048)
        assert DISK.recognises(bytes(data), Bytes(bytes(data)))
        data[at : at + len(value)] = value
        is_one = DISK.recognises(bytes(data), Bytes(bytes(data)))
        assert is_one == (at == 450)


@pytest.mark.parametrize(
    "script",
    [
        'label: gpt\nfirst-lba: 64\nstart=64, size=64, name="a"\nstart=128, size=64\n',
        "label: dos\nstart=8, size=8\nstart=32, size=256, type=5\nstart=64, size=8\nstart=128, size=8\n",
    ],
    ids=["gpt", "mbr"],
)
def test_damage_is_named(tmp_path: Path, script: str) -> None:
    data = divided(tmp_path, script, MIB // 4)
    for what, bad in damaged(bytes(data), first=1600, count=200):
        blob = Bytes(bad)
        if DISK.recognises(bad[:4096], blob):
            survives(DISK.opens, bad, what)


def test_a_file_of_the_host_takes_any_offset(tmp_path: Path) -> None:
    data = of_large_sectors()
    entries = bytearray(data[8192 : 8192 + 128 * 128])
    struct.pack_into("<2Q", entries, 32, 1 << 62, (1 << 62) + 5)
    data[8192 : 8192 + len(entries)] = entries
    header = bytearray(data[4096 : 4096 + 92])
    struct.pack_into("<I", header, 88, zlib.crc32(entries))
    struct.pack_into("<I", header, 16, 0)
    struct.pack_into("<I", header, 16, zlib.crc32(header))
    data[4096 : 4096 + 92] = header
    image = tmp_path / "image"
    image.write_bytes(data)
    (part,) = DISK.opens(FileBlob(image), Budget()).parts
    assert part.problem == "it lies beyond the end of the image"
