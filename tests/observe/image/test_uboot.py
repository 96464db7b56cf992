"""U-Boot as Debian builds it, environments by mkenvimage, an area with all of it; firmware headers by hand."""

import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, read_whole
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import HEAD, Contents, Reader
from iotscan.observe.image.readers import firmware, fit, uboot
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt
from tests.observe.image.sameness import damaged, survives
from tests.observe.network.daemons import tool

DEBIAN = Path("/usr/lib/u-boot")
VARIABLES = "bootcmd=run distro_bootcmd\nbootdelay=2\nbootargs=console=ttyS0 root=/dev/mmcblk0p2\nethaddr=00:11:22:33\n"


def opened(reader: Reader, data: bytes) -> Contents:
    blob = Bytes(data)
    assert reader.recognises(data[:HEAD], blob)
    return reader.opens(blob, Budget())


def parts_of(contents: Contents) -> dict[str, bytes]:
    return {part.name: read_whole(part.blob, 1 << 24) for part in contents.parts if part.blob is not None}


def built(board: str) -> bytes:
    place = DEBIAN / board / "u-boot.bin"
    if not place.exists():
        pytest.skip("needs Debian's U-Boot: apt install u-boot-qemu")
    return place.read_bytes()


def environment(folder: Path, size: int, *options: str, text: str = VARIABLES) -> bytes:
    (folder / "env.txt").write_text(text)
    words = [tool("mkenvimage", "u-boot-tools"), *options, "-s", str(size), "-o", "env.bin", "env.txt"]
    subprocess.run(words, cwd=folder, check=True)
    return (folder / "env.bin").read_bytes()


@pytest.mark.parametrize("board", ["malta64el", "maltael", "qemu-x86", "qemu-x86_64"])
def test_the_control_device_tree_behind_uboot(board: str) -> None:
    data = built(board)
    found = parts_of(opened(uboot.UBOOT, data))
    (name,) = found
    assert name.startswith("dtb@0x")
    assert fdt.read_bytes(found[name]).root.properties
    assert data.endswith(found[name])


@pytest.mark.parametrize("board", ["qemu_arm", "qemu_arm64", "qemu-riscv64", "qemu-ppce500"])
def test_uboot_that_gets_its_device_tree_from_outside(board: str) -> None:
    assert opened(uboot.UBOOT, built(board)).parts == ()


def test_what_only_names_uboot_is_none() -> None:
    tools = b"U-Boot tools\0mkimage version 2023.01\0see U-Boot 2023.01 for more\0"
    for data in (tools, b"", tools * 1000):
        assert not uboot.UBOOT.recognises(data[:HEAD], Bytes(data))


@pytest.mark.parametrize("options", [[], ["-r"], ["-b"], ["-r", "-b"], ["-p", "0x00"]])
@pytest.mark.parametrize("size", [1024, 0x1F000])
def test_environment_alone_and_in_an_area(tmp_path: Path, size: int, options: list[str]) -> None:
    made = environment(tmp_path, size, *options)
    assert len(made) == size
    assert opened(uboot.ENVIRONMENT, made) == Contents()
    area = bytes(0x8000) + made + b"\xff" * 0x3000
    assert not uboot.ENVIRONMENT.recognises(area[:HEAD], Bytes(area))
    assert parts_of(opened(uboot.FIRMWARE, area)) == {"env@0x8000": made}
    larger = made + b"\xff" * 4096
    assert not uboot.ENVIRONMENT.recognises(larger[:HEAD], Bytes(larger))
    assert parts_of(opened(uboot.FIRMWARE, larger)) == {"env@0x0": made}


def test_an_environment_that_does_not_fit_its_checksum_is_none(tmp_path: Path) -> None:
    made = bytearray(environment(tmp_path, 4096))
    made[100] ^= 1
    for data in (bytes(made), bytes(0x400) + made):
        for reader in (uboot.ENVIRONMENT, uboot.FIRMWARE):
            assert not reader.recognises(data[:HEAD], Bytes(data))


