"""FIT images as mkimage makes them, and the keys it writes into control device trees."""

import zlib
from pathlib import Path

import pytest

from iotscan.model.facts import BootKeys, BootStages, FitImage, FitImages, KernelCommandLines
from tests.observe.image.boot.making import a_site, device_tree, facts_of, fit, run, signature, tool


def image_of(itb: Path) -> FitImage:
    found = facts_of(a_site(("p1", "fit", itb.read_bytes())))["FitImages"]
    assert isinstance(found, FitImages)
    return found.images[0]


def test_a_signed_configuration_covers_what_it_starts(tmp_path: Path) -> None:
    itb, control = fit(tmp_path, "signed", signed=signature("sha256,rsa2048"))
    facts = facts_of(a_site(("p1", "fit", itb.read_bytes()), ("p2", "dtb", control.read_bytes())))
    found, keys, lines = facts["FitImages"], facts["BootKeys"], facts["KernelCommandLines"]
    assert isinstance(found, FitImages)
    assert isinstance(keys, BootKeys)
    assert isinstance(lines, KernelCommandLines)
    (one,) = found.images[0].configurations
    assert set(one.images) == {"kernel-1", "fdt-1", "ramdisk-1"}
    (signed,) = one.signatures
    assert signed.algorithm == "sha256,rsa2048"
    assert signed.has_value
    assert set(signed.covers) == set(one.images)
    assert signed.holds.known is True
    assert found.images[0].changed == ()
    (key,) = keys.trees[0].keys
    assert (key.name, key.required, key.bits) == ("dev", "conf", 2048)
    (line,) = lines.lines
    assert line.is_signed
    assert line.arguments == ("console=ttyS0", "root=/dev/mmcblk0p2")


def swapped(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) >= 1
    assert len(old) == len(new)
    return data.replace(old, new, 1)


def test_a_changed_tree_breaks_the_signature_and_changed_data_the_hash(tmp_path: Path) -> None:
    itb, control = fit(tmp_path, "signed", signed=signature("sha256,rsa2048"))
    tree = ("p2", "dtb", control.read_bytes())
    for old, new, holds, changed in (
        (b"/dev/mmcblk0p2", b"/dev/mmcblk0p9", True, ("fdt-1",)),
        (b" kernel ", b" kernal ", True, ("kernel-1",)),
        (b"arm64\0", b"arm65\0", False, ()),
    ):
        data = swapped(itb.read_bytes(), old, new)
        facts = facts_of(a_site(("p1", "fit", data), tree))
        found, lines = facts["FitImages"], facts["KernelCommandLines"]
        assert isinstance(found, FitImages)
        assert isinstance(lines, KernelCommandLines)
        (image,) = found.images
        assert image.configurations[0].signatures[0].holds.known is holds
        assert image.changed == changed
        assert lines.lines[0].is_signed is (holds and "fdt-1" not in changed)


def test_bootargs_of_an_environment_replace_those_that_are_signed(tmp_path: Path) -> None:
    itb, _ = fit(tmp_path, "signed", signed=signature("sha256,rsa2048"))
    for text, is_signed in ((b"bootdelay=1", True), (b"bootargs=quiet", False)):
        body = (text + b"\0\0").ljust(508, b"\0")
        block = zlib.crc32(body).to_bytes(4, "little") + body
        lines = facts_of(a_site(("p1", "fit", itb.read_bytes()), ("p2", "u-boot-env", block)))["KernelCommandLines"]
        assert isinstance(lines, KernelCommandLines)
        assert [line.is_signed for line in lines.lines if line.carrier == "device-tree"] == [is_signed]


def test_the_key_of_another_device_does_not_confirm_it(tmp_path: Path) -> None:
    itb, _ = fit(tmp_path, "signed", signed=signature("sha256,rsa2048"))
    (tmp_path / "other").mkdir()
    _, control = fit(tmp_path / "other", "other", signed=signature("sha256,rsa2048"))
    found = facts_of(a_site(("p1", "fit", itb.read_bytes()), ("p2", "dtb", control.read_bytes())))["FitImages"]
    assert isinstance(found, FitImages)
    assert found.images[0].configurations[0].signatures[0].holds.known is False


def test_without_a_bootloader_the_signature_is_not_tried(tmp_path: Path) -> None:
    itb, _ = fit(tmp_path, "signed", signed=signature("sha256,rsa2048"))
    assert not image_of(itb).configurations[0].signatures[0].holds.is_answered


def test_sign_images_that_leave_the_initramfs_out(tmp_path: Path) -> None:
    itb, _ = fit(tmp_path, "part", signed=signature("sha256,rsa2048", ("kernel", "fdt")))
    (one,) = image_of(itb).configurations
    assert set(one.signatures[0].covers) == {"kernel-1", "fdt-1"}


