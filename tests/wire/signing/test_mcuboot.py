"""MCUboot images as imgtool makes them: the same verdicts as its own ``verify``."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from imgtool import keys as imgtool_keys
from imgtool.image import Image, VerifyResult
from imgtool.main import imgtool

from iotscan.model.facts import SignedArtefact
from iotscan.wire.signing.mcuboot import read_mcuboot
from iotscan.wire.signing.public_keys import describe_key
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.trying import mutated, state, survivors, trusted, verified_cuts

KEYS: dict[str, Any] = {
    "rsa2048": rsa.generate_private_key(65537, 2048),
    "rsa3072": rsa.generate_private_key(65537, 3072),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "other": ec.generate_private_key(ec.SECP256R1()),
    "cipher": ec.generate_private_key(ec.SECP256R1()),
}
Make = Callable[..., bytes]


def read(data: bytes) -> SignedArtefact | None:
    return read_mcuboot(Memory(data), "x.bin", [describe_key(KEYS["ed25519"].public_key())])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("mcuboot")
    for name, key in KEYS.items():
        (place / f"{name}.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (place / f"{name}.pub").write_bytes(public)
    (place / "plain").write_bytes(bytes(range(256)) * 8)
    (place / "large").write_bytes(bytes(range(256)) * 80)
    return place


@pytest.fixture(scope="module")
def make(folder: Path) -> Make:
    def making(key: str, *more: str, plain: str = "plain") -> bytes:
        words = ["sign", "-v", "1.2.3+4", "-H", "512", "--pad-header", "-S", "65536", *more]
        words += ["-k", str(folder / f"{key}.pem")] if key else []
        done = CliRunner().invoke(imgtool, [*words, str(folder / plain), str(folder / "made.bin")])
        assert done.exit_code == 0, done.output
        return (folder / "made.bin").read_bytes()

    return making


def makers_word(folder: Path, data: bytes, key: str) -> bool:
    (folder / "tried.bin").write_bytes(data)
    try:
        loaded = imgtool_keys.load(str(folder / f"{key}.pem"))
        return Image.verify(str(folder / "tried.bin"), loaded)[0] is VerifyResult.OK
    except struct.error:  # imgtool on a table that is cut short
        return False


@pytest.mark.parametrize(
    ("key", "more", "by", "said"),
    [
        ("rsa2048", (), "rsa2048", "verified"),
        ("rsa3072", (), "rsa3072", "verified"),
        ("p256", (), "p256", "verified"),
        ("p256", ("--pad-sig",), "p256", "verified"),
        ("p384", (), "p384", "verified"),
        ("ed25519", (), "ed25519", "verified"),
        ("ed25519", ("--sha", "512"), "ed25519", "verified"),
        ("ed25519", ("--pure",), "ed25519", "verified"),
        ("p256", ("-s", "7", "-d", "(1,1.0.0+0)", "--boot-record", "App"), "p256", "verified"),
        ("p256", ("--public-key-format", "full"), "p256", "verified"),
        ("p256", ("--pad", "--confirm"), "p256", "verified"),
        ("p256", ("--compression", "lzma2"), "p256", "verified"),
        ("other", (), "p256", "wrong-signer"),
        ("", (), "p256", "unsigned"),
        ("", ("--sha", "384"), "p384", "unsigned"),
        ("", ("--sha", "512"), "ed25519", "unsigned"),
    ],
)
def test_what_is_said_is_what_the_maker_says(
    folder: Path, make: Make, key: str, more: tuple[str, ...], by: str, said: str
) -> None:
    data = make(key, *more)
    found = read(data)
    assert found is not None
    assert (found.damage, found.problem, found.version) == ("", "", "1.2.3+4")
    assert state(found, trusted(KEYS[by])) == said
    assert makers_word(folder, data, by) == (said == "verified")


def test_an_image_that_is_signed_itself_and_long(folder: Path, make: Make) -> None:
    data = make("ed25519", "--pure", plain="large")
    assert state(read(data), trusted(KEYS["ed25519"])) == "verified"
    assert state(read_mcuboot(Memory(data)), trusted(KEYS["ed25519"])) == "present"
    changed = bytearray(data)
    changed[9000] ^= 1
    assert state(read(bytes(changed)), trusted(KEYS["ed25519"])) == "broken"
    assert not makers_word(folder, bytes(changed), "ed25519")


def test_an_encrypted_image(folder: Path, make: Make) -> None:
    more = ("-E", str(folder / "cipher.pub"))
    found = read(make("p256", *more))
    assert found is not None
    assert (found.variant, found.payloads[0].is_encrypted) == ("encrypted", True)
    assert state(found, trusted(KEYS["p256"])) == "present"
    changed = bytearray(make("p256"))
    changed[700] ^= 1
    struct.pack_into("<H", changed, 512 + 2048 + 2, struct.unpack_from("<H", changed, 512 + 2048 + 2)[0] + 8)
    # A key for a cipher, put there by anybody, hides no change.
    assert state(read(bytes(changed) + struct.pack("<HHI", 0x33, 4, 0)), trusted(KEYS["p256"])) == "broken"
    clear = read(make("p256", *more, "--clear"))
    assert clear is not None
    assert (clear.variant, state(clear, trusted(KEYS["p256"]))) == ("", "verified")


def test_what_stands_in_it(make: Make) -> None:
    found = read(make("p256", "-s", "7", "--vid", "acme.example", "--cid", "gateway"))
    assert found is not None
    assert found.rollback_counter.known == 7
    assert [c.split()[0] for c in found.compatible] == ["vendor", "class"]
    assert len(found.signatures[0].key_hint) == 64
    without = read(make("p256"))
    assert without is not None
    assert without.rollback_counter.known is None
    padded = read(make("p256", "--pad"))
    assert padded is not None
    assert padded.notes == ("padded to a slot that is marked for its first start",)
    full = read(make("p256", "--public-key-format", "full"))
    assert full is not None
    assert (full.signatures[0].fits.known, full.signatures[0].key) == (True, describe_key(KEYS["p256"].public_key()))
    behind = read(make("p256") + bytes(100))
    assert behind is not None
    assert behind.notes == ("100 bytes behind it, which nothing signs",)


@pytest.mark.parametrize("key", ["rsa2048", "p256", "ed25519"])
def test_a_flipped_byte_is_seen(folder: Path, make: Make, key: str) -> None:
    """What survives is the digest by which the key is named: imgtool does not look at it, and it installs nothing."""
    data = make(key, "-s", "7")
    for at, changed in survivors(data, read, trusted(KEYS[key])):
        assert makers_word(folder, changed, key), f"byte {at} was flipped, and it is verified"
        assert at >= 512 + 2048, "in the header or the image"


def test_a_cut_is_seen(make: Make) -> None:
    data = make("p256", "-s", "7")
    ends = [*range(0, len(data), 61), *range(len(data) - 120, len(data))]
    assert verified_cuts(data, read, trusted(KEYS["p256"]), ends) == []


def test_two_digests_are_damage(make: Make) -> None:
    data = make("p256")
    start = 512 + 2048
    (length,) = struct.unpack_from("<H", data, start + 2)
    entry = struct.pack("<HH", 0x10, 32) + bytes(32)
    twice = data[: start + 2] + struct.pack("<H", length + 36) + data[start + 4 :] + entry
    found = read(twice)
    assert found is not None
    assert found.damage == "it has two digests"


SAMPLE = (
    struct.pack("<IIHHIIBBHII", 0x96F3B83D, 0, 32, 12, 8, 0, 1, 0, 0, 0, 0)
    + bytes(8)
    + struct.pack("<HHHHI", 0x6908, 12, 0x50, 4, 1)
    + struct.pack("<HHHH", 0x6907, 52, 0x10, 32)
    + bytes(32)
    + struct.pack("<HH", 0x22, 8)
    + bytes(8)
)


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8), st.integers(0, 1 << 20))
def test_no_bytes_make_it_raise(changes: list[tuple[int, int]], cut: int) -> None:
    for order in (SAMPLE, b"\x96\xf3\xb8\x3d" + SAMPLE[4:]):
        assert state(read(mutated(order, changes, cut)), trusted(KEYS["p256"])) != "verified"


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    for begun in (data, SAMPLE[:32] + data, SAMPLE[:56] + data):
        assert state(read(begun), trusted(KEYS["p256"])) != "verified"
