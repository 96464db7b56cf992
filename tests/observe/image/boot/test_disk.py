"""A whole disk with a boot chain on it, through the readers: what each place is, and how they prove one another."""

import re

import pytest

from iotscan.model.facts import (
    AnyFact,
    BootEnvironments,
    BootKeys,
    BootStages,
    EfiBinaries,
    FitImages,
    RootIntegrity,
)
from tests.observe.image.boot.making import facts_of, fit, run, signature, tool, written
from tests.observe.image.boot.test_programs import LOADER, installed
from tests.observe.image.boot.test_settings import UBOOT

SECTOR = 512
TABLE = """label: gpt
start=8192, size=8192, type=U
start=16384, size=2048, type=L
start=18432, size=2048, type=L
"""


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AnyFact]:
    """U-Boot with a control tree and an environment, a FAT with FIT and EFI, a squashfs with its hash tree."""
    if not UBOOT.exists():
        pytest.skip("needs u-boot.bin: apt install u-boot-qemu")
    folder = tmp_path_factory.mktemp("disk")
    root = written(folder / "root", {"etc/passwd": "root:*:0:0::/:/bin/sh\n", "usr/bin/x": "x", "lib/x": "x"})
    run(tool("mksquashfs", "squashfs-tools"), root, "root.sqfs", "-quiet", cwd=folder)
    said = run(tool("veritysetup", "cryptsetup-bin"), "format", "root.sqfs", "root.tree", cwd=folder)
    match = re.search(r"Root hash:\s+(\S+)", said)
    assert match
    itb, control = fit(folder, "signed", signed=signature("sha256,rsa2048"), bootargs=f"roothash={match[1]}")
    (folder / "env.txt").write_text("bootdelay=-2\nbootcmd=bootm 0x1000\n")
    run(tool("mkenvimage", "u-boot-tools"), "-s", "16384", "-o", "env.bin", "env.txt", cwd=folder)
    run(tool("mkfs.vfat", "dosfstools"), "-C", "boot.fat", "4096", cwd=folder)
    mcopy = tool("mcopy", "mtools")
    run(tool("mmd", "mtools"), "-i", "boot.fat", "::/EFI", "::/EFI/BOOT", cwd=folder)
    run(mcopy, "-i", "boot.fat", itb, "::/fitImage", cwd=folder)
    run(mcopy, "-i", "boot.fat", installed(LOADER), "::/EFI/BOOT/BOOTX64.EFI", cwd=folder)
    (folder / "table").write_text(TABLE)
    disk = bytearray(12 << 20)
    (folder / "disk.img").write_bytes(disk)
    run("sh", "-c", f"{tool('sfdisk', 'fdisk')} -q disk.img < table", cwd=folder)
    disk = bytearray((folder / "disk.img").read_bytes())
    for sector, data in (
        (128, UBOOT.read_bytes() + control.read_bytes()),
        (6144, (folder / "env.bin").read_bytes()),
        (8192, (folder / "boot.fat").read_bytes()),
        (16384, (folder / "root.sqfs").read_bytes()),
        (18432, (folder / "root.tree").read_bytes()),
    ):
        disk[sector * SECTOR : sector * SECTOR + len(data)] = data
    (folder / "disk.img").write_bytes(disk)
    return facts_of(folder / "disk.img")


def test_every_stage_is_found(facts: dict[str, AnyFact]) -> None:
    stages = facts["BootStages"]
    assert isinstance(stages, BootStages)
    assert {s.kind for s in stages.stages} >= {"u-boot", "environment", "fit", "efi", "device-tree"}


def test_the_signature_in_one_place_holds_with_the_key_in_another(facts: dict[str, AnyFact]) -> None:
    found, keys = facts["FitImages"], facts["BootKeys"]
    assert isinstance(found, FitImages)
    assert isinstance(keys, BootKeys)
    (image,) = found.images
    assert image.path == "p1:/fitImage"
    assert image.configurations[0].signatures[0].holds.known is True
    assert [[key.required for key in tree.keys] for tree in keys.trees] == [["conf"]]
    assert keys.without == ()


def test_both_environments_are_told_apart(facts: dict[str, AnyFact]) -> None:
    found = facts["BootEnvironments"]
    assert isinstance(found, BootEnvironments)
    delays = {one.source: one.variables["bootdelay"] for one in found.environments}
    assert delays == {"stored": "-2", "default": "2"}
    unchecked = {one.source: bool(one.boots_unchecked) for one in found.environments}
    assert unchecked == {"stored": False, "default": True}


def test_the_root_is_that_of_the_signed_root_hash(facts: dict[str, AnyFact]) -> None:
    found = facts["RootIntegrity"]
    assert isinstance(found, RootIntegrity)
    (said,) = found.hashes
    assert said.is_signed
    assert [(tree.path, tree.data, tree.computed.value == said.value) for tree in found.trees] == [("p3", "p2", True)]


def test_the_loader_of_uefi_is_not_signed(facts: dict[str, AnyFact]) -> None:
    found = facts["EfiBinaries"]
    assert isinstance(found, EfiBinaries)
    assert [(b.path, b.signatures) for b in found.binaries] == [("p1:/EFI/BOOT/BOOTX64.EFI", ())]
