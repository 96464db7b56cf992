"""Host keys of every type that ssh-keygen makes, and signatures of asyncssh over them."""

import hashlib
import subprocess
from base64 import b64decode

import asyncssh
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.ssh.fields import mpint, string
from iotscan.wire.ssh.host_keys import FOREVER, HostKeyBlob, PublicKey, is_signed_by, read_host_key
from tests.observe.network.daemons import tool

DATA = b"an exchange hash"
KINDS = {
    **{("ssh-rsa", name): 2048 for name in ("ssh-rsa", "rsa-sha2-256", "rsa-sha2-512")},
    ("ssh-dss", "ssh-dss"): 1024,
    **{(f"ecdsa-sha2-nistp{n}", f"ecdsa-sha2-nistp{n}"): 0 for n in (256, 384, 521)},
    ("ssh-ed25519", "ssh-ed25519"): 0,
    ("ssh-ed448", "ssh-ed448"): 0,
}


@pytest.fixture(scope="module")
def keys() -> dict[str, asyncssh.SSHKey]:
    return {kind: asyncssh.generate_private_key(kind) for kind, _ in KINDS}


@pytest.mark.parametrize(("kind", "algorithm"), KINDS)
def test_a_key_and_its_signature(keys: dict[str, asyncssh.SSHKey], kind: str, algorithm: str) -> None:
    private = keys[kind]
    shown = read_host_key(private.public_data)
    assert shown is not None
    assert (shown.key.algorithm, shown.key.bits) == (kind, KINDS[kind, algorithm])
    signature = private.sign(DATA, algorithm.encode())
    assert is_signed_by(shown.key, signature, DATA)
    assert not is_signed_by(shown.key, signature, DATA + b"!")
    for place in (5, len(signature) // 2, len(signature) - 1):
        damaged = bytearray(signature)
        damaged[place] ^= 1
        assert not is_signed_by(shown.key, bytes(damaged), DATA)


@pytest.mark.parametrize("kind", ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"])
def test_a_token_signs_over_its_flags_and_counter(kind: str) -> None:
    """As PROTOCOL.u2f of OpenSSH has it; there is no token here."""
    told = b"\x01\x00\x00\x00\x09"
    data = hashlib.sha256(b"ssh:").digest() + told + hashlib.sha256(DATA).digest()
    if "ed25519" in kind:
        token = ed25519.Ed25519PrivateKey.generate()
        values, made = [token.public_key().public_bytes_raw()], token.sign(data)
    else:
        other = ec.generate_private_key(ec.SECP256R1())
        point = other.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        r, s = decode_dss_signature(other.sign(data, ec.ECDSA(SHA256())))
        values, made = [b"nistp256", point], mpint(r) + mpint(s)
    shown = read_host_key(string(kind.encode()) + b"".join(map(string, [*values, b"ssh:"])))
    assert shown is not None
    assert is_signed_by(shown.key, string(kind.encode()) + string(made) + told, DATA)
    assert not is_signed_by(shown.key, string(kind.encode()) + string(made) + b"\0" + told[1:], DATA)
    assert not is_signed_by(shown.key, string(kind.encode()) + string(made), DATA)


def test_a_signature_of_another_key(keys: dict[str, asyncssh.SSHKey]) -> None:
    shown = read_host_key(asyncssh.generate_private_key("ssh-ed25519").public_data)
    assert shown is not None
    for (kind, algorithm), private in ((pair, keys[pair[0]]) for pair in KINDS):
        assert not is_signed_by(shown.key, private.sign(DATA, algorithm.encode()), DATA), kind


@given(
    st.sampled_from([kind for kind, _ in KINDS]), st.binary(max_size=200), st.lists(st.binary(max_size=70), max_size=5)
)
def test_nothing_raises(kind: str, signature: bytes, values: list[bytes]) -> None:
    read_host_key(string(kind.encode()) + signature)
    read_host_key(string(kind.replace("ssh-rsa", "rsa-sha2-512").encode() + b"-cert-v01@openssh.com") + signature)
    shown = read_host_key(string(kind.encode()) + b"".join(map(string, values)))
    if shown:
        is_signed_by(shown.key, signature, DATA)
        is_signed_by(shown.key, string(b"rsa-sha2-256") + string(signature), DATA)


@pytest.mark.parametrize(
    "fields",
    [
        (b"\x03", b""),
        (b"\x03", b"\x00"),
        (b"\x01", b"\xff" * 128),
        (b"\x03", b"\xfe" * 128),
        (b"\x03", b"\xff" * 4000),
        (b"\xff" * 4000, b"\xff" * 128),
    ],
)
def test_rsa_keys_that_are_none_sign_nothing(fields: tuple[bytes, bytes]) -> None:
    blob = string(b"ssh-rsa") + b"".join(map(string, fields))
    key = PublicKey(algorithm="ssh-rsa", fields=fields, blob=blob)
    for value in (b"", b"\0", b"\1", b"\xff" * 128):
        assert not is_signed_by(key, string(b"ssh-rsa") + string(value), DATA)


def test_a_key_of_a_megabyte_is_none() -> None:
    assert read_host_key(string(b"ssh-ed25519") + string(bytes(2**20))) is None


def test_a_short_key_of_an_old_device() -> None:
    # No library makes a key of 768 bits any more.
    p, q = (
        next(n for n in range(start, start + 9999, 2) if pow(2, n - 1, n) == 1)
        for start in (3 << 382 | 1, 7 << 381 | 1)
    )
    modulus, told = p * q, b"\0\1" + b"\xff" * (96 - 38)
    digest = bytes.fromhex("3021300906052b0e03021a05000414") + hashlib.sha1(DATA).digest()
    padded = int.from_bytes(told + b"\0" + digest, "big")
    exponent = pow(65537, -1, (p - 1) * (q - 1))
    value = pow(padded, exponent, modulus).to_bytes(96, "big")
    shown = read_host_key(string(b"ssh-rsa") + string(b"\1\0\1") + string(b"\0" + modulus.to_bytes(96, "big")))
    assert shown is not None
    assert shown.key.bits == 768
    assert is_signed_by(shown.key, string(b"ssh-rsa") + string(value), DATA)
    assert not is_signed_by(shown.key, string(b"ssh-rsa") + string(value), DATA + b"!")


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Certificates of an authority for a key of each kind, as bytes."""
    folder, keygen = tmp_path_factory.mktemp("ssh"), tool("ssh-keygen", "openssh-client")

    def run(*words: str) -> None:
        subprocess.run([keygen, "-q", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    run("-t", "ed25519", "-N", "", "-f", "ca")
    kinds = ("rsa", "ecdsa", "ed25519")
    for kind in kinds:
        run("-t", kind, "-N", "", "-f", kind)
        run("-s", "ca", "-h", "-I", "device 7", "-n", "a.example,b.example", "-z", "9", f"{kind}.pub")
    run("-s", "ca", "-I", "person", "-V", "20260101000000Z:20270101000000Z", "ed25519.pub")
    (folder / "ed25519-cert.pub").rename(folder / "user-cert.pub")
    run("-s", "ca", "-h", "-I", "device 7", "-n", "a.example,b.example", "-z", "9", "ed25519.pub")
    return {name: b64decode((folder / f"{name}-cert.pub").read_text().split()[1]) for name in (*kinds, "user")} | {
        f"{name} key": b64decode((folder / f"{name}.pub").read_text().split()[1]) for name in (*kinds, "ca")
    }


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_a_host_certificate(certified: dict[str, bytes], kind: str) -> None:
    shown, itself = read_host_key(certified[kind]), read_host_key(certified[f"{kind} key"])
    authority = read_host_key(certified["ca key"])
    assert isinstance(shown, HostKeyBlob)
    assert itself is not None
    assert authority is not None
    # The key inside is the key that is shown without a certificate.
    assert shown.key.sha256 == itself.key.sha256
    said = shown.certificate
    assert said is not None
    assert (said.serial, said.kind, said.key_id) == (9, 2, b"device 7")
    assert said.principals == (b"a.example", b"b.example")
    assert (said.valid_from, said.valid_until) == (0, FOREVER)
    assert said.authority.sha256 == authority.key.sha256
    assert said.is_signed


def test_a_certificate_for_users(certified: dict[str, bytes]) -> None:
    shown = read_host_key(certified["user"])
    assert shown is not None
    assert shown.certificate is not None
    assert shown.certificate.kind == 1
    assert shown.certificate.valid_until - shown.certificate.valid_from == 365 * 86400


def test_a_changed_certificate_is_not_signed(certified: dict[str, bytes]) -> None:
    shown = read_host_key(certified["ed25519"].replace(b"a.example", b"c.example"))
    assert shown is not None
    assert shown.certificate is not None
    assert not shown.certificate.is_signed


@given(st.data())
def test_a_damaged_certificate_never_raises(certified: dict[str, bytes], data: st.DataObject) -> None:
    good = bytearray(certified["rsa"])
    good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    read_host_key(bytes(good[: data.draw(st.integers(0, len(good)))]))
