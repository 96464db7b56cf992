"""FAT12, FAT16 and FAT32 with long names: boot partitions.

It keeps no owners, modes or links. Which of the three it is goes by the number of clusters, as Linux has it. Source:
Microsoft's FAT32 File System Specification 1.03, and ``fs/fat`` of Linux for what it leaves open.
"""

import struct
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.blob import Blob, Bytes, Piece, Pieced, Slice
from iotscan.observe.image.budget import MIB, Budget
from iotscan.observe.image.numbered import NumberedTree
from iotscan.observe.image.reader import Contents, Reader
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable

_BOOT = struct.Struct("<HBHBHHBH")
_BOOT_AT = 11
_SECTORS = (512, 1024, 2048, 4096)
_LARGEST_12, _LARGEST_16 = 4084, 65524
_CHUNK = 12 << 10
"""Bytes of the table that are read at once: whole entries of 12, 16 and 32 bits."""
_LARGEST_FOLDER = 2 * MIB
"""A folder has at most 65,536 entries of 32 bytes."""
_ROOT = 0
_FREE, _GONE, _ESCAPED = 0x00, 0xE5, 0x05
_LABEL, _FOLDER, _LONG = 0x08, 0x10, 0x0F
_LOWER_NAME, _LOWER_ENDING = 0x08, 0x10
_DAMAGED = "its chain of clusters is damaged"


