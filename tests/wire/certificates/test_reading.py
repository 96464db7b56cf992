"""Certificates as facts; a mutated one is read or refused, never a crash."""

import base64
import contextlib
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts.certificate import Certificate, MalformedCertificate
from iotscan.wire.certificates import UnreadableCertificate, read_certificate, read_damaged, read_damaged_bundle

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def make(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, common_name: str = "cam"
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    url = x509.UniformResourceIdentifier
    point = x509.DistributionPoint(
        full_name=[url("http://ca.example/crl")], relative_name=None, reasons=None, crl_issuer=None
    )
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url("http://ca.example/ocsp"))
    names = [x509.DNSName("cam.local"), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), 0xABC, START, START + timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
        .add_extension(x509.CRLDistributionPoints([point]), critical=False)
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
    )
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA384())


def der_of(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.DER)


DER = der_of(make(ec.generate_private_key(ec.SECP256R1())))


def test_everything_the_checks_ask_for_is_read() -> None:
    key = rsa.generate_private_key(65537, 2048)
    cert = make(key)
    fact = read_certificate(der_of(cert))
    assert (fact.subject, fact.issuer, fact.serial) == ("CN=cam", "CN=cam", "abc")
    assert (fact.not_before, fact.not_after) == (START, START + timedelta(days=10))
    assert (fact.key_type, fact.key_bits, fact.signature_hash) == ("rsa", 2048, "sha384")
    assert fact.names == ("cam.local", "192.0.2.1")
    assert (fact.crl_urls, fact.ocsp_urls) == (("http://ca.example/crl",), ("http://ca.example/ocsp",))
    assert fact.is_self_issued
    assert fact.is_ca
    assert fact.must_staple
    assert fact.sha256 == cert.fingerprint(hashes.SHA256()).hex()
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    assert fact.spki_sha256 == digest.finalize().hex()


def test_ed25519_has_no_hash_of_its_own() -> None:
    fact = read_certificate(der_of(make(ed25519.Ed25519PrivateKey.generate())))
    assert (fact.key_type, fact.key_bits, fact.signature_hash) == ("ed25519", 256, "")


def test_a_hostile_name_is_made_safe() -> None:
    fact = read_certificate(der_of(make(ec.generate_private_key(ec.SECP256R1()), "a\x1b[31m\u202eb")))
    assert "\x1b" not in fact.subject
    assert "\u202e" not in fact.subject


@pytest.mark.parametrize("data", [b"", b"0", DER[:-1], DER + b"x", b"\x30\x82\xff\xff"])
def test_what_is_no_certificate_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableCertificate):
        read_certificate(data)


@given(st.integers(0, len(DER) - 1), st.integers(0, 255))
def test_one_wrong_byte_never_breaks_the_reader(at: int, byte: int) -> None:
    wrong = DER[:at] + bytes([byte]) + DER[at + 1 :]
    with contextlib.suppress(UnreadableCertificate):
        read_certificate(wrong)
    read_damaged(wrong)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(UnreadableCertificate):
        read_certificate(data)
    read_damaged(data)
    read_damaged_bundle(b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(data) + b"\n-----END CERTIFICATE-----")


def test_one_damaged_block_of_a_file_costs_no_other() -> None:
    good = ssl.DER_cert_to_PEM_cert(DER).encode()
    trusted = ssl.DER_cert_to_PEM_cert(DER + b"\x30\0").replace("CERTIFICATE", "TRUSTED CERTIFICATE").encode()
    torn = b"-----BEGIN CERTIFICATE-----\n%%%\n"
    read = read_damaged_bundle(b"text\n" + good + torn + trusted + b"-----BEGIN PRIVATE KEY-----")
    assert [type(one) for one in read] == [Certificate, MalformedCertificate, Certificate]
    assert [one.position for one in read if isinstance(one, MalformedCertificate)] == [1]
    assert read[2] == read[0] == read_certificate(DER)
