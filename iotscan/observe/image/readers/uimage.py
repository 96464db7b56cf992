"""U-Boot's legacy images: one blob or several behind a header of 64 bytes with two CRC-32.

Source: U-Boot ``include/image.h`` (``struct legacy_img_hdr``). In the images of OpenWrt the root file system stands
behind the kernel, padded to an erase block: what follows is a part of its own.
"""

import struct
import zlib

from iotscan.model.text import safe_text
from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.unreadable import Unreadable

MAGIC = b"\x27\x05\x19\x56"
HEADER = 64
_TYPES = {
    1: "standalone", 2: "kernel", 3: "ramdisk", 5: "firmware", 6: "script", 7: "filesystem", 8: "fdt", 14: "kernel",
}  # fmt: skip
_CODE = ("standalone", "kernel", "firmware")
"""What may be in a form that only its processor knows."""
_MULTI, _SCRIPT = 4, 6
_SEVERAL = 64
_STEP = 4 * MIB


def is_sound(header: bytes) -> bool:
    """True for a header whose own checksum fits: no accident."""
    if len(header) < HEADER or not header.startswith(MAGIC):
        return False
    bare = header[:4] + bytes(4) + header[8:HEADER]
    return zlib.crc32(bare) == int.from_bytes(header[4:8], "big")


def size_of(header: bytes) -> int:
    """Bytes of an image with its header."""
    return HEADER + int(struct.unpack_from(">I", header, 12)[0])


def _open(blob: Blob, budget: Budget) -> Contents:
    header = blob.read_at(0, HEADER)
    if not is_sound(header):
        raise Unreadable("its header does not fit its checksum")
    length, _, _, checksum = struct.unpack_from(">4I", header, 12)
    kind = header[30]
    label = safe_text(header[32:64].split(b"\0", 1)[0], 80)
    data = Slice(blob, HEADER, length)
    if data.size < length:
        raise Unreadable("it is cut short")
    parts = _several(data, budget) if kind == _MULTI else _one(data, kind, label)
    rest = _behind(blob, HEADER + length, budget)
    if rest is not None:
        parts.append(rest)
    is_whole = _checksum(data, budget) == checksum
    return Contents(parts=tuple(parts), problem="" if is_whole else "its data does not fit its checksum")


def _one(data: Blob, kind: int, label: str) -> list[Part]:
    # A script is text behind a list of lengths: whoever asks for it reads the place itself.
    name = _TYPES.get(kind, "data")
    known_as = name if name in _CODE else ""
    return [] if kind == _SCRIPT else [Part(name=name, blob=data, label=label, known_as=known_as)]


def _several(data: Blob, budget: Budget) -> list[Part]:
    """The images of a multi-file image: lengths up to a zero, then each padded to four bytes."""
    table = data.read_at(0, 4 * (_SEVERAL + 1))
    sizes = [size for (size,) in struct.iter_unpack(">I", table[: len(table) & ~3])]
    if 0 not in sizes:
        raise Unreadable(f"it has more than {_SEVERAL} images, or its table is cut short")
    sizes = sizes[: sizes.index(0)]
    at = 4 * (len(sizes) + 1)
    parts = []
    for number, size in enumerate(sizes, 1):
        if at + size > data.size:
            raise Unreadable("one of its images is cut short")
        budget.entry("")
        parts.append(Part(name=f"image-{number}", blob=Slice(data, at, size)))
        at += (size + 3) & ~3
    return parts


def _behind(blob: Blob, at: int, budget: Budget) -> Part | None:
    """What stands behind the image after padding of 0x00 or 0xFF; None where nothing does."""
    while at < blob.size:
        budget.check_time()
        window = blob.read_at(at, _STEP)
        kept = window.lstrip(b"\0\xff")
        if kept:
            start = at + len(window) - len(kept)
            return Part(name="rest", blob=Slice(blob, start, blob.size - start))
        if not window:
            break
        at += len(window)
    return None


def _checksum(data: Blob, budget: Budget) -> int:
    value = 0
    for at in range(0, data.size, _STEP):
        budget.check_time()
        value = zlib.crc32(data.read_at(at, _STEP), value)
    return value


UIMAGE = Reader(name="uimage", recognises=lambda head, blob: head.startswith(MAGIC), opens=_open)
