"""Whether a signature holds with a key: from the digest that was signed, or from the message where the scheme wants it.

Sources: RFC 8017 (RSA), FIPS 186-5 (ECDSA), RFC 8032 (Ed25519).
"""

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from iotscan.model.facts.signing import ArtefactSignature, PublicKey
from iotscan.wire.signing.public_keys import load_key

HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303  # to tell whether an old signature holds, not to make one
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
WEAK: Final = frozenset({"md5", "sha1"})
"""Digests for which two messages can be made that share one."""
LONGEST_MESSAGE: Final = 16 * 1024
"""Bytes of a message that a fact keeps where the scheme signs the message itself."""


def is_of_kind(signature: ArtefactSignature, key: PublicKey) -> bool:
    """Whether a key is of the kind that makes such signatures: one of RSA has made none of ECDSA, for certain."""
    return _KINDS.get(signature.scheme, key.type) == key.type


_KINDS: Final = {
    "rsa-pkcs1v15": "rsa",
    "rsa-pss": "rsa",
    "ecdsa": "ec",
    "ed25519": "ed25519",
    "ed25519ph": "ed25519",
}


def holds(signature: ArtefactSignature, key: PublicKey) -> bool | None:
    """Whether a signature holds with a key; None where that cannot be tried (scheme, key type, message not kept)."""
    value, over = _bytes(signature.value), _bytes(signature.over)
    public = load_key(key)
    if not value or not over or public is None:
        return None
    try:
        return _try(signature, public, value, over)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None


def _try(signature: ArtefactSignature, public: object, value: bytes, over: bytes) -> bool | None:
    if signature.scheme in ("ed25519", "ed25519ph"):
        if not isinstance(public, ed25519.Ed25519PublicKey):
            return None
        public.verify(value, over)
        return True
    algorithm = HASHES.get(signature.digest)
    if algorithm is None or len(over) != algorithm.digest_size:
        return None
    if signature.scheme == "ecdsa" and isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(value, over, ec.ECDSA(Prehashed(algorithm)))
        return True
    if not isinstance(public, rsa.RSAPublicKey):
        return None
    if signature.scheme == "rsa-pkcs1v15":
        public.verify(value, over, padding.PKCS1v15(), Prehashed(algorithm))
        return True
    if signature.scheme == "rsa-pss":
        salt = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=padding.PSS.AUTO)
        public.verify(value, over, salt, Prehashed(algorithm))
        return True
    return None


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
