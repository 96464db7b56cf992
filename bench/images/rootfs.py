"""A root file system of about 10,000 files and 250 MB, as a folder and as three images of it.

``IOTSCAN_BENCH_ROOTFS`` names one; otherwise it is put together from the programs, libraries and texts of this machine.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

FILES, BYTES = 10_000, 250_000_000
GIVEN = "IOTSCAN_BENCH_ROOTFS"
_TAKEN = ("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share")
_SINGLE = ("/etc/os-release", "/etc/passwd", "/etc/group", "/etc/services", "/var/lib/dpkg/status")
_LARGEST = 4_000_000
_EXT4 = "512M"
_NEEDED = {"tar.gz": "tar", "squashfs": "mksquashfs", "ext4": "mke2fs"}
_PACKAGES = {"mksquashfs": "squashfs-tools", "mke2fs": "e2fsprogs"}


def root_file_system(home: Path) -> Path:
    """The folder."""
    given = os.environ.get(GIVEN)
    if given:
        return Path(given)
    root = home / "gateway"
    (root / "etc").mkdir(parents=True)
    for place in _SINGLE:
        _copy(Path(place), root)
    found = list(_shuffled())
    size = 0
    # Should they be too small, a few large ones are added.
    for number, (source, length) in enumerate((*found[:FILES], *sorted(found[FILES:], key=lambda one: -one[1]))):
        if number >= FILES and size >= BYTES:
            break
        if size + length <= BYTES * 21 // 20:
            size += length
            _copy(source, root)
    (root / "etc" / "shadow").write_text("root:*:19000:0:99999:7:::\n")
    return root


def images_of(root: Path, home: Path) -> dict[str, Path | str]:
    """By format: where the image is, or what is missing to make it."""
    made: dict[str, Path | str] = {"folder": root}
    for form, program in _NEEDED.items():
        if shutil.which(program) is None:
            made[form] = f"install {_PACKAGES.get(program, program)}"
            continue
        image = home / f"gateway.{form}"
        _make(form, root, image)
        made[form] = image
    return made


def size_of(root: Path) -> tuple[int, int]:
    """Files and bytes."""
    sizes = [path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    return len(sizes), sum(sizes)


def _make(form: str, root: Path, image: Path) -> None:
    squash = ("mksquashfs", str(root), str(image), "-comp", "zstd", "-quiet", "-no-progress")
    commands = {
        "tar.gz": ("tar", "-C", str(root), "-czf", str(image), "."),
        "squashfs": squash,
        "ext4": ("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(image), _EXT4),
    }
    subprocess.run(commands[form], check=True, stdout=subprocess.DEVNULL)


def _shuffled() -> Iterator[tuple[Path, int]]:
    """Files of this machine and their sizes, in an order that is always the same and favours no folder."""
    found = []
    for place in _TAKEN:
        for folder, _, names in os.walk(place):
            for name in names:
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                    found.append((hashlib.md5(os.fsencode(path)).digest(), path, path.stat().st_size))
    return ((path, size) for _, path, size in sorted(found) if 0 < size <= _LARGEST)


def _copy(source: Path, root: Path) -> None:
    if source.is_file():
        target = root / str(source).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
