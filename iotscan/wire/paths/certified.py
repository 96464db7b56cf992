"""One certificate as the walk to a root needs it: read once, and kept for as long as it comes up again."""

import functools
import re
import warnings

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from iotscan.model.facts.certificate import Certificate
from iotscan.wire.certificates import read_damaged

KEPT = 4096
"""Certificates that are remembered. Those of authorities come up again and again, those of devices once."""
_NETSCAPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
"""netscape-cert-type: easy-rsa and scripts of its time still write it, and OpenSSL still heeds it."""
_HANDLED = frozenset(
    {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.OCSP_NO_CHECK,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        _NETSCAPE,
    }
)
"""What may be critical: the list of OpenSSL's X509_supported_extension, less proxy certificates and address blocks."""
_BROKEN = frozenset({"md2", "md4", "md5", "sha1"})
_SHORTEST_RSA, _SHORTEST_CURVE = 2048, 224
"""112 bits of strength: security level 2 of OpenSSL, its default for TLS since 3.2 and Debian's before."""


class Certified(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What counts of a certificate for whom it may sign, and who may have signed it."""

    der: bytes
    certificate: x509.Certificate
    subject: x509.Name
    issuer: x509.Name
    key_id: bytes = b""
    """subjectKeyIdentifier."""
    signer_id: bytes = b""
    """keyIdentifier of authorityKeyIdentifier."""
    signer_serial: int | None = None
    is_authority: bool = False
    is_old: bool = False
    """Version 1: it has no extensions to say anything with."""
    path_length: int | None = None
    signer_issuers: tuple[x509.Name, ...] = ()
    """Names of authorityCertIssuer: who issued the certificate of its signer."""
    may_sign: bool = True
    """keyUsage, where there is one, holds keyCertSign."""
    may_serve: bool = True
    """keyUsage and Netscape's certificate type, where they are there, have a use for a server's own certificate."""
    serves: bool = True
    """extendedKeyUsage, where there is one, holds serverAuth."""
    limits: x509.NameConstraints | None = None
    names: tuple[x509.GeneralName, ...] = ()
    weak_key: str = ""
    """``RSA of 1024 bits``, ``a curve that is not named``; empty for one that holds."""
    weak_hash: str = ""
    """``SHA-1``: what it is signed with; empty where that holds."""
    problem: str = ""
    """Why nobody who keeps to RFC 5280 accepts it anywhere on the way; empty where nothing stands against it."""

    @property
    def is_self_issued(self) -> bool:
        """It names itself as its issuer; whether it signed itself is another question."""
        return self.subject == self.issuer

    @property
    def label(self) -> str:
        """Its common name, or all of its name."""
        common = self.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(common[0].value) if common else self.subject.rfc4514_string()


@functools.lru_cache(maxsize=KEPT)
def certified(der: bytes) -> Certified:
    """Read one. Raises ValueError, and nothing else, for bytes that are no certificate."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(x509.load_der_x509_certificate(der), der)
    except Exception as error:
        raise ValueError(f"no certificate ({type(error).__name__})") from error


def encoded(certificate: x509.Certificate) -> bytes:
    """The DER form."""
    return certificate.public_bytes(Encoding.DER)


def _read(certificate: x509.Certificate, der: bytes) -> Certified:
    plain = Certified(
        der=der,
        certificate=certificate,
        subject=certificate.subject,
        issuer=certificate.issuer,
        is_old=certificate.version is x509.Version.v1,
        weak_key=_weak_key(certificate),
        weak_hash=_weak_hash(certificate),
    )
    try:
        extensions = {e.oid: e for e in certificate.extensions}
    except Exception:
        return msgspec.structs.replace(plain, problem="its extensions cannot be read")
    if der[-len(certificate.signature) - 1]:
        # The library lets it pass where those bits are zero; OpenSSL refuses it (RFC 5280 section 4.1.1.3).
        return msgspec.structs.replace(plain, problem="its signature is no whole number of bytes")
    unknown = sorted(oid.dotted_string for oid, e in extensions.items() if e.critical and oid not in _HANDLED)
    told = {_FIELDS[oid]: e.value for oid, e in extensions.items() if oid in _FIELDS}
    return msgspec.structs.replace(
        plain,
        problem=f"it has a critical extension that nobody knows ({unknown[0]})" if unknown else "",
        **_said(told),
    )


_FIELDS = {
    ExtensionOID.BASIC_CONSTRAINTS: "basic",
    ExtensionOID.KEY_USAGE: "usage",
    ExtensionOID.EXTENDED_KEY_USAGE: "purposes",
    ExtensionOID.NAME_CONSTRAINTS: "limits",
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME: "names",
    ExtensionOID.SUBJECT_KEY_IDENTIFIER: "own",
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER: "signer",
    _NETSCAPE: "netscape",
}


def _said(told: dict[str, x509.ExtensionType]) -> dict[str, object]:
    """The fields of :class:`Certified` that extensions fill."""
    found: dict[str, object] = {}
    match told.get("basic"):
        case x509.BasicConstraints() as basic:
            found |= {"is_authority": basic.ca, "path_length": basic.path_length}
    match told.get("usage"):
        case x509.KeyUsage() as usage:
            found["may_sign"] = usage.key_cert_sign
            found["may_serve"] = usage.digital_signature or usage.key_encipherment or usage.key_agreement
    match told.get("netscape"):
        case x509.UnrecognizedExtension() as kind if not _is_for_servers(kind.value):
            found["may_serve"] = False
    match told.get("purposes"):
        case x509.ExtendedKeyUsage() as purposes:
            found["serves"] = ExtendedKeyUsageOID.SERVER_AUTH in purposes
    match told.get("signer"):
        case x509.AuthorityKeyIdentifier() as signer:
            found |= {"signer_id": signer.key_identifier or b"", "signer_serial": signer.authority_cert_serial_number}
            issuers = signer.authority_cert_issuer or ()
            found["signer_issuers"] = tuple(n.value for n in issuers if isinstance(n, x509.DirectoryName))
    match told.get("own"):
        case x509.SubjectKeyIdentifier() as own:
            found["key_id"] = own.digest
    match told.get("names"):
        case x509.SubjectAlternativeName() as names:
            found["names"] = tuple(names)
    return found | ({"limits": told["limits"]} if "limits" in told else {})


def _is_for_servers(kind: bytes) -> bool:
    """Whether a netscape-cert-type (a BIT STRING in DER) holds sslServer, its second bit."""
    return len(kind) >= 4 and bool(kind[3] & 0x40)


def _weak_key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return _weak_by_our_reader(certificate)
    match key:
        case rsa.RSAPublicKey() | dsa.DSAPublicKey() if key.key_size < _SHORTEST_RSA:
            return f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'DSA'} of {key.key_size} bits"
        case ec.EllipticCurvePublicKey() if key.key_size < _SHORTEST_CURVE:
            return key.curve.name
    return ""


def _weak_by_our_reader(certificate: x509.Certificate) -> str:
    """The same of a key that the library does not take: nothing leads over it, but a server may have it.

    Empty for kinds that are new; a curve that is not named, or not known, is one that TLS clients refuse.
    """
    read = read_damaged(encoded(certificate))
    if not isinstance(read, Certificate):
        return "unreadable"
    curve = read.extensions.curve if read.extensions else ""
    if read.key_type == "ec" and (curve == "explicit" or read.key_bits < _SHORTEST_CURVE):
        return f"the curve {curve}" if curve and curve != "explicit" else "a curve that is not named"
    if read.key_type in ("rsa", "dsa") and read.key_bits < _SHORTEST_RSA:
        return f"{read.key_type.upper()} of {read.key_bits} bits"
    return ""


def _weak_hash(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    name = algorithm.name if algorithm is not None else ""
    return re.sub(r"(?<=sha)(?=\d)", "-", name).upper() if name in _BROKEN else ""
