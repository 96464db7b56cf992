"""File systems by their own tools, and then changed: superblocks that lie, folders in circles, terabytes of holes."""

import functools
import os
import struct
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.hostile_images import raw
from tests.hostile_images.case import BACKDOOR, FOUND_KEY, KEY, PASSWD, Case, Yard
from tests.hostile_images.folders import ODD_NAMES
from tests.observe.network.daemons import tool

_LIES = "damaged|cut short|not one of squashfs|lies beyond|is no folder|not known|points|not read|fragment|unpack|table"


def _files(folder: Path) -> None:
    for path, data in {"etc/passwd": PASSWD, "etc/shadow": b"root:*:1::::::\n", "bin/sh": b"#!/bin/true\n",
                       "usr/lib/x": b"x" * 3000, "etc/keyXfile": KEY, "usr/ZZZ": KEY}.items():  # fmt: skip
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    (folder / "usr/inner").mkdir()
    (folder / "usr/link").symlink_to("../" * 20 + "etc/shadow")


def _made(*command: str, prepare: Callable[[Path], None] = lambda folder: None) -> bytes:
    """An image that a tool makes of a small root file system; ``FROM`` and ``TO`` stand for the folder and it."""
    with tempfile.TemporaryDirectory(prefix="iotscan-hostile-") as place:
        folder, image = Path(place) / "root", Path(place) / "image"
        folder.mkdir()
        _files(folder)
        prepare(folder)
        words = [str(folder) if w == "FROM" else str(image) if w == "TO" else w for w in command]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return image.read_bytes()


_PLAIN_SQUASHFS = ("FROM", "TO", "-quiet", "-no-progress", "-all-root", "-noI", "-noD", "-noF", "-noX", "-b", "4096")


@functools.cache
def _squashfs(*more: str) -> bytes:
    return _made(tool("mksquashfs", "squashfs-tools"), *_PLAIN_SQUASHFS, *more)


@functools.cache
def _ext(kind: str, *more: str) -> bytes:
    options = ("-q", "-t", kind, "-b", "1024", "-I", "256", *more, "-d", "FROM", "TO", "600K")
    return _made(tool("mke2fs", "e2fsprogs"), *options)


@functools.cache
def _fat() -> bytes:
    with tempfile.TemporaryDirectory(prefix="iotscan-hostile-") as place:
        image, folder = Path(place) / "image", Path(place) / "root"
        folder.mkdir()
        (folder / "key.pem").write_bytes(KEY)
        subprocess.run(
            [tool("mkfs.vfat", "dosfstools"), "-C", str(image), "256"], check=True, stdout=subprocess.DEVNULL
        )
        copied = [tool("mcopy", "mtools"), "-i", image, folder / "key.pem", "::/KEY.PEM"]
        made = [tool("mmd", "mtools"), "-i", image, "::/FOLDER", "::/FOLDER/INNER"]
        for command in (copied, made):
            subprocess.run(command, check=True)
        return image.read_bytes()


def _patched(made: Callable[[], bytes], *changes: tuple[int, bytes]) -> Callable[[Yard], Path]:
    """Bytes at offsets replaced."""

    def build(yard: Yard) -> Path:
        data = bytearray(made())
        for at, new in changes:
            data[at : at + len(new)] = new
        return yard.write("image", bytes(data))

    return build


def _renamed(made: Callable[[], bytes], old: bytes, new: bytes) -> Callable[[Yard], Path]:
    """A name where it stands, replaced by another of the same length that no tool takes."""

    def build(yard: Yard) -> Path:
        data = made()
        assert old in data
        assert len(old) == len(new)
        return yard.write("image", data.replace(old, new))

    return build


def _debugged(*commands: str) -> Callable[[Yard], Path]:
    """An ext2 after commands of debugfs."""

    def build(yard: Yard) -> Path:
        image = yard.write("image", _ext("ext2"))
        for command in commands:
            words = [tool("debugfs", "e2fsprogs"), "-w", "-R", command, image]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return image

    return build


def _sparse(folder: Path) -> None:
    (folder / "etc/shadow").unlink()
    (folder / "etc/shadow").touch()
    os.truncate(folder / "etc/shadow", 20 << 30)


def _some(folder: Path) -> None:
    """mksquashfs reads holes, too: more of them would take it minutes."""
    (folder / "usr/hole").touch()
    os.truncate(folder / "usr/hole", 96 << 20)


