"""File systems of raw flash: nodes that lie about their length, names that are paths, folders in circles."""

import functools
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.hostile_images.case import BACKDOOR, FOUND_KEY, KEY, PASSWD, Case, Yard
from tests.observe.image.test_jffs2 import Flash
from tests.observe.image.test_ubi import Journal, ubi
from tests.observe.network.daemons import tool

_FILES: tuple[tuple[bytes, bytes, bytes], ...] = (
    (b"etc", b"passwd", PASSWD), (b"etc", b"shadow", b"root:*:1::::::\n"), (b"bin", b"sh", b"#!/bin/true\n"),
)  # fmt: skip
_FOLDER = 0o040755


def _jffs2(change: Callable[[Flash], None]) -> Callable[[Yard], Path]:
    """A small root file system; /etc is inode 2, /bin 3, its files from 10 on."""

    def build(yard: Yard) -> Path:
        flash = Flash("<")
        for number, name in ((2, b"etc"), (3, b"bin")):
            flash.name(name, number)
            flash.inode(number, size=0, mode=_FOLDER)
        for number, (folder, name, data) in enumerate(_FILES, 10):
            flash.name(name, number, parent=2 if folder == b"etc" else 3)
            flash.inode(number, data, size=len(data))
        change(flash)
        return yard.write("image.jffs2", bytes(flash.data).ljust(65_536, b"\xff"))

    return build


def _named(name: bytes, parent: int = 2) -> Callable[[Flash], None]:
    def change(flash: Flash) -> None:
        flash.name(name, 20, parent=parent)
        flash.inode(20, KEY, size=len(KEY))

    return change


def _sized(size: int, **more: int) -> Callable[[Flash], None]:
    def change(flash: Flash) -> None:
        flash.name(b"hidden", 20, parent=2)
        flash.inode(20, KEY, size=size, **more)

    return change


def _long_node(length: int) -> Callable[[Flash], None]:
    """A header whose own sum is right, and whose length is not."""

    def change(flash: Flash) -> None:
        head = struct.pack("<HHI", 0x1985, 0xE002, length)
        flash.data += head + struct.pack("<I", zlib.crc32(head, 0xFFFFFFFF) ^ 0xFFFFFFFF) + bytes(500)

    return change


@functools.cache
def _ubifs() -> bytes:
    with tempfile.TemporaryDirectory(prefix="iotscan-hostile-") as place:
        folder = Path(place) / "root"
        for where, name, data in (*_FILES, (b"usr", b"x", b"x" * 3000)):
            (folder / where.decode()).mkdir(parents=True, exist_ok=True)
            (folder / where.decode() / name.decode()).write_bytes(data)
        words = ["-m", "512", "-e", "15360", "-c", "100", "-r", str(folder), "-o", f"{place}/image"]
        subprocess.run([tool("mkfs.ubifs", "mtd-utils"), *words], check=True)
        return (Path(place) / "image").read_bytes()


def _journalled(change: Callable[[Journal], None]) -> Callable[[Yard], Path]:
    def build(yard: Yard) -> Path:
        journal = Journal(_ubifs())
        change(journal)
        return yard.write("image.ubifs", bytes(journal.image))

    return build


def _ubifs_named(name: bytes) -> Callable[[Journal], None]:
    def change(journal: Journal) -> None:
        journal.inode(500, size=len(KEY))
        journal.data(500, 0, KEY)
        journal.name(1, name, 500)

    return change


def _ubifs_circle(journal: Journal) -> None:
    journal.inode(500, mode=_FOLDER)
    journal.name(1, b"loop", 500)
    journal.name(500, b"again", 500)
    journal.name(500, b"root", 1)


def _ubifs_size(size: int) -> Callable[[Journal], None]:
    def change(journal: Journal) -> None:
        journal.inode(500, size=size)
        journal.data(500, 0, KEY)
        journal.name(1, b"hidden", 500)

    return change


def _header(vid: int, data: int) -> bytes:
    body = struct.pack(">4sB3xQIII32x", b"UBI#", 1, 0, vid, data, 7)
    return body + struct.pack(">I", zlib.crc32(body) ^ 0xFFFFFFFF)


