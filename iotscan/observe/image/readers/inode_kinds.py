"""What Unix modes, device numbers and names of a file system mean.

Source: Linux ``include/linux/kdev_t.h`` (``old_decode_dev``, ``new_decode_dev``), ``include/uapi/linux/stat.h``.
"""

import stat
from collections.abc import Mapping
from typing import Final, Literal

from iotscan.observe.image.tree import Kind

KINDS: Final[Mapping[int, Kind]] = {
    stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link", stat.S_IFCHR: "char", stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket",
}  # fmt: skip
"""By the file type bits of a mode."""


def device_number(raw: bytes, order: Literal["<", ">"]) -> tuple[int, int] | None:
    """Major and minor out of two bytes (old) or four and more (new); None for anything else."""
    number = int.from_bytes(raw, "little" if order == "<" else "big")
    if len(raw) == 2:
        return number >> 8, number & 0xFF
    if len(raw) in (4, 8):
        return (number & 0xFFF00) >> 8, (number & 0xFF) | ((number >> 12) & 0xFFF00)
    return None


def is_name(name: bytes) -> bool:
    """False for what no file can be called: a path, or what stands for a folder itself."""
    return name not in (b"", b".", b"..") and b"/" not in name and b"\0" not in name