def _huge(folder: Path) -> None:
    (folder / "usr/hole").touch()
    os.truncate(folder / "usr/hole", 1 << 40)


def _odd(folder: Path) -> None:
    for name in ODD_NAMES:
        with open(os.path.join(os.fsencode(folder / "etc"), name), "wb") as file:
            file.write(KEY)


def _in_squashfs(prepare: Callable[[Path], None], *more: str) -> Callable[[Yard], Path]:
    words = (tool("mksquashfs", "squashfs-tools"), "FROM", "TO", "-quiet", "-no-progress", "-all-root", *more)
    return lambda yard: yard.write("image", _made(*words, prepare=prepare))


def _in_ext(prepare: Callable[[Path], None]) -> Callable[[Yard], Path]:
    words = ("mke2fs", "-q", "-t", "ext4", "-b", "1024", "-d", "FROM", "TO", "4M")
    return lambda yard: yard.write("image", _made(tool(words[0], "e2fsprogs"), *words[1:], prepare=prepare))


def _super(at: int, layout: str, value: int) -> tuple[int, bytes]:
    """A field of the superblock of ext, which stands at 1024."""
    return 1024 + at, struct.pack(layout, value)


def _ext_dir_loop(length: int) -> Callable[[Yard], Path]:
    """The first entry of /etc says that it is ``length`` bytes long."""

    def build(yard: Yard) -> Path:
        data = bytearray(_ext("ext2"))
        at = data.index(b"passwd") - 8
        data[at + 4 : at + 6] = struct.pack("<H", length)
        return yard.write("image", bytes(data))

    return build


def _squashfs_circle(yard: Yard) -> Path:
    """/usr/inner is /usr again: the inodes stand uncompressed, so their reference can be put in the listing."""
    data = bytearray(_squashfs())
    inodes, folders = struct.unpack_from("<2Q", data, 64)
    listing = bytes(data[folders:])
    inner, usr = listing.index(b"inner") - 8, listing.index(b"usr") - 8
    data[folders + inner : folders + inner + 2] = listing[usr : usr + 2]
    assert inodes < folders
    return yard.write("image", bytes(data))


def _fat_patched(change: Callable[[bytearray], None]) -> Callable[[Yard], Path]:
    def build(yard: Yard) -> Path:
        data = bytearray(_fat())
        change(data)
        root = _ext("ext2")
        sizes = len(data) // 512, len(root) // 512
        table = raw.mbr((0x0C, 8, sizes[0]), (0x83, 8 + sizes[0], sizes[1]))
        return yard.write("image", table.ljust(4096, b"\0") + data + root)

    return build


def _fat_circle(data: bytearray) -> None:
    folder, inner = data.index(b"FOLDER  "), data.index(b"INNER   ")
    data[inner + 26 : inner + 28] = data[folder + 26 : folder + 28]


def _fat_chain(data: bytearray) -> None:
    """The file's first cluster follows itself."""
    at = data.index(b"KEY     PEM")
    (cluster,) = struct.unpack_from("<H", data, at + 26)
    table = struct.unpack_from("<H", data, 14)[0] * 512
    where = table + cluster * 3 // 2
    (word,) = struct.unpack_from("<H", data, where)
    new = (word & 0x0F) | cluster << 4 if cluster & 1 else (word & 0xF000) | cluster
    struct.pack_into("<H", data, where, new)
    struct.pack_into("<I", data, at + 28, 60_000)


def _fat_size(data: bytearray) -> None:
    struct.pack_into("<I", data, data.index(b"KEY     PEM") + 28, 0xFFFFFFFF)


def _fat_name(name: str) -> Callable[[bytearray], None]:
    """A long name before the file's short one."""

    def change(data: bytearray) -> None:
        at = data.index(b"KEY     PEM")
        total = 0
        for byte in data[at : at + 11]:
            total = ((total >> 1) + (total << 7 & 0x80) + byte) & 0xFF
        text = (name + "\0").encode("utf-16-le", "surrogatepass").ljust(26, b"\xff")[:26]
        long = bytes([0x41]) + text[:10] + b"\x0f\0" + bytes([total]) + text[10:22] + b"\0\0" + text[22:26]
        data[at + 32 : at + 64] = data[at : at + 32]
        data[at : at + 32] = long

    return change