class _Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Where things begin, in bytes. ``root`` is the first cluster of the root; 0 where it has a place of its own."""

    bits: int
    cluster: int
    table: int
    fixed_root: int
    fixed_root_size: int
    data: int
    clusters: int
    root: int
    end: int


def _layout(head: bytes) -> _Layout | None:
    """None where the boot sector is none of FAT."""
    if len(head) < 512 or head[510:512] != b"\x55\xaa" or head[0] not in (0xEB, 0xE9):
        return None
    sector, a_cluster, reserved, tables, root_entries, small, media, table_16 = _BOOT.unpack_from(head, _BOOT_AT)
    large, table_32, _, _, root = struct.unpack_from("<2I2HI", head, 32)
    table_size, total = table_16 or table_32, small or large
    is_sound = (
        sector in _SECTORS
        and a_cluster
        and a_cluster & (a_cluster - 1) == 0
        and reserved
        and 1 <= tables <= 4
        and (media == 0xF0 or media >= 0xF8)
        and table_size
        and total
    )
    if not is_sound:
        return None
    fixed_root = (reserved + tables * table_size) * sector
    fixed_root_size = -(-root_entries * 32 // sector) * sector
    data = fixed_root + fixed_root_size
    clusters = (total * sector - data) // (a_cluster * sector)
    bits = 32 if not table_16 else 16 if clusters > _LARGEST_12 else 12
    # A table that is too small for them ends the clusters, as in Linux.
    clusters = min(clusters, table_size * sector * 8 // bits - 2)
    if clusters < 1 or (bits == 16 and clusters > _LARGEST_16):
        return None
    return _Layout(
        bits=bits,
        cluster=a_cluster * sector,
        table=reserved * sector,
        fixed_root=fixed_root,
        fixed_root_size=fixed_root_size,
        data=data,
        clusters=clusters,
        root=root if bits == 32 else 0,
        end=total * sector,
    )


def _recognises(head: bytes, blob: Blob) -> bool:
    return _layout(head) is not None


def _opens(blob: Blob, budget: Budget) -> Contents:
    layout = _layout(blob.read_at(0, 512))
    if layout is None:
        raise Unreadable("its boot sector is damaged")
    problem = f"it is cut short: {blob.size:,} of {layout.end:,} bytes" if layout.end > blob.size else ""
    return Contents(tree=FatTree(blob, layout, budget), problem=problem)


FAT = Reader(name="fat", recognises=_recognises, opens=_opens)


class FatTree(NumberedTree):
    """The files of a FAT. An entry's ``where`` is its first cluster, 0 for an empty file and for the root."""

    format = "fat"
    keeps_permissions = False

    def __init__(self, blob: Blob, layout: _Layout, budget: Budget) -> None:
        super().__init__(budget, _ROOT)
        self._blob = blob
        self._layout = layout
        self._chunks: dict[int, bytes] = {}

    def entries(self, number: int, path: str) -> Iterator[Entry]:
        """See :class:`NumberedTree`."""
        long_name = _LongName()
        for raw in self._raw_entries(number):
            attributes = raw[11]
            if raw[0] == _GONE:
                long_name.forget()
            elif attributes & 0x3F == _LONG:
                long_name.add(raw)
            elif attributes & _LABEL:
                long_name.forget()
            else:
                name = long_name.of(raw[:11]) or _short_name(raw)
                if name not in (".", ".."):
                    yield self._entry(path + name, raw)

    def content(self, entry: Entry) -> Blob:
        """See :class:`Tree`."""
        cluster = self._layout.cluster
        count = -(-entry.size // cluster)
        if count > self._layout.clusters:
            raise Unreadable("it is larger than the file system")
        if not count:
            return Bytes(b"")
        pieces = [Piece(size, self._blob, start) for start, size in self._runs(entry.where, count)]
        if sum(piece.length for piece in pieces) < entry.size:
            raise Unreadable("its chain of clusters is shorter than it")
        return Slice(Pieced(pieces), 0, entry.size)

    def _entry(self, path: str, raw: bytes) -> Entry:
        high, low, size = struct.unpack_from("<H4xHI", raw, 20)
        cluster = low | (high << 16 if self._layout.bits == 32 else 0)
        if raw[11] & _FOLDER:
            is_root = cluster == self._layout.root
            return Entry(path=path, kind="folder", mode=0o755, where=_ROOT if is_root else cluster)
        return Entry(path=path, kind="file", mode=0o755, size=size, where=cluster)

    def _raw_entries(self, number: int) -> Iterator[bytes]:
        layout = self._layout
        if number == _ROOT and not layout.root:
            runs: Iterator[tuple[int, int]] = iter([(layout.fixed_root, layout.fixed_root_size)])
        else:
            runs = self._runs(number or layout.root, -(-_LARGEST_FOLDER // layout.cluster))
        for start, size in runs:
            self.budget.check_time()
            data = self._blob.read_at(start, size)
            if len(data) < size:
                raise Unreadable("a cluster of it lies beyond the end")
            for at in range(0, size, 32):
                if data[at] == _FREE:
                    return
                yield data[at : at + 32]

    def _runs(self, first: int, most: int) -> Iterator[tuple[int, int]]:
        """Start and size of what a chain of clusters holds, up to ``most`` clusters; neighbours are put together."""
        layout = self._layout
        seen: set[int] = set()
        here, start, count = first, first, 0
        while len(seen) < most:
            if here in seen or not 2 <= here < layout.clusters + 2:
                raise Unreadable(_DAMAGED)
            seen.add(here)
            if here == start + count:
                count += 1
            else:
                yield self._place(start, count)
                start, count = here, 1
            following = self._next(here)
            if following is None:
                break
            here = following
        if count:
            yield self._place(start, count)

    def _place(self, cluster: int, count: int) -> tuple[int, int]:
        return self._layout.data + (cluster - 2) * self._layout.cluster, count * self._layout.cluster

    def _next(self, cluster: int) -> int | None:
        """The cluster after one; None at the end of the chain."""
        bits = self._layout.bits
        chunk, within = divmod(cluster * bits // 8, _CHUNK)
        data = self._chunks.get(chunk)
        if data is None:
            if len(self._chunks) >= 64:
                self._chunks.clear()
            data = self._blob.read_at(self._layout.table + chunk * _CHUNK, _CHUNK)
            self._chunks[chunk] = data
        word = data[within : within + (4 if bits == 32 else 2)]
        if len(word) < 2:
            raise Unreadable("its table lies beyond the end")
        value = int.from_bytes(word, "little")
        if bits == 12:
            value = value >> 4 if cluster & 1 else value & 0xFFF
        elif bits == 32:
            value &= 0xFFFFFFF
        return None if value >= (1 << min(bits, 28)) - 8 else value


class _LongName:
    """Puts a long name together: its pieces come last one first, before the short name that they belong to."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._pieces: list[bytes] = []
        self._left = 0
        self._sum = -1

    def add(self, raw: bytes) -> None:
        number = raw[0] & 0x1F
        if raw[0] & 0x40:
            self._pieces, self._left, self._sum = [], number, raw[13]
        elif number != self._left or raw[13] != self._sum:
            self.forget()
            return
        self._left = number - 1
        self._pieces.append(raw[1:11] + raw[14:26] + raw[28:32])

    def of(self, short: bytes) -> str:
        """The whole name; empty where there is none, or where it belongs to another short name."""
        is_whole = self._pieces and self._left == 0 and self._sum == _checksum(short)
        name = b"".join(reversed(self._pieces)).decode("utf-16-le", "replace") if is_whole else ""
        self.forget()
        return name.split("\0")[0]


def _checksum(short: bytes) -> int:
    total = 0
    for byte in short:
        total = ((total >> 1) + (total << 7 & 0x80) + byte) & 0xFF
    return total


def _short_name(raw: bytes) -> str:
    first = bytes([_GONE]) if raw[0] == _ESCAPED else raw[:1]
    name = (first + raw[1:8]).decode("cp437").rstrip(" ")
    ending = raw[8:11].decode("cp437").rstrip(" ")
    if raw[12] & _LOWER_NAME:
        name = name.lower()
    if raw[12] & _LOWER_ENDING:
        ending = ending.lower()
    return f"{name}.{ending}" if ending else name
