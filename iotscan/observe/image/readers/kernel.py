"""Linux kernels, and programs of UEFI: recognised, and what is packed in them given as parts.

Sources: Linux ``Documentation/arch/x86/boot.rst``, ``Documentation/arch/arm64/booting.rst``,
``Documentation/arch/riscv/boot-image-header.rst``, ``arch/arm/boot/compressed/head.S``,
``drivers/firmware/efi/libstub/zboot-header.S``; for UEFI the PE format and ``uki.specification``.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator

from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt

SMALLEST, LARGEST = 256 << 10, 128 * MIB
_STEP, _OVERLAP = 8 * MIB, 1024
_BANNER = re.compile(rb"Linux version \d+\.\d+[\w.+~-]* \([^()\0\n]+@[^()\0\n]+\) [^\0\n]{1,600}\n\0")
_BANNER_BEGIN = b"Linux version "
_XZ_FLAGS = (b"\0\0", b"\0\1", b"\0\4", b"\0\x0a")
_STRONG = re.compile(
    rb"\x1f\x8b\x08\x00\0{4}[\0\x02\x04]\x03"  # gzip -n
    rb"|\x89LZO\0\r\n\x1a\n\x10"
    rb"|\x5d\0\0..\xff{8}"  # lzma
    + b"".join(b"|\xfd7zXZ\0" + re.escape(flags + zlib.crc32(flags).to_bytes(4, "little")) for flags in _XZ_FLAGS),
    re.DOTALL,
)
"""How a packed kernel begins, with more than the code that unpacks it compares with."""
_WEAK = re.compile(rb"\x02!L\x18|\x28\xb5\x2f\xfd")
"""The same for lz4 and zstd, of which there is no more."""
_STUB = 256 << 10
"""Bytes of what unpacks a kernel, at most."""
_GZIP = b"\x1f\x8b"
_UEFI_SUBSYSTEMS = range(10, 14)
_UNIFIED = {b".linux": "linux", b".initrd": "initrd", b".dtb": "dtb", b".dtbauto": "dtb-auto"}
_TREES = 64

Opens = Callable[[Blob, Budget], Contents]


def _kind(head: bytes) -> Opens | None:
    """How what is in a kernel is found; None where it does not begin as one."""
    if head[0x1FE:0x200] == b"\x55\xaa" and head[0x202:0x206] == b"HdrS":
        return _x86
    if head[0x24:0x28] in (b"\x18\x28\x6f\x01", b"\x01\x6f\x28\x18"):
        return _arm
    if head.startswith(b"MZ") and head[4:8] == b"zimg":
        return _zboot
    return _plain if head[56:60] in (b"ARM\x64", b"RSC\x05") else None


def _is_unpacked(head: bytes, blob: Blob) -> bool:
    """A kernel as ELF or as it lies in memory: known by what it says of itself when it boots."""
    if not SMALLEST <= blob.size <= LARGEST:
        return False
    if head.startswith(b"\x7fELF"):
        kind = int.from_bytes(head[16:18], "little" if head[5:6] == b"\x01" else "big")
        if kind not in (2, 3):
            return False
    try:
        return any(_BANNER.search(window, at) for window, at in _windows(blob, _BANNER_BEGIN))
    except Unreadable:
        return False


def _windows(blob: Blob, literal: bytes) -> Iterator[tuple[bytes, int]]:
    """The windows of a blob that hold a literal, and where in them."""
    for start in range(0, blob.size, _STEP):
        window = blob.read_at(start, _STEP + _OVERLAP)
        at = window.find(literal)
        if at >= 0:
            yield window, at


def _open(blob: Blob, budget: Budget) -> Contents:
    opens = _kind(blob.read_at(0, 4096))
    if opens is None:
        raise Unreadable("no kernel")
    return opens(blob, budget)


def _plain(blob: Blob, budget: Budget) -> Contents:
    return Contents()


def _part(blob: Blob, offset: int, length: int) -> Contents:
    if length <= 4 or offset + length > blob.size:
        raise Unreadable("it is cut short")
    # Behind all but gzip, whose own trailer says it, stands the size of what is packed.
    is_gzip = blob.read_at(offset, 2) == _GZIP
    packed = Slice(blob, offset, length if is_gzip else length - 4)
    return Contents(parts=(Part(name="packed", blob=packed, known_as="kernel"),))


def _x86(blob: Blob, budget: Budget) -> Contents:
    """The setup header tells where the packed kernel is, since protocol 2.08 (Linux 2.6.26)."""
    head = blob.read_at(0, 0x250)
    if len(head) < 0x250:
        raise Unreadable("it is cut short")
    (version,) = struct.unpack_from("<H", head, 0x206)
    if version < 0x0208:
        return Contents()
    offset, length = struct.unpack_from("<II", head, 0x248)
    begin = ((head[0x1F1] or 4) + 1) * 512
    return _part(blob, begin + offset, length)


def _zboot(blob: Blob, budget: Budget) -> Contents:
    """An EFI program that unpacks a kernel: where and how much stands in its first bytes."""
    offset, length = struct.unpack_from("<II", blob.read_at(0, 16).ljust(16, b"\0"), 8)
    return _part(blob, offset, length)


def _arm(blob: Blob, budget: Budget) -> Contents:
    """A zImage: the packed kernel stands behind the code that unpacks it, device trees behind its end."""
    head = blob.read_at(0, 0x40)
    if len(head) < 0x40:
        raise Unreadable("it is cut short")
    order = "<" if head[0x24:0x28] == b"\x18\x28\x6f\x01" else ">"
    start, end = struct.unpack_from(f"{order}II", head, 0x28)
    size = end - start if 0 < end - start <= blob.size else blob.size
    trees = tuple(_trees(blob, size))
    stub = blob.read_at(0, min(_STUB, size))
    strong = _STRONG.search(stub)
    # The unpacking code has the same four bytes in it, and stands before what it unpacks.
    found = strong or next(reversed(list(_WEAK.finditer(stub))), None)
    if found is None:
        return Contents(parts=trees, problem="the kernel packed in it was not found")
    last = _end_of_packed(blob, head, order, size) + (4 if found[0].startswith(_GZIP) else 0)
    packed = Slice(blob, found.start(), max(found.start(), last) - found.start())
    return Contents(parts=(Part(name="packed", blob=packed, known_as="kernel"), *trees))


def _end_of_packed(blob: Blob, head: bytes, order: str, size: int) -> int:
    """Where the word stands that says how large the kernel is unpacked, if there is a table that tells.

    It stands behind what is packed, and is the end of it with gzip.
    """
    magic, table = struct.unpack_from(f"{order}II", head, 0x34)
    if magic != 0x45454545:
        return size
    raw = blob.read_at(table, 12)
    if len(raw) < 12 or struct.unpack_from(f"{order}I", raw, 4)[0] != 0x5A534C4B:
        return size
    return min(int(struct.unpack_from(f"{order}I", raw, 8)[0]), size)


def _trees(blob: Blob, at: int) -> Iterator[Part]:
    """Device trees that were appended to a kernel, one after the other."""
    for number in range(1, _TREES):
        head = blob.read_at(at, fdt.HEADER)
        if not fdt.is_fdt(head) or at + fdt.total_size(head) > blob.size:
            return
        yield Part(name=f"dtb-{number}", blob=Slice(blob, at, fdt.total_size(head)))
        at += fdt.total_size(head)


def _optional_header(head: bytes) -> int:
    """Where the optional header of a program of UEFI is; negative where it is none."""
    if not head.startswith(b"MZ") or len(head) < 0x40:
        return -1
    at = int.from_bytes(head[0x3C:0x40], "little")
    if head[at : at + 4] != b"PE\0\0" or head[at + 24 : at + 26] not in (b"\x0b\x01", b"\x0b\x02"):
        return -1
    return at + 24 if int.from_bytes(head[at + 92 : at + 94], "little") in _UEFI_SUBSYSTEMS else -1


def _open_efi(blob: Blob, budget: Budget) -> Contents:
    """The sections of a unified kernel image are parts; other programs have none of them."""
    head = blob.read_at(0, 4096)
    at = _optional_header(head)
    if at < 0:
        raise Unreadable("no program of UEFI")
    count, size = struct.unpack_from("<H", head, at - 18)[0], struct.unpack_from("<H", head, at - 4)[0]
    parts = []
    for number in range(min(count, 96)):
        section = blob.read_at(at + size + 40 * number, 40)
        if len(section) < 40:
            raise Unreadable("it is cut short")
        used, _, kept, offset = struct.unpack_from("<IIII", section, 8)
        name = _UNIFIED.get(section[:8].rstrip(b"\0"))
        if name is not None:
            if offset + kept > blob.size:
                raise Unreadable("it is cut short")
            parts.append(Part(name=name, blob=Slice(blob, offset, min(used, kept) or kept)))
    return Contents(parts=tuple(parts))


KERNEL = Reader(name="kernel", recognises=lambda head, blob: _kind(head) is not None, opens=_open)
"""Asked before disks: a kernel for a PC begins as a boot sector."""
EFI = Reader(name="efi", recognises=lambda head, blob: _optional_header(head) >= 0, opens=_open_efi)
"""Asked after :data:`KERNEL`: a kernel may be a program of UEFI as well."""
UNPACKED = Reader(name="kernel", recognises=_is_unpacked, opens=_plain, searches=True)
"""Asked late: what it is known by may stand anywhere in it."""
