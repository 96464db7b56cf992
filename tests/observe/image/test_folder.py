"""The folder reader never leaves the folder, never blocks, and refuses what is no root file system."""

import os
from pathlib import Path

import pytest

from iotscan.observe.image.opening import BadImage, open_image
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.unreadable import Unreadable


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    root = tmp_path / "rootfs"
    for folder in ("etc", "bin", "usr/lib", "var"):
        (root / folder).mkdir(parents=True)
    (root / "etc/hostname").write_text("gw\n")
    return root


def test_it_reads_and_walks_in_order(rootfs: Path) -> None:
    (rootfs / "etc/zeta").write_text("z")
    tree = FolderTree(rootfs)
    paths = [e.path for e in tree.walk()]
    assert paths == sorted(paths, key=lambda p: paths.index(p))
    assert {"/etc", "/etc/hostname", "/usr/lib"} <= set(paths)
    assert len(paths) == len(set(paths))
    assert tree.read("/etc/hostname", 100) == b"gw\n"
    assert tree.read("/etc/hostname", 1) == b"g"


def test_links_resolve_inside_the_tree(rootfs: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("the host's")
    (rootfs / "absolute").symlink_to("/etc/hostname")
    (rootfs / "var/up").symlink_to("../../../../../../etc/hostname")
    (rootfs / "var/etc").symlink_to("/etc")
    tree = FolderTree(rootfs)
    for path in ("/absolute", "/var/up", "/var/etc/hostname", "/var/../etc/./hostname", "/../../etc/hostname"):
        assert tree.read(path, 100) == b"gw\n", path


def test_a_link_to_a_file_of_the_host_is_not_followed(rootfs: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the host's")
    (rootfs / "etc/shadow").symlink_to(secret)
    tree = FolderTree(rootfs)
    assert tree.find("/etc/shadow") is None
    with pytest.raises(Unreadable):
        tree.read("/etc/shadow", 100)


def test_loops_fifos_and_folders_do_not_block(rootfs: Path) -> None:
    (rootfs / "a").symlink_to("b")
    (rootfs / "b").symlink_to("a")
    os.mkfifo(rootfs / "pipe")
    tree = FolderTree(rootfs)
    assert tree.find("/a") is None
    for path in ("/a", "/pipe", "/etc", "/missing", "/etc/hostname/below"):
        with pytest.raises(Unreadable):
            tree.read(path, 10)


def test_names_in_any_bytes(rootfs: Path) -> None:
    (rootfs / os.fsdecode(b"etc/\xff\x1b[31m")).write_bytes(b"x")
    tree = FolderTree(rootfs)
    odd = next(e for e in tree.walk() if "\x1b" in e.path)
    assert tree.read(odd.path, 10) == b"x"


@pytest.mark.parametrize("make", ["missing", "file", "empty"])
def test_what_is_no_root_file_system_is_refused(tmp_path: Path, make: str) -> None:
    place = tmp_path / "x"
    if make == "file":
        place.write_text("")
    elif make == "empty":
        place.mkdir()
    with pytest.raises(BadImage) as refusal:
        open_image(place)
    assert "\n" not in str(refusal.value)
