"""Images for U-Boot as mkimage makes them: FIT with its data inside and outside, legacy ones, several in one."""

import gzip
import subprocess
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, read_whole
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.reader import HEAD, Contents, Reader
from iotscan.observe.image.readers import fit, uimage
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.sameness import damaged, survives
from tests.observe.network.daemons import tool

KERNEL = gzip.compress(bytes(range(256)) * 64, mtime=0)
TREE = """
/dts-v1/;
/ { description = "test"; #address-cells = <1>; images {
    kernel-1 { description = "Linux: 6.1"; data = /incbin/("kernel"); type = "kernel"; arch = "arm64"; os = "linux";
               compression = "gzip"; load = <0>; entry = <0>; hash-1 { algo = "sha256"; }; };
    fdt-1 { data = /incbin/("board.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none";
            hash-1 { algo = "sha256"; }; };
    atf { data = /incbin/("kernel"); type = "firmware"; os = "arm-trusted-firmware"; compression = "none"; };
    locked { data = /incbin/("kernel"); type = "ramdisk"; compression = "none"; };
}; configurations { default = "conf-1"; conf-1 { kernel = "kernel-1"; fdt = "fdt-1";
    signature-1 { algo = "sha256,rsa2048"; key-name-hint = "dev"; sign-images = "kernel", "fdt"; }; }; }; };
"""


def opened(reader: Reader, data: bytes) -> Contents:
    blob = Bytes(data)
    assert reader.recognises(data[:HEAD], blob)
    return reader.opens(blob, Budget())


def contents_of(contents: Contents) -> dict[str, bytes]:
    return {part.name: read_whole(part.blob, 1 << 20) for part in contents.parts if part.blob is not None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit")
    (folder / "kernel").write_bytes(KERNEL)
    (folder / "board.dts").write_text('/dts-v1/; / { compatible = "acme,gw"; };')
    (folder / "a.its").write_text(TREE)
    (folder / "keys").mkdir()
    run = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([tool("dtc", "device-tree-compiler"), "-o", "board.dtb", "board.dts"], **run)
    new = [tool("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=dev"]
    subprocess.run([*new, "-keyout", "keys/dev.key", "-out", "keys/dev.crt"], **run)
    mkimage = tool("mkimage", "u-boot-tools")
    for name, options in (("in", []), ("out", ["-E"]), ("at", ["-E", "-p", "0x4000"]), ("sig", ["-k", "keys"])):
        subprocess.run([mkimage, *options, "-f", "a.its", f"{name}.itb"], **run)
    # mkimage encrypts before it signs, and then needs a key that the tree would hold as well.
    put = [tool("fdtput", "device-tree-compiler"), "sealed.itb"]
    (folder / "sealed.itb").write_bytes((folder / "in.itb").read_bytes())
    subprocess.run([*put, "-c", "/images/locked/cipher"], **run)
    subprocess.run([*put, "-t", "s", "/images/locked/cipher", "algo", "aes256"], **run)
    legacy = [mkimage, "-A", "arm", "-O", "linux", "-C", "none", "-n", "OpenWrt 6.1"]
    subprocess.run([*legacy, "-T", "kernel", "-d", "kernel", "legacy.img"], **run)
    subprocess.run([*legacy, "-T", "multi", "-d", "kernel:board.dtb", "multi.img"], **run)
    subprocess.run([*legacy, "-T", "script", "-d", "board.dts", "script.img"], **run)
    return folder


@pytest.mark.parametrize("name", ["in", "out", "at", "sig", "sealed"])
def test_images_of_a_fit_are_parts(folder: Path, name: str) -> None:
    contents = opened(fit.FIT, (folder / f"{name}.itb").read_bytes())
    assert not contents.problem
    assert [part.name for part in contents.parts] == ["kernel-1", "fdt-1", "locked"]
    assert [part.sealed for part in contents.parts] == ["", "", "encrypted (aes256)" if name == "sealed" else ""]
    assert contents.parts[0].label == "Linux: 6.1"
    found = contents_of(contents)
    assert found["kernel-1"] == KERNEL
    assert found["fdt-1"] == (folder / "board.dtb").read_bytes()


def test_a_device_tree_is_no_fit(folder: Path) -> None:
    data = (folder / "board.dtb").read_bytes()
    assert not fit.FIT.recognises(data[:HEAD], Bytes(data))
    assert opened(fit.DTB, data) == Contents()


def test_data_outside_that_is_missing_is_named(folder: Path) -> None:
    whole = (folder / "out.itb").read_bytes()
    contents = opened(fit.FIT, whole[:-500])
    assert contents.problem == "locked: its data is not there"
    assert [part.name for part in contents.parts] == ["kernel-1", "fdt-1"]


def test_legacy_image_and_what_stands_behind_it(folder: Path) -> None:
    data = (folder / "legacy.img").read_bytes()
    alone = opened(uimage.UIMAGE, data)
    assert (contents_of(alone), alone.parts[0].label, alone.problem) == ({"kernel": KERNEL}, "OpenWrt 6.1", "")
    padded = data.ljust(8192, b"\0") + b"hsqs and so on"
    both = opened(uimage.UIMAGE, padded)
    assert contents_of(both) == {"kernel": KERNEL, "rest": b"hsqs and so on"}


def test_multi_file_image_and_script(folder: Path) -> None:
    several = opened(uimage.UIMAGE, (folder / "multi.img").read_bytes())
    assert contents_of(several) == {"image-1": KERNEL, "image-2": (folder / "board.dtb").read_bytes()}
    assert opened(uimage.UIMAGE, (folder / "script.img").read_bytes()).parts == ()


def test_checksums_of_a_legacy_image_are_looked_at(folder: Path) -> None:
    data = bytearray((folder / "legacy.img").read_bytes())
    data[-1] ^= 1
    assert opened(uimage.UIMAGE, bytes(data)).problem == "its data does not fit its checksum"
    data[40] ^= 1
    with pytest.raises(Unreadable, match="header does not fit"):
        opened(uimage.UIMAGE, bytes(data))
    with pytest.raises(Unreadable, match="cut short"):
        opened(uimage.UIMAGE, (folder / "legacy.img").read_bytes()[:-1])


@pytest.mark.parametrize("name", ["out.itb", "sig.itb", "board.dtb", "legacy.img", "multi.img"])
def test_damage_is_survived(folder: Path, name: str) -> None:
    reader = {"itb": fit.FIT, "dtb": fit.DTB, "img": uimage.UIMAGE}[name[-3:]]
    data = (folder / name).read_bytes()
    for what, broken in damaged(data):
        fit.FIT.recognises(broken[:HEAD], Bytes(broken))
        survives(reader.opens, broken, what)