def _volumes(*names: bytes) -> Callable[[Yard], Path]:
    """A flash with the first volume's name replaced in both copies of the table, sums and all."""

    def build(yard: Yard) -> Path:
        data = bytearray(ubi(yard.place, {"rootfsXXXXXXXX": ("dynamic", _ubifs())}))
        for file in ("v0", "u.cfg", "image.ubi"):
            (yard.place / file).unlink()
        for new in names:
            at = -1
            while (at := data.find(b"rootfsXXXXXXXX", at + 1)) >= 0:
                record = bytearray(data[at - 16 : at + 156])
                record[16 : 16 + len(new)] = new
                record[168:172] = struct.pack(">I", zlib.crc32(bytes(record[:168])) ^ 0xFFFFFFFF)
                data[at - 16 : at + 156] = record
        return yard.write("image.ubi", bytes(data))

    return build


def _versions(flash: Flash) -> None:
    for _ in range(500):
        flash.inode(11, b"x", size=1)


_NAMELESS = "names lead nowhere"
CASES = (
    Case(name="jffs2: it is read as it should be", build=_jffs2(_named(b"key")), finds=BACKDOOR, is_whole=True),
    Case(name="jffs2: a name that is a path", build=_jffs2(_named(b"../bin/key")), problem=_NAMELESS),
    Case(
        name="jffs2: a name that would pass for another one",
        build=_jffs2(_named(b"etc/passwd", 1)),
        problem=_NAMELESS,
        finds=BACKDOOR,
    ),
    Case(name="jffs2: a name with a zero in it", build=_jffs2(_named(b"key\0x")), problem=_NAMELESS),
    Case(name="jffs2: a name with escapes", build=_jffs2(_named(b"\x1b[2J\xff\xe2\x80\xae")), finds=FOUND_KEY),
    Case(name="jffs2: a folder in itself", build=_jffs2(lambda f: f.name(b"again", 2, parent=2)), problem=_NAMELESS),
    Case(name="jffs2: the root in a folder", build=_jffs2(lambda f: f.name(b"again", 1, parent=2)), problem=_NAMELESS),
    Case(name="jffs2: a file of four gibibytes", build=_jffs2(_sized(0xFFFFFFFF)), problem="larger than"),
    Case(
        name="jffs2: a node that unpacks to four gibibytes",
        build=_jffs2(_sized(9000, compressor=6, dsize=0xFFFFFFF0)),
        problem="larger than any page|damaged|cut",
    ),
    Case(name="jffs2: a node of no length", build=_jffs2(_long_node(0)), problem="damaged"),
    Case(name="jffs2: a node of four gibibytes", build=_jffs2(_long_node(0xFFFFFFFC)), problem="damaged"),
    Case(
        name="jffs2: 500 versions of one file",
        build=_jffs2(_versions),
        finds=BACKDOOR,
    ),
    Case(name="ubifs: a name that is a path", build=_journalled(_ubifs_named(b"../etc/key")), problem=_NAMELESS),
    Case(
        name="ubifs: a name that would pass for another one",
        build=_journalled(_ubifs_named(b"etc/passwd")),
        problem=_NAMELESS,
        finds=BACKDOOR,
    ),
    Case(
        name="ubifs: a name with escapes", build=_journalled(_ubifs_named(b"\x1b[2J\xff\xe2\x80\xae")), finds=FOUND_KEY
    ),
    Case(name="ubifs: folders in one another", build=_journalled(_ubifs_circle), problem=_NAMELESS),
    Case(name="ubifs: a file of eight exbibytes", build=_journalled(_ubifs_size(1 << 63)), problem="larger than"),
    Case(
        name="ubifs: blocks of no length",
        build=lambda y: y.write("image.ubifs", _ubifs()[:36] + bytes(4) + _ubifs()[40:]),
        problem="sense|damaged|checksum|superblock",
    ),
    Case(
        name="ubi: headers within headers",
        build=lambda y: y.write("image.ubi", (_header(64, 64) + bytes(960)) * 30),
        problem="makes no sense",
    ),
    Case(
        name="ubi: data that begin at 4 GiB",
        build=lambda y: y.write("image.ubi", (_header(64, 0xFFFFFFF0) + bytes(960)) * 30),
        problem="makes no sense",
    ),
    Case(
        name="ubi: blocks and no table",
        build=lambda y: y.write("image.ubi", (_header(64, 128) + b"\xff" * 448) * 60),
        problem="no volume table|cannot be told",
    ),
    Case(
        name="ubi: a volume with a name of escapes and a path",
        build=_volumes(b"../\x1b[2J\xe2\x80\xaex"),
        finds=BACKDOOR,
    ),
)
