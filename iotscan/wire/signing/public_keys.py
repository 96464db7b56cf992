"""Public keys and certificates of signers, from what files hold them in to what facts say of them."""

import base64
import hashlib
import re
import warnings
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from iotscan.model.facts.signing import PublicKey, SigningCertificate
from iotscan.model.text import safe_text
from iotscan.wire.certificates import UnreadableCertificate, read_certificate

_PURPOSES: Final = {
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
}
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{3,40})-----[^-]{16,65536}-----END \1-----")
_LARGEST: Final = 1 << 20
_KEYS: Final = 500
"""Of one file: more than any distribution's trust store."""


class NoPublicKey(ValueError):
    """The bytes hold no public key and no certificate."""


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of keys holds."""

    certificates: tuple[SigningCertificate, ...] = ()
    keys: tuple[PublicKey, ...] = ()


def read_key_file(data: bytes) -> KeyFile:
    """The certificates and public keys of a file: PEM (several), or one in DER. Private keys in it are left alone.

    Raises :class:`NoPublicKey` where it holds neither, or one that is damaged.
    """
    if len(data) > _LARGEST:
        raise NoPublicKey("it is larger than a file of keys")
    certificates: list[SigningCertificate] = []
    keys: list[PublicKey] = []
    for block in _PEM.finditer(data):
        if len(certificates) + len(keys) >= _KEYS:
            raise NoPublicKey(f"it holds more than {_KEYS} keys")
        if block[1] in (b"CERTIFICATE", b"TRUSTED CERTIFICATE", b"X509 CERTIFICATE"):
            certificates.append(_pem_certificate(block[0].replace(block[1], b"CERTIFICATE")))
        elif block[1] in (b"PUBLIC KEY", b"RSA PUBLIC KEY"):
            keys.append(_pem_key(block[0]))
    if not certificates and not keys:
        certificates, keys = _der(data)
    return KeyFile(certificates=tuple(certificates), keys=tuple(keys))


def _pem_certificate(block: bytes) -> SigningCertificate:
    try:
        der = base64.b64decode(b"".join(block.split(b"\n")[1:-1]), validate=False)
        return describe_certificate(der)
    except (UnreadableCertificate, ValueError) as error:
        raise NoPublicKey("a certificate in it is damaged") from error


def _pem_key(block: bytes) -> PublicKey:
    try:
        return describe_key(load_pem_public_key(block))
    except Exception as error:
        raise NoPublicKey("a public key in it is damaged") from error


def _der(data: bytes) -> tuple[list[SigningCertificate], list[PublicKey]]:
    try:
        return [describe_certificate(data)], []
    except UnreadableCertificate:
        pass
    try:
        return [], [describe_key(load_der_public_key(data))]
    except Exception as error:
        raise NoPublicKey("it holds no certificate and no public key") from error


def describe_certificate(der: bytes) -> SigningCertificate:
    """The facts of one DER certificate of a signer. Raises :class:`UnreadableCertificate`."""
    facts = read_certificate(der)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(der)
            key = describe_key(certificate.public_key())
            purposes = _purposes(certificate)
    except Exception as error:
        raise UnreadableCertificate(f"not a readable certificate ({type(error).__name__})") from error
    return SigningCertificate(
        subject=facts.subject,
        issuer=facts.issuer,
        sha256=facts.sha256,
        not_before=facts.not_before,
        not_after=facts.not_after,
        signature_hash=facts.signature_hash,
        key=key,
        is_ca=facts.is_ca,
        is_self_issued=facts.is_self_issued,
        purposes=purposes,
        der=base64.b64encode(der).decode(),
    )


def common_name(certificate: SigningCertificate) -> str:
    """The common name of a certificate's subject, the first of several; empty for none."""
    try:
        read = x509.load_der_x509_certificate(base64.b64decode(certificate.der))
        names = read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except Exception:
        # The bytes of a fact that somebody else made.
        return ""
    return safe_text(str(names[0].value), 200) if names else ""


def _purposes(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(safe_text(_PURPOSES.get(oid, oid.dotted_string), 80) for oid in list(usage)[:20])


def describe_key(key: PublicKeyTypes) -> PublicKey:
    """The facts of one public key."""
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kind, bits = "other", 0
    if isinstance(key, rsa.RSAPublicKey):
        kind, bits = "rsa", key.key_size
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind, bits = "ec", key.curve.key_size
    elif isinstance(key, ed25519.Ed25519PublicKey):
        kind, bits = "ed25519", 256
    elif isinstance(key, ed448.Ed448PublicKey):
        kind, bits = "ed448", 456
    elif isinstance(key, dsa.DSAPublicKey):
        kind, bits = "dsa", key.key_size
    return PublicKey(
        type=kind,  # type: ignore[arg-type]  # one of the literals, see above
        bits=bits,
        spki=base64.b64encode(spki).decode(),
        sha256=hashlib.sha256(spki).hexdigest(),
    )


def load_key(key: PublicKey) -> PublicKeyTypes | None:
    """The key as cryptography knows it; None where the fact's bytes are none (a run file of somebody else)."""
    try:
        return load_der_public_key(base64.b64decode(key.spki, validate=True))
    except Exception:
        return None
