"""vbmeta images, made byte by byte (avbtool is in no Debian package) and signed with a key of our own."""

import hashlib
import struct

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from iotscan.model.facts import KernelCommandLines, Vbmeta, VerifiedBootMetadata
from tests.observe.image.boot.making import a_site, facts_of

KEY = rsa.generate_private_key(65537, 2048)


def public_key() -> bytes:
    """As libavb wants it: bits, n0inv, n, rr."""
    n = KEY.public_key().public_numbers().n
    inverse = (-pow(n, -1, 1 << 32)) % (1 << 32)
    return struct.pack(">II", 2048, inverse) + n.to_bytes(256, "big") + pow(2, 4096, n).to_bytes(256, "big")


def vbmeta(*, algorithm: int = 1, flags: int = 0, rollback: int = 7, line: str = "") -> bytes:
    text = line.encode()
    body = struct.pack(">II", 0, len(text)) + text
    body += bytes(-len(body) % 8)
    descriptors = struct.pack(">QQ", 3, len(body)) + body if line else b""
    key = public_key() if algorithm else b""
    auxiliary = descriptors + key
    auxiliary += bytes(-len(auxiliary) % 64)
    authentication = 320 if algorithm else 0
    header = struct.pack(">4sIIQQI", b"AVB0", 1, 0, authentication, len(auxiliary), algorithm)
    sizes = (0, 32, 32, 256) if algorithm else (0, 0, 0, 0)
    header += struct.pack(">4Q", *sizes) + struct.pack(">QQ", len(descriptors), len(key)) + struct.pack(">QQ", 0, 0)
    header += struct.pack(">QQQII", 0, len(descriptors), rollback, flags, 0)
    header = header.ljust(256, b"\0")
    if not algorithm:
        return header + auxiliary
    signature = KEY.sign(header + auxiliary, padding.PKCS1v15(), hashes.SHA256())
    digest = hashlib.sha256(header + auxiliary).digest()
    return header + (digest + signature).ljust(authentication, b"\0") + auxiliary


def only(data: bytes, format: str = "vbmeta") -> Vbmeta:
    found = facts_of(a_site(("p4", format, data)))["VerifiedBootMetadata"]
    assert isinstance(found, VerifiedBootMetadata)
    (one,) = found.vbmeta
    return one


def test_a_signed_vbmeta() -> None:
    one = only(vbmeta())
    assert (one.algorithm, one.rollback_index) == ("SHA256_RSA2048", 7)
    assert (one.hashtree_disabled, one.verification_disabled) == (False, False)
    assert one.public_key_sha256 == hashlib.sha256(public_key()).hexdigest()
    assert one.signature_holds.known is True


@pytest.mark.parametrize("at", [118, 300, -10])
def test_one_changed_byte_breaks_the_signature(at: int) -> None:
    data = bytearray(vbmeta(line="androidboot.veritymode=enforcing"))
    data[at] ^= 1
    assert only(bytes(data)).signature_holds.known is False


def test_flags_and_no_signature() -> None:
    one = only(vbmeta(algorithm=0, flags=3))
    assert (one.algorithm, one.hashtree_disabled, one.verification_disabled) == ("NONE", True, True)
    assert one.signature_holds.known is False


def test_a_vbmeta_at_the_end_of_a_partition_and_its_command_line() -> None:
    meta = vbmeta(line="root=/dev/dm-0 androidboot.veritymode=enforcing")
    footer = struct.pack(">4sIIQQQ", b"AVBf", 1, 0, 4096, 8192, len(meta)).ljust(64, b"\0")
    data = (bytes(8192) + meta).ljust(16384 - 64, b"\0") + footer
    assert only(data, "ext4").signature_holds.known is True
    lines = facts_of(a_site(("p4", "ext4", data)))["KernelCommandLines"]
    assert isinstance(lines, KernelCommandLines)
    assert (lines.lines[0].carrier, lines.lines[0].is_signed) == ("vbmeta", True)
