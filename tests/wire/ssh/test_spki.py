"""An SSH key is the same key as SubjectPublicKeyInfo: cryptography says which."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.ssh.host_keys import PublicKey, read_host_key
from iotscan.wire.ssh.spki import spki_of

KEYS = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "dss": lambda: dsa.generate_private_key(1024),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.filterwarnings("ignore:SSH DSA")
@pytest.mark.parametrize("kind", KEYS)
def test_like_cryptography(kind: str):
    public = KEYS[kind]().public_key()
    blob = base64.b64decode(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    shown = read_host_key(blob)
    assert shown is not None
    assert spki_of(shown.key) == public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_ed448_which_openssh_has_not():
    public = ed448.Ed448PrivateKey.generate().public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = PublicKey(algorithm="ssh-ed448", fields=(raw,), blob=b"")
    assert spki_of(key) == public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@given(st.binary(max_size=300))
def test_whatever_is_read_can_be_written(tail: bytes):
    for name in (b"ssh-rsa", b"ssh-dss", b"ssh-ed25519", b"ecdsa-sha2-nistp256", b"sk-ssh-ed25519@openssh.com"):
        shown = read_host_key(len(name).to_bytes(4, "big") + name + tail)
        if shown:
            spki_of(shown.key)
