"""CMS SignedData as far as signatures of programs need it: what was signed, by whom, with which algorithm.

DER only. Source: RFC 5652 section 5 (PKCS #7 v1.5, RFC 2315 section 9, is read alike). Chains are not followed: who
vouches for a certificate is not in the file.
"""

import hashlib
import warnings
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from iotscan.wire.ber import OCTETS, OID, SEQUENCE, Malformed, element, take, whole

SET: Final = 0x31
_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_MESSAGE_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
_PSS: Final = bytes.fromhex("2a864886f70d01010a")
DIGESTS: Final = {
    bytes.fromhex("2a864886f70d0205"): "md5",
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040204"): "sha224",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
"""The name that hashlib knows, by the encoded object identifier."""
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303  # to tell whether an old signature holds, not to make one
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_ENTRIES: Final = 64
"""Certificates and signers that are read."""


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """One signature. ``issuer`` (DER) and ``serial`` (bytes) name its certificate; both empty for a key identifier.

    ``attributes`` are the signed attributes as they are hashed (with the tag of a SET), empty where the content is
    signed itself; ``message_digest`` is the digest of the content that stands in them.
    """

    digest: str
    algorithm: bytes
    issuer: bytes
    serial: bytes
    attributes: bytes
    message_digest: bytes
    signature: bytes


class SignedData(msgspec.Struct, frozen=True, kw_only=True):
    """``content`` is what is inside the content's own tag and length: that is what is hashed (section 5.4)."""

    content_type: bytes
    content: bytes
    certificates: tuple[bytes, ...]
    signers: tuple[Signer, ...]


def read_signed_data(der: bytes) -> SignedData:
    """Read a ContentInfo that holds SignedData. Raises :class:`~iotscan.wire.ber.Malformed`."""
    info, _ = take(der, SEQUENCE)
    kind, info = take(info, OID)
    if kind != _SIGNED_DATA:
        raise Malformed
    explicit, _ = take(info, 0xA0)
    body, _ = take(explicit, SEQUENCE)
    _, body = take(body, 0x02)
    _, body = take(body, SET)
    inner, body = take(body, SEQUENCE)
    content_type, inner = take(inner, OID)
    content = _content(inner)
    certificates, body = _optional(body, 0xA0)
    _, body = _optional(body, 0xA1)
    signers, _ = take(body, SET)
    return SignedData(
        content_type=content_type,
        content=content,
        certificates=tuple(_elements(certificates)),
        signers=tuple(_signer(take(one, SEQUENCE)[0]) for one in _elements(signers)),
    )


def certificate_of(signed: SignedData, signer: Signer) -> x509.Certificate | None:
    """The certificate that a signer names, where it is in the message."""
    for der in signed.certificates:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                certificate = x509.load_der_x509_certificate(der)
                is_it = certificate.issuer.public_bytes() == signer.issuer
        except Exception:  # noqa: S112  # a damaged certificate is none; another may be the one
            continue
        if is_it and certificate.serial_number == int.from_bytes(signer.serial, "big", signed=True):
            return certificate
    return None


def verifies(signed: SignedData, signer: Signer, certificate: x509.Certificate) -> bool | None:
    """Whether a signature over the content in the message holds; None for an algorithm that is not tried (RSA-PSS)."""
    if signer.digest not in _HASHES or signer.algorithm == _PSS:
        return None
    message = signed.content
    if signer.attributes:
        if hashlib.new(signer.digest, signed.content).digest() != signer.message_digest:
            return False
        message = signer.attributes
    algorithm = _HASHES[signer.digest]
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signer.signature, message, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signer.signature, message, ec.ECDSA(algorithm))
        else:
            return None
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError):
        return None
    return True


def _content(inner: bytes) -> bytes:
    explicit, _ = _optional(inner, 0xA0)
    if not explicit:
        return b""
    content, _ = take(explicit, explicit[0])
    return content


def _signer(body: bytes) -> Signer:
    _, body = take(body, 0x02)
    issuer = serial = b""
    if body[:1] == bytes((SEQUENCE,)):
        named, body = take(body, SEQUENCE)
        issuer = named[: whole(named)]
        serial, _ = take(named[len(issuer) :], 0x02)
    else:
        _, body = _optional(body, 0x80)
    digest, body = take(body, SEQUENCE)
    attributes, body = _optional(body, 0xA0)
    algorithm, body = take(body, SEQUENCE)
    signature, _ = take(body, OCTETS)
    return Signer(
        digest=DIGESTS.get(take(digest, OID)[0], "other"),
        algorithm=take(algorithm, OID)[0],
        issuer=issuer,
        serial=serial,
        attributes=element(SET, attributes) if attributes else b"",
        message_digest=_message_digest(attributes),
        signature=signature,
    )


def _message_digest(attributes: bytes) -> bytes:
    rest = attributes
    while rest:
        attribute, rest = take(rest, SEQUENCE)
        kind, values = take(attribute, OID)
        if kind == _MESSAGE_DIGEST:
            value, _ = take(values, SET)
            return take(value, OCTETS)[0]
    return b""


def _optional(data: bytes, tag: int) -> tuple[bytes, bytes]:
    return take(data, tag) if data[:1] == bytes((tag,)) else (b"", data)


def _elements(data: bytes) -> list[bytes]:
    """Each element of a SET, with its header."""
    found: list[bytes] = []
    while data and len(found) < _ENTRIES:
        size = whole(data)
        if not size or size > len(data):
            raise Malformed
        found.append(data[:size])
        data = data[size:]
    return found
