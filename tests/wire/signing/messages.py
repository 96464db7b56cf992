"""CMS messages made by hand, so that each rule can be broken alone (RFC 5652 section 5)."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding

from iotscan.wire.ber import element, integer
from tests.wire.signing.signers import Signer

DATA = bytes.fromhex("2a864886f70d010701")
STAMP_INFO = bytes.fromhex("2a864886f70d0109100104")
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (bytes.fromhex(f"2a864886f70d01090{n}") for n in (3, 4, 5))
STAMP = bytes.fromhex("2a864886f70d010910020e")
HASHES = {"sha256": (bytes.fromhex("608648016503040201"), hashes.SHA256()),
          "sha512": (bytes.fromhex("608648016503040203"), hashes.SHA512())}  # fmt: skip
PSS = bytes.fromhex("2a864886f70d01010a")


def oid(encoded: bytes) -> bytes:
    return element(6, encoded)


def sequence(*parts: bytes) -> bytes:
    return element(0x30, b"".join(parts))


def attribute(kind: bytes, *values: bytes) -> bytes:
    return sequence(oid(kind), element(0x31, b"".join(values)))


def algorithm(digest: str) -> bytes:
    return sequence(oid(HASHES[digest][0]))


def attributes(content: bytes, kind: bytes = DATA, digest: str = "sha256") -> list[bytes]:
    """The two that have to be there."""
    hashed = hashlib.new(digest, content).digest()
    return [attribute(CONTENT_TYPE, oid(kind)), attribute(MESSAGE_DIGEST, element(4, hashed))]


def a_signer_info(
    signer: Signer,
    content: bytes,
    *,
    attributes: Sequence[bytes] = (),
    digest: str = "sha256",
    pss: bool = False,
    names_key: bool = False,
    version: int | None = None,
    unsigned: bytes = b"",
) -> bytes:
    """One signature over ``attributes``, or over the content where there are none."""
    certificate = x509.load_der_x509_certificate(base64.b64decode(signer.certificate.der))
    named = sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))
    if names_key:
        named = element(0x80, x509.SubjectKeyIdentifier.from_public_key(signer.key.public_key()).digest)
    attributed = b"".join(attributes)
    message = element(0x31, attributed) if attributed else content
    scheme, value = _sign(signer.key, message, digest, pss)
    return sequence(
        integer(version if version is not None else 3 if names_key else 1),
        named,
        algorithm(digest),
        element(0xA0, attributed) if attributed else b"",
        scheme,
        element(4, value),
        element(0xA1, unsigned) if unsigned else b"",
    )


def _sign(key: Any, message: bytes, digest: str, pss: bool) -> tuple[bytes, bytes]:
    hashing = HASHES[digest][1]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return sequence(oid(bytes.fromhex("2b6570"))), key.sign(message)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        name = bytes.fromhex("2a8648ce3d040302" if digest == "sha256" else "2a8648ce3d040304")
        return sequence(oid(name)), key.sign(message, ec.ECDSA(hashing))
    if not pss:
        return sequence(oid(bytes.fromhex("2a864886f70d010101")), b"\x05\x00"), key.sign(
            message, padding.PKCS1v15(), hashing
        )
    generator = sequence(oid(bytes.fromhex("2a864886f70d010108")), algorithm(digest))
    salt = element(0xA2, integer(hashing.digest_size))
    parameters = sequence(element(0xA0, algorithm(digest)), element(0xA1, generator), salt)
    how = padding.PSS(padding.MGF1(hashing), hashing.digest_size)
    return sequence(oid(PSS), parameters), key.sign(message, how, hashing)


def a_message(
    infos: Sequence[bytes],
    certificates: Sequence[Signer],
    *,
    content: bytes | None = None,
    kind: bytes = DATA,
    digests: Sequence[str] = ("sha256",),
    version: int = 1,
) -> bytes:
    """SignedData around signatures; detached without ``content``."""
    inside = element(0xA0, element(4, content)) if content is not None else b""
    vouching = b"".join(base64.b64decode(c.certificate.der) for c in certificates)
    body = sequence(
        integer(version),
        element(0x31, b"".join(algorithm(d) for d in digests)),
        sequence(oid(kind), inside),
        element(0xA0, vouching) if vouching else b"",
        element(0x31, b"".join(infos)),
    )
    return sequence(oid(bytes.fromhex("2a864886f70d010702")), element(0xA0, body))
