"""CMS SignedData as signatures of programs and updates need it: what was signed, by whom, with which algorithm.

DER only. Source: RFC 5652 section 5 (PKCS #7 v1.5, RFC 2315 section 9, is read alike). Chains are not followed: who
vouches for a certificate is not in the file. What a signature must keep to is not judged here but for its structure:
see :mod:`iotscan.wire.signing.cms`.
"""

import hashlib
import warnings
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from iotscan.wire.ber import OCTETS, OID, SEQUENCE, Malformed, element, take, take_integer, whole

SET: Final = 0x31
SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
MESSAGE_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
PSS: Final = bytes.fromhex("2a864886f70d01010a")
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
    signed itself; ``message_digest`` is the digest of the content that stands in them. ``parameters`` and
    ``digest_parameters`` stand behind the identifiers of the algorithms, DER; ``unsigned`` are the elements of the
    unsigned attributes.
    """

    digest: str
    algorithm: bytes
    issuer: bytes
    serial: bytes
    attributes: bytes
    message_digest: bytes
    signature: bytes
    version: int = 1
    key_identifier: bytes = b""
    parameters: bytes = b""
    digest_parameters: bytes = b""
    unsigned: bytes = b""


class SignedData(msgspec.Struct, frozen=True, kw_only=True):
    """``content`` is what is inside the content's own tag and length: that is what is hashed (section 5.4).

    ``is_detached``: there is no content in the message. ``digests`` are the algorithms that it announces, ``left``
    counts the bytes behind it.
    """

    content_type: bytes
    content: bytes
    certificates: tuple[bytes, ...]
    signers: tuple[Signer, ...]
    version: int = 1
    is_detached: bool = False
    digests: tuple[str, ...] = ()
    left: int = 0


def read_signed_data(der: bytes) -> SignedData:
    """Read a ContentInfo that holds SignedData. Raises :class:`~iotscan.wire.ber.Malformed`."""
    info, left = take(der, SEQUENCE)
    kind, info = take(info, OID)
    if kind != SIGNED_DATA:
        raise Malformed
    body = _only(_only(info, 0xA0), SEQUENCE)
    version, body = take_integer(body)
    digests, body = take(body, SET)
    inner, body = take(body, SEQUENCE)
    content_type, inner = take(inner, OID)
    certificates, body = _optional(body, 0xA0)
    _, body = _optional(body, 0xA1)
    signers = _only(body, SET)
    return SignedData(
        content_type=content_type,
        content=_content(inner),
        certificates=tuple(elements(certificates)),
        signers=tuple(_signer(_only(one, SEQUENCE)) for one in elements(signers)),
        version=version,
        is_detached=not inner,
        digests=tuple(_digest(_only(one, SEQUENCE))[0] for one in elements(digests)),
        left=len(left),
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
    if signer.digest not in _HASHES or signer.algorithm == PSS:
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


def attributes_of(attributes: bytes) -> list[tuple[bytes, list[bytes]]]:
    """The attributes in the inside of a SET: identifier and values (each with its header). Raises Malformed."""
    found = []
    for one in elements(attributes):
        kind, values = take(_only(one, SEQUENCE), OID)
        found.append((kind, elements(_only(values, SET))))
    return found


def elements(data: bytes) -> list[bytes]:
    """Each element of a SET, with its header. Raises Malformed, also for more than 64."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        size = whole(data[at : at + 8])
        if not size or at + size > len(data) or len(found) == _ENTRIES:
            raise Malformed("a set in it is cut short or too large")
        found.append(data[at : at + size])
        at += size
    return found


def _content(inner: bytes) -> bytes:
    if not inner:
        return b""
    explicit = _only(inner, 0xA0)
    return _only(explicit, explicit[0]) if explicit else b""


def _signer(body: bytes) -> Signer:
    version, body = take_integer(body)
    issuer = serial = key_identifier = b""
    if body[:1] == bytes((SEQUENCE,)):
        named, body = take(body, SEQUENCE)
        issuer = named[: whole(named)]
        serial = _only(named[len(issuer) :], 0x02)
    else:
        key_identifier, body = take(body, 0x80)
    digest, body = take(body, SEQUENCE)
    has_attributes = body[:1] == b"\xa0"
    attributes, body = _optional(body, 0xA0)
    if has_attributes and not attributes:
        raise Malformed("its signed attributes are empty")
    algorithm, body = take(body, SEQUENCE)
    signature, body = take(body, OCTETS)
    unsigned, body = _optional(body, 0xA1)
    if body:
        raise Malformed("something follows a signer")
    name, digest_parameters = _digest(digest)
    identifier, parameters = take(algorithm, OID)
    return Signer(
        digest=name,
        algorithm=identifier,
        issuer=issuer,
        serial=serial,
        attributes=element(SET, attributes) if attributes else b"",
        message_digest=_message_digest(attributes),
        signature=signature,
        version=version,
        key_identifier=key_identifier,
        parameters=parameters,
        digest_parameters=digest_parameters,
        unsigned=unsigned,
    )


def _digest(algorithm: bytes) -> tuple[str, bytes]:
    identifier, parameters = take(algorithm, OID)
    return DIGESTS.get(identifier, "other"), parameters


def _message_digest(attributes: bytes) -> bytes:
    for kind, values in attributes_of(attributes):
        if kind == MESSAGE_DIGEST and values:
            return take(values[0], OCTETS)[0]
    return b""


def _optional(data: bytes, tag: int) -> tuple[bytes, bytes]:
    return take(data, tag) if data[:1] == bytes((tag,)) else (b"", data)


def _only(data: bytes, tag: int) -> bytes:
    """The inside of an element that nothing follows."""
    inside, rest = take(data, tag)
    if rest:
        raise Malformed("something follows an element")
    return inside
