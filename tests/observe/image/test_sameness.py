"""The proof itself is proven: by the folder reader, and by trees that are wrong on purpose."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from iotscan.observe.image.blob import Blob, Bytes
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.indexed import IndexedTree
from iotscan.observe.image.reader import Contents
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.sameness import assert_same, damaged, expected_file, survives
from tests.observe.image.sample import Sample, build


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return build(tmp_path_factory.mktemp("sample"))


def test_the_folder_reader_shows_the_sample_as_it_is(sample: Sample) -> None:
    assert len(sample.expected) > 80
    assert_same(FolderTree(sample.folder), sample.folder)
    if not sample.wrapped:
        assert_same(FolderTree(sample.folder), sample.expected)


class _Wrong(FolderTree):
    def __init__(self, folder: Path, path: str, changes: dict[str, object]) -> None:
        super().__init__(folder)
        self._path, self._changes = path, changes

    def listed(self, path: str) -> list[Entry]:
        return [
            msgspec.structs.replace(e, **self._changes) if e.path == self._path else e for e in super().listed(path)
        ]


@pytest.mark.parametrize(
    ("path", "changes", "said"),
    [
        ("/tmp", {"mode": 0o777}, "mode"),
        ("/etc/hostname", {"size": 6}, "size"),
        ("/etc/hostname", {"uid": 5}, "owner"),
        ("/etc/passwd", {"path": "/etc/password"}, "missing"),
        ("/bin", {"target": "/usr/bin"}, "target"),
        ("/dev/null", {"kind": "block"}, "kind"),
        ("/var/rcS", {"inode": 0}, "inode"),
    ],
)
def test_a_wrong_tree_is_found_out(sample: Sample, path: str, changes: dict[str, object], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        assert_same(_Wrong(sample.folder, path, changes), sample.folder)


class _Held(IndexedTree):
    def content(self, entry: Entry) -> Blob:
        return Bytes(b"other")

    def attributes(self, entry: Entry) -> Mapping[str, bytes]:
        return {"user.x": b""}


def test_other_content_and_attributes_are_found_out() -> None:
    tree = _Held()
    tree.add(Entry(path="/a", kind="file", size=5, mode=0o644))
    assert_same(tree, [expected_file("/a", b"other")], attributes=False)
    with pytest.raises(AssertionError, match="content"):
        assert_same(tree, [expected_file("/a", b"wrong")], attributes=False)
    with pytest.raises(AssertionError, match="attributes"):
        assert_same(tree, [expected_file("/a", b"other")])


def test_a_reader_that_breaks_is_found_out() -> None:
    def breaks(blob: Blob, budget: Budget) -> Contents:
        raise ValueError("not told")

    def refuses(blob: Blob, budget: Budget) -> Contents:
        raise Unreadable("it is cut short")

    variants = list(damaged(bytes(range(256)) * 10))
    assert len(variants) > 120
    assert all(survives(refuses, data, what) == "it is cut short" for what, data in variants)
    with pytest.raises(ValueError, match="not told"):
        survives(breaks, b"", "anything")
