"""Keys, certificates and signatures made for a test."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from iotscan.model.answer import Answer
from iotscan.model.facts import ArtefactSignature, SigningCertificate
from iotscan.wire.signing.public_keys import describe_certificate

NOW = datetime(2026, 11, 26, tzinfo=UTC)
MESSAGE = b"what is signed"


def a_key(kind: str = "ec") -> Any:
    """A private key: ``ec``, ``rsa`` or ``ed25519``."""
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())


def a_certificate(
    name: str,
    key: Any,
    *,
    issuer: tuple[str, Any] | None = None,
    is_ca: bool = False,
    days: tuple[int, int] = (-10, 365),
    purposes: tuple[x509.ObjectIdentifier, ...] = (),
) -> SigningCertificate:
    """A certificate, self-issued without an ``issuer`` (name and key); ``days`` are its bounds around NOW."""
    issuer_name, issuer_key = issuer or (name, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    algorithm = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return describe_certificate(builder.sign(issuer_key, algorithm).public_bytes(Encoding.DER))


def a_signature(key: Any, message: bytes = MESSAGE, *, pss: bool = False, **more: Any) -> ArtefactSignature:
    """A signature over ``message``, as the reader of a format gives it."""
    scheme, over = "ecdsa", hashlib.sha256(message).digest()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        scheme, over, value = "ed25519", message, key.sign(message)
    elif isinstance(key, rsa.RSAPrivateKey):
        scheme = "rsa-pss" if pss else "rsa-pkcs1v15"
        how = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else padding.PKCS1v15()
        value = key.sign(message, how, hashes.SHA256())
    else:
        value = key.sign(message, ec.ECDSA(hashes.SHA256()))
    digest = "" if scheme == "ed25519" else "sha256"
    fields: dict[str, Any] = {"scheme": scheme, "digest": digest, "fits": Answer.of(True)}
    return ArtefactSignature(value=coded(value), over=coded(over), **(fields | more))


def coded(data: bytes) -> str:
    """Bytes as facts have them."""
    return base64.b64encode(data).decode()


CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
