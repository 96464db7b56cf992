"""Firmware with a header of its own: MCUboot's images, and TRX of Broadcom's routers.

Sources: MCUboot ``docs/design.md`` (image format); OpenWrt ``package/utils/otrx``, Linux
``drivers/mtd/parsers/parser_trx.c``.
"""

import struct
import zlib

from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.unreadable import Unreadable

MCUBOOT_MAGIC = b"\x3d\xb8\xf3\x96"
TRX_MAGIC = b"HDR0"
_MCUBOOT_HEADER = 32
_TRAILERS = (0x6907, 0x6908)
_STEP = 4 * MIB


def _open_mcuboot(blob: Blob, budget: Budget) -> Contents:
    """The program of a microcontroller has no files; its trailer must be there, as it holds hash and signature."""
    head = blob.read_at(0, _MCUBOOT_HEADER)
    if len(head) < _MCUBOOT_HEADER:
        raise Unreadable("it is cut short")
    header, _, size = struct.unpack_from("<HHI", head, 8)
    trailer = blob.read_at(header + size, 4)
    if len(trailer) < 4 or struct.unpack_from("<H", trailer)[0] not in _TRAILERS:
        raise Unreadable("it has no trailer where its header says, or is cut short")
    return Contents()


def _open_trx(blob: Blob, budget: Budget) -> Contents:
    head = blob.read_at(0, 32)
    if len(head) < 32:
        raise Unreadable("it is cut short")
    length, checksum, _, version = struct.unpack_from("<IIHH", head, 4)
    count = 4 if version == 2 else 3
    if not 16 + 4 * count <= length <= blob.size:
        raise Unreadable("it is cut short")
    starts = [offset for offset in struct.unpack_from(f"<{count}I", head, 16) if offset]
    if not starts or starts != sorted(set(starts)) or not 16 + 4 * count <= starts[0] <= starts[-1] < length:
        raise Unreadable("its table makes no sense")
    parts = tuple(
        Part(name=f"part-{number}", blob=Slice(blob, start, end - start))
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], length], strict=True), 1)
    )
    is_whole = _checksum(blob, 12, length, budget) == checksum
    return Contents(parts=parts, problem="" if is_whole else "it does not fit its checksum")


def _checksum(blob: Blob, start: int, end: int, budget: Budget) -> int:
    """CRC-32 without the inversion at its end."""
    value = 0
    for at in range(start, end, _STEP):
        budget.check_time()
        value = zlib.crc32(blob.read_at(at, min(_STEP, end - at)), value)
    return value ^ 0xFFFFFFFF


MCUBOOT = Reader(name="mcuboot", recognises=lambda head, blob: head.startswith(MCUBOOT_MAGIC), opens=_open_mcuboot)
TRX = Reader(name="trx", recognises=lambda head, blob: head.startswith(TRX_MAGIC), opens=_open_trx)
