"""The two tables that divide a disk: MBR with its chain of extended partitions, and GPT with its copy at the end.

Sources: UEFI 2.10 §5 (GPT, protective MBR), and what ``fdisk`` and Linux (``block/partitions``) make of extended
partitions.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.blob import Blob
from iotscan.observe.image.unreadable import Unreadable

MBR_SECTOR = 512
GPT_SECTORS = (512, 4096)
PROTECTIVE = 0xEE
_EXTENDED = (0x05, 0x0F, 0x85)
_SIGNATURE, _GPT = b"\x55\xaa", b"EFI PART"
_FIRST_ENTRY, _ENTRY = 446, struct.Struct("<B3xB3x2I")
_MOST_LOGICAL = 128
_LARGEST_TABLE = 1 << 20
_HEADER = struct.Struct("<8s4I4Q16sQ3I")


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """``start`` and ``size`` are bytes; a size below 0 is what a table says that is wrong."""

    name: str
    start: int
    size: int
    label: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A disk's partitions. ``taken`` are stretches (start, end) that hold the tables themselves."""

    partitions: tuple[Partition, ...]
    taken: tuple[tuple[int, int], ...]
    problem: str = ""


class _Entry(msgspec.Struct, frozen=True):
    status: int
    kind: int
    start: int
    count: int


class _Gpt(msgspec.Struct, frozen=True, kw_only=True):
    sector: int
    header_at: int
    table_at: int
    entries: bytes
    entry_size: int
    alternate: int


def has_table(head: bytes) -> bool:
    """True for a disk, by its first 4096 bytes and the sector of 4096 bytes after them."""
    return _is_mbr(head) or head[512:520] == _GPT


def has_large_table(blob: Blob) -> bool:
    """True for a GPT of sectors of 4096 bytes, whatever stands before it."""
    return blob.read_at(4096, 8) == _GPT


def table_of(blob: Blob) -> Table:
    """Raises Unreadable where there should be a table that cannot be read."""
    head = blob.read_at(0, MBR_SECTOR)
    entries = _entries(head) if _is_mbr(head) else ()
    claims = [sector for sector in GPT_SECTORS if blob.read_at(sector, 8) == _GPT]
    if not claims and not any(entry.kind == PROTECTIVE for entry in entries):
        return _of_mbr(blob, entries)
    return _of_gpt(blob, entries, claims)


def _is_mbr(head: bytes) -> bool:
    """Boot sectors of file systems end in the same two bytes: here the four entries must make sense, too."""
    if head[510:512] != _SIGNATURE:
        return False
    entries = _entries(head)
    used = [entry for entry in entries if entry.kind]
    return (
        bool(used)
        and all(entry.status in (0, 0x80) for entry in entries)
        and all(entry.start and entry.count for entry in used)
        and not any(entry.count for entry in entries if not entry.kind)
    )


def _entries(sector: bytes) -> tuple[_Entry, ...]:
    return tuple(_Entry(*_ENTRY.unpack_from(sector, _FIRST_ENTRY + 16 * number)) for number in range(4))


def _of_mbr(blob: Blob, entries: tuple[_Entry, ...]) -> Table:
    partitions: list[Partition] = []
    logical: list[Partition] = []
    taken = [(0, MBR_SECTOR)]
    problem = ""
    for number, entry in enumerate(entries, 1):
        if entry.kind in _EXTENDED:
            try:
                for sector, found in _chain(blob, entry.start):
                    taken.append((sector * MBR_SECTOR, (sector + 1) * MBR_SECTOR))
                    if found is not None:
                        logical.append(_partition(f"p{5 + len(logical)}", sector + found.start, found.count))
            except Unreadable as error:
                problem = str(error)
        elif entry.kind:
            partitions.append(_partition(f"p{number}", entry.start, entry.count))
    return Table(partitions=(*partitions, *logical), taken=tuple(taken), problem=problem)


def _partition(name: str, start: int, count: int) -> Partition:
    return Partition(name=name, start=start * MBR_SECTOR, size=count * MBR_SECTOR)