E2, E4 = (lambda: _ext("ext2")), (lambda: _ext("ext4", "-O", "^metadata_csum"))
SQ = _squashfs
CASES = (
    Case(name="squashfs: four billion inodes", build=_patched(SQ, (4, b"\xff" * 4)), finds=BACKDOOR),
    Case(name="squashfs: longer than it is", build=_patched(SQ, (40, b"\xff" * 7)), problem="cut short"),
    Case(name="squashfs: blocks of no length", build=_patched(SQ, (12, bytes(4))), problem="block size"),
    Case(
        name="squashfs: blocks of 2 GiB",
        build=_patched(SQ, (12, struct.pack("<I", 1 << 31)), (22, b"\x1f\0")),
        problem="block size",
    ),
    Case(
        name="squashfs: a packing that is not known",
        build=_patched(SQ, (20, b"\x63\0")),
        problem="compress|pack|not known",
    ),
    Case(name="squashfs: its root is nowhere", build=_patched(SQ, (32, b"\xff" * 6)), problem=_LIES),
    Case(name="squashfs: its root is a file", build=_patched(SQ, (32, bytes(8))), problem=_LIES),
    Case(name="squashfs: owners beyond its end", build=_patched(SQ, (48, b"\xff" * 7 + b"\x7f")), problem=_LIES),
    Case(name="squashfs: folders beyond its end", build=_patched(SQ, (72, b"\xff" * 7 + b"\x7f")), problem=_LIES),
    Case(name="squashfs: fragments beyond its end", build=_patched(SQ, (80, b"\xff" * 7 + b"\x7f")), problem=_LIES),
    Case(
        name="squashfs: inodes in the folders' place",
        build=lambda yard: _patched(SQ, (64, _squashfs()[72:80]))(yard),
        problem=_LIES,
    ),
    Case(name="squashfs: a folder in itself", build=_squashfs_circle, problem="lies in another place"),
    Case(
        name="squashfs: a name with a slash in it",
        build=_renamed(SQ, b"keyXfile", b"key/file"),
        problem="none that a file can have",
    ),
    Case(
        name="squashfs: a name that would pass for another one",
        build=_renamed(SQ, b"keyXfile", b"k/passwd"),
        problem="none that a file can have",
        finds=BACKDOOR,
    ),
    Case(
        name="squashfs: a name that climbs out",
        build=_renamed(SQ, b"keyXfile", b"../../ke"),
        problem="none that a file can have",
    ),
    Case(
        name="squashfs: a name with a zero in it",
        build=_renamed(SQ, b"keyXfile", b"key\0file"),
        problem="none that a file can have",
    ),
    Case(
        name="squashfs: a file of four gibibytes that is not there",
        build=_renamed(SQ, struct.pack("<I", 3000), b"\xff" * 4),
        problem="usr/lib/x: larger than",
    ),
    Case(name="squashfs: 96 MiB of nothing", build=lambda y: _in_squashfs(_some)(y), problem="usr/hole: larger than"),
    Case(name="squashfs: names in any bytes", build=lambda y: _in_squashfs(_odd)(y), finds=FOUND_KEY),
    Case(
        name="squashfs: devices where files are read",
        build=lambda y: _in_squashfs(lambda f: (f / "etc/passwd").unlink(), "-p", "etc/passwd b 644 0 0 8 0")(y),
        problem="regular file|cannot be read",
    ),
    Case(
        name="ext2: inodes of 65,535 bytes",
        build=_patched(E2, _super(88, "<H", 65535)),
        problem="superblock is damaged",
    ),
    Case(name="ext2: groups of no inodes", build=_patched(E2, _super(40, "<I", 0)), problem="superblock is damaged"),
    Case(name="ext2: groups of no blocks", build=_patched(E2, _super(32, "<I", 0)), problem="superblock is damaged"),
    Case(name="ext2: blocks of 2^41 bytes", build=_patched(E2, _super(24, "<I", 31)), refused="neither"),
    Case(name="ext2: four billion blocks", build=_patched(E2, _super(4, "<I", 0xFFFFFFFF)), problem="cut short"),
    Case(name="ext2: a feature from tomorrow", build=_patched(E2, _super(96, "<I", 0x40000002)), problem="not known"),
    Case(name="ext2: an entry of no length", build=_ext_dir_loop(0), problem="damaged"),
    Case(name="ext2: an entry longer than its block", build=_ext_dir_loop(65532), problem="damaged"),
    Case(
        name="ext2: a name with a slash in it",
        build=_renamed(E2, b"keyXfile", b"key/file"),
        problem="none that a file can have",
    ),
    Case(
        name="ext2: a name that would pass for another one",
        build=_renamed(E2, b"keyXfile", b"k/passwd"),
        problem="none that a file can have",
        finds=BACKDOOR,
    ),
    Case(
        name="ext2: a name with a zero in it",
        build=_renamed(E2, b"keyXfile", b"key\0file"),
        problem="none that a file can have",
    ),
    Case(
        name="ext2: a folder in itself",
        build=_debugged("unlink usr/inner", "link usr usr/inner"),
        problem="lies in another place",
    ),
    Case(
        name="ext2: the root is a folder of itself",
        build=_debugged("link / usr/again"),
        problem="lies in another place",
    ),
    Case(
        name="ext2: etc/passwd of eight exbibytes",
        build=_debugged("set_inode_field etc/passwd size 9223372036854775807"),
        problem="larger than|damaged",
    ),
    Case(
        name="ext2: blocks beyond its end",
        build=_debugged("set_inode_field etc/passwd block[0] 4000000000"),
        problem="lies beyond the end",
    ),
    Case(
        name="ext2: a node of no kind",
        build=_debugged("set_inode_field etc/passwd mode 0170644"),
        problem="leads to no file",
    ),
    Case(
        name="ext2: 65,535 names of one file",
        build=_debugged("set_inode_field usr/ZZZ links_count 65535"),
        finds=FOUND_KEY,
    ),
    Case(
        name="ext2: names in any bytes",
        build=lambda y: y.write(
            "image", _made(tool("mke2fs", "e2fsprogs"), "-q", "-t", "ext2", "-d", "FROM", "TO", "2M", prepare=_odd)
        ),
        finds=FOUND_KEY,
    ),
    Case(
        name="ext2: a link to itself for etc",
        build=_debugged("unlink etc/shadow", "symlink etc/shadow shadow"),
        finds="backdoor",
    ),
    Case(name="ext4: a terabyte of nothing", build=lambda y: _in_ext(_huge)(y), problem="usr/hole: larger than"),
    Case(
        name="ext4: twenty gibibytes of nothing for etc/shadow",
        build=lambda y: _in_ext(_sparse)(y),
        problem="larger than",
    ),
    Case(
        name="ext4: a tree of extents that is its own leaf",
        build=lambda y: y.write("image", E4().replace(b"\x0a\xf3\x01\0\x04\0\0\0", b"\x0a\xf3\x01\0\x04\0\x03\0")),
        problem="lies beyond the end",
    ),
    Case(
        name="ext4: 65,535 extents in an inode",
        build=lambda y: y.write("image", E4().replace(b"\x0a\xf3\x01\0\x04\0\0\0", b"\x0a\xf3\xff\xff\x04\0\0\0")),
        problem="damaged",
    ),
    Case(
        name="ext4: descriptors of no length",
        build=_patched(lambda: _ext("ext4", "-O", "^metadata_csum,64bit"), _super(0xFE, "<H", 0)),
        problem="superblock is damaged",
    ),
    Case(name="fat: a folder in itself", build=_fat_patched(_fat_circle), problem="lies in another place"),
    Case(name="fat: a chain in a circle", build=_fat_patched(_fat_chain), problem="chain of clusters"),
    Case(name="fat: a file of four gibibytes", build=_fat_patched(_fat_size), problem="larger than"),
    Case(
        name="fat: a long name with a slash in it",
        build=_fat_patched(_fat_name("../../etc/x")),
        problem="none that a file can have",
    ),
    Case(
        name="fat: a long name with escapes and halves of characters",
        build=_fat_patched(_fat_name("\x1b[2J\u202e\ud800x")),
        finds=FOUND_KEY,
    ),
    Case(
        name="fat: clusters of no sectors",
        build=_fat_patched(lambda d: d.__setitem__(13, 0)),
        problem="format is not known",
    ),
    Case(
        name="fat: four billion sectors",
        build=_fat_patched(lambda d: d.__setitem__(slice(19, 21), b"\xff\xff")),
        problem="cut short",
    ),
)
