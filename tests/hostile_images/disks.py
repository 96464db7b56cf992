"""Disks: partitions in circles and in one another, tables of four billion entries, ends before beginnings."""

import functools
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from tests.hostile_images import raw
from tests.hostile_images.case import BACKDOOR, PASSWD, SMALL, Case, Yard
from tests.hostile_images.traversal import ROOT, in_tar

_SECTOR = 512
_MOST = "more than 400 parts|nested deeper than 8"


@functools.cache
def _root() -> bytes:
    return in_tar([*ROOT, (b"etc/passwd", PASSWD)])


def _mbr(
    *partitions: tuple[int, int, int], more: Sequence[tuple[int, bytes]] = (), sectors: int = 200
) -> Callable[[Yard], Path]:
    """A disk with a root file system at sector 64, these partitions, and bytes at other sectors."""

    def build(yard: Yard) -> Path:
        data = bytearray(sectors * _SECTOR)
        for at, new in ((0, raw.mbr(*partitions)), (64, _root()), *more):
            data[at * _SECTOR : at * _SECTOR + len(new)] = new
        return yard.write("disk.img", bytes(data))

    return build


def _gpt(
    partitions: Sequence[tuple[int, int]], *, change: Callable[[bytes], bytes] = lambda table: table, **lies: object
) -> Callable[[Yard], Path]:
    """A disk with a GPT without its copy."""

    def build(yard: Yard) -> Path:
        table = change(raw.gpt(200, partitions, **lies))  # type: ignore[arg-type]  # passed on
        data = bytearray(200 * _SECTOR)
        data[: len(table)] = table
        data[64 * _SECTOR : 64 * _SECTOR + len(_root())] = _root()
        return yard.write("disk.img", bytes(data))

    return build


def _resummed(table: bytes, at: int, new: bytes) -> bytes:
    """A GPT with a field of its header changed, and the sum of it right."""
    data = bytearray(table)
    data[512 + at : 512 + at + len(new)] = new
    data[528:532] = bytes(4)
    data[528:532] = struct.pack("<I", zlib.crc32(bytes(data[512 : 512 + 92])))
    return bytes(data)


def _terabyte(yard: Yard) -> Path:
    """A partition of a terabyte that is all holes, and a root file system before it."""
    place = _mbr((0x83, 64, 60), (0x83, 200, 0x7FFFFFFF))(yard)
    with place.open("r+b") as file:
        file.truncate(1 << 40)
    return place


_WHOLE = len(_root()) // _SECTOR
_ROOT_PART = (0x83, 64, _WHOLE)
_ALL = (0x83, 1, 199)


def _ebr(first: int, following: int) -> bytes:
    """A link of an extended partition: one partition of a sector, and where the next link stands."""
    return raw.mbr((0x83, first, 1), (0x05, following, 50))


