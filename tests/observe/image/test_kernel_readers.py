"""Kernels and programs of UEFI: headers by hand, as no tool packs a small kernel."""

import gzip
import lzma
import struct
from pathlib import Path

import pytest

from iotscan.observe.image.blob import Bytes, read_whole
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.reader import HEAD, Contents, Reader
from iotscan.observe.image.readers import kernel
from iotscan.observe.image.unreadable import Unreadable
from tests.observe.image.sameness import damaged, survives

BANNER = b"Linux version 6.1.0-18-armmp (debian-kernel@lists.debian.org) (gcc-12 12.2.0) #1 SMP Debian 6.1.76-1\n\0"
CORE = (bytes(range(1, 256)) * 1200 + BANNER).ljust(400_000, b"\x07")
GZIP = gzip.compress(CORE, mtime=0)[:9] + b"\x03" + gzip.compress(CORE, mtime=0)[10:]
XZ = lzma.compress(CORE, check=lzma.CHECK_CRC32)
DTB = b"\xd0\x0d\xfe\xed" + struct.pack(">9I", 72, 56, 72, 40, 17, 16, 0, 0, 16) + bytes(16)
DTB += struct.pack(">4I", 1, 0, 2, 9)


def opened(reader: Reader, data: bytes) -> Contents:
    blob = Bytes(data)
    assert reader.recognises(data[:HEAD], blob)
    return reader.opens(blob, Budget())


def parts_of(contents: Contents) -> dict[str, bytes]:
    return {part.name: read_whole(part.blob, 1 << 20) for part in contents.parts if part.blob is not None}


def bzimage(packed: bytes, version: int = 0x020F) -> bytes:
    head = bytearray(2 * 512)
    head[0x1F1] = 1
    head[0x1FE:0x200] = b"\x55\xaa"
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x206, version)
    struct.pack_into("<II", head, 0x248, 300, len(packed))
    return bytes(head) + b"\x90" * 300 + packed + b"\x90" * 100


def zimage(packed: bytes, *, has_table: bool = True, order: str = "<", size: bytes = b"size") -> bytes:
    """Behind the header the code with the magics that it compares with, then what it unpacks."""
    code = b"\xfd7zXZ\0" + b"\0\0\0\0" + b"\x89LZO\0\r\n\x1a\n" + b"\0" + b"\x02!L\x18" + b"code" * 50
    start = 0x60 + len(code)
    end = start + len(packed) + len(size)
    head = bytearray(0x60)
    struct.pack_into(f"{order}III", head, 0x24, 0x016F2818, 0, end)
    if has_table:
        struct.pack_into(f"{order}II", head, 0x34, 0x45454545, 0x40)
        struct.pack_into(f"{order}III", head, 0x40, 6, 0x5A534C4B, end - 4)
    return bytes(head) + code + packed + size


def test_x86() -> None:
    assert parts_of(opened(kernel.KERNEL, bzimage(GZIP))) == {"packed": GZIP}
    assert parts_of(opened(kernel.KERNEL, bzimage(XZ + b"size"))) == {"packed": XZ}
    assert opened(kernel.KERNEL, bzimage(GZIP, version=0x0207)).parts == ()
    with pytest.raises(Unreadable, match="cut short"):
        opened(kernel.KERNEL, bzimage(GZIP)[:2000])


@pytest.mark.parametrize("order", ["<", ">"])
def test_arm(order: str) -> None:
    assert parts_of(opened(kernel.KERNEL, zimage(XZ, order=order))) == {"packed": XZ}
    assert parts_of(opened(kernel.KERNEL, zimage(GZIP, order=order, size=b""))) == {"packed": GZIP}
    lz4 = b"\x02!L\x18 and so on"
    assert parts_of(opened(kernel.KERNEL, zimage(lz4, order=order))) == {"packed": lz4}
    without = parts_of(opened(kernel.KERNEL, zimage(GZIP, has_table=False, order=order)))
    assert without["packed"].startswith(GZIP)


