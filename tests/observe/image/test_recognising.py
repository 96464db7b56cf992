"""Which files are asked whether they are images, and how often their bytes are read for it."""

from pathlib import Path

import pytest

from iotscan.observe.image import tree as trees
from iotscan.observe.image.blob import Blob, Bytes
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import HEAD
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.recognising import recognised, recognised_file
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.looking import a_root
from tests.observe.image.sample import RANDOM

LOADER = RANDOM + b"\0U-Boot 2023.01 (Jan 09 2023 - 16:07:33 +0000)\0" + RANDOM
BOOT = b"ANDROID!" + RANDOM[:4000]


class Counted:
    """Counts what is read, and cannot be read from ``end`` on."""

    def __init__(self, data: bytes, end: int = 1 << 30) -> None:
        self.size = len(data)
        self.reads: list[tuple[int, int]] = []
        self._data = data
        self._end = end

    def read_at(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        if min(offset + length, self.size) > self._end:
            raise Unreadable("it is cut short")
        return self._data[offset : offset + length]


def name_of(blob: Blob, name: str = "") -> str:
    reader = recognised_file(blob, name) if name else recognised(blob)
    return reader.name if reader else ""


def test_a_boot_loader_is_found_where_it_may_be_one() -> None:
    assert name_of(Bytes(LOADER)) == "u-boot"
    assert name_of(Bytes(LOADER), "u-boot.bin") == "u-boot"
    assert name_of(Bytes(LOADER), "Boot.raw") == "u-boot"
    assert name_of(Bytes(LOADER), "notes.txt") == ""


def test_what_stands_at_a_place_is_found_whatever_its_name() -> None:
    assert name_of(Bytes(BOOT), "notes.txt") == "android-boot"
    far = bytes(65600) + b"_BHRfS_M" + bytes(1 << 20)
    assert name_of(Bytes(far), "notes.txt") == "btrfs"


@pytest.mark.parametrize(("size", "most"), [(HEAD - 1, 1), (1 << 16, 3), (1 << 20, 5)])
def test_a_file_is_read_a_few_times_for_all_readers(size: int, most: int) -> None:
    blob = Counted((RANDOM * (size // len(RANDOM) + 1))[:size])
    assert name_of(blob, "notes.txt") == ""
    assert len(blob.reads) <= most
    assert sum(length for _, length in blob.reads) < 100_000


def test_a_mark_before_what_cannot_be_read_counts() -> None:
    data = bytes(4096) + b"EFI PART" + bytes(100_000)
    assert name_of(Counted(data, end=8192)) == "disk"


def test_kernel_modules_are_no_candidates(tmp_path: Path) -> None:
    modules = "usr/lib/modules/6.1.0"
    a_root(tmp_path, {f"{modules}/a.ko": BOOT, f"{modules}/b.ko.xz": BOOT, f"{modules}/vmlinuz": BOOT})
    assert [p.path for p in open_image(tmp_path).places[1:]] == ["/usr/lib/modules/6.1.0/vmlinuz"]


def test_lists_of_folders_are_kept_over_all_trees_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
        for number in range(10):
            (tmp_path / folder / str(number)).touch()
    budget = Budget()
    one, other = (_Counting(tmp_path, budget) for _ in range(2))
    monkeypatch.setattr(trees, "_ENTRIES_KEPT", 40)
    for tree in (one, other, other):
        assert len(list(tree.walk())) == 33
    # Two folders of ten fit: a walk that begins anew finds the first ones gone.
    assert (one.listings, other.listings) == (4, 8)
    assert len(one.children("/c")) == 10
    monkeypatch.setattr(trees, "_ENTRIES_KEPT", 1000)
    before = other.listings
    for _ in range(3):
        assert len(list(other.walk())) == 33
    assert other.listings - before <= 4


class _Counting(FolderTree):
    listings = 0

    def listed(self, path: str):  # type: ignore[no-untyped-def]  # it only counts
        self.listings += 1
        return super().listed(path)
