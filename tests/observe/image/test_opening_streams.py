"""Packed streams where images are opened: as the image itself, and as files of a file system."""

import gzip
import tarfile
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.opening import BadImage, open_image
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.readers.streams import READERS
from tests.observe.image.looking import a_root
from tests.observe.image.sample import LINES, RANDOM

BOOT = b"ANDROID!" + RANDOM[:4000]
"""It claims to be a boot image, and is a broken one."""


def test_a_packed_image_is_opened(tmp_path: Path) -> None:
    image = tmp_path / "x.boot.img.gz"
    image.write_bytes(gzip.compress(gzip.compress(BOOT)))
    site = open_image(image)
    assert [(p.path, p.format) for p in site.places] == [
        ("", "gzip"),
        ("unpacked", "gzip"),
        ("unpacked:unpacked", "android-boot"),
    ]


def test_a_broken_packed_image_says_why(tmp_path: Path) -> None:
    image = tmp_path / "x.tar.gz"
    image.write_bytes(gzip.compress(RANDOM)[:1000])
    (place,) = open_image(image).places
    assert (place.format, place.role, place.problem) == ("gzip", "opaque", "it is cut short")


def test_a_packed_something_is_no_image(tmp_path: Path) -> None:
    image = tmp_path / "x.gz"
    image.write_bytes(gzip.compress(RANDOM))
    with pytest.raises(BadImage, match="gzip, unknown bytes"):
        open_image(image)


def test_packed_documents_of_a_file_system_are_files(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(20 << 20), 1)
    tree = a_root(tmp_path, {"boot/doc.gz": gzip.compress(LINES), "boot/random.gz": gzip.compress(RANDOM)})
    for name in ("boot/zeros.gz", "boot/cut.gz"):
        (tmp_path / name).write_bytes(bomb if "zeros" in name else gzip.compress(LINES)[:5000])
    # Less than one of them would take unpacked.
    site = open_image(tmp_path, Budget(Limits(unpacked=1 << 20)))
    assert [p.format for p in site.places] == ["folder"]
    assert not site.places[0].problem
    assert tree.find("/boot/doc.gz") is not None


def test_a_broken_file_that_is_called_an_image_is_named(tmp_path: Path) -> None:
    a_root(tmp_path, {"boot/initrd.img.gz": gzip.compress(RANDOM)[:10] + bytes(1000)})
    site = open_image(tmp_path)
    assert [(p.path, p.format, p.problem) for p in site.places[1:]] == [
        ("/boot/initrd.img.gz", "gzip", "it is damaged")
    ]


def test_a_packed_image_of_a_file_system_is_a_place(tmp_path: Path) -> None:
    a_root(tmp_path, {"boot/x.boot.img.gz": gzip.compress(BOOT)})
    site = open_image(tmp_path)
    assert [(p.path, p.format) for p in site.places[1:]] == [
        ("/boot/x.boot.img.gz", "gzip"),
        ("/boot/x.boot.img.gz:unpacked", "android-boot"),
    ]


def test_a_mark_far_inside_is_not_looked_for_in_a_packed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_far(head: bytes, blob: Blob) -> bool:
        assert blob.read_at(0, 8 << 20)[:2] in (b"\x1f\x8b", b"\0\0")
        return blob.read_at(8 << 20, 4) == b"far!"

    far = Reader(name="far", recognises=is_far, opens=lambda blob, budget: Contents())
    monkeypatch.setattr("iotscan.observe.image.recognising.all_readers", lambda: (*READERS, far))
    a_root(tmp_path, {"boot/x.gz": gzip.compress(bytes(8 << 20) + b"far!" + RANDOM)})
    site = open_image(tmp_path, Budget(Limits(unpacked=1 << 20)))
    assert [(p.format, p.problem) for p in site.places] == [("folder", "")]


@pytest.mark.parametrize("form", ["tar", "tgz", "tar.gz", "tar.xz"])
def test_an_archive_in_a_root_file_system_is_opened(tmp_path: Path, form: str) -> None:
    a_root(tmp_path / "root", {"home/x": "a"})
    (tmp_path / "x.key").write_text("key")
    mode = {"tar": "w", "tar.xz": "w:xz"}.get(form, "w:gz")
    with tarfile.open(tmp_path / f"root/home/backup.{form}", mode) as archive:  # type: ignore[call-overload]  # a word
        archive.add(tmp_path / "x.key", "x.key")
    site = open_image(tmp_path / "root")
    trees = {place.path: tree for place, tree in site.trees}
    (name,) = (path for path in trees if path.startswith(f"/home/backup.{form}"))
    assert trees[name].read("/x.key", 9) == b"key"
