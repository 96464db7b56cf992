"""Hash trees by veritysetup, over file systems by mksquashfs, and what names their root hash."""

import re
from pathlib import Path

import msgspec
import pytest

from iotscan.model.facts import RootIntegrity
from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.site import Place, Site
from tests.observe.image.boot.making import (
    a_partition,
    a_site,
    device_tree,
    facts_of,
    fit,
    run,
    signature,
    tool,
    written,
)


class Verity(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    data: bytes
    tree: bytes
    root: str
    salt: str
    blocks: int


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Verity:
    folder = tmp_path_factory.mktemp("verity")
    root = written(folder / "root", {"etc/hostname": "gw", "usr/bin/big": bytes(range(256)) * 3000})
    run(tool("mksquashfs", "squashfs-tools"), root, "r.sqfs", "-comp", "gzip", "-noI", "-noD", "-quiet", cwd=folder)
    said = run(tool("veritysetup", "cryptsetup-bin"), "format", "r.sqfs", "r.tree", cwd=folder)
    fields = dict(re.findall(r"^([\w ]+):\s+(\S+)$", said, re.MULTILINE))
    return Verity(
        folder=folder,
        data=(folder / "r.sqfs").read_bytes(),
        tree=(folder / "r.tree").read_bytes(),
        root=fields["Root hash"],
        salt=fields["Salt"],
        blocks=int(fields["Data blocks"]),
    )


def integrity(made: Verity, *places: Place, data: bytes = b"") -> RootIntegrity:
    tree = FolderTree(made.folder / "root")
    root = Place(path="p2", format="squashfs", role="root", tree=tree, blob=Bytes(data or made.data))
    found = facts_of(Site(source="test", places=(root, *places)))["RootIntegrity"]
    assert isinstance(found, RootIntegrity)
    return found


def hash_partition(made: Verity) -> Place:
    return Place(path="p3", format="", role="opaque", blob=Bytes(made.tree))


def cmdline(folder: Path, text: str) -> Place:
    return a_partition("p1", written(folder, {"cmdline.txt": text}))


def test_the_root_hash_is_that_of_the_data(tmp_path: Path, made: Verity) -> None:
    found = integrity(made, hash_partition(made), cmdline(tmp_path, f"root=/dev/dm-0 roothash={made.root}"))
    assert [(h.via, h.value, h.is_signed) for h in found.hashes] == [("roothash", made.root, False)]
    (tree,) = found.trees
    assert (tree.path, tree.data, tree.algorithm) == ("p3", "p2", "sha256")
    assert tree.computed.value == made.root
    assert [(r.format, r.is_writable.known) for r in found.roots] == [("squashfs", False)]


def test_changed_data_give_another_hash(made: Verity) -> None:
    data = bytearray(made.data)
    data[-5000] ^= 1
    (tree,) = integrity(made, hash_partition(made), data=bytes(data)).trees
    assert tree.computed.value != made.root


def test_a_tree_behind_the_file_system(made: Verity) -> None:
    (tree,) = integrity(made, data=made.data + made.tree).trees
    assert tree.computed.value == made.root


@pytest.mark.parametrize("words", [("--hash", "sha512", "--salt", "-"), ("--format", "0")], ids=["sha512", "chromium"])
def test_other_kinds_of_trees(tmp_path: Path, made: Verity, words: tuple[str, ...]) -> None:
    (tmp_path / "d").write_bytes(made.data)
    said = run(tool("veritysetup", "cryptsetup-bin"), "format", *words, "d", "t", cwd=tmp_path)
    match = re.search(r"Root hash:\s+(\S+)", said)
    assert match
    place = Place(path="p3", format="", role="opaque", blob=Bytes((tmp_path / "t").read_bytes()))
    (tree,) = integrity(made, place).trees
    assert tree.computed.value == match[1]


def test_a_table_on_the_command_line_of_a_signed_fit(tmp_path: Path, made: Verity) -> None:
    table = f"verity 1 /dev/mmcblk0p2 /dev/mmcblk0p3 4096 4096 {made.blocks} 1 sha256 {made.root} {made.salt}"
    bootargs = f'root=/dev/dm-0 dm-mod.create=\\"root,,,ro,0 {made.blocks * 8} {table}\\"'
    itb, _ = fit(tmp_path, "verity", signed=signature("sha256,rsa2048"), bootargs=bootargs)
    found = integrity(made, *a_site(("p1", "fit", itb.read_bytes())).places)
    (said,) = found.hashes
    assert (said.via, said.value, said.is_signed, said.path) == ("dm-mod.create", made.root, True, "p1:fdt-1")
    assert found.trees[0].computed.value == made.root


def test_an_initramfs_that_holds_the_root_hash(tmp_path: Path, made: Verity) -> None:
    itb, _ = fit(tmp_path, "initramfs", signed=signature("sha256,rsa2048"))
    files: dict[str, str | bytes] = {"usr/share/dm-verity.env": f"DATA_BLOCKS=1\nROOT_HASH={made.root}\n"}
    outer = a_site(("p1", "fit", itb.read_bytes())).places
    for node, is_signed in (("ramdisk-1", True), ("other", False)):
        inner = FolderTree(written(tmp_path / node, files))
        place = Place(path=f"p1:{node}", format="cpio", role="initramfs", tree=inner)
        (said,) = integrity(made, *outer, place).hashes
        assert (said.via, said.is_signed) == ("env-file", is_signed)


def test_ima_by_its_policy_and_command_line(tmp_path: Path, made: Verity) -> None:
    files: dict[str, str | bytes] = {"etc/ima/ima-policy": "measure func=BPRM_CHECK\nappraise func=BPRM_CHECK\n"}
    other = FolderTree(written(tmp_path / "other", files))
    line = cmdline(tmp_path / "boot", "root=/dev/sda1 ima_appraise=enforce")
    found = integrity(made, line, Place(path="p4", format="ext4", role="files", tree=other))
    assert found.ima_appraise == ("enforce",)
    assert not found.is_appraisal_signed
    assert found.ima_policies == ("/etc/ima/ima-policy",)
    assert found.ima_signed_files == 0


def test_nothing_verifies_a_root_on_a_device_tree_alone(tmp_path: Path, made: Verity) -> None:
    board = device_tree(tmp_path, "b", 'compatible = "x";')
    found = integrity(made, *a_site(("p1", "dtb", board.read_bytes())).places)
    assert (found.hashes, found.trees) == ((), ())
