"""U-Boot, and storage without a table that it lies in.

Nothing marks where a boot loader begins: it is known by what it says of itself when it starts. Sources: U-Boot
``include/version.h``, ``lib/Makefile``, ``include/env_internal.h``.
"""

import re
import zlib

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.readers.boot_pieces import (
    AREA,
    ENV_LARGEST,
    ENV_SMALLEST,
    VARIABLE,
    Piece,
    holds_a_piece,
    pieces_of,
)
from iotscan.observe.image.unreadable import Unreadable

_VERSION = re.compile(
    rb"U-Boot (?:[ST]PL )?(?:20\d\d\.\d\d|1\.[1-3]\.\d)[^\0\n]{0,120}"
    rb"\(\w{3} [ \d]\d \d{4} - \d\d:\d\d:\d\d[^\0\n]{0,80}\)"
)
_NAME = b"U-Boot "
_LOADER = 4 * MIB
"""Bytes: a boot loader is smaller, and what is larger is something that we do not know."""


def _is_uboot(head: bytes, blob: Blob) -> bool:
    try:
        area = blob.read_at(0, min(blob.size, AREA))
    except Unreadable:
        return False
    return _NAME in area and _VERSION.search(area) is not None


def _is_area(head: bytes, blob: Blob) -> bool:
    try:
        return holds_a_piece(blob)
    except Unreadable:
        return False


def _open(blob: Blob, budget: Budget) -> Contents:
    pieces = pieces_of(blob)
    budget.check_time()
    unknown = _unknown(blob, pieces, budget)
    problem = f"{unknown:,} bytes of it are nothing that we know" if unknown > _LOADER else ""
    return Contents(parts=tuple(piece.part(blob) for piece in pieces), problem=problem)


def _unknown(blob: Blob, pieces: list[Piece], budget: Budget) -> int:
    """Bytes outside of the pieces that are not erased."""
    count = at = 0
    for start, end in (*((p.start, p.start + p.length) for p in pieces), (blob.size, blob.size)):
        for offset in range(at, start, MIB):
            budget.check_time()
            data = blob.read_at(offset, min(MIB, start - offset))
            count += len(data) - data.count(0) - data.count(0xFF)
        at = max(at, end)
    return count


def _is_environment(head: bytes, blob: Blob) -> bool:
    """True where a blob is one environment, no more and no less."""
    if not ENV_SMALLEST <= blob.size <= ENV_LARGEST:
        return False
    if not (VARIABLE.match(head, 4) or VARIABLE.match(head, 5)):
        return False
    try:
        data = blob.read_at(0, blob.size)
    except Unreadable:
        return False
    wanted = (int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big"))
    return zlib.crc32(data[4:]) in wanted or zlib.crc32(data[5:]) in wanted


ENVIRONMENT = Reader(name="u-boot-env", recognises=_is_environment, opens=lambda blob, budget: Contents())
UBOOT = Reader(name="u-boot", recognises=_is_uboot, opens=_open, searches=True)
"""Asked last but one: its mark may stand anywhere."""
FIRMWARE = Reader(name="firmware", recognises=_is_area, opens=_open, searches=True)
"""Asked last: pieces without a table and without a boot loader that says its name."""
