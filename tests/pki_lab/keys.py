"""Keys by their kind, made once a session for each owner."""

import subprocess
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

Key = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | dsa.DSAPrivateKey
)
_CURVES: dict[str, ec.EllipticCurve] = {
    "p-192": ec.SECP192R1(),
    "p-224": ec.SECP224R1(),
    "p-256": ec.SECP256R1(),
    "p-384": ec.SECP384R1(),
    "p-521": ec.SECP521R1(),
}


@cache
def key(kind: str, owner: str) -> Key:
    """The key of ``owner``: ``rsa-2048``, ``p-256``, ``ed25519``, ``ed448``, ``dsa`` …

    RSA 512 comes from ``openssl``, for ``cryptography`` makes none.
    """
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind])
    if kind == "rsa-512":
        made = subprocess.run(["openssl", "genrsa", "512"], capture_output=True, check=True).stdout
        return _rsa(serialization.load_pem_private_key(made, None))
    if kind.startswith("rsa-"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa-")))
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ed448.Ed448PrivateKey.generate() if kind == "ed448" else dsa.generate_private_key(2048)


def pem(secret: Key) -> bytes:
    """As daemons read it."""
    return secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def spki(secret: Key) -> bytes:
    """Its SubjectPublicKeyInfo."""
    return secret.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _rsa(loaded: object) -> rsa.RSAPrivateKey:
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded
