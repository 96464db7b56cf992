"""One signer of a CMS message: which scheme, over which bytes, with whose certificate, and whether it holds.

Sources: RFC 5652 sections 5.3, 5.4 and 11; RFC 4056 (RSA-PSS), RFC 5754 (SHA-2), RFC 8419 (Ed25519).
"""

import base64
import hashlib
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from cryptography import x509

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Scheme, SigningCertificate
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import OCTETS, OID, SEQUENCE, Malformed, take
from iotscan.wire.signed_data import DIGESTS, MESSAGE_DIGEST, PSS, SignedData, Signer, attributes_of
from iotscan.wire.signing.public_keys import describe_certificate
from iotscan.wire.signing.verifying import HASHES, LONGEST_MESSAGE, holds

_CONTENT_TYPE: Final = bytes.fromhex("2a864886f70d010903")
_SIGNING_TIME: Final = bytes.fromhex("2a864886f70d010905")
_DATA: Final = bytes.fromhex("2a864886f70d010701")
_MGF1: Final = bytes.fromhex("2a864886f70d010108")
_NULL: Final = b"\x05\x00"
_RSA = bytes.fromhex("2a864886f70d0101")
_ECDSA = bytes.fromhex("2a8648ce3d04")
_SCHEMES: Final[dict[bytes, tuple[Scheme, str]]] = {
    _RSA + b"\x01": ("rsa-pkcs1v15", ""),
    _RSA + b"\x05": ("rsa-pkcs1v15", "sha1"),
    _RSA + b"\x0b": ("rsa-pkcs1v15", "sha256"),
    _RSA + b"\x0c": ("rsa-pkcs1v15", "sha384"),
    _RSA + b"\x0d": ("rsa-pkcs1v15", "sha512"),
    _RSA + b"\x0e": ("rsa-pkcs1v15", "sha224"),
    _ECDSA + b"\x01": ("ecdsa", "sha1"),
    _ECDSA + b"\x03\x01": ("ecdsa", "sha224"),
    _ECDSA + b"\x03\x02": ("ecdsa", "sha256"),
    _ECDSA + b"\x03\x03": ("ecdsa", "sha384"),
    _ECDSA + b"\x03\x04": ("ecdsa", "sha512"),
    bytes.fromhex("2a8648ce3d0201"): ("ecdsa", ""),
    bytes.fromhex("2b6570"): ("ed25519", "sha512"),
}
"""The scheme by the encoded identifier, and the digest that it fixes."""

NO_CERTIFICATE: Final = "the certificate of its signer is not in it"

