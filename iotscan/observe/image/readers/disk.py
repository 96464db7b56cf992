"""A whole disk: its partitions are parts, and so is what stands between them.

Many boards start from raw bytes before the first partition: what is not blank there is a part of its own
(``before-p1``). A partition that reaches beyond the end of the image is named so.
"""

from iotscan.observe.image.blob import Blob, Slice
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.reader import Contents, Part, Reader
from iotscan.observe.image.readers.naming import distinct
from iotscan.observe.image.readers.partition_tables import (
    MBR_SECTOR,
    Partition,
    Table,
    has_large_table,
    has_table,
    table_of,
)

_GRUB = (b"loading", b"Geom", b"Read", b" Error")
"""What GRUB's first sector behind the boot sector says (``grub-core/boot/i386/pc/diskboot.S``)."""


def _recognises(head: bytes, blob: Blob) -> bool:
    return has_table(head) or has_large_table(blob)


def _opens(blob: Blob, budget: Budget) -> Contents:
    table = table_of(blob)
    parts = [*(_part(blob, partition) for partition in table.partitions), *_gaps(blob, table, budget)]
    return Contents(parts=tuple(parts), problem=table.problem)


def _part(blob: Blob, partition: Partition) -> Part:
    part = Slice(blob, partition.start, max(0, partition.size))
    problem = ""
    if partition.size <= 0:
        problem = "it ends before it begins"
    elif not part.size:
        problem = "it lies beyond the end of the image"
    elif part.size < partition.size:
        problem = f"it is cut short: {part.size:,} of {partition.size:,} bytes"
    return Part(name=partition.name, blob=part, label=partition.label, problem=problem)


def _gaps(blob: Blob, table: Table, budget: Budget) -> list[Part]:
    """What is not blank outside the partitions, from its first sector that is not blank."""
    used = sorted(
        [(p.start, p.start + p.size, p.name) for p in table.partitions if p.size > 0]
        + [(start, end, "") for start, end in table.taken]
    )
    found: list[Slice] = []
    names: list[str] = []
    at, last = 0, ""
    for start, end, name in (*used, (blob.size, blob.size, "")):
        begins = _first_bytes(blob, at, min(start, blob.size), budget)
        if begins is not None:
            following = next((n for s, _, n in used if n and s >= start), "")
            found.append(Slice(blob, begins, start - begins))
            names.append(f"before-{following}" if following else f"after-{last}" if last else "raw")
        at, last = max(at, end), name or last
    return [Part(name=name, blob=gap) for name, gap in zip(distinct(names), found, strict=True)]


def _first_bytes(blob: Blob, start: int, end: int, budget: Budget) -> int | None:
    """The sector where a stretch is no longer blank; None where all of it is."""
    for offset in range(start, end, MIB):
        budget.check_time()
        data = blob.read_at(offset, min(MIB, end - offset))
        if data.count(0) == len(data):
            continue
        left = len(data.lstrip(b"\0\xff"))
        if left:
            return offset + (len(data) - left) // MBR_SECTOR * MBR_SECTOR
    return None


def _is_grub(head: bytes, blob: Blob) -> bool:
    return all(word in head[:MBR_SECTOR] for word in _GRUB)


def _holds_code(blob: Blob, budget: Budget) -> Contents:
    return Contents()


DISK = Reader(name="disk", recognises=_recognises, opens=_opens)
GRUB = Reader(name="grub", recognises=_is_grub, opens=_holds_code)
"""GRUB for a BIOS, behind the boot sector or in a partition of its own: it holds no files."""
