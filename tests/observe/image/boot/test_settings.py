"""Environments made by mkenvimage, scripts by mkimage, Debian's U-Boot, and the menus of boot loaders."""

from pathlib import Path

import pytest

from iotscan.model.facts import (
    BootEnvironment,
    BootEnvironments,
    BootMenus,
    BootStages,
    KernelCommandLines,
    KernelConfigs,
)
from iotscan.observe.image.site import Site
from tests.observe.image.boot.making import a_partition, a_site, device_tree, facts_of, run, tool, written

UBOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
VARIABLES = """bootdelay=3
bootcmd=run loadit; booti ${kernel_addr_r}
loadit=load mmc 0:1 ${kernel_addr_r} Image || run rescue
rescue=usb start; load usb 0:1 ${kernel_addr_r} Image
unused=dhcp; tftp
bootargs=console=ttyS0,115200 root=/dev/mmcblk0p2 rw init=/bin/sh wifi.psk=hunter22
bootstopkey=letmein
"""


def block(folder: Path, *words: str) -> bytes:
    (folder / "env.txt").write_text(VARIABLES)
    run(tool("mkenvimage", "u-boot-tools"), "-s", "8192", *words, "-o", "env.bin", "env.txt", cwd=folder)
    return (folder / "env.bin").read_bytes()


def environment(site: Site) -> BootEnvironment:
    found = facts_of(site)["BootEnvironments"]
    assert isinstance(found, BootEnvironments)
    (one,) = found.environments
    return one


@pytest.mark.parametrize("words", [(), ("-r",), ("-b",)], ids=["plain", "redundant", "big-endian"])
def test_a_stored_environment(tmp_path: Path, words: tuple[str, ...]) -> None:
    site = a_site(("p3", "u-boot-env", block(tmp_path, *words)))
    one = environment(site)
    assert (one.path, one.source) == ("p3", "stored")
    assert one.variables["bootdelay"] == "3"
    assert one.variables["bootstopkey"] == "set"
    assert one.boots_network == ()
    assert one.boots_usb == ("rescue",)
    assert one.boots_unchecked == ("bootcmd",)
    lines = facts_of(site)["KernelCommandLines"]
    assert isinstance(lines, KernelCommandLines)
    assert "init=/bin/sh" in lines.lines[0].arguments
    assert "wifi.psk=…" in lines.lines[0].arguments


def test_a_block_that_does_not_fit_its_checksum_says_nothing(tmp_path: Path) -> None:
    data = bytearray(block(tmp_path))
    data[100] ^= 1
    found = facts_of(a_site(("p3", "u-boot-env", bytes(data))))["BootEnvironments"]
    assert isinstance(found, BootEnvironments)
    assert found.environments == ()


def test_the_default_environment_of_debians_u_boot() -> None:
    if not UBOOT.exists():
        pytest.skip("needs u-boot.bin: apt install u-boot-qemu")
    one = environment(a_site(("p1", "u-boot", UBOOT.read_bytes())))
    assert one.source == "default"
    assert one.variables["bootdelay"] == "2"
    assert "boot_targets=dhcp" in one.boots_network
    assert "boot_targets=usb0" in one.boots_usb


def test_a_script(tmp_path: Path) -> None:
    (tmp_path / "boot.cmd").write_text('setenv bootdelay 0\nsetenv bootargs "root=/dev/sda1 nokaslr"\nbooti\n')
    mkimage = tool("mkimage", "u-boot-tools")
    run(mkimage, "-A", "arm64", "-T", "script", "-C", "none", "-d", "boot.cmd", "boot.scr", cwd=tmp_path)
    facts = facts_of(a_site(("p1:/boot.scr", "uimage", (tmp_path / "boot.scr").read_bytes())))
    found, stages, lines = facts["BootEnvironments"], facts["BootStages"], facts["KernelCommandLines"]
    assert isinstance(found, BootEnvironments)
    assert isinstance(stages, BootStages)
    assert isinstance(lines, KernelCommandLines)
    assert found.environments[0].variables == {"bootdelay": "0"}
    assert [s.kind for s in stages.stages] == ["boot-script"]
    assert lines.lines[0].arguments == ("root=/dev/sda1", "nokaslr")


def test_menus_and_command_lines_of_a_boot_partition(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "cmdline.txt": "console=serial0,115200 root=PARTUUID=1 systemd.debug-shell\n",
        "EFI/debian/grub.cfg": "set timeout=5\nmenuentry 'x' {\n  linux /vmlinuz root=/dev/sda2 single\n}\n",
        "grub/grub.cfg": "set superusers=admin\npassword_pbkdf2 admin grub.pbkdf2.x\nlinux /vmlinuz quiet\n",
        "loader/loader.conf": "timeout 3\neditor no\n",
        "loader/entries/a.conf": "title A\nlinux /a\noptions root=/dev/sda2 mitigations=off\n",
        "extlinux/extlinux.conf": "LABEL l\n  KERNEL /Image\n  APPEND root=/dev/mmcblk0p2 ima_appraise=off\n",
        "config-6.1": 'CONFIG_MODULE_SIG=y\n# CONFIG_MODULE_SIG_FORCE is not set\nCONFIG_CMDLINE="nokaslr"\n',
    }
    facts = facts_of(Site(source="test", places=(a_partition("p1", written(tmp_path, files)),)))
    menus, lines, configs = facts["BootMenus"], facts["KernelCommandLines"], facts["KernelConfigs"]
    assert isinstance(menus, BootMenus)
    assert isinstance(lines, KernelCommandLines)
    assert isinstance(configs, KernelConfigs)
    assert {(m.path, m.is_protected) for m in menus.menus} == {
        ("p1:/EFI/debian/grub.cfg", False),
        ("p1:/grub/grub.cfg", True),
        ("p1:/loader/loader.conf", True),
    }
    assert {(line.carrier, line.line, line.arguments[-1]) for line in lines.lines} == {
        ("file", 1, "systemd.debug_shell"),
        ("grub", 3, "single"),
        ("grub", 3, "quiet"),
        ("loader-entry", 3, "mitigations=off"),
        ("extlinux", 3, "ima_appraise=off"),
        ("kernel", 0, "nokaslr"),
    }
    assert configs.configs[0].options == {"CONFIG_MODULE_SIG": "y", "CONFIG_MODULE_SIG_FORCE": "n"}


def test_a_configuration_inside_a_kernel(tmp_path: Path) -> None:
    run("gzip", "-k", str(written(tmp_path, {"config": "CONFIG_MODULE_SIG_FORCE=y\n"}) / "config"), cwd=tmp_path)
    kernel = bytes(5000) + b"IKCFG_ST" + (tmp_path / "config.gz").read_bytes() + b"IKCFG_ED" + bytes(100)
    configs = facts_of(a_site(("p1:kernel-1", "kernel", kernel)))["KernelConfigs"]
    assert isinstance(configs, KernelConfigs)
    assert configs.configs[0].options == {"CONFIG_MODULE_SIG_FORCE": "y"}


def test_bootargs_of_a_device_tree(tmp_path: Path) -> None:
    board = device_tree(tmp_path, "board", 'chosen { bootargs = "root=/dev/ram rdinit=/bin/sh"; };')
    lines = facts_of(a_site(("p1:/board.dtb", "dtb", board.read_bytes())))["KernelCommandLines"]
    assert isinstance(lines, KernelCommandLines)
    assert not lines.lines[0].is_signed
    assert lines.lines[0].arguments == ("root=/dev/ram", "rdinit=/bin/sh")
