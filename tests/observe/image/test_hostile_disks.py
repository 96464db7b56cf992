"""Whatever is written over a disk or file system: reading it ends, with nothing but Unreadable."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.reader import Reader
from iotscan.observe.image.readers import all_readers
from iotscan.observe.image.readers.disk import DISK
from iotscan.observe.image.readers.ext import EXT
from iotscan.observe.image.readers.fat import FAT
from iotscan.observe.image.readers.squashfs import SQUASHFS
from tests.observe.image.sameness import survives
from tests.observe.network.daemons import tool

READERS = {"squashfs": SQUASHFS, "ext2": EXT[0], "ext4": EXT[2], "fat": FAT, "disk": DISK}


class Good(NamedTuple):
    """A sound image, and the offsets where it is not blank."""

    reader: Reader
    data: bytes
    used: tuple[int, ...]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Good]:
    place = tmp_path_factory.mktemp("sound")
    folder = place / "folder"
    (folder / "etc" / "deeper").mkdir(parents=True)
    for number in range(8):
        (folder / "etc" / f"{number}").write_bytes(b"%d" % number * 900)
    (folder / "link").symlink_to("etc/" * 30)
    os.link(folder / "etc" / "0", folder / "etc" / "hard")
    os.setxattr(folder / "etc" / "1", "user.one", b"1" * 100)
    commands: dict[str, list[str | Path]] = {
        "squashfs": [tool("mksquashfs", "squashfs-tools"), folder, place / "squashfs", "-quiet", "-no-progress", "-noI",
                     "-noF", "-b", "4096", "-nopad"],
        "ext2": [tool("mke2fs", "e2fsprogs"), "-q", "-t", "ext2", "-b", "1024", "-d", folder, place / "ext2", "256K"],
        "ext4": [tool("mke2fs", "e2fsprogs"), "-q", "-t", "ext4", "-b", "1024", "-O", "inline_data,^has_journal",
                 "-d", folder, place / "ext4", "256K"],
        "fat": [tool("mkfs.vfat", "dosfstools"), "-C", place / "fat", "128"],
        "disk": [tool("sfdisk", "fdisk"), "-q", place / "disk"],
    }  # fmt: skip
    (place / "disk").write_bytes(bytes(1 << 20))
    script = b"label: dos\nstart=8, size=8\nstart=32, size=512, type=5\nstart=64, size=8\nstart=128, size=8\n"
    for command in commands.values():
        subprocess.run(command, input=script, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    copied = [tool("mcopy", "mtools"), "-s", "-i", place / "fat", folder / "etc", "::"]
    subprocess.run(copied, check=True)
    images = {name: (place / name).read_bytes() for name in commands}
    return {name: Good(READERS[name], data, _used(data)) for name, data in images.items()}


def _used(data: bytes) -> tuple[int, ...]:
    return tuple(at for at in range(0, len(data), 16) if any(data[at : at + 16]))


WORDS = st.one_of(
    st.sampled_from(
        [b"\0", b"\xff" * 2, b"\xff" * 4, bytes(4), b"\1\0\0\0", b"\2\0\0\0", b"\xff\xff\xff\x7f", bytes(8)]
    ),
    st.binary(min_size=1, max_size=8),
)
CHANGES = st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 15), WORDS), min_size=1, max_size=6)


@pytest.mark.parametrize("name", sorted(READERS))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_any_change_is_survived(sound: dict[str, Good], name: str, changes: list[tuple[int, int, bytes]]) -> None:
    good = sound[name]
    data = bytearray(good.data)
    for which, within, word in changes:
        at = good.used[which % len(good.used)] + within
        data[at : at + len(word)] = word[: len(data) - at]
    if good.reader.recognises(bytes(data[:4096]), Bytes(bytes(data))):
        survives(good.reader.opens, bytes(data), f"{name}: {changes}")


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=3000), blanks=st.integers(0, 70_000))
def test_recognising_never_raises(data: bytes, blanks: int) -> None:
    for whole in (data, bytes(blanks) + data):
        blob = Bytes(whole)
        assert all(reader.recognises(whole[:4096], blob) in (True, False) for reader in all_readers())
