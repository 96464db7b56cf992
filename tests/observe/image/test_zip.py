"""Zip archives by Info-ZIP and Python, encrypted, damaged, and hostile ones."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import Budget, Limits
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.readers.zip_archive import ZIP
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable, Unsupported
from tests.observe.image.looking import a_root
from tests.observe.image.sameness import assert_same, damaged, expected_file, survives
from tests.observe.image.sample import LINES, RANDOM, Sample, build
from tests.observe.network.daemons import tool


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build(tmp_path_factory.mktemp("sample"))


def made(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def opened(data: bytes, limits: Limits = Limits()) -> Contents:
    assert ZIP.recognises(data[:4096], Bytes(data))
    return ZIP.opens(Bytes(data), Budget(limits))


def tree_of(data: bytes, limits: Limits = Limits()) -> Tree:
    contents = opened(data, limits)
    assert not contents.problem
    assert contents.tree is not None
    return contents.tree


def test_info_zip(sample: Sample, tmp_path: Path) -> None:
    # Info-ZIP takes no FIFOs, devices or names with line breaks from its list.
    expected = [one for one in sample.expected if one.kind in ("file", "folder", "link") and one.path.isprintable()]
    names = b"\n".join(one.path[1:].encode() for one in expected) + b"\n"
    packed = tmp_path / "x.zip"
    sample.run(tool("zip", "zip"), "-q", "-y", "--symlinks", packed, "-@", given=names)
    tree = tree_of(packed.read_bytes())
    assert tree.keeps_permissions
    assert_same(tree, expected, owners=False, attributes=False, hard_links=False)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_methods(method: int) -> None:
    files = {"a": LINES, "folder/b": RANDOM, "empty": b""}
    tree = tree_of(made(files, method))
    assert_same(
        tree, [expected_file(f"/{n}", c, mode=0o600) for n, c in files.items()], ignoring=lambda p: p == "/folder"
    )


def test_a_method_that_is_not_known_is_named() -> None:
    tree = tree_of(made({"a": LINES}, zipfile.ZIP_LZMA))
    with pytest.raises(Unsupported, match="method 14"):
        tree.blob("/a")


def test_without_permissions_none_are_claimed() -> None:
    data = made({"a": b"x"}).replace(struct.pack("<I", 0o600 << 16), bytes(4))
    tree = tree_of(data)
    assert not tree.keeps_permissions
    assert tree.read("/a", 10) == b"x"


def test_encrypted_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(LINES)
    packed = tmp_path / "x.zip"
    Sample(folder=tmp_path, expected=()).run(tool("zip", "zip"), "-q", "-P", "word", packed, "secret")
    tree = tree_of(packed.read_bytes())
    with pytest.raises(Unsupported, match="encrypted"):
        tree.blob("/secret")


def test_hostile_names_are_left_out_and_named() -> None:
    contents = opened(made({"../../etc/shadow": b"x", "/abs": b"y"}))
    assert contents.problem == "names that lead out of it, left out: 1"
    assert contents.tree is not None
    assert [entry.path for entry in contents.tree.walk()] == ["/abs"]


def test_a_wrong_sum_or_size_is_found() -> None:
    data = made({"a": LINES})
    (crc,) = struct.unpack_from("<I", data, 14)
    for wrong in (struct.pack("<I", crc), struct.pack("<I", len(LINES))):
        at = data.rindex(wrong)
        tree = tree_of(data[:at] + struct.pack("<I", 77) + data[at + 4 :])
        with pytest.raises(Unreadable, match="damaged"):
            _ = tree.blob("/a").size


def test_a_bomb_is_stopped() -> None:
    tree = tree_of(made({"zeros": bytes(8 << 20)}), Limits(ratio_from=1 << 20))
    with pytest.raises(Unreadable, match="200 times"):
        _ = tree.blob("/zeros").size


def test_a_table_that_claims_to_be_large_is_refused() -> None:
    data = bytearray(made({"a": LINES}))
    end = data.rindex(b"PK\5\6")
    struct.pack_into("<2I", data, end + 12, 0xF000_0000, 0)
    with pytest.raises(Unreadable):
        opened(bytes(data))
    with pytest.raises(Unreadable, match="table of contents"):
        opened(made({"a": LINES})[:-30])


def test_damage_is_named() -> None:
    data = made({"a": LINES[:5000], "b/c": RANDOM[:3000], "d": b""})
    for what, variant in damaged(data, count=300):
        survives(ZIP.opens, variant, what)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_any_lie_in_the_table(at: int, lie: bytes) -> None:
    data = made({"a": b"some", "b/c": b"bytes", "d": b""})
    survives(ZIP.opens, data[: len(data) - at] + lie + data[len(data) - at + len(lie) :], f"{lie!r} at -{at}")


def test_programs_of_a_file_system_are_files_and_updates_are_images(tmp_path: Path) -> None:
    a_root(tmp_path, {"boot/program.jar": made({"a.class": RANDOM})})
    assert [p.format for p in open_image(tmp_path).places] == ["folder"]
    a_root(tmp_path, {"boot/update.zip": made({"boot.img": b"ANDROID!" + RANDOM[:4000]})})
    places = open_image(tmp_path).places
    assert [(p.path, p.format) for p in places[1:]] == [
        ("/boot/update.zip", "zip"),
        ("/boot/update.zip:/boot.img", "android-boot"),
    ]
