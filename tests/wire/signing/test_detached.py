"""Signatures in files of their own, as openssl makes them: the same verdicts as its own verifying."""

import base64
import random
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import PublicKey, SignedArtefact, TrustedKey
from iotscan.wire.signing.detached import read_detached
from iotscan.wire.signing.public_keys import describe_key, read_key_file
from iotscan.wire.signing.windows import Memory
from tests.wire.signing.made import a_certificate
from tests.wire.signing.trying import accepts, mutated, run, state, tool, trusted

FIRMWARE = bytes(range(256)) * 80
"""Longer than a fact keeps."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("detached")
    openssl = tool("openssl", "openssl")
    (place / "fw").write_bytes(FIRMWARE)
    for name, how in {
        "rsa": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
        "ec": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "ed25519": ("ED25519",),
        "other": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    }.items():
        run(openssl, "genpkey", "-algorithm", *how, "-out", f"{name}.key", cwd=place)
        run(openssl, "pkey", "-in", f"{name}.key", "-pubout", "-out", f"{name}.pub", cwd=place)
    for name in ("rsa", "ec"):
        for digest in ("sha256", "sha512"):
            run(openssl, "dgst", f"-{digest}", "-sign", f"{name}.key", "-out", f"{name}.{digest}", "fw", cwd=place)
    pss = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")
    run(openssl, "dgst", "-sha256", "-sign", "rsa.key", *pss, "-out", "rsa.pss", "fw", cwd=place)
    run(openssl, "pkeyutl", "-sign", "-inkey", "ed25519.key", "-rawin", "-in", "fw", "-out", "ed25519.sig", cwd=place)
    certificate = a_certificate("signer", load_pem_private_key((place / "rsa.key").read_bytes(), None))
    (place / "rsa.pem").write_text(ssl.DER_cert_to_PEM_cert(base64.b64decode(certificate.der)))
    cms = (openssl, "cms", "-sign", "-binary", "-signer", "rsa.pem", "-inkey", "rsa.key", "-in", "fw")
    run(*cms, "-outform", "DER", "-out", "fw.p7s", cwd=place)
    run(*cms, "-outform", "PEM", "-out", "fw.pem", cwd=place)
    run(*cms, "-outform", "DER", "-nodetach", "-out", "fw.whole", cwd=place)
    return place


def key_of(folder: Path, name: str) -> PublicKey:
    return describe_key(load_pem_public_key((folder / f"{name}.pub").read_bytes()))


def read(folder: Path, name: str, data: bytes, *keys: PublicKey) -> SignedArtefact | None:
    return read_detached(Memory(data), (folder / name).read_bytes(), "fw", keys)


def anchor(folder: Path) -> TrustedKey:
    (certificate,) = read_key_file((folder / "rsa.pem").read_bytes()).certificates
    return TrustedKey(use="given", path="rsa.pem", certificate=certificate)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("rsa.sha256", "rsa"),
        ("rsa.sha512", "rsa"),
        ("rsa.pss", "rsa"),
        ("ec.sha256", "ec"),
        ("ec.sha512", "ec"),
        ("ed25519.sig", "ed25519"),
    ],
)
def test_a_bare_value(folder: Path, name: str, key: str) -> None:
    public = key_of(folder, key)
    assert state(read(folder, name, FIRMWARE, public), trusted(public)) == "verified"
    assert state(read(folder, name, FIRMWARE[:-1], public), trusted(public)) == "wrong-signer"
    choice = random.Random(1)
    for _ in range(20):
        changed = bytearray(FIRMWARE)
        changed[choice.randrange(len(changed))] ^= 1 << choice.randrange(8)
        assert state(read(folder, name, bytes(changed), public), trusted(public)) == "wrong-signer"
    if key == "rsa":
        stranger = key_of(folder, "other")
        assert state(read(folder, name, FIRMWARE, stranger), trusted(stranger)) == "wrong-signer"


def test_what_openssl_says(folder: Path) -> None:
    openssl = tool("openssl", "openssl")
    verify = (openssl, "dgst", "-sha256", "-verify")
    assert accepts(*verify, "rsa.pub", "-signature", "rsa.sha256", "fw", cwd=folder)
    assert not accepts(*verify, "other.pub", "-signature", "rsa.sha256", "fw", cwd=folder)
    cms = (
        openssl,
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-CAfile",
        "rsa.pem",
        "-purpose",
        "any",
        "-no_check_time",
    )
    assert accepts(*cms, "-in", "fw.p7s", "-content", "fw", cwd=folder)


@pytest.mark.parametrize("name", ["fw.p7s", "fw.pem"])
def test_a_cms_message(folder: Path, name: str) -> None:
    found = read(folder, name, FIRMWARE)
    assert found is not None
    assert (found.variant, found.damage, found.problem) == ("cms", "", "")
    assert state(found, anchor(folder)) == "verified"
    assert state(read(folder, name, FIRMWARE + b"x"), anchor(folder)) == "broken"
    assert state(found, trusted(key_of(folder, "other"))) == "wrong-signer"


def test_a_message_over_something_else(folder: Path) -> None:
    """Its content is in it and signed; the file beside it could be any."""
    assert state(read(folder, "fw.whole", FIRMWARE), anchor(folder)) == "broken"


@pytest.mark.parametrize("name", ["rsa.sha256", "ec.sha256", "ed25519.sig", "fw.p7s"])
def test_a_flipped_byte_of_the_signature(folder: Path, name: str) -> None:
    """Some of a CMS message is not signed: versions, what nobody reads; openssl takes those, too."""
    data = (folder / name).read_bytes()
    keys = [key_of(folder, k) for k in ("rsa", "ec", "ed25519")]
    known = [anchor(folder)] if name.endswith("p7s") else [trusted(k) for k in keys]
    openssl = tool("openssl", "openssl")
    verify = (
        openssl,
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-CAfile",
        "rsa.pem",
        "-purpose",
        "any",
        "-no_check_time",
    )
    choice = random.Random(2)
    for at in choice.sample(range(len(data)), min(200, len(data))):
        changed = bytearray(data)
        changed[at] ^= 1 << choice.randrange(8)
        if state(read_detached(Memory(FIRMWARE), bytes(changed), "fw", keys), *known) == "verified":
            (folder / "tried.p7s").write_bytes(changed)
            assert accepts(*verify, "-in", "tried.p7s", "-content", "fw", cwd=folder), f"byte {at} was flipped"


def test_text_of_a_value(folder: Path) -> None:
    value = (folder / "rsa.sha256").read_bytes()
    public = key_of(folder, "rsa")
    for text in (base64.b64encode(value), base64.encodebytes(value), value.hex().encode() + b"\n"):
        assert state(read_detached(Memory(FIRMWARE), text, "fw", [public]), trusted(public)) == "verified"
    for none in (b"", b"checksum", value[:-1], value * 20):
        assert read_detached(Memory(FIRMWARE), none, "fw", [public]) is None


def test_other_forms_are_asked_first(folder: Path) -> None:
    asked: list[str] = []
    found = read_detached(
        Memory(b""),
        b"untrusted comment: x",
        "fw",
        (),
        [lambda path, *_: asked.append(path)],  # type: ignore[func-returns-value]  # None is the answer
    )
    assert (found, asked) == (None, ["fw"])


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    read_detached(Memory(b"firmware"), data)


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=8), st.integers(0, 1 << 20))
def test_no_bytes_make_it_raise(folder: Path, changes: list[tuple[int, int]], cut: int) -> None:
    data = mutated((folder / "fw.p7s").read_bytes(), changes, cut)
    state(read_detached(Memory(FIRMWARE), data), anchor(folder))
