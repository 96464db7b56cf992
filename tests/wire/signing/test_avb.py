"""vbmeta images, put together by avb_vbmeta_image.h and signed: avbtool is in no distribution."""

import hashlib
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import SignedArtefact
from iotscan.wire.signing.avb import read_avb
from iotscan.wire.signing.windows import Memory
from iotscan.wire.verity import Superblock, root_hash
from tests.wire.signing.trying import mutated, state, survivors, trusted, verified_cuts
from tests.wire.test_android import descriptor

KEY, OTHER, CHAINED = (rsa.generate_private_key(65537, 2048) for _ in range(3))
BOOT, SYSTEM, VENDOR = bytes(range(256)) * 20, bytes(range(256)) * 64, b"vendor partition" * 256


def avb_key(key: rsa.RSAPrivateKey) -> bytes:
    n = key.public_key().public_numbers().n
    inverse = (-pow(n, -1, 1 << 32)) % (1 << 32)
    return struct.pack(">II", 2048, inverse) + n.to_bytes(256, "big") + (pow(2, 4096, n)).to_bytes(256, "big")


def hashed(name: bytes, data: bytes) -> bytes:
    head = struct.pack(">Q32sIIII60x", len(data), b"sha256", len(name), 4, 32, 0)
    return descriptor(2, head + name + b"salt" + hashlib.sha256(b"salt" + data).digest())


def tree(name: bytes, data: bytes) -> bytes:
    block = Superblock(
        kind=1, algorithm="sha256", data_block=4096, hash_block=4096, data_blocks=len(data) // 4096, salt=b"salt"
    )
    root = root_hash(Memory(data).read_at, block)
    assert root is not None
    head = struct.pack(">IQQQIIIQQ32sIIII60x", 1, len(data), len(data), 4096, 4096, 4096, 0, 0, 0, b"sha256",
                       len(name), 4, 32, 0)  # fmt: skip
    return descriptor(1, head + name + b"salt" + root)


def chain(name: bytes, key: rsa.RSAPrivateKey) -> bytes:
    return descriptor(4, struct.pack(">IIII60x", 2, len(name), 520, 0) + name + avb_key(key))


def vbmeta(*descriptors: bytes, key: Any = KEY, flags: int = 0, algorithm: int = 1, rollback: int = 7) -> bytes:
    body = b"".join(descriptors)
    public = avb_key(key) if algorithm else b""
    auxiliary = body + public
    auxiliary += bytes(-len(auxiliary) % 64)
    size = 320 if algorithm else 0
    header = struct.pack(">4sIIQQI", b"AVB0", 1, 0, size, len(auxiliary), algorithm)
    lengths = (0, 32, 32, 256) if algorithm else (0, 0, 0, 0)
    header += struct.pack(">10Q", *lengths, len(body), len(public), 0, 0, 0, len(body))
    header += struct.pack(">QII48s80x", rollback, flags, 0, b"avbtool 1.3.0")
    if not algorithm:
        return header + auxiliary
    message = header + auxiliary
    value = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return header + hashlib.sha256(message).digest() + value + bytes(32) + auxiliary


def partition(data: bytes, meta: bytes) -> bytes:
    """A partition with a vbmeta image of its own, and a footer."""
    whole = data + bytes(-len(data) % 4096) + meta
    footer = struct.pack(">4sIIQQQ28x", b"AVBf", 1, 0, len(data), len(data) + -len(data) % 4096, len(meta))
    return whole + bytes(4096 - len(footer)) + footer


WHOLE = vbmeta(hashed(b"boot", BOOT), tree(b"system", SYSTEM), chain(b"vendor", CHAINED))
OWN = partition(VENDOR, vbmeta(hashed(b"vendor", VENDOR), key=CHAINED))
PARTITIONS = {"boot": BOOT, "system": SYSTEM, "vendor": OWN}


def read(data: bytes, **changed: bytes) -> SignedArtefact | None:
    there = PARTITIONS | changed
    return read_avb(Memory(data), "vbmeta.img", lambda name: Memory(there[name]) if name in there else None)