def test_an_area_with_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "u-boot").write_bytes(built("maltael"))
    (tmp_path / "u.its").write_text("""/dts-v1/; / { description = "U-Boot"; images { uboot {
        data = /incbin/("u-boot"); type = "firmware"; os = "u-boot"; arch = "mips"; compression = "none"; }; };
        configurations { default = "c"; c { firmware = "uboot"; }; }; };""")
    mkimage = tool("mkimage", "u-boot-tools")
    quiet = {"cwd": tmp_path, "check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([mkimage, "-E", "-f", "u.its", "u-boot.itb"], **quiet)
    legacy = ["-A", "arm", "-T", "kernel", "-C", "none", "-n", "x", "-d", "u.its", "uImage"]
    subprocess.run([mkimage, *legacy], **quiet)
    one, two = environment(tmp_path, 8192, "-r"), environment(tmp_path, 8192, "-r", text="bootdelay=-2\n")
    itb, uimage = (tmp_path / "u-boot.itb").read_bytes(), (tmp_path / "uImage").read_bytes()
    area = b"eGON.BT0".rjust(0x2008, b"\0").ljust(0x8000, b"\xff") + itb
    area = area.ljust(0x100000, b"\xff") + one + two + uimage
    found = parts_of(opened(uboot.UBOOT, area))
    wanted = {"fit@0x8000": itb, "env@0x100000": one, "env@0x102000": two, "uimage@0x104000": uimage}
    assert {name: data[: len(wanted[name])] for name, data in found.items()} == wanted
    (tmp_path / "area").write_bytes(area)
    places = {p.path: p.format for p in open_image(tmp_path / "area").places}
    assert places["fit@0x8000"] == "fit"
    assert places["fit@0x8000:uboot"] == "u-boot"
    assert places["env@0x102000"] == "u-boot-env"


def packed(folder: Path, name: str, *words: str) -> bytes:
    (folder / "files").mkdir(exist_ok=True)
    (folder / "files" / "hello").write_text("hello\n" * 99)
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return (folder / name).read_bytes()


def test_flash_without_a_table(tmp_path: Path) -> None:
    """A router's flash as it is read out: boot loader, settings, kernel, root file system, what is written to."""
    jffs2 = packed(tmp_path, "j", tool("mkfs.jffs2", "mtd-utils"), "-d", "files", "-e", "64KiB", "-p", "-o", "j")
    root = packed(tmp_path, "s", tool("mksquashfs", "squashfs-tools"), "files", "s", "-no-progress")
    words = ["-A", "mips", "-T", "kernel", "-C", "none", "-d", "files/hello", "u"]
    kernel = packed(tmp_path, "u", tool("mkimage", "u-boot-tools"), *words)
    env = environment(tmp_path, 0x10000)
    flash = built("maltael").ljust(0x60000, b"\xff") + env + jffs2
    flash = flash.ljust(0xA0000, b"\xff") + kernel
    flash = flash.ljust(0xB0000, b"\xff") + root
    flash = flash.ljust(0xD0000, b"\xff") + jffs2
    (tmp_path / "flash").write_bytes(flash)
    places = [(p.path, p.format, p.problem) for p in open_image(tmp_path / "flash").places]
    assert [place for place in places if place[1] not in ("dtb", "kernel", "")] == [
        ("", "u-boot", ""), ("env@0x60000", "u-boot-env", ""), ("jffs2@0x70000", "jffs2", ""),
        ("uimage@0xa0000", "uimage", ""), ("squashfs@0xb0000", "squashfs", ""), ("jffs2@0xd0000", "jffs2", ""),
    ]  # fmt: skip


def test_what_is_larger_than_a_boot_loader_is_told(tmp_path: Path) -> None:
    flash = built("maltael").ljust(1 << 20, b"\xff") + b"vendor's own" * 500_000
    assert "bytes of it are nothing that we know" in opened(uboot.UBOOT, flash).problem


def test_what_stands_behind_a_fit(tmp_path: Path) -> None:
    (tmp_path / "board.dts").write_text('/dts-v1/; / { images { a { data = "1"; type = "kernel"; }; }; };')
    fit_image = packed(tmp_path, "f", tool("dtc", "device-tree-compiler"), "-o", "f", "board.dts")
    made = environment(tmp_path, 4096)
    found = parts_of(opened(fit.FIT, fit_image.ljust(8192, b"\xff") + made))
    assert found["env@0x2000"] == made


def test_a_broken_area_is_survived(tmp_path: Path) -> None:
    area = built("maltael") + environment(tmp_path, 8192) + built("qemu-x86")[-5000:]
    for what, broken in damaged(area, count=40):
        survives(uboot.UBOOT.opens, broken, what)
        uboot.FIRMWARE.recognises(broken[:HEAD], Bytes(broken))
        uboot.ENVIRONMENT.recognises(broken[:HEAD], Bytes(broken))


def test_mcuboot() -> None:
    head = struct.pack("<IIHHIIBBHII", 0x96F3B83D, 0, 32, 0, 100, 0, 1, 2, 3, 4, 0)
    image = head + bytes(100) + struct.pack("<HHHH32s", 0x6907, 40, 0x10, 32, b"")
    assert opened(firmware.MCUBOOT, image) == Contents()
    for broken in (image[:120], image[:20], image.replace(b"\x07\x69", b"\0\0")):
        with pytest.raises(Unreadable):
            opened(firmware.MCUBOOT, broken)


def trx(parts: list[bytes], version: int = 1) -> bytes:
    count = 4 if version == 2 else 3
    starts, body = [], b""
    for part in parts:
        starts.append(16 + 4 * count + len(body))
        body += part
    rest = struct.pack(f"<HH{count}I", 0, version, *(starts + [0] * (count - len(parts)))) + body
    return struct.pack("<4sII", b"HDR0", 12 + len(rest), zlib.crc32(rest) ^ 0xFFFFFFFF) + rest


@pytest.mark.parametrize("version", [1, 2])
def test_trx(version: int) -> None:
    image = trx([b"loader", b"kernel", b"root"], version)
    contents = opened(firmware.TRX, image + b"behind")
    assert parts_of(contents) == {"part-1": b"loader", "part-2": b"kernel", "part-3": b"root"}
    assert contents.problem == ""
    assert opened(firmware.TRX, image[:-1] + b"!").problem == "it does not fit its checksum"
    for what, broken in damaged(image, count=60):
        survives(firmware.TRX.opens, broken, what)