DigestOf = Callable[[str], bytes | None]
"""The digest of the content by the name of the algorithm; None where the content was not read."""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A signature, what of it every verifier refuses (``flaw``), and what weakens it."""

    signature: ArtefactSignature
    flaw: str = ""
    notes: tuple[str, ...] = ()


def read_signer(
    message: SignedData,
    signer: Signer,
    certificates: Sequence[tuple[SigningCertificate, bytes]],
    digest_of: DigestOf,
    short: bytes | None,
) -> Signed:
    """Read one signer. ``certificates`` are those of the message with their DER; ``short`` is the content itself.

    Raises :class:`~iotscan.wire.ber.Malformed` where its attributes are no attributes.
    """
    scheme = _scheme(signer)
    attributes = attributes_of(take(signer.attributes, 0x31)[0]) if signer.attributes else []
    own = _own(signer, certificates)
    flaw = _flaw(message, signer, attributes) or ("" if own else NO_CERTIFICATE)
    signature = ArtefactSignature(
        scheme=scheme,
        digest="" if scheme == "ed25519" else signer.digest,
        value=_coded(signer.signature),
        over=_coded(_over(signer, scheme, digest_of, short)),
        certificate=own,
        intermediates=tuple(c for c, _ in certificates if c is not own),
        key_hint=signer.key_identifier[:64].hex() or signer.serial[:64].hex(),
        fits=Answer.missing(Reason.NOT_OBSERVABLE, NO_CERTIFICATE),
        claimed_time=_claimed_time(attributes),
    )
    notes = () if attributes else ("a signature without signed attributes: it does not say of what kind it is",)
    return Signed(
        signature=msgspec.structs.replace(signature, fits=_fits(signature, signer, digest_of)), flaw=flaw, notes=notes
    )


def _scheme(signer: Signer) -> Scheme:
    if signer.digest not in HASHES or signer.digest_parameters not in (b"", _NULL):
        return "other"
    if signer.algorithm == PSS:
        return "rsa-pss" if _pss_digests(signer.parameters) == {signer.digest} else "other"
    scheme, digest = _SCHEMES.get(signer.algorithm, ("other", ""))
    return scheme if digest in ("", signer.digest) and signer.parameters in (b"", _NULL) else "other"


def _pss_digests(parameters: bytes) -> set[str]:
    """The digests that RSASSA-PSS-params name, SHA-1 for one that is left out (RFC 4055 section 3.1)."""
    found = ["sha1", "sha1"]
    try:
        inside, _ = take(parameters, SEQUENCE)
        if inside[:1] == b"\xa0":
            algorithm, inside = take(inside, 0xA0)
            found[0] = _digest_name(algorithm)
        if inside[:1] == b"\xa1":
            algorithm, inside = take(inside, 0xA1)
            generator, _ = take(algorithm, SEQUENCE)
            kind, hashed = take(generator, OID)
            found[1] = _digest_name(hashed) if kind == _MGF1 else "other"
    except Malformed:
        return set()
    return set(found)


def _digest_name(algorithm: bytes) -> str:
    inside, _ = take(algorithm, SEQUENCE)
    return DIGESTS.get(take(inside, OID)[0], "other")


def _flaw(message: SignedData, signer: Signer, attributes: Sequence[tuple[bytes, list[bytes]]]) -> str:
    """What RFC 5652 forbids (section 5.3, 11.1, 11.2), and OpenSSL refuses."""
    if signer.version != (3 if signer.key_identifier else 1):
        return "the version of its signer is wrong"
    if signer.digest not in message.digests:
        return "its signer uses a digest that it does not announce"
    if not attributes:
        return "" if message.content_type == _DATA else "its content is typed, and no signed attribute says how"
    for kind, name in ((_CONTENT_TYPE, "content type"), (MESSAGE_DIGEST, "message digest")):
        values = [v for k, v in attributes if k == kind]
        if len(values) != 1 or len(values[0]) != 1:
            return f"its signed attributes do not hold one {name}"
    stated = next(v[0] for k, v in attributes if k == _CONTENT_TYPE)
    if take(stated, OID)[0] != message.content_type:
        return "its signature is for content of another type"
    return ""


def _over(signer: Signer, scheme: Scheme, digest_of: DigestOf, short: bytes | None) -> bytes:
    if signer.digest not in HASHES:
        return b""
    if scheme == "ed25519":
        message = signer.attributes or short or b""
        return message if len(message) <= LONGEST_MESSAGE else b""
    if signer.attributes:
        return hashlib.new(signer.digest, signer.attributes, usedforsecurity=False).digest()
    return digest_of(signer.digest) or b""


def _fits(signature: ArtefactSignature, signer: Signer, digest_of: DigestOf) -> Answer[bool]:
    if signature.certificate is None:
        return signature.fits
    if signer.attributes and signer.digest in HASHES:
        content = digest_of(signer.digest)
        if content is not None and content != signer.message_digest:
            return Answer.of(False)
    held = holds(signature, signature.certificate.key)
    if held is not None:
        return Answer.of(held)
    if not signature.over:
        return Answer.missing(Reason.NOT_OBSERVABLE, "what it signs was not read")
    return Answer.missing(Reason.NOT_OBSERVABLE, "its algorithm is not one that we try")


def _own(signer: Signer, certificates: Sequence[tuple[SigningCertificate, bytes]]) -> SigningCertificate | None:
    return next((c for c, der in certificates if _is_named(signer, der)), None)


def _is_named(signer: Signer, der: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
            if signer.key_identifier:
                extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
                return extension.value.digest == signer.key_identifier
            is_issuer = certificate.issuer.public_bytes() == signer.issuer
            return is_issuer and certificate.serial_number == int.from_bytes(signer.serial, "big", signed=True)
    except Exception:
        # A certificate that cannot be read, or has no key identifier, is not the one.
        return False


def _claimed_time(attributes: Sequence[tuple[bytes, list[bytes]]]) -> datetime | None:
    values = next((v for k, v in attributes if k == _SIGNING_TIME), [])
    return read_time(values[0]) if len(values) == 1 else None


def read_time(element: bytes) -> datetime | None:
    """A UTCTime or GeneralizedTime as DER has them (RFC 5652 section 11.3); None for any other."""
    text, is_short = element[2:].decode("latin-1"), element[:1] == b"\x17"
    if element[:1] not in (b"\x17", b"\x18") or not text.endswith("Z"):
        return None
    digits = text[:-1].partition(".")[0]
    if is_short:
        # RFC 5280 section 4.1.2.5.1: 50 to 99 are of the last century.
        digits = ("19" if digits[:1] >= "5" else "20") + digits
    if len(digits) != 14 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def described(certificates: Sequence[bytes]) -> list[tuple[SigningCertificate, bytes]]:
    """The certificates of a message with their DER; what is no X.509 certificate (section 10.2.2) is left out.

    Raises :class:`~iotscan.wire.certificates.UnreadableCertificate` for one that is damaged.
    """
    return [(describe_certificate(der), der) for der in certificates if der[:1] == bytes((SEQUENCE,))]


def octets(element: bytes) -> bytes:
    """The inside of an OCTET STRING. Raises Malformed."""
    return take(element, OCTETS)[0]


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()
