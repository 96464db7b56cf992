"""Where the practice devices' keys and certificates come from.

Every key is made once in an instance and kept by name, so that a device shows the same key at every
call and two devices share one exactly when they ask for the same name. Private keys live in memory
only, but for the moment in which OpenSSL reads them from a file.
"""

import ssl
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SECOND = timedelta(seconds=1)


def name_of(common_name: str, organisation: str = "Acme") -> x509.Name:
    """A distinguished name: O, CN."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


class Workshop:
    """Makes keys, and certificates by them or by the network's own CA. ``now`` (UTC) is when it opened."""

    def __init__(self, now: datetime) -> None:
        self.now = now.replace(microsecond=0)
        self._ec: dict[str, ec.EllipticCurvePrivateKey] = {}
        self._rsa: dict[str, rsa.RSAPrivateKey] = {}
        self._ssh: dict[str, bytes] = {}
        self._authority = self._make_authority()

    def ec_key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """The P-256 key of that name."""
        if name not in self._ec:
            self._ec[name] = ec.generate_private_key(ec.SECP256R1())
        return self._ec[name]

    def rsa_key(self, name: str) -> rsa.RSAPrivateKey:
        """The RSA key of that name, 2048 bits."""
        if name not in self._rsa:
            self._rsa[name] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._rsa[name]

    def ssh_key(self, name: str) -> bytes:
        """The Ed25519 host key of that name, as an OpenSSH private key."""
        if name not in self._ssh:
            self._ssh[name] = ed25519.Ed25519PrivateKey.generate().private_bytes(
                Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
            )
        return self._ssh[name]

    def authority_pem(self) -> bytes:
        """The certificate of the network's own CA."""
        return self._authority.public_bytes(Encoding.PEM)

    def self_signed(
        self, key: Key, common_name: str, *, not_before: datetime, not_after: datetime, address: str = ""
    ) -> x509.Certificate:
        """A server certificate signed by its own key; without ``address`` it names only its subject."""
        subject = name_of(common_name)
        builder = self._start(key, subject, subject, not_before, not_after)
        if address:
            builder = _for_server(builder, address)
        return builder.sign(key, SHA256())

    def issue(
        self, key: Key, common_name: str, *, lifetime: timedelta, address: str = "", signs_code: bool = False
    ) -> x509.Certificate:
        """A certificate by the network's CA, valid since an hour before the workshop opened.

        For a server at ``address``, or for signing updates.
        """
        since = self.now - timedelta(hours=1)
        # Both ends of the validity count (RFC 5280 section 4.1.2.5): a second less makes it exactly the lifetime.
        until = since + lifetime - SECOND
        builder = self._start(key, name_of(common_name), self._authority.subject, since, until)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ec_key("authority").public_key()), critical=False
        )
        if address:
            builder = _for_server(builder, address)
        if signs_code:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        return builder.sign(self.ec_key("authority"), SHA256())

    def sign_detached(self, data: bytes) -> bytes:
        """A detached CMS signature (DER, RFC 5652) over ``data`` by the network's update signer."""
        key = self.ec_key("update signer")
        signer = self.issue(key, "Acme update signing", lifetime=timedelta(days=365), signs_code=True)
        builder = pkcs7.PKCS7SignatureBuilder().set_data(data).add_signer(signer, key, SHA256())
        return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])

    def context(
        self,
        key: Key,
        certificate: x509.Certificate,
        *,
        lowest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        ciphers: str = "ECDHE+AESGCM:ECDHE+CHACHA20",
    ) -> ssl.SSLContext:
        """A server's side of TLS; ``ciphers`` in OpenSSL's language, for versions up to 1.2."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Ciphers first: they carry the security level, which old versions need lowered.
        context.set_ciphers(ciphers)
        context.minimum_version, context.maximum_version = lowest, highest
        with TemporaryDirectory(prefix="iotscan-lab-") as folder:
            both = Path(folder) / "server.pem"
            both.touch(mode=0o600)
            both.write_bytes(
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                + certificate.public_bytes(Encoding.PEM)
            )
            context.load_cert_chain(both)
        return context

    def _make_authority(self) -> x509.Certificate:
        key, subject = self.ec_key("authority"), name_of("Practice Network CA", "iotscan")
        builder = self._start(
            key, subject, subject, self.now - timedelta(hours=1), self.now + timedelta(days=365), is_ca=True
        )
        return builder.sign(key, SHA256())

    def _start(
        self,
        key: Key,
        subject: x509.Name,
        issuer: x509.Name,
        not_before: datetime,
        not_after: datetime,
        *,
        is_ca: bool = False,
    ) -> x509.CertificateBuilder:
        public = key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )


def _for_server(builder: x509.CertificateBuilder, address: str) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False
    ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
