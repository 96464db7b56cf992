"""X.509 certificates as bytes and as facts. Source: RFC 5280, RFC 7633 (must-staple)."""

import hashlib
import warnings
from collections.abc import Iterable
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from iotscan.model.facts.certificate import Certificate
from iotscan.model.text import safe_text

T = TypeVar("T", bound=x509.ExtensionType)
NAMES_LIMIT = 100
"""Entries of one list of a certificate that are kept."""


class UnreadableCertificate(ValueError):
    """These bytes are no certificate, or one that breaks the rules of its encoding."""


def read_certificate(der: bytes) -> Certificate:
    """The facts of one DER certificate. Raises :class:`UnreadableCertificate` and nothing else, on any bytes."""
    try:
        # Odd serial numbers and dates make the library warn; they are the device's, not ours.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _describe(x509.load_der_x509_certificate(der), der)
    except Exception as error:
        raise UnreadableCertificate(f"not a readable certificate ({type(error).__name__})") from error


def is_no_authority(der: bytes) -> bool:
    """True where a certificate says that it is none (RFC 5280 section 4.2.1.9); what says nothing, or is no
    certificate, may be one: version 1 has no way to say it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            constraints = _extension(x509.load_der_x509_certificate(der), x509.BasicConstraints)
    except Exception:
        return False
    return constraints is not None and not constraints.ca


def read_bundle(pem: bytes) -> tuple[Certificate, ...]:
    """The facts of all certificates of a PEM file. Raises :class:`UnreadableCertificate`, where there is none too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = x509.load_pem_x509_certificates(pem)
    except Exception as error:
        raise UnreadableCertificate(f"no readable certificates ({type(error).__name__})") from error
    return tuple(read_certificate(cert.public_bytes(Encoding.DER)) for cert in found)


def _describe(cert: x509.Certificate, der: bytes) -> Certificate:
    key_type, key_bits = _key(cert)
    names = _extension(cert, x509.SubjectAlternativeName) or ()
    constraints = _extension(cert, x509.BasicConstraints)
    features = _extension(cert, x509.TLSFeature) or ()
    return Certificate(
        subject=safe_text(cert.subject.rfc4514_string()),
        issuer=safe_text(cert.issuer.rfc4514_string()),
        serial=f"{cert.serial_number:x}",
        not_before=cert.not_valid_before_utc,
        not_after=cert.not_valid_after_utc,
        key_type=key_type,
        key_bits=key_bits,
        signature_hash=_signature_hash(cert),
        sha256=hashlib.sha256(der).hexdigest(),
        spki_sha256=hashlib.sha256(_spki(cert.tbs_certificate_bytes)).hexdigest(),
        names=_texts(n.value for n in names if isinstance(n, x509.DNSName | x509.IPAddress)),
        is_self_issued=cert.subject == cert.issuer,
        is_ca=constraints is not None and constraints.ca,
        crl_urls=_crl_urls(cert),
        ocsp_urls=_ocsp_urls(cert),
        must_staple=x509.TLSFeatureType.status_request in features,
    )


def _extension(cert: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return cert.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _key(cert: x509.Certificate) -> tuple[str, int]:
    try:
        key = cert.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return "other", 0
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ec", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "dsa", key.key_size
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", 256
    return ("ed448", 456) if isinstance(key, ed448.Ed448PublicKey) else ("other", 0)


def _signature_hash(cert: x509.Certificate) -> str:
    try:
        algorithm = cert.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    return algorithm.name if algorithm is not None else ""


def _crl_urls(cert: x509.Certificate) -> tuple[str, ...]:
    points = _extension(cert, x509.CRLDistributionPoints) or ()
    return _texts(name.value for point in points for name in point.full_name or () if _is_url(name))


def _ocsp_urls(cert: x509.Certificate) -> tuple[str, ...]:
    entries = _extension(cert, x509.AuthorityInformationAccess) or ()
    places = (e.access_location for e in entries if e.access_method == AuthorityInformationAccessOID.OCSP)
    return _texts(place.value for place in places if _is_url(place))


def _is_url(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.UniformResourceIdentifier)


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(safe_text(str(value)) for value, _ in zip(values, range(NAMES_LIMIT), strict=False))


def _spki(tbs: bytes) -> bytes:
    """SubjectPublicKeyInfo as it stands in the TBSCertificate: RFC 5280 section 4.1. Raises ValueError."""
    start, end = _value(tbs, 0)
    at, fields = start, 5
    if tbs[at] == 0xA0:
        fields += 1
    for _ in range(fields):
        at = _value(tbs, at)[1]
    stop = _value(tbs, at)[1]
    if stop > end:
        raise ValueError("the public key lies outside the certificate")
    return tbs[at:stop]


def _value(data: bytes, at: int) -> tuple[int, int]:
    """Where the value of the DER element at ``at`` starts and ends."""
    first = data[at + 1]
    if first < 0x80:
        return at + 2, at + 2 + first
    size = first & 0x7F
    length = int.from_bytes(data[at + 2 : at + 2 + size], "big")
    return at + 2 + size, at + 2 + size + length
