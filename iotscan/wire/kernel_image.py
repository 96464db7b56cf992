"""What a kernel image says of itself: its release.

Sources: Documentation/arch/x86/boot.rst (offsets of the setup header), init/version.c (the banner).
"""

import re
import struct
from collections.abc import Callable

_BANNER = re.compile(rb"Linux version ([0-9]\.[0-9]{1,3}[\w.+~-]{0,60}) ")
_RELEASE = re.compile(rb"([0-9]\.[0-9]{1,3}\.[\w.+~-]{1,60})")
_CONFIG_START, _CONFIG_END = b"IKCFG_ST", b"IKCFG_ED"
_CONFIG_LIMIT = 4 << 20
"""Bytes; the largest configurations have 300 KB."""


def release_of_bzimage(head: bytes) -> str:
    """The release of an x86 kernel from its first 64 KiB; empty where it is none or does not say."""
    if head[0x202:0x206] != b"HdrS" or len(head) < 0x260:
        return ""
    (offset,) = struct.unpack_from("<H", head, 0x20E)
    match = _RELEASE.match(head, offset + 0x200) if offset else None
    return match[1].decode("ascii", "replace") if match else ""


def release_of(kernel: bytes) -> str:
    """The release in the banner of an unpacked kernel; empty without one."""
    at = kernel.find(b"Linux version ")
    while at >= 0:
        # Format strings of the same words stand beside it.
        match = _BANNER.match(kernel, at)
        if match:
            return match[1].decode("ascii", "replace")
        at = kernel.find(b"Linux version ", at + 1)
    return ""


def payload_of(head: bytes, read: Callable[[int, int], bytes]) -> bytes | None:
    """The packed kernel in a bzImage (protocol 2.08 and later); None where the header does not say where it is."""
    if head[0x202:0x206] != b"HdrS" or struct.unpack_from("<H", head, 0x206)[0] < 0x208:
        return None
    sectors = head[0x1F1] or 4
    offset, length = struct.unpack_from("<II", head, 0x248)
    return read((sectors + 1) * 512 + offset, min(length, 128 << 20)) if length else None
