"""What boot loaders start: trees without a bottom, images that hold themselves, sizes that lie."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.hostile_images import raw
from tests.hostile_images.case import BACKDOOR, PASSWD, Case, Yard
from tests.hostile_images.traversal import ROOT, in_cpio

_END = b"\0\0\0\x09"
_STRINGS = b"data\0type\0os\0description\0data-offset\0data-size\0data-position\0compression\0"
_AT = {name: _STRINGS.index(name.encode() + b"\0") for name in _STRINGS.decode().split("\0") if name}
_RAMDISK = in_cpio([*ROOT, (b"etc/passwd", PASSWD), (b"init", b"x")])
_TREE = "does not end|outside|beyond|device tree|tree|damaged|cut short|deep|nested|sense|many"


def _prop(name: str, value: bytes, length: int | None = None) -> bytes:
    return raw.prop(_AT[name], value, length)


def _image(name: bytes, *props: bytes) -> bytes:
    return raw.node(name, _prop("type", b"ramdisk\0"), *props)


def _fit(*images: bytes, behind: bytes = b"", **lies: int) -> Callable[[Yard], Path]:
    def build(yard: Yard) -> Path:
        structure = raw.node(b"", raw.node(b"images", *images)) + _END
        return yard.write("image.itb", raw.fdt(structure, _STRINGS, **lies) + behind)

    return build


def a_fit(ramdisk: bytes) -> bytes:
    """A FIT of one ramdisk."""
    structure = raw.node(b"", raw.node(b"images", _image(b"ramdisk-1", _prop("data", ramdisk)))) + _END
    return raw.fdt(structure, _STRINGS)


_GOOD = _image(b"ramdisk-1", _prop("data", _RAMDISK))


def _structure(structure: bytes, **lies: int) -> Callable[[Yard], Path]:
    return lambda yard: yard.write("image.dtb", raw.fdt(structure, _STRINGS, **lies) + bytes(512))


def _itself(count: int) -> Callable[[Yard], Path]:
    """Each of its images is all of it."""

    def build(yard: Yard) -> Path:
        images = [
            _image(b"i%d" % n, _prop("data-position", bytes(4)), _prop("data-size", struct.pack(">I", 60_000)))
            for n in range(count)
        ]
        structure = raw.node(b"", raw.node(b"images", *images)) + _END
        return yard.write("image.itb", raw.fdt(structure, _STRINGS).ljust(60_000, b"\0"))

    return build


def _multi(sizes: bytes, data: bytes = _RAMDISK) -> Callable[[Yard], Path]:
    return lambda yard: yard.write("image", raw.uimage(sizes + data, kind=4))


def _nested(times: int) -> Callable[[Yard], Path]:
    def build(yard: Yard) -> Path:
        data = _RAMDISK
        for _ in range(times):
            data = raw.uimage(data, kind=3)
        return yard.write("image", data)

    return build


def _sparse(chunks: bytes, *, block: int = 4096, blocks: int, count: int) -> Callable[[Yard], Path]:
    head = struct.pack("<I4H4I", 0xED26FF3A, 1, 0, 28, 12, block, blocks, count, 0)
    return lambda yard: yard.write("image", head + chunks + bytes(600))


def _chunk(kind: int, blocks: int, data: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack("<2H2I", kind, 0, blocks, 12 + len(data) if size is None else size) + data


def _boot(kernel: int, page: int, ramdisk: int = 0) -> Callable[[Yard], Path]:
    head = struct.pack("<8s10I", b"ANDROID!", kernel, 0, ramdisk, 0, 0, 0, 0, page, 0, 0).ljust(4096, b"\0")
    return lambda yard: yard.write("boot.img", head + _RAMDISK)


def _vbmeta(authentication: int, auxiliary: int) -> Callable[[Yard], Path]:
    head = struct.pack(">4s2I2QI", b"AVB0", 1, 0, authentication, auxiliary, 0).ljust(256, b"\0")
    return lambda yard: yard.write("vbmeta.img", head + bytes(4096))


def _table(offset: int, size: int, count: int) -> Callable[[Yard], Path]:
    def build(yard: Yard) -> Path:
        head = struct.pack(">8I", 0xD7B7AB1E, 4000, 32, 32, count, 32, 2048, 0)
        return yard.write(
            "dtbo.img", (head + struct.pack(">8I", size, offset, *[0] * 6) * min(count, 300)).ljust(12_000, b"\0")
        )

    return build


def _environment(*variables: bytes, size: int = 0x4000) -> bytes:
    body = (b"\0".join(variables) + b"\0\0").ljust(size - 4, b"\0")
    return struct.pack("<I", zlib.crc32(body)) + body


def _trx(*offsets: int, length: int) -> Callable[[Yard], Path]:
    def build(yard: Yard) -> Path:
        rest = struct.pack("<2H3I", 0, 1, *offsets) + _RAMDISK
        whole = bytes(12) + rest
        checksum = zlib.crc32(whole[12:]) ^ 0xFFFFFFFF
        return yard.write("image.trx", b"HDR0" + struct.pack("<2I", length or len(whole), checksum) + rest)

    return build


def _pe(**fields: int) -> bytes:
    """A program of UEFI whose sections and certificates lie."""
    head = bytearray(1024)
    head[0:2], head[0x3C:0x40] = b"MZ", struct.pack("<I", 0x80)
    head[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<2H3I2H", head, 0x84, 0xAA64, fields.get("sections", 1), 0, 0, 0, 240, 0x22)
    struct.pack_into("<H", head, 0x98, 0x20B)
    struct.pack_into("<H", head, 0x98 + 68, 10)
    struct.pack_into("<I", head, 0x98 + 108, fields.get("tables", 16))
    struct.pack_into("<2I", head, 0x98 + 112 + 32, fields.get("certificates", 0), fields.get("certificates_size", 0))
    return bytes(head)


def _mcuboot(size: int) -> Callable[[Yard], Path]:
    return lambda yard: yard.write(
        "app.bin", struct.pack("<4s2I2HI", b"\x3d\xb8\xf3\x96", 0, 0, 32, 0, size).ljust(2000, b"\0")
    )


CASES = (
    Case(name="fit: 200,000 nodes in one another", build=_structure(b"\0\0\0\1x\0\0\0" * 200_000), problem=_TREE),
    Case(name="fit: 200,000 nodes in one another, and images", build=_fit(b"\0\0\0\1x\0\0\0" * 200_000), problem=_TREE),
    Case(
        name="fit: 300,000 words of nothing",
        build=_structure(b"\0\0\0\4" * 300_000 + raw.node(b"") + _END),
        finds="dtb|device|tree|boot",
    ),
    Case(name="fit: no end", build=_structure(b"\0\0\0\1\0\0\0\0"), problem=_TREE),
    Case(
        name="fit: more ends than beginnings", build=_structure(raw.node(b"") + b"\0\0\0\2" * 50 + _END), problem=_TREE
    ),
    Case(
        name="fit: a property of four gibibytes",
        build=_fit(_image(b"x", _prop("data", b"x", 0xFFFFFFF0))),
        problem=_TREE,
    ),
    Case(
        name="fit: a property whose name lies beyond the strings",
        build=_fit(raw.node(b"x", raw.prop(0xFFFFFFF0, b""))),
        problem=_TREE,
    ),
    Case(name="fit: a tree of four gibibytes", build=_fit(_GOOD, total=0xFFFFFFFF), problem=_TREE),
    Case(name="fit: a structure that begins at its end", build=_fit(_GOOD, structure=0xFFFFFFF0), problem=_TREE),
    Case(name="fit: strings that begin before it", build=_fit(_GOOD, strings=0xFFFFFFF0), problem=_TREE),
    Case(
        name="fit: 30 images that are each all of it",
        build=_itself(30),
        problem="more than 400 parts|nested deeper than 8",
    ),
    Case(name="fit: an image that is all of it", build=_itself(1), problem="nested deeper than 8"),
    Case(
        name="fit: data beyond its end",
        build=_fit(_GOOD, _image(b"y", _prop("data-position", b"\xff" * 4), _prop("data-size", b"\xff" * 4))),
        problem="data is not there",
        finds=BACKDOOR,
    ),
    Case(
        name="fit: data of minus one byte",
        build=_fit(_GOOD, _image(b"y", _prop("data-offset", b"\xff" * 4), _prop("data-size", b"\xff" * 4))),
        problem="data is not there",
        finds=BACKDOOR,
    ),
    Case(
        name="fit: 3,000 images",
        build=_fit(_GOOD, *[_image(b"n%d" % n, _prop("data", b"x" * 8)) for n in range(3000)]),
        problem="more than 400 parts|many|cut",
        finds="",
    ),
    Case(
        name="fit: names with escapes and paths",
        build=_fit(
            _GOOD,
            raw.node(
                b"../../etc/passwd\x1b[2J",
                _prop("description", b"\xe2\x80\xae\x1b]0;x\x07\0"),
                _prop("data", b"\x7fELF"),
            ),
        ),
        finds=BACKDOOR,
    ),
    Case(name="fit: two images of one name", build=_fit(_GOOD, _GOOD), finds=BACKDOOR),
    Case(
        name="uimage: longer than it is",
        build=lambda y: y.write("image", raw.uimage(_RAMDISK, size=0xFFFFFFFF)),
        problem="cut short",
    ),
    Case(
        name="uimage: a wrong sum of its header",
        build=lambda y: y.write("image", raw.uimage(_RAMDISK)[:40] + b"x" + raw.uimage(_RAMDISK)[41:]),
        problem="does not fit its checksum",
    ),
    Case(
        name="uimage: a wrong sum of its data",
        build=lambda y: y.write("image", raw.uimage(_RAMDISK, kind=3)[:-1] + b"x"),
        problem="does not fit its checksum",
        finds=BACKDOOR,
    ),
    Case(
        name="uimage: a name with escapes",
        build=lambda y: y.write("image", raw.uimage(_RAMDISK, kind=3, name=b"\x1b]0;x\x07\xe2\x80\xae\xff")),
        finds=BACKDOOR,
    ),
    Case(
        name="uimage: a table of images without an end",
        build=_multi(b"\0\0\0\4" * 3000, b""),
        problem="more than 64 images",
    ),
    Case(
        name="uimage: an image of four gibibytes among several",
        build=_multi(b"\xff\xff\xff\xff\0\0\0\0"),
        problem="cut short",
    ),
    Case(name="uimage: twenty in one another", build=_nested(20), problem="nested deeper than 8"),
    Case(
        name="sparse: blocks of no length",
        build=_sparse(_chunk(0xCAC3, 1), block=0, blocks=1, count=1),
        problem="sense|block|damaged",
    ),
    Case(
        name="sparse: sixteen tebibytes of nothing",
        build=_sparse(_chunk(0xCAC3, 0xFFFFFFFF), blocks=0xFFFFFFFF, count=1),
        problem="larger than 64 GiB",
    ),
    Case(
        name="sparse: four billion chunks",
        build=_sparse(b"", blocks=1, count=0xFFFFFFFF),
        problem="more than|cut short",
    ),
    Case(
        name="sparse: a chunk that is not there",
        build=_sparse(_chunk(0xCAC1, 1 << 20, size=12 + (1 << 32) - 4096 & 0xFFFFFFFF), blocks=1 << 20, count=1),
        problem="cut short|sense",
    ),
    Case(
        name="sparse: chunks that do not add up",
        build=_sparse(_chunk(0xCAC3, 1), blocks=2, count=1),
        problem="do not add up",
    ),
    Case(name="boot: a kernel of four gibibytes", build=_boot(0xFFFFFFF0, 2048), problem="cut short"),
    Case(name="boot: pages of no length", build=_boot(100, 0), problem="page|sense|damaged|cut|size"),
    Case(name="boot: pages of a byte", build=_boot(100, 1), problem="page|sense|damaged|cut|size"),
    Case(
        name="vbmeta: blocks of 2^63 bytes",
        build=_vbmeta(1 << 63, 1 << 63),
        problem="cut short|large|sense|damaged|size",
    ),
    Case(
        name="dtbo: 256 trees that are all of it",
        build=_table(0, 12_000, 256),
        problem="more than 400 parts|nested deeper than 8",
    ),
    Case(name="dtbo: four billion trees", build=_table(0, 100, 0xFFFFFFFF), problem="makes no sense"),
    Case(
        name="u-boot: an environment with escapes",
        build=lambda y: y.write(
            "env.bin",
            _environment(b"bootcmd=run \x1b[2J\xe2\x80\xae", b"bootdelay=3", b"bootargs=\x1b]0;x\x07 root=/dev/x"),
        ),
        finds="boot",
    ),
    Case(
        name="u-boot: an environment that runs itself",
        build=lambda y: y.write(
            "env.bin", _environment(b"bootcmd=run bootcmd; run a", b"a=run b; run b", b"b=run a; run a", b"bootdelay=0")
        ),
        finds="boot",
    ),
    Case(
        name="u-boot: 100,000 variables",
        build=lambda y: y.write(
            "env.bin",
            _environment(b"bootcmd=x", *[b"v%d=bootcmd=${v%d}" % (n, n + 1) for n in range(8_000)], size=0x40000),
        ),
        finds="boot",
    ),
    Case(
        name="trx: parts that begin where it begins",
        build=_trx(0, 0, 0, length=0),
        problem="sense|part|cut|damaged|nested",
        finds="",
    ),
    Case(name="trx: longer than it is", build=_trx(28, 0, 0, length=0xFFFFFFFF), problem="cut short"),
    Case(name="mcuboot: a program of four gibibytes", build=_mcuboot(0xFFFFFFFF), problem="no trailer|cut short"),
    Case(name="efi: 65,535 sections", build=lambda y: y.write("x.efi", _pe(sections=65535)), finds="efi|boot"),
    Case(
        name="efi: certificates beyond its end",
        build=lambda y: y.write("x.efi", _pe(certificates=0xFFFFFFF0, certificates_size=0xFFFFFFF0)),
        finds="efi|boot",
    ),
)
