"""X.509 certificates as bytes and as facts. Source: RFC 5280, RFC 7633 (must-staple).

One reader of our own makes the facts. :func:`read_certificate` first asks a strict parser, and has nothing to say of
what that refuses; :func:`read_damaged` says what can be read all the same (docs/decisions/0045).
"""

import base64
import binascii
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from iotscan.model.facts.certificate import Certificate, MalformedCertificate
from iotscan.wire.ber import Malformed, whole
from iotscan.wire.certificates.reading import examine

REFUSED: Final = "a strict parser refuses it"
_MOST: Final = 500
_BEGUN: Final = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_BLOCK: Final = re.compile(rb"-----BEGIN (TRUSTED )?(?:X509 )?CERTIFICATE-----([^-]{0,200000})-----END")


class UnreadableCertificate(ValueError):
    """These bytes are no certificate, or one that breaks the rules of its encoding."""


def read_certificate(der: bytes) -> Certificate:
    """The facts of one DER certificate. Raises :class:`UnreadableCertificate` and nothing else, on any bytes."""
    _require_strict(der)
    read = examine(der)
    if isinstance(read, MalformedCertificate):
        raise UnreadableCertificate(f"not a readable certificate ({read.why})")
    return read


def read_damaged(der: bytes, *, position: int = 0) -> Certificate | MalformedCertificate:
    """What can be read of one certificate, damaged or not. Never raises, on any bytes."""
    read = examine(der, position=position)
    if isinstance(read, MalformedCertificate) or read.defects:
        return read
    try:
        _require_strict(der)
    except UnreadableCertificate:
        # Which rule it breaks is then not known, nor whether what it says of its use was read as it was meant.
        return msgspec.structs.replace(read, defects=(REFUSED,), extensions=None)
    return read


def sorted_out(
    read: Iterable[Certificate | MalformedCertificate],
) -> tuple[tuple[Certificate, ...], tuple[MalformedCertificate, ...]]:
    """What was read of a chain as its fact holds it: the certificates, none behind a leaf that could not be read, and
    those that could not be.
    """
    every = tuple(read)
    malformed = tuple(one for one in every if isinstance(one, MalformedCertificate))
    if not every or isinstance(every[0], MalformedCertificate):
        return (), malformed
    return tuple(one for one in every if isinstance(one, Certificate)), malformed


def is_no_authority(der: bytes) -> bool:
    """True where a certificate says that it is none (RFC 5280 section 4.2.1.9); what says nothing, or is no
    certificate, may be one: version 1 has no way to say it.
    """
    try:
        read = read_certificate(der)
    except UnreadableCertificate:
        return False
    return read.extensions is not None and read.extensions.has_basic_constraints and not read.is_ca


def read_bundle(pem: bytes) -> tuple[Certificate, ...]:
    """The facts of all certificates of a PEM file. Raises :class:`UnreadableCertificate`, where there is none too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = x509.load_pem_x509_certificates(pem)
    except Exception as error:
        raise UnreadableCertificate(f"no readable certificates ({type(error).__name__})") from error
    return tuple(read_certificate(cert.public_bytes(Encoding.DER)) for cert in found)


def read_damaged_bundle(pem: bytes) -> tuple[Certificate | MalformedCertificate, ...]:
    """What can be read of the certificates of a PEM file, the first 500. Never raises."""
    blocks = zip(_blocks(pem), range(_MOST), strict=False)
    return tuple(read_damaged(der, position=position) for der, position in blocks)


def blocks_of(pem: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file as DER, unread."""
    return tuple(_blocks(pem))


def _blocks(pem: bytes) -> Iterator[bytes]:
    """The DER of each certificate; nothing but its first bytes where the text is damaged."""
    for begun in _BEGUN.finditer(pem):
        block = _BLOCK.match(pem, begun.start())
        try:
            der = base64.b64decode(block[2], validate=False) if block else b""
            # OpenSSL writes what a trusted certificate is trusted for behind it.
            yield der[: whole(der)] if block and block[1] else der
        except (binascii.Error, Malformed):
            yield b""


def _require_strict(der: bytes) -> None:
    """Raises UnreadableCertificate where the library would not read this certificate as a whole."""
    try:
        # Odd serial numbers and dates make the library warn; they are the device's, not ours.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cert = x509.load_der_x509_certificate(der)
            _touch(cert)
    except Exception as error:
        raise UnreadableCertificate(f"not a readable certificate ({type(error).__name__})") from error


def _touch(cert: x509.Certificate) -> None:
    """The library reads names and extensions only when they are asked for."""
    _ = (cert.subject, cert.issuer, cert.extensions, cert.not_valid_before_utc, cert.not_valid_after_utc)
    try:
        _ = cert.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return