def test_hashes_alone_are_no_signature(tmp_path: Path) -> None:
    itb, _ = fit(tmp_path, "hashed")
    found = image_of(itb)
    assert found.configurations[0].signatures == ()
    assert set(found.hashed) == {"kernel-1", "fdt-1", "ramdisk-1"}


@pytest.mark.parametrize("algorithm", ["sha1,rsa2048", "sha256,rsa4096"])
def test_the_algorithm_is_kept_as_it_stands(tmp_path: Path, algorithm: str) -> None:
    itb, _ = fit(tmp_path, "algo", signed=signature(algorithm))
    assert image_of(itb).configurations[0].signatures[0].algorithm == algorithm


def test_signed_images_need_only_their_own_signature(tmp_path: Path) -> None:
    own = 'signature-1 { algo = "sha256,rsa2048"; key-name-hint = "dev"; };'
    itb, control = fit(tmp_path, "single", image_signature=own)
    facts = facts_of(a_site(("p1", "fit", itb.read_bytes()), ("p2", "dtb", control.read_bytes())))
    found, keys = facts["FitImages"], facts["BootKeys"]
    assert isinstance(found, FitImages)
    assert isinstance(keys, BootKeys)
    assert [s.covers for s in found.images[0].image_signatures] == [("kernel-1",)]
    assert found.images[0].configurations[0].signatures == ()
    assert keys.trees[0].keys[0].required == "image"


def test_a_control_tree_inside_the_bootloader(tmp_path: Path) -> None:
    _, control = fit(tmp_path, "embedded", signed=signature("sha256,rsa2048"))
    program = b"U-Boot 2026.01\0" + b"\xd0\x0d\xfe\xed" + bytes(40) + control.read_bytes() + b"tail"
    keys = facts_of(a_site(("p1", "u-boot", program)))["BootKeys"]
    assert isinstance(keys, BootKeys)
    assert [k.required for k in keys.trees[0].keys] == ["conf"]
    assert keys.without == ()


def test_a_fit_beside_the_bootloader_is_not_its_control_tree(tmp_path: Path) -> None:
    itb, control = fit(tmp_path, "raw", signed=signature("sha256,rsa2048"))
    board = device_tree(tmp_path, "other", 'compatible = "acme,board";').read_bytes()
    area = b"U-Boot 2026.01\0" + itb.read_bytes() + bytes(64) + control.read_bytes() + board
    keys = facts_of(a_site(("p1", "u-boot", area), ("p1:dtb@0x1", "dtb", control.read_bytes())))["BootKeys"]
    assert isinstance(keys, BootKeys)
    assert [(tree.path, len(tree.keys)) for tree in keys.trees] == [("p1", 1)]


def test_a_bootloader_without_a_tree_is_named() -> None:
    keys = facts_of(a_site(("p1", "u-boot", b"U-Boot 2026.01\0" * 64)))["BootKeys"]
    assert isinstance(keys, BootKeys)
    assert keys.trees == ()
    assert keys.without == ("p1",)


def test_the_tree_beside_u_boot_in_a_fit_of_firmware_is_its_control_tree(tmp_path: Path) -> None:
    _, control = fit(tmp_path, "inner", signed=signature("sha256,rsa2048"))
    (tmp_path / "u-boot-nodtb.bin").write_bytes(b"U-Boot " * 200)
    (tmp_path / "fw.its").write_text(
        '/dts-v1/; / { description = "fw"; #address-cells = <1>; images { uboot { data = /incbin/("u-boot-nodtb.bin");'
        ' type = "firmware"; os = "u-boot"; arch = "arm64"; compression = "none"; load = <0x80000>; };'
        f' fdt-1 {{ data = /incbin/("{control.name}"); type = "flat_dt"; compression = "none"; }}; }};'
        ' configurations { default = "c"; c { firmware = "uboot"; fdt = "fdt-1"; }; }; };'
    )
    run(tool("mkimage", "u-boot-tools"), "-f", "fw.its", "fw.itb", cwd=tmp_path)
    facts = facts_of(a_site(("p1", "fit", (tmp_path / "fw.itb").read_bytes())))
    keys, found = facts["BootKeys"], facts["FitImages"]
    assert isinstance(keys, BootKeys)
    assert isinstance(found, FitImages)
    assert not found.images[0].has_kernel
    assert keys.trees[0].path == "p1:fdt-1"
    assert keys.trees[0].keys[0].required == "conf"


def test_a_device_tree_alone_is_no_boot_chain(tmp_path: Path) -> None:
    board = device_tree(tmp_path, "board", 'compatible = "acme,gateway";')
    stages = facts_of(a_site(("p1", "dtb", board.read_bytes())))["BootStages"]
    assert isinstance(stages, BootStages)
    assert stages.stages == ()
