"""Headers of Android's boot chain: boot images by mkbootimg, sparse ones by img2simg, vbmeta put together here."""

import contextlib
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import android
from tests.observe.network.daemons import tool


def descriptor(tag: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 8)
    return struct.pack(">QQ", tag, len(body)) + body


def hash_descriptor(name: bytes = b"boot") -> bytes:
    head = struct.pack(">Q32sIIII60x", 4096, b"sha256", len(name), 3, 32, 0)
    return descriptor(2, head + name + b"abc" + bytes(range(32)))


def hashtree_descriptor() -> bytes:
    head = struct.pack(">IQQQIIIQQ32sIIII60x", 1, 8192, 8192, 4096, 4096, 4096, 0, 0, 0, b"sha1", 6, 0, 20, 1)
    return descriptor(1, head + b"system" + bytes(20))


def vbmeta(*, algorithm: int = 1, flags: int = 0, rollback: int = 7, descriptors: bytes | None = None) -> bytes:
    """A vbmeta image by avb_vbmeta_image.h: avbtool is in no distribution."""
    if descriptors is None:
        chain = struct.pack(">IIII60x", 2, 6, 8, 0) + b"vendor" + b"otherkey"
        cmdline = struct.pack(">II", 0, 10) + b"root=/dev/"
        named = struct.pack(">QQ", 3, 4) + b"key\0text\0"
        descriptors = b"".join((
            hash_descriptor(), hashtree_descriptor(), descriptor(3, cmdline), descriptor(4, chain),
            descriptor(0, named), descriptor(99, b"later"),
        ))  # fmt: skip
    key, signature = b"k" * 520, b"s" * 256
    auxiliary = descriptors + key
    auxiliary += bytes(-len(auxiliary) % 64)
    authentication = bytes(32) + signature + bytes(32)
    header = struct.pack(">4sIIQQI", b"AVB0", 1, 1, len(authentication), len(auxiliary), algorithm)
    header += struct.pack(">10Q", 0, 32, 32, 256, len(descriptors), 520, 0, 0, 0, len(descriptors))
    header += struct.pack(">QII48s80x", rollback, flags, 3, b"avbtool 1.2.0")
    assert len(header) == android.VBMETA_HEADER
    return header + authentication + auxiliary


def test_vbmeta_says_who_verifies_what() -> None:
    read = android.read_vbmeta(vbmeta() + bytes(100))
    assert (read.version, read.algorithm_name, read.flags) == ((1, 1), "SHA256_RSA2048", 0)
    assert (read.rollback_index, read.rollback_location, read.release) == (7, 3, "avbtool 1.2.0")
    assert (read.key, read.signature) == (b"k" * 520, b"s" * 256)
    kinds = [d.kind for d in read.descriptors]
    assert kinds == ["hash", "hashtree", "cmdline", "chain", "property", "other"]
    boot, system, cmdline, chain, named, _ = read.descriptors
    assert (boot.partition, boot.algorithm, boot.digest, boot.salt) == ("boot", "sha256", bytes(range(32)), b"abc")
    assert (system.partition, system.algorithm, system.image_size, system.flags) == ("system", "sha1", 8192, 1)
    assert cmdline.text == "root=/dev/"
    assert (chain.partition, chain.key, chain.rollback_location) == ("vendor", b"otherkey", 2)
    assert (named.partition, named.text) == ("key", "text")
    assert android.read_vbmeta(vbmeta(algorithm=0, flags=3)).algorithm_name == "NONE"
    assert android.read_vbmeta(vbmeta(algorithm=77)).algorithm_name == "77"


def test_every_truncation_of_vbmeta_is_told() -> None:
    whole = vbmeta()
    for length in range(len(whole)):
        with pytest.raises(android.BadHeader):
            android.read_vbmeta(whole[:length])


@given(st.integers(0, len(vbmeta()) - 1), st.integers(0, 255))
def test_a_damaged_vbmeta_is_read_or_told(at: int, byte: int) -> None:
    broken = bytearray(vbmeta())
    broken[at] = byte
    with contextlib.suppress(android.BadHeader):
        android.read_vbmeta(bytes(broken))


def test_too_many_descriptors_are_told() -> None:
    with pytest.raises(android.BadHeader, match="more than"):
        android.read_vbmeta(vbmeta(descriptors=descriptor(99, b"") * 1025))


