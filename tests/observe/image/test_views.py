"""Systems of OSTree, and images that have their /etc below /usr: root file systems, each file seen once."""

import os
from pathlib import Path

import pytest

from iotscan.model.facts import Accounts, PrivateKeys
from iotscan.observe.image.inspectors import accounts, keys
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.site import Site
from iotscan.observe.image.sweeping import sweep
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.views import View
from tests.image_lab.build import Workshop, disk, pack_ext4, put

SHADOW = "root::1::::::\n"
PASSWD = "root:x:0:0::/root:/bin/sh\n"
FIRST, SECOND = f"ostree/deploy/os/deploy/{'0' * 64}.0", f"ostree/deploy/os/deploy/{'a' * 64}.1"


def files(folder: str, etc: str) -> dict[str, str]:
    return {f"{folder}/usr/bin/sh": "x", f"{folder}/{etc}/passwd": PASSWD, f"{folder}/{etc}/shadow": SHADOW}


def made(folder: Path, contents: dict[str, str]) -> Path:
    for name, content in contents.items():
        put(folder, name, content)
    return folder


def empty_passwords(tree: Tree | None) -> list[str]:
    assert tree is not None
    (fact,) = accounts.INSPECTOR.inspect(tree).facts if accounts.INSPECTOR.inspect else ()
    assert isinstance(fact, Accounts)
    return [a.path for a in fact.accounts if a.scheme == "empty"]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> str:
    shop = Workshop(tmp_path_factory.mktemp("key"))
    return shop.run("openssl", "genpkey", "-algorithm", "ed25519").decode()


def keys_in(site: Site) -> list[str]:
    sweeper = keys.INSPECTOR.sweep() if keys.INSPECTOR.sweep else None
    assert sweeper is not None
    ended = sweep(site, [sweeper])
    assert not ended.broken
    assert not ended.unswept
    (fact,) = sweeper.heard(ended.searched).facts
    assert isinstance(fact, PrivateKeys)
    return [found.path for found in fact.keys]


@pytest.mark.parametrize("above", ["", "sysroot/"])
@pytest.mark.parametrize("etc", ["etc", "usr/etc"])
def test_each_system_of_ostree_is_a_root(tmp_path: Path, key: str, above: str, etc: str) -> None:
    contents = {
        **files(above + FIRST, etc),
        **files(above + SECOND, etc),
        "boot/x": "",
        f"{above}ostree/repo/config": "x",
    }
    contents[f"{above}ostree/deploy/os/var/x.key"] = key
    contents[f"{above}{FIRST}/{etc}/x.key"] = key
    site = open_image(made(tmp_path, contents))
    assert [(place.path, place.role) for place in site.places] == [
        ("", "files"),
        (f"/{above}{FIRST}", "root"),
        (f"/{above}{SECOND}", "root"),
    ]
    for place in site.roots:
        assert empty_passwords(place.tree) == [f"{place.path}:/etc/shadow"]
    assert sorted(keys_in(site)) == [f"/{above}{FIRST}:/etc/x.key", f"/{above}{FIRST}:/var/x.key"]
    assert site.roots[0].tree is not None
    assert site.roots[0].tree.beside == ()


def test_a_system_of_ostree_on_a_disk(tmp_path: Path, key: str) -> None:
    shop = Workshop(tmp_path)
    root = made(tmp_path / "root", {**files(FIRST, "etc"), f"{FIRST}/usr/lib/x.key": key})
    stored = root / "ostree/repo/objects/ab/cd.file"
    stored.parent.mkdir(parents=True)
    os.link(root / FIRST / "usr/lib/x.key", stored)
    site = open_image(disk(shop, "d.img", [("root", pack_ext4(shop, root, "r.ext4", 1024), 1024)]))
    (place,) = site.roots
    assert place.path == f"p1:/{FIRST}"
    assert empty_passwords(place.tree) == ["/etc/shadow"]
    assert keys_in(site) == ["/usr/lib/x.key"]


@pytest.mark.parametrize("etc", ["usr/etc", "usr/share/factory/etc"])
def test_a_root_without_etc_has_that_below_usr(tmp_path: Path, etc: str) -> None:
    site = open_image(made(tmp_path, {"usr/bin/sh": "x", f"{etc}/passwd": PASSWD, f"{etc}/shadow": SHADOW}))
    (place,) = site.roots
    assert empty_passwords(place.tree) == ["/etc/shadow"]
    # What the first start makes besides is a gap for everything.
    assert bool(place.problem) is (etc != "usr/etc")


def test_a_root_with_etc_is_none_of_these(tmp_path: Path) -> None:
    site = open_image(made(tmp_path, {"usr/bin/sh": "x", "usr/etc/passwd": PASSWD, "etc/passwd": PASSWD}))
    (place,) = site.roots
    assert isinstance(place.tree, FolderTree)


def test_a_view_shows_folders_in_the_place_of_others(tmp_path: Path) -> None:
    tree = FolderTree(made(tmp_path, {"a/b/c": "one", "x/y": "two", "a/v/w": "three", "h": ""}))
    (tmp_path / "x/link").symlink_to("/v/y")
    view = View(tree, {"/": "/a", "/v": "/x", "/n": "/a/b"}, hidden=("/a/b",))
    assert {entry.path for entry in view.walk()} == {"/v", "/v/y", "/v/link", "/n", "/n/c"}
    assert (view.read("/v/link", 9), view.read("/n/c", 9)) == (b"two", b"one")
    assert view.find("/b") is None
    assert view.attributes(next(iter(view.children("/v")))) is not None
