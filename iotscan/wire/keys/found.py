"""What a parser of private keys says of one key."""

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


class NoKey(ValueError):
    """These bytes are no private key."""


class FoundKey(msgspec.Struct, frozen=True, kw_only=True):
    """One private key; nothing of its secret half is kept.

    ``format`` is the word of facts (``pkcs8``); ``spki`` is the SubjectPublicKeyInfo of its public half (RFC 5280
    section 4.1), empty where it cannot be known without the passphrase.
    """

    format: str
    encrypted: bool
    spki: bytes = b""
    digest: str = ""
    """SHA-256 of the key as it lies there: to recognise a published one whose public half cannot be known. No fact."""


def spki_of(key: PublicKeyTypes) -> bytes:
    """The SubjectPublicKeyInfo of a public key, DER."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
