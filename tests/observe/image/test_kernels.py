"""Kernels. A kernel of kilobytes no tool makes: headers and banners are laid out by hand."""

import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import Kernels
from iotscan.observe.image.inspectors import software
from iotscan.wire.kernel_image import release_of, release_of_bzimage
from tests.observe.image.looking import a_root, heard_of

IMAGE = b"Linux version %s (%s)\0" + b"Linux version 6.6.32-acme (build@host) #1 SMP\0" + bytes(300)


def bzimage(packed: bytes) -> bytes:
    """An x86 kernel as its boot protocol has it (Documentation/arch/x86/boot.rst), without the code."""
    head = bytearray(4096)
    head[0x1F1] = 3
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x206, 0x20F)
    struct.pack_into("<H", head, 0x20E, 0x400)
    head[0x600:0x620] = b"6.1.55-gateway (build@host) #1\0".ljust(32, b"\0")
    struct.pack_into("<II", head, 0x248, 0, len(packed))
    return bytes(head[: 4 * 512]) + packed


def arm64(content: bytes) -> bytes:
    head = bytearray(64)
    head[0x38:0x3C] = b"ARM\x64"
    return bytes(head) + content


def kernels(folder: Path, files: dict[str, str | bytes]) -> set[tuple[str, str, str]]:
    heard = heard_of(software.INSPECTOR, a_root(folder, files))
    return {(k.release, k.path, k.source) for f in heard.facts if isinstance(f, Kernels) for k in f.kernels}


@pytest.mark.parametrize(
    ("path", "content", "release"),
    [
        ("boot/Image", arm64(IMAGE), "6.6.32-acme"),
        ("boot/Image.gz", gzip.compress(arm64(IMAGE), mtime=0), "6.6.32-acme"),
        ("boot/zImage", bytes(0x24) + b"\x18\x28\x6f\x01" + bytes(80) + gzip.compress(IMAGE, mtime=0), "6.6.32-acme"),
        ("boot/vmlinuz", bzimage(b"packed"), "6.1.55-gateway"),
    ],
)
def test_a_kernel_says_its_release(tmp_path: Path, path: str, content: bytes, release: str) -> None:
    assert kernels(tmp_path, {path: content}) == {(release, f"/{path}", "image")}


def test_modules_and_names_of_files(tmp_path: Path) -> None:
    files = {"lib/modules/6.6.32/x.ko": "", "lib/modules/readme/x": "", "boot/vmlinuz-5.15.0-91-generic": "x" * 99}
    assert kernels(tmp_path, dict(files)) == {
        ("6.6.32", "/lib/modules/6.6.32", "modules"),
        ("5.15.0-91-generic", "/boot/vmlinuz-5.15.0-91-generic", "file-name"),
    }


def test_a_kernel_that_is_none(tmp_path: Path) -> None:
    assert kernels(tmp_path, {"boot/kernel.img": b"\x1f\x8b\x08 not packed", "boot/image.txt": "x"}) == set()


@given(st.binary(max_size=400), st.binary(max_size=60))
def test_any_bytes_say_a_release_or_none(before: bytes, inside: bytes) -> None:
    release_of(before + b"Linux version " + inside)
    release_of_bzimage(before)
