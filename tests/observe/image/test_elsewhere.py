"""Account files and keys on a partition for data, in an overlay, in the stock of /etc."""

from pathlib import Path

import pytest

from iotscan.model.facts import Accounts, AuthorizedKeys
from iotscan.observe.image.inspectors import accounts, authorized_keys
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from tests.image_lab.build import Workshop, disk, pack_ext4, pack_squashfs, put
from tests.observe.image.looking import a_root, heard_of

HASH = "$1$abcdefgh$G//4keteveJp0qb8z2DxG/"
SHADOW = f"root:{HASH}:1::::::\nbin:*:1::::::\nguest::1::::::\n"
PASSWD = "root:x:0:0::/root:/bin/sh\nadm:x:1000:1000::/home/adm:/bin/sh\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBl1eYc2fGkTj7G6hOq4m1l9b9H0i7n7x6K0v0q3X8aB a@b\n"
ROOT = {"etc/passwd": PASSWD, "etc/shadow": "root:*:1::::::\nadm:!:1::::::\n"}


def found(tree: Tree) -> list[tuple[str, int, str, str]]:
    (fact,) = heard_of(accounts.INSPECTOR, tree).facts
    assert isinstance(fact, Accounts)
    return [(a.path, a.line, a.name, a.scheme) for a in fact.accounts if a.scheme != "locked"]


def keys(tree: Tree) -> list[tuple[str, str, int]]:
    (fact,) = heard_of(authorized_keys.INSPECTOR, tree).facts
    assert isinstance(fact, AuthorizedKeys)
    return [(k.path, k.user, k.uid) for k in fact.keys]


@pytest.mark.parametrize("folder", ["usr/etc", "usr/share/factory/etc", "overlay/upper/etc", "data/etc"])
def test_in_the_root_file_system_itself(tmp_path: Path, folder: str) -> None:
    tree = a_root(tmp_path, {**ROOT, f"{folder}/shadow": SHADOW, f"{folder}/dropbear/authorized_keys": KEY})
    assert found(tree) == [(f"/{folder}/shadow", 1, "root", "md5"), (f"/{folder}/shadow", 3, "guest", "empty")]
    assert keys(tree) == [(f"/{folder}/dropbear/authorized_keys", "root", 0)]


def test_of_passwd_only_what_holds_a_password(tmp_path: Path) -> None:
    lines = f"root:x:0:0::/root:/bin/sh\nsvc:{HASH}:0:0::/:/bin/sh\ncomplete -F _x passwd\n"
    tree = a_root(tmp_path, {**ROOT, "usr/lib/passwd": lines})
    assert found(tree) == [("/usr/lib/passwd", 2, "svc", "md5")]


def test_a_link_to_the_file_itself_counts_once(tmp_path: Path) -> None:
    tree = a_root(tmp_path, {"usr/etc/passwd": PASSWD, "usr/etc/shadow": SHADOW})
    for name in ("passwd", "shadow"):
        (tmp_path / "etc" / name).symlink_to(f"../usr/etc/{name}")
    assert found(tree) == [("/etc/shadow", 1, "root", "md5")]


def test_on_another_partition(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    root = shop.root("root", ROOT)
    data = {
        "overlay/etc/upper/shadow": SHADOW,
        "home/adm/.ssh/authorized_keys": KEY,
        "usr/share/doc/x/examples/shadow": SHADOW,
    }
    for name, content in data.items():
        put(tmp_path / "data", name, content)
    parts = [
        ("rootA", pack_squashfs(shop, root, "a.sqfs"), 1024),
        ("data", pack_ext4(shop, tmp_path / "data", "d", 512), 512),
    ]
    parts.insert(1, ("rootB", parts[0][1], 1024))
    (first, second) = (place.tree for place in open_image(disk(shop, "d.img", parts)).roots)
    assert first is not None
    assert second is not None
    assert [name for _, _, name, _ in found(first)] == ["root", "guest"]
    assert {path for path, *_ in found(first)} == {"p3:/overlay/etc/upper/shadow"}
    assert keys(first) == [("p3:/home/adm/.ssh/authorized_keys", "adm", 1000)]
    assert (found(second), keys(second)) == ([], [])


def test_in_an_initramfs(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    root = shop.root("root", ROOT)
    put(tmp_path, "init", "#!/bin/sh\n", 0o755)
    put(tmp_path, "etc/dropbear/authorized_keys", KEY)
    names = b"init\netc\netc/dropbear\netc/dropbear/authorized_keys\n"
    put(root, "boot/initrd.img", shop.run("busybox", "cpio", "-o", "-H", "newc", stdin=names))
    (tree,) = (place.tree for place in open_image(root).roots)
    assert tree is not None
    assert keys(tree) == [("/boot/initrd.img:/etc/dropbear/authorized_keys", "root", 0)]


def test_what_cannot_be_read_beside_is_named_and_costs_nothing_else(tmp_path: Path) -> None:
    class Broken(FolderTree):
        def listed(self, path: str) -> list[object]:  # type: ignore[override]  # it gives nothing
            raise Unreadable("a block of it is damaged")

    tree = a_root(tmp_path, {"etc/passwd": PASSWD, "etc/shadow": SHADOW})
    tree.beside = (Broken(tmp_path),)
    assert found(tree) == [("/etc/shadow", 1, "root", "md5"), ("/etc/shadow", 0, "?", "other")]
    (fact,) = heard_of(authorized_keys.INSPECTOR, tree).facts
    assert isinstance(fact, AuthorizedKeys)
    assert fact.damaged == ("/: a block of it is damaged",)
