"""Certificates made for a test: whoever signs whom, with whatever is said of it."""

import datetime
import subprocess
import tempfile
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AS_OF = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
CA_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
PAPERS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=True,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
"""For documents: nothing that a server does."""
NO_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
SERVERS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
ANYTHING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
STRANGE = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.7"), b"\x05\x00")
_TYPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
NETSCAPE_CLIENT = x509.UnrecognizedExtension(_TYPE, b"\x03\x02\x07\x80")
NETSCAPE_SERVER = x509.UnrecognizedExtension(_TYPE, b"\x03\x02\x06\x40")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def named(name: str) -> x509.Name:
    """A name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Made:
    """A certificate with its key. ``ca`` None leaves basicConstraints out; ``more`` are (extension, critical)."""

    def __init__(
        self,
        name: str | x509.Name,
        by: "Made | None" = None,
        *,
        ca: bool | None = True,
        length: int | None = None,
        key: Key | None = None,
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
        hosts: Sequence[str] = (),
        begin: int = -400,
        days: int = 300,
        is_sha1: bool = False,
        identifiers: bool = True,
    ) -> None:
        self.key: Key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = named(name) if isinstance(name, str) else name
        issuer, signer = (by.name, by.key) if by else (self.name, self.key)
        builder = x509.CertificateBuilder(
            issuer,
            self.name,
            self.key.public_key(),
            x509.random_serial_number(),
            AS_OF + begin * DAY,
            AS_OF + days * DAY,
        )
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=length), critical=True)
        if identifiers:
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False)
            above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
            builder = builder.add_extension(above, critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(h) for h in hosts])
            builder = builder.add_extension(names, critical=False)
        for extension, critical in more:
            builder = builder.add_extension(extension, critical=critical)
        algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        self.certificate = builder.sign(signer, algorithm)
        if is_sha1:
            self.certificate = _signed_with_sha1(self.certificate, signer)
        self.der = self.certificate.public_bytes(Encoding.DER)
        self.pem = self.certificate.public_bytes(Encoding.PEM)


_SHA256_RSA, _SHA1_RSA = bytes.fromhex("06092a864886f70d01010b"), bytes.fromhex("06092a864886f70d010105")


def _signed_with_sha1(made: x509.Certificate, signer: Key) -> x509.Certificate:
    """The same certificate, signed with SHA-1 and RSA: the library makes none of those any more, openssl does."""
    assert isinstance(signer, rsa.RSAPrivateKey)
    body = made.tbs_certificate_bytes.replace(_SHA256_RSA, _SHA1_RSA)
    pem = signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with tempfile.NamedTemporaryFile() as key:
        key.write(pem)
        key.flush()
        signature = subprocess.run(
            ["openssl", "dgst", "-sha1", "-sign", key.name], input=body, capture_output=True, check=True
        ).stdout
    whole = made.public_bytes(Encoding.DER).replace(made.tbs_certificate_bytes, body).replace(_SHA256_RSA, _SHA1_RSA)
    return x509.load_der_x509_certificate(whole.replace(made.signature, signature))
