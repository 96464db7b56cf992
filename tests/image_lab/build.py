"""The images of the lab by name, and what their builders share."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = {
    "mksquashfs": "squashfs-tools",
    "mke2fs": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "mmd": "mtools",
    "sfdisk": "fdisk",
    "sgdisk": "gdisk",
    "rauc": "rauc",
    "mender-artifact": "mender-artifact",
    "grub-editenv": "grub-common",
    "mkimage": "u-boot-tools",
    "mkenvimage": "u-boot-tools",
    "dtc": "device-tree-compiler",
    "veritysetup": "cryptsetup-bin",
    "cryptsetup": "cryptsetup-bin",
    "ubinize": "mtd-utils",
    "mkfs.ubifs": "mtd-utils",
    "umoci": "umoci",
    "openssl": "openssl",
    "ssh-keygen": "openssh-client",
    "dropbearkey": "dropbear-bin",
    "fakeroot": "fakeroot",
    "gcc": "gcc",
}
"""Program -> Debian package."""
BUSYBOX = Path("/bin/busybox")


class Workshop:
    """A folder in which one image is built. Files are given an owner by the tool that packs them: all are root's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, *words: "str | Path", stdin: bytes | None = None, env: Mapping[str, str] = {}) -> bytes:
        """Run a tool here; what it says on stdout. A missing one skips loudly, a failing one fails."""
        name = str(words[0])
        program = shutil.which(name, path=PATH)
        if program is None:
            pytest.skip(f"needs {name}: apt install {PACKAGES.get(name, name)}")
        ended = subprocess.run(
            [program, *map(str, words[1:])],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            check=False,
            env={"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(self.folder), "SOURCE_DATE_EPOCH": "1760000000", **env},
        )
        assert ended.returncode == 0, f"{name} failed: {ended.stderr.decode(errors='replace')[-1500:]}"
        return ended.stdout

    def root(self, name: str, files: Mapping[str, "str | bytes | Path"], modes: Mapping[str, int] = {}) -> Path:
        """A root file system: the usual folders, BusyBox with some of its names, and ``files``.

        A path as content is a file of this machine to be copied; modes are 0644, for programs 0755, else as given.
        """
        root = self.folder / name
        for folder in ("bin", "sbin", "etc", "usr/bin", "usr/sbin", "usr/lib", "var", "root", "proc", "sys", "dev"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        (root / "root").chmod(0o700)
        put(root, "bin/busybox", BUSYBOX, 0o755)
        for applet in ("sh", "ls", "cat", "mount"):
            (root / "bin" / applet).symlink_to("busybox")
        (root / "sbin/init").symlink_to("../bin/busybox")
        for path, content in files.items():
            put(root, path, content, modes.get(path, 0o755 if is_program(path) else 0o644))
        return root


def is_program(path: str) -> bool:
    """True for what lies where programs lie, and for scripts that init runs."""
    return path.startswith(("bin/", "sbin/", "usr/bin/", "usr/sbin/", "etc/init.d/"))


def put(root: Path, path: str, content: "str | bytes | Path", mode: int = 0o644) -> None:
    """Put one file into a root file system."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        if not content.exists():
            pytest.skip(f"needs {content}: see .ci/apt-packages")
        shutil.copyfile(content, place)
    else:
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    place.chmod(mode)


def pack_squashfs(shop: Workshop, root: Path, name: str, *options: str) -> Path:
    """A squashfs of a root file system, all files owned by root."""
    image = shop.folder / name
    shop.run("mksquashfs", root, image, "-all-root", "-noappend", "-quiet", "-no-progress", *options)
    return image


def pack_ext4(shop: Workshop, root: Path, name: str, kib: int) -> Path:
    """An ext4 of a root file system, all files owned by root."""
    image = shop.folder / name
    shop.run("mke2fs", "-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", root, image, f"{kib}k")
    return image


def disk(shop: Workshop, name: str, parts: Sequence[tuple[str, Path | None, int]], *, label: str = "gpt") -> Path:
    """A disk with these partitions: (GPT name, content or None for an empty one, KiB). The first begins at 1 MiB."""
    image = shop.folder / name
    start, lines = 2048, [f"label: {label}"]
    places = []
    for title, content, kib in parts:
        sectors = kib * 2
        lines.append(f"start={start}, size={sectors}" + (f', name="{title}"' if label == "gpt" else ""))
        places.append((start, content))
        start += -(-sectors // 2048) * 2048
    with image.open("wb") as file:
        file.truncate(start * 512 + (1 << 20))
    shop.run("sfdisk", "-q", image, stdin="\n".join(lines).encode())
    with image.open("r+b") as file:
        for begin, content in places:
            if content is not None:
                file.seek(begin * 512)
                file.write(content.read_bytes())
    return image


def fat(shop: Workshop, name: str, kib: int, files: Mapping[str, Path]) -> Path:
    """A FAT file system with these files (name in it -> file of the host)."""
    image = shop.folder / name
    shop.run("mkfs.vfat", "-C", image, str(kib))
    made: set[str] = set()
    for path, file in files.items():
        above = Path(path).parent
        for folder in reversed([above, *above.parents][:-1]):
            if str(folder) not in made:
                made.add(str(folder))
                shop.run("mmd", "-i", image, f"::/{folder}")
        if not file.exists():
            pytest.skip(f"needs {file}: see .ci/apt-packages")
        shop.run("mcopy", "-i", image, file, f"::/{path}")
    return image


Builder = Callable[[Workshop], Path]


def builders() -> dict[str, Builder]:
    """Every image of the lab."""
    from tests.image_lab import container, hardened, openwrt, vendor

    return {
        "hardened": hardened.build,
        "vendor": vendor.build,
        "container": container.build,
        "openwrt": openwrt.build,
    }


def needs_root_tools() -> bool:
    """True where devices and owners can be made without fakeroot."""
    return os.geteuid() == 0
