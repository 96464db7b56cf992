"""Keys and certificates for the daemons, as PEM files."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def make_ec_key() -> Key:
    """A P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def make_rsa_key() -> Key:
    """An RSA key of 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Authority:
    """A CA of its own, known to nobody; its certificate is ``ca.pem`` in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._key = make_ec_key()
        self._name = _name("LAN device CA")
        builder = _builder(self._name, self._name, self._key, 365).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, folder: Path, key: Key, host: str, address: str, *, days: int = 90) -> None:
        """Put ``cert.pem`` and ``key.pem`` into ``folder``; the certificate began a day ago."""
        names = [x509.DNSName(f"{host}.local"), x509.IPAddress(ip_address(address))]
        builder = _builder(_name(host), self._name, key, days).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        _write(folder, key, builder.sign(self._key, hashes.SHA256()))

    def issue_for(self, folder: Path, key: Key, host: str, *, days: int = 90) -> None:
        """Put ``cert.pem`` and ``key.pem`` for a host name alone into ``folder``, as a public CA would."""
        builder = _builder(_name(host), self._name, key, days).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
        )
        _write(folder, key, builder.sign(self._key, hashes.SHA256()))


def self_sign(folder: Path, key: Key, host: str, *, days: int) -> None:
    """Put a certificate signed by itself and its key into ``folder``."""
    builder = _builder(_name(host), _name(host), key, days)
    _write(folder, key, builder.sign(key, hashes.SHA256()))


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, days: int) -> x509.CertificateBuilder:
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    return x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(), first, first + timedelta(days=days)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _write(folder: Path, key: Key, certificate: x509.Certificate) -> None:
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