SHORT = msgspec.structs.replace(SMALL, seconds=3.0)
CASES = (
    Case(
        name="mbr: an extended partition that goes on in itself",
        build=_mbr(_ROOT_PART, (0x05, 150, 50), more=[(150, _ebr(1, 0))]),
        problem="no end",
        finds=BACKDOOR,
    ),
    Case(
        name="mbr: a partition in the fourth entry of a link",
        build=_mbr(
            (0x83, 1, 2), (0x05, 40, 160), more=[(40, raw.mbr((0, 0, 0), (0, 0, 0), (0, 0, 0), (0x83, 24, _WHOLE)))]
        ),
        finds=f"{BACKDOOR}.*",
        is_whole=False,
    ),
    Case(
        name="mbr: two links that lead to one another",
        build=_mbr(_ROOT_PART, (0x05, 150, 50), more=[(150, _ebr(1, 10)), (160, _ebr(1, 10)), (170, _ebr(1, 10))]),
        problem="no end",
        finds=BACKDOOR,
    ),
    Case(
        name="mbr: links that lead beyond the end",
        build=_mbr(_ROOT_PART, (0x05, 150, 50), more=[(150, _ebr(1, 0xFFFFFF))]),
        problem="extended|cut short|no end|beyond",
        finds=BACKDOOR,
    ),
    Case(
        name="mbr: an extended partition within an extended partition",
        build=_mbr(
            _ROOT_PART, (0x05, 150, 50), (0x0F, 150, 50), more=[(150, _ebr(1, 10)), (160, raw.mbr((0x83, 1, 1)))]
        ),
        finds=BACKDOOR,
    ),
    Case(name="mbr: four partitions that lie over one another", build=_mbr(*[_ROOT_PART] * 4), finds=BACKDOOR),
    Case(
        name="mbr: a partition beyond the end",
        build=_mbr(_ROOT_PART, (0x83, 0xFFFFFFF0, 0xFFFFFFF0)),
        problem="beyond the end",
        finds=BACKDOOR,
    ),
    Case(
        name="mbr: a partition of two tebibytes",
        build=_mbr(_ROOT_PART, (0x83, 180, 0xFFFFFFFF)),
        problem="cut short",
        finds=BACKDOOR,
    ),
    Case(
        name="mbr: a partition that holds the table of the next",
        build=_mbr(_ROOT_PART, (0x83, 150, 50), more=[(150, raw.mbr((0x83, 1, 40))), (151, raw.mbr((0x83, 1, 30)))]),
        finds=BACKDOOR,
    ),
    Case(name="mbr: nothing but the mark of a GPT", build=_mbr((0xEE, 1, 0xFFFFFFFF)), problem="GPT.* is damaged"),
    Case(
        name="mbr: a terabyte of nothing behind the files",
        build=_terabyte,
        problem="it takes longer than",
        limits=SHORT,
    ),
    Case(name="gpt: 128 partitions that are each the whole disk", build=_gpt([(0, 199)] * 128), problem=_MOST),
    Case(
        name="gpt: two partitions that are each the whole disk",
        build=_gpt([(0, 199), (0, 199), (64, 63 + _WHOLE)]),
        problem=_MOST,
    ),
    Case(
        name="gpt: four billion entries",
        build=_gpt([(64, 63 + _WHOLE)], change=lambda t: _resummed(t, 80, b"\xff" * 4)),
        problem="GPT.* is damaged",
    ),
    Case(
        name="gpt: entries of four gibibytes",
        build=_gpt([(64, 63 + _WHOLE)], change=lambda t: _resummed(t, 84, b"\xf8\xff\xff\xff")),
        problem="GPT.* is damaged",
    ),
    Case(
        name="gpt: entries of no length",
        build=_gpt([(64, 63 + _WHOLE)], change=lambda t: _resummed(t, 84, bytes(4))),
        problem="GPT.* is damaged",
    ),
    Case(
        name="gpt: its table lies at 2^64",
        build=_gpt([(64, 63 + _WHOLE)], change=lambda t: _resummed(t, 72, b"\xff" * 8)),
        problem="GPT.* is damaged",
    ),
    Case(
        name="gpt: a header of four gibibytes",
        build=_gpt([(64, 63 + _WHOLE)], change=lambda t: _resummed(t, 12, b"\xff" * 4)),
        problem="GPT.* is damaged",
    ),
    Case(
        name="gpt: a partition that ends before it begins",
        build=_gpt([(64, 63 + _WHOLE), (100, 3)]),
        problem="ends before it begins",
        finds=BACKDOOR,
    ),
    Case(
        name="gpt: a partition at 2^64",
        build=_gpt([(64, 63 + _WHOLE), ((1 << 64) - 1, (1 << 64) - 1)]),
        problem="beyond the end",
        finds=BACKDOOR,
    ),
    Case(
        name="gpt: a partition of 2^64 sectors",
        build=_gpt([(64, 63 + _WHOLE), (180, (1 << 64) - 1)]),
        problem="cut short",
        finds=BACKDOOR,
    ),
    Case(
        name="gpt: names with escapes and halves of characters",
        build=_gpt([(64, 63 + _WHOLE)], label="\x1b]52;c;x\x07\u202e\ud800rootfs"),
        finds=BACKDOOR,
    ),
)
