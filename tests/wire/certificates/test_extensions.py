"""What a certificate says of its use is read as a library that knows it wrote it."""

import ipaddress
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from iotscan.model.facts.certificate import Certificate, Extensions
from iotscan.wire.certificates import read_certificate

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
URL = x509.UniformResourceIdentifier
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
HARDWARE = bytes.fromhex("3010060a2b0601040182375b03020402ab01")
"""HardwareModuleName: hwType 1.3.6.1.4.1.311.91.3.2, hwSerialNum AB01."""


def usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in USAGES})


def read(*extensions: tuple[x509.ExtensionType, bool], subject: x509.Name | None = None) -> Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cam")]) if subject is None else subject
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 0xABC, START, START + timedelta(days=10))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return read_certificate(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER))


def uses(*extensions: tuple[x509.ExtensionType, bool]) -> Extensions:
    found = read(*extensions).extensions
    assert found is not None
    return found


def point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint(full_name=[URL(url)], relative_name=None, reasons=None, crl_issuer=None)


def test_a_certificate_that_says_nothing_of_its_use() -> None:
    expected = Extensions(
        version=3, signature_algorithm="ecdsa-with-SHA256", curve="secp256r1", common_names=("cam",),
        critical=("tlsfeature",),
    )  # fmt: skip
    assert uses((x509.TLSFeature([x509.TLSFeatureType.status_request_v2]), True)) == expected
    plain = read()
    assert plain.defects == ()
    assert not plain.must_staple
    assert plain.extensions == msgspec.structs.replace(expected, critical=())


def test_a_ca_says_what_it_may_sign() -> None:
    dns, net = x509.DNSName, ipaddress.ip_network
    directory = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ACME")]))
    permitted = [dns("example.com"), x509.IPAddress(net("10.0.0.0/8")), x509.IPAddress(net("fd00::/8")), directory]
    found = uses(
        (x509.BasicConstraints(ca=True, path_length=3), True),
        (usage("key_cert_sign", "crl_sign"), True),
        (x509.NameConstraints(permitted, [x509.RFC822Name("evil.example"), URL("evil.example")]), True),
        (x509.SubjectKeyIdentifier(b"\xab\xcd"), False),
        (x509.AuthorityKeyIdentifier(b"\x12\x34", [directory], 7), False),
        (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)]), False),
    )
    assert (found.has_basic_constraints, found.path_length) == (True, 3)
    assert found.key_usage == ("keyCertSign", "cRLSign")
    assert found.permitted == ("dns:example.com", "ip:10.0.0.0/8", "ip:fd00::/8", "dir:O=ACME")
    assert found.excluded == ("email:evil.example", "uri:evil.example")
    assert (found.subject_key, found.authority_key) == ("abcd", "1234")
    assert found.policies == ("2.23.140.1.2.1",)
    assert found.critical == ("basicConstraints", "keyUsage", "nameConstraints")
    assert found.unknown_critical == ()


def test_a_device_says_who_it_is_and_where_to_ask() -> None:
    names = [
        x509.DNSName("cam.local"), x509.RFC822Name("a@b.example"), URL("urn:dev:mac:0024befffe804ff1"),
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4"), HARDWARE),
    ]  # fmt: skip
    access = [
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, URL("http://ca.example/ca.der")),
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, URL("http://ca.example/ocsp")),
    ]
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3.4")]
    certificate = read(
        (x509.BasicConstraints(ca=False, path_length=None), False),
        (usage("digital_signature", "key_agreement", "decipher_only"), True),
        (x509.ExtendedKeyUsage(purposes), False),
        (x509.SubjectAlternativeName(names), False),
        (x509.AuthorityInformationAccess(access), False),
        (x509.FreshestCRL([point("http://ca.example/delta")]), False),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.5"), b"\5\0"), True),
    )
    found = certificate.extensions
    assert found is not None
    assert found.key_usage == ("digitalSignature", "keyAgreement", "decipherOnly")
    assert found.extended_key_usage == ("serverAuth", "clientAuth", "1.2.3.4")
    assert (found.uris, found.emails) == (("urn:dev:mac:0024befffe804ff1",), ("a@b.example",))
    assert found.serial_number == "ab01"
    assert found.issuer_urls == ("http://ca.example/ca.der",)
    assert certificate.ocsp_urls == ("http://ca.example/ocsp",)
    assert found.delta_crl_urls == ("http://ca.example/delta",)
    assert found.unknown_critical == ("1.2.3.5",)
    assert found.has_basic_constraints
    assert found.path_length is None


def test_the_serial_number_of_the_subject_comes_before_that_of_the_hardware() -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "a"),
            x509.NameAttribute(NameOID.COMMON_NAME, "b"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, "SN-1"),
        ]
    )
    other = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.5.5.7.8.4"), HARDWARE)
    found = read((x509.SubjectAlternativeName([other]), False), subject=name).extensions
    assert found is not None
    assert found.common_names == ("a", "b")
    assert found.serial_number == "SN-1"


def test_signed_timestamps_are_counted() -> None:
    scts = [bytes(43) + b"\4\3\0\1x"] * 2
    inner = b"".join(len(sct).to_bytes(2, "big") + sct for sct in scts)
    value = len(inner).to_bytes(2, "big") + inner
    encoded = bytes((0x04, len(value))) + value
    oid = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
    assert uses((x509.UnrecognizedExtension(oid, encoded), False)).embedded_scts == 2


def test_names_are_written_as_the_library_writes_them() -> None:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, ' #ACME, "Inc"; <a>+\\ '),
        x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@b.example"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Gerät"),
    ]
    several = x509.RelativeDistinguishedName(
        [x509.NameAttribute(NameOID.COMMON_NAME, "x"), x509.NameAttribute(NameOID.SERIAL_NUMBER, "1")]
    )
    name = x509.Name([*(x509.RelativeDistinguishedName([a]) for a in attributes), several])
    assert read(subject=name).subject == name.rfc4514_string()


def test_names_and_addresses_are_told_apart_and_a_space_is_part_of_a_name() -> None:
    names = [
        x509.DNSName("192.0.2.7"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        x509.DNSName("gw.example "),
        x509.DNSName("gw.example\0.bad.example"),
        x509.DNSName("\tgw.example"),
    ]
    found = read((x509.SubjectAlternativeName(names), False))
    assert found.addresses == ("192.0.2.7",)
    assert found.names[:3] == ("192.0.2.7", "192.0.2.7", "gw.example\\x20")
    assert "gw.example" not in found.names
