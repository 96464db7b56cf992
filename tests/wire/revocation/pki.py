"""A small PKI of this test's own: root, intermediate, leaf, a delegated responder, and what they sign."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from iotscan.wire.revocation.path import Held, path_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Added = Iterable[tuple[x509.ExtensionType, bool]]


@cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def usage(*, crl: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=crl,
        crl_sign=crl,
        encipher_only=False,
        decipher_only=False,
    )


def certificate(
    subject: str,
    issuer: str,
    *,
    serial: int,
    with_key: str = "",
    by_key: str = "",
    is_ca: bool = False,
    added: Added = (),
    life: tuple[datetime, datetime] = (NOW - 100 * DAY, NOW + 500 * DAY),
) -> x509.Certificate:
    """``with_key`` and ``by_key`` name the keys of subject and issuer, their own names where they are not given."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key(with_key or subject).public_key())
        .serial_number(serial)
        .not_valid_before(life[0])
        .not_valid_after(life[1])
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    for value, critical in added:
        builder = builder.add_extension(value, critical)
    return builder.sign(key(by_key or issuer), hashes.SHA256())


ROOT = certificate("Root", "Root", serial=1, is_ca=True)
CA = certificate("CA", "Root", serial=2, is_ca=True, added=[(usage(crl=True), True)])
LEAF = certificate("gw", "CA", serial=0x1234)
CHAIN = tuple(c.public_bytes(Encoding.DER) for c in (LEAF, CA, ROOT))
OCSP_SIGNING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
RESPONDER = certificate("Responder", "CA", serial=9, added=[OCSP_SIGNING])


def path(chain: Iterable[x509.Certificate] = (LEAF, CA, ROOT)) -> tuple[Held, ...]:
    return path_of([c.public_bytes(Encoding.DER) for c in chain])


def response(
    about: x509.Certificate = LEAF,
    issuer: x509.Certificate = CA,
    *,
    signer: x509.Certificate = CA,
    by_key: str = "CA",
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    since: datetime = NOW - DAY,
    until: datetime | None = NOW + DAY,
    by_name: bool = False,
    added: Added = (),
) -> bytes:
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about,
        issuer=issuer,
        algorithm=hashes.SHA1(),  # as RFC 5019 has it
        cert_status=status,
        this_update=since,
        next_update=until,
        revocation_time=NOW - 10 * DAY if is_revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
    )
    how = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(how, signer)
    if signer is not issuer:
        builder = builder.certificates([signer])
    for value, critical in added:
        builder = builder.add_extension(value, critical)
    return builder.sign(key(by_key), hashes.SHA256()).public_bytes(Encoding.DER)


def revoked(serial: int, reason: x509.ReasonFlags | None = None, added: Added = ()) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - 10 * DAY)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    for value, critical in added:
        builder = builder.add_extension(value, critical)
    return builder.build()


def crl(
    entries: Iterable[x509.RevokedCertificate] = (),
    *,
    issuer: str = "CA",
    by_key: str = "",
    added: Added = (),
    since: datetime = NOW - DAY,
    until: datetime = NOW + DAY,
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(named(issuer)).last_update(since).next_update(until)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    for value, critical in added:
        builder = builder.add_extension(value, critical)
    return builder.sign(key(by_key or issuer), hashes.SHA256()).public_bytes(Encoding.DER)