def test_device_trees_behind_a_kernel() -> None:
    found = parts_of(opened(kernel.KERNEL, zimage(XZ) + DTB + DTB + b"more"))
    assert found == {"packed": XZ, "dtb-1": DTB, "dtb-2": DTB}


def test_a_kernel_whose_packing_is_not_known_is_named() -> None:
    head = zimage(b"", size=b"")[:0x60]
    assert "not found" in opened(kernel.KERNEL, head + bytes(5000)).problem


def test_arm64_and_its_efi_form() -> None:
    image = bytearray(CORE)
    image[56:60] = b"ARM\x64"
    assert opened(kernel.KERNEL, bytes(image)) == Contents()
    head = b"MZ\0\0zimg" + struct.pack("<II", 512, len(XZ) + 4)
    assert parts_of(opened(kernel.KERNEL, head.ljust(512, b"\0") + XZ + b"size")) == {"packed": XZ}


def test_a_kernel_as_it_lies_in_memory() -> None:
    assert opened(kernel.UNPACKED, CORE) == Contents()
    assert opened(kernel.UNPACKED, b"\x7fELF\x01\x01".ljust(16, b"\0") + b"\2\0" + CORE) == Contents()
    module = b"\x7fELF\x01\x01".ljust(16, b"\0") + b"\1\0" + CORE
    log = b"[    0.000000] " + BANNER.replace(b"\0", b"") * 4000
    for data in (module, log, BANNER * 4, CORE.replace(b"Linux version", b"Other version")):
        assert not kernel.UNPACKED.recognises(data[:HEAD], Bytes(data))
    far = b"\x07" * (8 << 20) + CORE
    assert kernel.UNPACKED.recognises(far[:HEAD], Bytes(far[-20:] + far))


def program(sections: dict[bytes, bytes], subsystem: int = 10) -> bytes:
    """A program of UEFI with these sections."""
    optional = bytearray(240)
    optional[:2] = b"\x0b\x02"
    struct.pack_into("<H", optional, 68, subsystem)
    table, body, at = b"", b"", 1024
    for name, data in sections.items():
        table += struct.pack("<8sIIII16x", name, len(data), 0x1000, (len(data) + 511) & ~511, at)
        body += data.ljust((len(data) + 511) & ~511, b"\0")
        at = 1024 + len(body)
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    head = head.ljust(0x80, b"\0") + b"PE\0\0" + struct.pack("<HH12xHH", 0x8664, len(sections), 240, 0x22)
    return (head + bytes(optional) + table).ljust(1024, b"\0") + body


def test_programs_of_uefi() -> None:
    unified = program({b".text": b"code", b".linux": bzimage(GZIP), b".initrd": b"070701", b".cmdline": b"quiet"})
    assert parts_of(opened(kernel.EFI, unified)) == {"linux": bzimage(GZIP), "initrd": b"070701"}
    assert opened(kernel.EFI, program({b".text": b"code"})).parts == ()
    windows = program({b".text": b"code"}, subsystem=3)
    assert not kernel.EFI.recognises(windows[:HEAD], Bytes(windows))
    with pytest.raises(Unreadable, match="cut short"):
        opened(kernel.EFI, unified[:3000])


def test_a_kernel_is_opened_down_to_what_is_in_it(tmp_path: Path) -> None:
    image = tmp_path / "vmlinuz"
    image.write_bytes(zimage(XZ) + DTB)
    places = open_image(image).places
    assert [(p.path, p.format, p.problem) for p in places] == [
        ("", "kernel", ""), ("packed", "xz", ""), ("packed:unpacked", "kernel", ""), ("dtb-1", "dtb", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("image", [bzimage(XZ), zimage(XZ) + DTB, program({b".linux": GZIP})])
def test_damage_is_survived(image: bytes) -> None:
    for what, broken in damaged(image, count=60):
        for reader in (kernel.KERNEL, kernel.EFI):
            if reader.recognises(broken[:HEAD], Bytes(broken)):
                survives(reader.opens, broken, what)
