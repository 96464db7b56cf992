"""U-Boot and what lies beside it on raw storage: its device tree, images that it boots, its environment.

Nothing marks where a boot loader begins: it is known by what it says of itself when it starts. What else lies in the
same area counts only with proof: a device tree that reads whole, a header or an environment whose checksum fits.
Sources: U-Boot ``include/version.h``, ``lib/Makefile``, ``include/env_internal.h``, ``tools/mkenvimage.c``.
"""

import re
import zlib
from collections.abc import Iterator
from itertools import chain, islice

from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.readers import uimage
from iotscan.observe.image.readers.fit import holds_images
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt

AREA = 16 * MIB
"""Bytes of an area that are looked at: boot loaders lie at its beginning."""
_VERSION = re.compile(
    rb"U-Boot (?:[ST]PL )?(?:20\d\d\.\d\d|1\.[1-3]\.\d)[^\0\n]{0,120}"
    rb"\(\w{3} [ \d]\d \d{4} - \d\d:\d\d:\d\d[^\0\n]{0,80}\)"
)
_NAME = b"U-Boot "
_TREES, _HEADERS, _ANCHORS, _TRIES = 64, 256, 64, 256
_LITTLE = fdt.Limits(nodes=10_000, properties=50_000, kept=8 * MIB)
"""What a tree in an area may cost: there is no budget yet when one is looked for."""
_VARIABLE = re.compile(rb"[A-Za-z_][\w.#:-]{0,63}=")
_ANCHOR = re.compile(rb"(?:bootcmd|bootdelay|bootargs|baudrate|ethaddr)=")
_ENV_SMALLEST, _ENV_LARGEST, _ENV_STEP, _ENV_REACH = 128, MIB, 512, 64 << 10


def _area(blob: Blob) -> bytes:
    return blob.read_at(0, min(blob.size, AREA))


def _is_uboot(head: bytes, blob: Blob) -> bool:
    try:
        area = _area(blob)
    except Unreadable:
        return False
    return _NAME in area and _VERSION.search(area) is not None


def _is_area(head: bytes, blob: Blob) -> bool:
    try:
        return next(_pieces(blob, _area(blob)), None) is not None
    except Unreadable:
        return False


def _open(blob: Blob, budget: Budget) -> Contents:
    parts, end = [], 0
    for part, start, length in sorted(_pieces(blob, _area(blob)), key=lambda piece: piece[1]):
        budget.check_time()
        # What lies inside of another piece is that one's own.
        if start >= end:
            parts.append(part)
            end = start + length
    return Contents(parts=tuple(parts))


def _pieces(blob: Blob, area: bytes) -> Iterator[tuple[Part, int, int]]:
    """What is proven to lie in an area: the part, where it begins and how long it is at least."""
    yield from _trees(blob, area)
    yield from _images(blob, area)
    yield from _environments(blob, area)


def _found(area: bytes, literal: bytes, most: int, step: int) -> Iterator[int]:
    """Where a literal stands at a multiple of ``step``."""
    at = area.find(literal)
    while at >= 0 and most > 0:
        if at % step == 0:
            most -= 1
            yield at
        at = area.find(literal, at + 1)


def _trees(blob: Blob, area: bytes) -> Iterator[tuple[Part, int, int]]:
    for at in _found(area, fdt.MAGIC, _TREES, 4):
        rest = Slice(blob, at, blob.size - at)
        try:
            tree = fdt.read(rest.read_at, rest.size, _LITTLE)
        except (fdt.BadTree, Unreadable):
            continue
        if holds_images(tree):
            places = [fdt.data_of(tree, image) for _, image in tree.root.walk()]
            length = max([tree.size, *(place.offset + place.length for place in places if place is not None)])
            yield Part(name=f"fit@{at:#x}", blob=Slice(blob, at, length)), at, length
        else:
            yield Part(name=f"dtb@{at:#x}", blob=Slice(blob, at, tree.size)), at, tree.size


def _images(blob: Blob, area: bytes) -> Iterator[tuple[Part, int, int]]:
    """Legacy images by the checksum of their header; what stands behind one is its own to look at."""
    for at in _found(area, uimage.MAGIC, _HEADERS, 4):
        header = area[at : at + uimage.HEADER]
        if at and uimage.is_sound(header):
            length = uimage.size_of(header)
            yield Part(name=f"uimage@{at:#x}", blob=Slice(blob, at, length)), at, length


def _environments(blob: Blob, area: bytes) -> Iterator[tuple[Part, int, int]]:
    tried: set[int] = set()
    for anchor in islice(_ANCHOR.finditer(area), _ANCHORS):
        for start in _starts(area, anchor.start()):
            if start in tried or len(tried) >= _TRIES:
                continue
            tried.add(start)
            size = _environment_size(area[start : start + _ENV_LARGEST])
            if size and (start or size < blob.size):
                yield Part(name=f"env@{start:#x}", blob=Slice(blob, start, size)), start, size


def _starts(area: bytes, anchor: int) -> Iterator[int]:
    """Where an environment that holds a variable at ``anchor`` may begin: no two zeros stand between."""
    first = max(area.rfind(b"\0\0", max(0, anchor - _ENV_REACH), anchor) - 6, 0)
    for start in range(anchor - anchor % _ENV_STEP, first - 1, -_ENV_STEP):
        if _VARIABLE.match(area, start + 4) or _VARIABLE.match(area, start + 5):
            yield start


def _environment_size(data: bytes) -> int:
    """Bytes of the environment that ``data`` begins with: the size at which its checksum fits; 0 for none."""
    wanted = {int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big")}
    for header in (4, 5):
        if not _VARIABLE.match(data, header):
            continue
        value, done = 0, header
        for size in chain((_ENV_SMALLEST, 2 * _ENV_SMALLEST), range(_ENV_STEP, len(data) + 1, _ENV_STEP)):
            value, done = zlib.crc32(data[done:size], value), size
            if value in wanted and size <= len(data):
                return size
    return 0


def _is_environment(head: bytes, blob: Blob) -> bool:
    """True where a blob is one environment, no more and no less."""
    if not _ENV_SMALLEST <= blob.size <= _ENV_LARGEST:
        return False
    if not (_VARIABLE.match(head, 4) or _VARIABLE.match(head, 5)):
        return False
    try:
        data = blob.read_at(0, blob.size)
    except Unreadable:
        return False
    wanted = (int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big"))
    return zlib.crc32(data[4:]) in wanted or zlib.crc32(data[5:]) in wanted


ENVIRONMENT = Reader(name="u-boot-env", recognises=_is_environment, opens=lambda blob, budget: Contents())
UBOOT = Reader(name="u-boot", recognises=_is_uboot, opens=_open)
"""Asked last but one: its mark may stand anywhere."""
AREA_OF_BOOT = Reader(name="boot-area", recognises=_is_area, opens=_open)
"""Asked last: pieces of a boot chain without a boot loader that says its name."""