def test_partitions_and_one_that_is_handed_on() -> None:
    found = read(WHOLE)
    assert found is not None
    assert (found.damage, found.problem, found.rollback_counter.known) == ("", "", 7)
    assert [(p.name, p.is_covered, p.matches.known) for p in found.payloads] == [
        ("boot", True, True),
        ("system", True, True),
        ("vendor", True, True),
    ]
    assert found.signatures[0].fits.known is True
    assert state(found, trusted(KEY, "avb")) == "verified"
    assert state(found, trusted(OTHER, "avb")) == "wrong-signer"
    assert state(read_avb(Memory(WHOLE)), trusted(KEY)) == "present"
    assert state(read_avb(Memory(OWN)), trusted(CHAINED)) == "verified"
    assert read_avb(Memory(BOOT)) is None


@pytest.mark.parametrize(
    ("data", "changed", "said"),
    [
        (WHOLE, {"boot": BOOT[:-1] + b"x"}, "broken"),
        (WHOLE, {"boot": BOOT[:-1]}, "broken"),
        (WHOLE, {"system": SYSTEM[:9000] + b"x" + SYSTEM[9001:]}, "broken"),
        (WHOLE, {"vendor": b"x" + OWN[1:]}, "broken"),
        (WHOLE, {"vendor": partition(VENDOR, vbmeta(hashed(b"vendor", VENDOR), key=OTHER))}, "broken"),
        (WHOLE, {"vendor": VENDOR}, "broken"),
        (WHOLE, {"vendor": partition(VENDOR, vbmeta(hashed(b"vendor", VENDOR), algorithm=0))}, "broken"),
        (vbmeta(hashed(b"boot", BOOT), algorithm=0), {}, "unsigned"),
        (vbmeta(hashed(b"boot", BOOT), flags=2), {}, "broken"),
        (vbmeta(tree(b"system", SYSTEM), flags=1), {}, "broken"),
        (vbmeta(hashed(b"boot", BOOT), flags=1), {}, "verified"),
        (vbmeta(hashed(b"boot", BOOT), key=OTHER), {}, "wrong-signer"),
        (vbmeta(hashed(b"boot", BOOT)).replace(b"avbtool 1.3", b"avbtool 1.4"), {}, "broken"),
    ],
)
def test_verdicts(data: bytes, changed: dict[str, bytes], said: str) -> None:
    assert state(read(data, **changed), trusted(KEY)) == said


def test_what_is_disabled_is_named() -> None:
    found = read(vbmeta(hashed(b"boot", BOOT), flags=3))
    assert found is not None
    assert found.notes == ("hash trees are disabled (flag 1)", "verification is disabled (flag 2)")


def test_a_flipped_byte_is_seen() -> None:
    """What survives is padding behind the signature, which libavb does not look at either."""
    padding_at = range(256 + 288, 256 + 320)
    survived = [at for at, _ in survivors(WHOLE, read, trusted(KEY), count=len(WHOLE) // 4)]
    assert set(survived) <= set(padding_at)
    for name, data in PARTITIONS.items():

        def changed(other: bytes, name: str = name) -> SignedArtefact | None:
            return read(WHOLE, **{name: other})

        # Behind its data, a partition has padding and the version in its footer.
        survived = [at for at, _ in survivors(data, changed, trusted(KEY), count=60)]
        assert all(name == "vendor" and at >= len(VENDOR) for at in survived)


def test_a_cut_is_seen() -> None:
    assert verified_cuts(WHOLE, read, trusted(KEY), range(0, len(WHOLE), 7)) == []
    ends = range(0, len(OWN), 31)
    assert verified_cuts(OWN, lambda data: read(WHOLE, vendor=data), trusted(KEY), ends) == []


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8), st.integers(0, 1 << 20))
def test_no_bytes_make_it_raise(changes: list[tuple[int, int]], cut: int) -> None:
    state(read(mutated(WHOLE, changes, cut)), trusted(KEY))
    state(read_avb(Memory(mutated(OWN[-2048 - 4096 :], changes, 0))), trusted(KEY))
    state(read(WHOLE, vendor=mutated(OWN, changes, cut)), trusted(KEY))
