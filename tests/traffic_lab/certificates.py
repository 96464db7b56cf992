"""Certificates of servers in captures: good ones, and those that are wrong in one way each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Paper:
    """A certificate with its key and those that are sent behind it."""

    def __init__(self, certificate: x509.Certificate, key: Key, behind: Sequence[x509.Certificate] = ()) -> None:
        self.certificate, self.key, self.behind = certificate, key, tuple(behind)

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER, leaf first."""
        return tuple(one.public_bytes(Encoding.DER) for one in (self.certificate, *self.behind))

    def forged(self) -> "Paper":
        """The same with one bit of its signature changed."""
        der = bytearray(self.chain[0])
        der[-3] ^= 1
        return Paper(x509.load_der_x509_certificate(bytes(der)), self.key, self.behind)

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Its chain and its key as PEM files."""
        chain, key = folder / f"{name}.pem", folder / f"{name}.key"
        chain.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.behind)))
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return chain, key


class Authority:
    """A CA that nobody knows, or that a test gives as a trust store."""

    def __init__(self, name: str = "Lab CA") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common(name)
        builder = _builder(self._name, self._name, self.key, begins=-2000, days=9000)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = _sign(builder, self.key, self.key)

    def issue(self, *names: str, begins: int = -10, days: int = 365, key: Key | None = None) -> Paper:
        """A server's certificate for DNS names, that begins so many days from now and holds so many."""
        own = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_common(names[0]), self._name, own, begins=begins, days=days)
        return Paper(_sign(_for(builder, names), self.key, own), own, (self.certificate,))

    def revoke(self, paper: Paper, *, days_ago: int) -> bytes:
        """A CRL (DER) of today on which a certificate stands."""
        now = datetime.now(UTC).replace(microsecond=0)
        entry = x509.RevokedCertificateBuilder().serial_number(paper.certificate.serial_number)
        lists = x509.CertificateRevocationListBuilder().issuer_name(self._name).last_update(now)
        lists = lists.next_update(now + timedelta(days=30))
        lists = lists.add_revoked_certificate(entry.revocation_date(now - timedelta(days=days_ago)).build())
        return lists.sign(self.key, SHA256()).public_bytes(Encoding.DER)


def self_signed(*names: str, begins: int = -10, days: int = 365) -> Paper:
    """A server's own word."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _common(names[0])
    return Paper(_sign(_for(_builder(name, name, key, begins=begins, days=days), names), key, key), key)


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, *, begins: int, days: int) -> x509.CertificateBuilder:
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(days=begins)
    last = first + timedelta(days=days)
    return x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), first, last)


def _for(builder: x509.CertificateBuilder, names: Sequence[str]) -> x509.CertificateBuilder:
    return builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)


def _sign(builder: x509.CertificateBuilder, signer: Key, own: Key) -> x509.Certificate:
    """With the identifiers of both keys."""
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    return builder.add_extension(identifier, critical=False).sign(signer, SHA256())


def _common(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
