"""What the guide to images says: its commands are run on real images, its formats and limits are those of the code."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import GIB, Budget, Limits
from iotscan.observe.image.readers import all_layouts, all_readers
from iotscan.observe.image.readers.refused import REFUSED
from iotscan.observe.image.unreadable import Unsupported
from iotscan.observe.image.worker import MEMORY
from iotscan.shipped import PACKAGE
from tests.cli.conftest import Cli
from tests.observe.network.daemons import tool
from tests.pipeline import images

GUIDE = PACKAGE.parent / "docs/guide/images.md"
pytestmark = pytest.mark.skipif(not GUIDE.exists(), reason="a wheel has no guide")

CALLED = {
    "folder": ["folder"],
    "tar": ["tar"],
    "cpio and initramfs (with packed parts)": ["cpio"],
    "zip": ["zip"],
    "OCI layout": ["oci"],
    "docker-save": ["docker-archive"],
    **{name: [name] for name in ("gzip", "xz", "lzma", "zstd", "bzip2", "lz4", "lzop")},
    "squashfs 4 (all compressors)": ["squashfs"],
    **{name: [name] for name in ("ext2", "ext3", "ext4")},
    "FAT": ["fat"],
    "JFFS2 (both byte orders)": ["jffs2"],
    "UBI": ["ubi"],
    "UBIFS": ["ubifs"],
    "MBR (with extended partitions)": ["disk"],
    "GPT": ["disk"],
    "what lies between partitions": ["disk"],
    "raw flash without a table (its pieces are found by their marks)": ["firmware"],
    "TRX": ["trx"],
    "FIT": ["fit"],
    "legacy uImage": ["uimage"],
    "device trees": ["dtb"],
    "dtbo": ["dtbo"],
    "kernels": ["kernel"],
    "EFI programs": ["efi"],
    "U-Boot": ["u-boot"],
    "its environment": ["u-boot-env"],
    "GRUB": ["grub"],
    "MCUboot": ["mcuboot"],
    "Android sparse": ["android-sparse"],
    "Android boot": ["android-boot"],
    "vbmeta": ["vbmeta"],
    "dm-verity trees": ["verity"],
    "swap": ["swap"],
    "LUKS": ["luks1", "luks2", "luks"],
    "BitLocker": ["bitlocker"],
}
"""What the guide calls a format, and what the code calls it."""


def text() -> str:
    return GUIDE.read_text("utf-8")


def test_every_format_that_is_read_is_in_the_guide_and_no_other() -> None:
    rows = re.findall(r"^\| [a-z ]+ \| (.+) \|$", text(), re.MULTILINE)
    assert [item for row in rows for item in row.split(", ")] == list(CALLED)
    read = {reader.name for reader in all_readers()} - {reader.name for reader in REFUSED} - {"android-super"}
    assert {name for names in CALLED.values() for name in names} == read | {one.name for one in all_layouts()} | {
        "folder"
    }


def test_every_format_that_is_refused_is_in_the_guide_and_no_other() -> None:
    (listed,) = re.findall(r"^Known by name and not read: (.+?)\.$", text(), re.MULTILINE | re.DOTALL)
    said = []
    for reader in REFUSED:
        with pytest.raises(Unsupported) as refusal:
            reader.opens(Bytes(b""), Budget())
        said.append(str(refusal.value).removesuffix(" is not read"))
    assert listed.replace("\n", " ").split(", ") == [*said, "Android super"]


def test_the_limits_are_those_of_the_code() -> None:
    limits, words = Limits(), " ".join(text().split())
    assert f"may unpack to {limits.unpacked // GIB} GiB, hold {limits.entries:,} files" in words
    assert f"nest folders {limits.folders} deep and take ten minutes" in words
    assert limits.seconds == 600
    assert f"may hold {MEMORY // GIB} GiB" in words
    assert f"{ {8: 'eight'}[limits.depth] } deep: a root file system in a disk in an update" in words


def made(*words: str | Path, cwd: Path) -> None:
    name, *rest = words
    done = subprocess.run([str(name), *map(str, rest)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def _images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The images that the guide's commands name, by the tools that make such."""
    monkeypatch.chdir(tmp_path)
    root = images.good(tmp_path / "build/rootfs")
    made(tool("mke2fs", "e2fsprogs"), "-q", "-d", root, "root.ext4", "4M", cwd=tmp_path)
    disk = tmp_path / "gateway-2.1.wic"
    disk.write_bytes(bytes(1 << 20) + (tmp_path / "root.ext4").read_bytes() + bytes(1 << 20))
    table = tmp_path / "table"
    table.write_text("label: gpt\nstart=2048,size=8192,name=root\n")
    made("sh", "-c", f"{tool('sfdisk', 'fdisk')} -q {disk} < {table}", cwd=tmp_path)
    made(tool("xz", "xz-utils"), "-0", disk, cwd=tmp_path)
    made(tool("mksquashfs", "squashfs-tools"), root, "update.raucb", "-quiet", "-no-progress", cwd=tmp_path)
    made("sh", "-c", f"find . | {tool('cpio', 'cpio')} -o -H newc --quiet > ../../modem.bin", cwd=root)
    made(tool("mkfs.ubifs", "mtd-utils"), "-r", root, "-m", "2048", "-e", "126976", "-c", "64", "-o", "u", cwd=tmp_path)
    (tmp_path / "ubi.ini").write_text(
        "[v]\nmode=ubi\nimage=u\nvol_id=0\nvol_size=4MiB\nvol_type=dynamic\nvol_name=root\n"
    )
    words = (tool("ubinize", "mtd-utils"), "-m", "2048", "-p", "128KiB", "-o", "gateway.ubi", "ubi.ini")
    made(*words, cwd=tmp_path)


@pytest.mark.usefixtures("_images")
def test_every_command_reads_its_image_whole(cli: Cli) -> None:
    # The second one scans with what the first made: tests/cli/test_vantages.py.
    block, _ = re.findall(r"^```sh\n(.*?)^```", text(), re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0].strip() for line in block.splitlines()]
    assert len(lines) == 4
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "iotscan"
        ended = cli(*words)
        # 1: a root file system that can be written and that nothing verifies is a finding.
        assert ended.code in (0, 1), (line, ended)
        assert "not read:" not in ended.out, (line, ended.out)
    assert Path("sbom.json").stat().st_size > 500
