"""Formats written byte by byte, with whatever lies a case needs: no tool writes those."""

import struct
import zlib
from collections.abc import Iterable, Sequence

TAR_END = bytes(1024)


def tar_header(
    name: bytes,
    *,
    kind: bytes = b"0",
    size: "int | bytes" = 0,
    mode: int = 0o644,
    link: bytes = b"",
    device: tuple[int, int] = (0, 0),
    magic: bytes = b"ustar\x0000",
    tail: bytes = b"",
) -> bytes:
    """A header of tar with a sum that fits. ``size`` may be the field itself; ``tail`` is what stands from 345 on."""
    field = size if isinstance(size, bytes) else b"%011o\0" % size
    block = bytearray(512)
    parts = {
        0: name[:100], 100: b"%07o\0" % mode, 108: b"0000000\0", 116: b"0000000\0", 124: field, 136: b"00000000000\0",
        156: kind, 157: link[:100], 257: magic, 329: b"%07o\0" % device[0], 337: b"%07o\0" % device[1], 345: tail,
    }  # fmt: skip
    for at, value in parts.items():
        block[at : at + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def tar_file(name: bytes, data: bytes = b"", **more: object) -> bytes:
    """A member with its data."""
    return tar_header(name, size=len(data), **more) + data + bytes(-len(data) % 512)  # type: ignore[arg-type]  # passed on


def pax(records: Iterable[tuple[bytes, bytes]], kind: bytes = b"x") -> bytes:
    """A pax header of these records."""
    body = b""
    for key, value in records:
        rest = b" " + key + b"=" + value + b"\n"
        length = len(rest) + 1
        while len(b"%d" % length) + len(rest) != length:
            length += 1
        body += b"%d" % length + rest
    return tar_file(b"PaxHeader", body, kind=kind)


def tar(*members: bytes) -> bytes:
    """An archive of these."""
    return b"".join(members) + TAR_END


def cpio_member(
    name: bytes, data: bytes = b"", *, mode: int = 0o100644, inode: int = 0, names: int = 1,
    size: int | None = None, name_size: int | None = None,
) -> bytes:  # fmt: skip
    """A member of a cpio (newc)."""
    fields = (inode, mode, 0, 0, names, 0, len(data) if size is None else size, 0, 0, 8, 0,
              len(name) + 1 if name_size is None else name_size, 0)  # fmt: skip
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def cpio(*members: bytes) -> bytes:
    """An archive of these."""
    return b"".join(members) + cpio_member(b"TRAILER!!!")


def zip_local(name: bytes, data: bytes, *, method: int = 0, crc: int, size: int, packed: int | None = None) -> bytes:
    """A file of a zip with its local header."""
    packed = len(data) if packed is None else packed
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0x800, method, 0, 0, crc, packed, size, len(name), 0) + name + data


def zip_entry(
    name: bytes, at: int, *, method: int = 0, crc: int, size: int, packed: int, mode: int = 0o100644, flags: int = 0x800
) -> bytes:
    """A line of the table of a zip."""
    return struct.pack(
        "<4s6H3I5H2I", b"PK\1\2", 3 << 8 | 20, 20, flags, method, 0, 0, crc, packed, size, len(name), 0, 0, 0, 0,
        mode << 16, at,
    ) + name  # fmt: skip


def zip_end(count: int, size: int, at: int) -> bytes:
    """The end of a zip."""
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, size, at, 0)


def zipped(files: Sequence[tuple[bytes, bytes]], *, mode: int = 0o100644) -> bytes:
    """A zip of these files, stored."""
    body, table = b"", b""
    for name, data in files:
        crc = zlib.crc32(data)
        table += zip_entry(name, len(body), crc=crc, size=len(data), packed=len(data), mode=mode)
        body += zip_local(name, data, crc=crc, size=len(data))
    return body + table + zip_end(len(files), len(table), len(body))


def fdt(body: bytes, names: bytes = b"", *, total: int | None = None, **lies: int) -> bytes:
    """A flattened device tree of this structure and the names of its properties; ``lies`` are fields of its header."""
    at = 56
    fields = {
        "structure": at, "strings": at + len(body), "reserved": 40, "version": 17, "compatible": 16, "cpu": 0,
        "strings_size": len(names), "structure_size": len(body),
    }  # fmt: skip
    whole = at + len(body) + len(names)
    fields.update(lies)
    head = struct.pack(">10I", 0xD00DFEED, whole if total is None else total, *fields.values())
    return head + bytes(16) + body + names


def node(name: bytes, *inside: bytes) -> bytes:
    """A node of a device tree."""
    named = name + b"\0"
    return b"\0\0\0\1" + named + bytes(-len(named) % 4) + b"".join(inside) + b"\0\0\0\2"


def prop(name_at: int, value: bytes, length: int | None = None) -> bytes:
    """A property; its name is an offset into the strings."""
    return struct.pack(">3I", 3, len(value) if length is None else length, name_at) + value + bytes(-len(value) % 4)


def uimage(data: bytes, *, kind: int = 2, name: bytes = b"kernel", size: int | None = None) -> bytes:
    """A legacy image with checksums that fit; ``size`` may lie."""
    length = len(data) if size is None else size
    fields = (0x27051956, 0, 0, length, 0, 0, zlib.crc32(data), 5, 2, kind, 0)
    bare = struct.pack(">7I4B32s", *fields, name)
    return bare[:4] + struct.pack(">I", zlib.crc32(bare)) + bare[8:] + data


def mbr(*partitions: tuple[int, int, int]) -> bytes:
    """A boot sector with partitions of (type, first sector, sectors)."""
    entries = b"".join(struct.pack("<B3xB3x2I", 0, *partition) for partition in partitions)
    return bytes(446) + entries.ljust(64, b"\0") + b"\x55\xaa"


def gpt(
    sectors: int, partitions: Sequence[tuple[int, int]], *, label: str = "", count: int | None = None,
    entry_size: int = 128, table: int = 2, names: Sequence[bytes] = (),
) -> bytes:  # fmt: skip
    """The first 34 sectors of a disk with partitions of (first, last sector); ``count`` and ``entry_size`` may lie."""
    entries = b""
    for number, (first, last) in enumerate(partitions):
        name = names[number] if names else label.encode("utf-16-le", "surrogatepass")
        entries += bytes([1]) * 16 + struct.pack("<16xQQQ72s", first, last, 0, name)
    entries = entries.ljust(128 * 128, b"\0")
    said = 128 if count is None else count
    sums = zlib.crc32(entries[: said * entry_size])

    def header(own: int) -> bytes:
        return struct.pack(
            "<8s4I4Q16sQ3I", b"EFI PART", 0x10000, 92, own, 0, 1, sectors - 1, 34, sectors - 34, bytes(16), table,
            said, entry_size, sums,
        )  # fmt: skip

    bare = header(0)
    return mbr((0xEE, 1, min(sectors - 1, 0xFFFFFFFF))) + header(zlib.crc32(bare)).ljust(512, b"\0") + entries