def test_footer_is_the_last_64_bytes() -> None:
    footer = struct.pack(">4sIIQQQ28x", b"AVBf", 1, 0, 1000, 4096, 2048)
    read = android.read_footer(bytes(100) + footer)
    assert read is not None
    assert (read.original_size, read.vbmeta_offset, read.vbmeta_size) == (1000, 4096, 2048)
    assert android.read_footer(footer + b"\0") is None
    assert android.read_footer(footer[:60]) is None


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_boot_images_by_mkbootimg(tmp_path: Path, version: int) -> None:
    pieces = {"kernel": b"K" * 5000, "ramdisk": b"R" * 300, "second": b"S" * 10, "dtb": b"D" * 4100}
    for name, data in pieces.items():
        (tmp_path / name).write_bytes(data)
    words = ["--header_version", str(version), "--kernel", "kernel", "--ramdisk", "ramdisk", "--cmdline", "quiet a=b"]
    words += ["--os_version", "11.0.0", "--os_patch_level", "2023-04", "-o", "boot.img"]
    expected = ["kernel", "ramdisk"]
    if version < 3:
        words += ["--second", "second", "--pagesize", "2048", "--board", "gw"]
        expected.append("second")
    if version == 2:
        words += ["--dtb", "dtb"]
        expected.append("dtb")
    subprocess.run([tool("mkbootimg", "mkbootimg"), *words], cwd=tmp_path, check=True)
    image = (tmp_path / "boot.img").read_bytes()
    read = android.read_boot(image[: android.BOOT_HEADER])
    assert (read.version, read.cmdline, read.is_vendor) == (version, "quiet a=b", False)
    assert (read.os_version, read.patch_level) == ("11.0.0", "2023-04")
    assert [s.name for s in read.sections] == expected
    for section in read.sections:
        assert image[section.offset : section.offset + section.length] == pieces[section.name]


@pytest.mark.parametrize("signature", [0, 4096])
def test_a_boot_image_of_version_4_tells_of_its_signature(signature: int) -> None:
    """Debian's mkbootimg knows no version 4."""
    head = struct.pack("<8sIIII16xI1536sI", b"ANDROID!", 5000, 300, 0, 1584, 4, b"quiet", signature)
    read = android.read_boot(head.ljust(4096, b"\0"))
    assert (read.version, read.cmdline, read.is_signed) == (4, "quiet", signature > 0)
    assert [(s.name, s.offset) for s in read.sections][:2] == [("kernel", 4096), ("ramdisk", 12288)]
    assert [(s.name, s.offset) for s in read.sections][2:] == ([("signature", 16384)] if signature else [])


def test_vendor_boot_by_mkbootimg(tmp_path: Path) -> None:
    (tmp_path / "ramdisk").write_bytes(b"R" * 300)
    (tmp_path / "dtb").write_bytes(b"D" * 4100)
    words = ["--header_version", "3", "--vendor_ramdisk", "ramdisk", "--dtb", "dtb", "--vendor_cmdline", "x=y"]
    words += ["--vendor_boot", "v.img"]
    subprocess.run([tool("mkbootimg", "mkbootimg"), *words], cwd=tmp_path, check=True)
    image = (tmp_path / "v.img").read_bytes()
    read = android.read_boot(image[: android.BOOT_HEADER])
    assert (read.version, read.cmdline, read.is_vendor) == (3, "x=y", True)
    found = {s.name: image[s.offset : s.offset + s.length] for s in read.sections}
    assert found == {"ramdisk": b"R" * 300, "dtb": b"D" * 4100}


def test_sparse_headers_by_img2simg(tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"A" * 4096 + bytes(8192) + bytes(range(256)) * 16)
    subprocess.run([tool("img2simg", "android-sdk-libsparse-utils"), "raw", "sparse"], cwd=tmp_path, check=True)
    image = (tmp_path / "sparse").read_bytes()
    read = android.read_sparse(image[:64])
    assert (read.block_size, read.blocks) == (4096, 4)
    at, kinds = read.header_size, []
    for _ in range(read.chunks):
        chunk = android.read_chunk(image[at : at + read.chunk_header_size])
        kinds.append(chunk.kind)
        at += chunk.size
    assert at == len(image)
    assert set(kinds) <= {"raw", "fill", "skip"}


@given(st.binary(max_size=2200), st.sampled_from([android.BOOT_MAGIC, android.VENDOR_BOOT_MAGIC, android.SPARSE_MAGIC]))
def test_noise_is_read_or_told(noise: bytes, magic: bytes) -> None:
    for reader in (android.read_boot, android.read_sparse):
        with contextlib.suppress(android.BadHeader):
            reader(magic + noise)