def _chain(blob: Blob, first: int) -> Iterator[tuple[int, _Entry | None]]:
    """The links of an extended partition: where each stands, and each partition it has (one, as tools write them).

    All four entries count, as for Linux (``parse_extended`` in ``block/partitions/msdos.c``).
    """
    seen: set[int] = set()
    here = first
    while True:
        if here in seen or len(seen) >= _MOST_LOGICAL:
            raise Unreadable("its extended partition has no end")
        seen.add(here)
        sector = blob.read_at(here * MBR_SECTOR, MBR_SECTOR)
        if sector[510:512] != _SIGNATURE:
            raise Unreadable("its extended partition is damaged: there may be more partitions")
        entries = _entries(sector)
        yield here, None
        yield from ((here, own) for own in entries if own.kind and own.kind not in _EXTENDED and own.count)
        following = next((entry for entry in entries if entry.kind in _EXTENDED and entry.count), None)
        if following is None:
            return
        here = first + following.start


def _of_gpt(blob: Blob, entries: tuple[_Entry, ...], claims: list[int]) -> Table:
    first = next((table for sector in claims if (table := _gpt(blob, sector, 1)) is not None), None)
    second = _backup(blob, first)
    table = first or second
    if table is None:
        raise Unreadable("its partition table (GPT) is damaged, and so is the copy at its end")
    problem = ""
    if first is None:
        problem = "its first partition table (GPT) is damaged: the copy at its end was read"
    elif second is not None and second.entries != first.entries:
        problem = "its two partition tables (GPT) differ: the first was read"
    partitions = tuple(_of_entries(table))
    known = {partition.start for partition in partitions}
    # A hybrid MBR names partitions of the GPT once more: any other is one that only some would see.
    others = tuple(
        _partition(f"mbr{number}", entry.start, entry.count)
        for number, entry in enumerate(entries, 1)
        if entry.kind not in (0, PROTECTIVE) and entry.start * MBR_SECTOR not in known
    )
    taken = [(0, 2 * table.sector)]
    for one in (first, second):
        if one is not None:
            taken.append((one.header_at, one.header_at + one.sector))
            taken.append((one.table_at, one.table_at + len(one.entries)))
    return Table(partitions=partitions + others, taken=tuple(taken), problem=problem)


def _backup(blob: Blob, first: _Gpt | None) -> _Gpt | None:
    """The copy: where the first says it is, else in the last sector."""
    if first is not None:
        return _gpt(blob, first.sector, first.alternate)
    found = (_gpt(blob, sector, blob.size // sector - 1) for sector in GPT_SECTORS)
    return next((table for table in found if table is not None), None)


def _gpt(blob: Blob, sector: int, block: int) -> _Gpt | None:
    """The table whose header is in a block; None where it is missing or a checksum is wrong."""
    raw = blob.read_at(block * sector, sector)
    if len(raw) < _HEADER.size or raw[:8] != _GPT:
        return None
    _, _, size, checksum, _, own, alternate, _, _, _, table, count, entry_size, table_checksum = _HEADER.unpack_from(
        raw
    )
    if not _HEADER.size <= size <= sector or own != block or zlib.crc32(raw[:16] + bytes(4) + raw[20:size]) != checksum:
        return None
    if entry_size < 128 or entry_size % 8 or count * entry_size > _LARGEST_TABLE:
        return None
    entries = blob.read_at(table * sector, count * entry_size)
    if len(entries) < count * entry_size or zlib.crc32(entries) != table_checksum:
        return None
    return _Gpt(
        sector=sector, header_at=block * sector, table_at=table * sector, entries=entries, entry_size=entry_size,
        alternate=alternate,
    )  # fmt: skip


def _of_entries(table: _Gpt) -> Iterator[Partition]:
    for number in range(len(table.entries) // table.entry_size):
        entry = table.entries[number * table.entry_size :][: table.entry_size]
        if entry[:16] == bytes(16):
            continue
        first, last = struct.unpack_from("<2Q", entry, 32)
        label = entry[56:128].decode("utf-16-le", "replace").split("\0")[0]
        yield Partition(
            name=f"p{number + 1}", start=first * table.sector, size=(last - first + 1) * table.sector, label=label
        )
