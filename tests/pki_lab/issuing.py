"""Certificates made of recipes: the only place where one is signed."""

import base64
import hashlib
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tests.pki_lab import der, keys
from tests.pki_lab.recipes import EVERYTHING, NO_END, Recipe
from tests.pki_lab.transparency import SCT_LIST, sct_list

_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
_FOREVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_REFUSED = ("rsa-512",)
"""Kinds of key that ``cryptography`` puts into no certificate."""


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate with its key."""

    name: str
    recipe: Recipe
    key: keys.Key
    der: bytes

    @property
    def subject(self) -> x509.Name:
        """As it stands in what it signs."""
        return subject_of(self.name, self.recipe)

    @property
    def certificate(self) -> x509.Certificate:
        """As ``cryptography`` reads it; raises ValueError where that refuses it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(self.der)

    @property
    def pem(self) -> bytes:
        """One block of PEM."""
        return pem_of(self.der, "CERTIFICATE")


def pem_of(content: bytes, kind: str) -> bytes:
    """DER as PEM (RFC 7468)."""
    text = base64.b64encode(content).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n".encode()


def serial_of(name: str) -> int:
    """The serial number of one certificate of the lab: always the same, positive, 16 bytes."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big") >> 2 | 1 << 125


def subject_of(name: str, recipe: Recipe) -> x509.Name:
    """Who a certificate is for."""
    text = recipe.subject or ("device.example" if recipe.kind == "server" else f"Lab {name}")
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab"), x509.NameAttribute(NameOID.COMMON_NAME, text)]
    if recipe.serial_number:
        parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, recipe.serial_number))
    return x509.Name(parts)


def key_of(name: str, recipe: Recipe) -> keys.Key:
    """The key of one certificate of the lab."""
    return keys.key(recipe.key, recipe.key_of or name)


def issue(name: str, issuer: Callable[[str], Issued], now: datetime, web: str) -> Issued:
    """Make the certificate of that name; ``issuer`` gives the certificate of whoever signs it."""
    recipe = EVERYTHING[name]
    own = key_of(name, recipe)
    by_key, by_name = (own, subject_of(name, recipe)) if recipe.by == name else _signer(issuer(recipe.by))
    builder = _begun(name, recipe, now, by_name)
    public = ec.generate_private_key(ec.SECP256R1()) if recipe.key in _REFUSED else own
    builder = builder.public_key(public.public_key())
    for extension, is_critical in _extensions(recipe, keys.spki(own), keys.spki(by_key), web):
        builder = builder.add_extension(extension, is_critical)
    if recipe.scts:
        body = der.body_of(_signed(builder, by_key, recipe))
        listed = sct_list(body, keys.spki(by_key), now, recipe.scts)
        builder = builder.add_extension(x509.UnrecognizedExtension(SCT_LIST, listed), critical=False)
    return Issued(
        name=name, recipe=recipe, key=own, der=_altered(_signed(builder, by_key, recipe), own, by_key, recipe)
    )


def _signer(issued: Issued) -> tuple[keys.Key, x509.Name]:
    return issued.key, issued.subject


def _begun(name: str, recipe: Recipe, now: datetime, by: x509.Name) -> x509.CertificateBuilder:
    ends = _FOREVER if recipe.ends == NO_END else now + timedelta(float(recipe.ends))
    begins = now + timedelta(recipe.begins)
    subject, serial = subject_of(name, recipe), serial_of(name)
    return x509.CertificateBuilder(by, subject, None, serial, begins, ends)


def _signed(builder: x509.CertificateBuilder, by: keys.Key, recipe: Recipe) -> bytes:
    plain = isinstance(by, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    pss = _PSS if recipe.hash == "sha256-pss" else None
    made = builder.sign(by, None if plain else hashes.SHA256(), rsa_padding=pss)
    return made.public_bytes(Encoding.DER)


def _altered(made: bytes, own: keys.Key, by: keys.Key, recipe: Recipe) -> bytes:
    if recipe.key in _REFUSED or recipe.version == 1:
        assert isinstance(by, ec.EllipticCurvePrivateKey)
        return der.with_key(made, keys.spki(own), by) if recipe.version == 3 else der.as_version_1(made, by)
    if recipe.hash in ("md5", "sha1"):
        assert isinstance(by, rsa.RSAPrivateKey)
        return der.with_hash(made, by, recipe.hash)
    return made


def _extensions(recipe: Recipe, own: bytes, above: bytes, web: str) -> Iterator[tuple[x509.ExtensionType, bool]]:
    is_authority = recipe.kind == "authority"
    is_ca = is_authority if recipe.is_ca is None else recipe.is_ca
    yield x509.BasicConstraints(ca=is_ca, path_length=recipe.path_length), True
    yield _usage(recipe, is_ca=is_ca), True
    if recipe.purposes is not None:
        yield x509.ExtendedKeyUsage(recipe.purposes), False
    if recipe.names:
        yield x509.SubjectAlternativeName([_name(text) for text in recipe.names]), False
    yield x509.SubjectKeyIdentifier(key_id(own)), False
    yield x509.AuthorityKeyIdentifier(key_id(above), None, None), False
    yield from _addresses(recipe, web)
    yield from recipe.extras


def key_id(spki: bytes) -> bytes:
    """RFC 7093 section 2 method 1: 160 bits of SHA-256."""
    bits = der.parts(spki)[1]
    return hashlib.sha256(bits).digest()[:20]


def _usage(recipe: Recipe, *, is_ca: bool) -> x509.KeyUsage:
    signs = recipe.signs and (is_ca or recipe.kind == "authority")
    return x509.KeyUsage(
        digital_signature=recipe.kind != "authority",
        content_commitment=False,
        key_encipherment=recipe.kind == "server" and recipe.key.startswith("rsa"),
        data_encipherment=False,
        key_agreement=not signs and recipe.kind == "authority",
        key_cert_sign=signs,
        crl_sign=signs or recipe.kind == "helper",
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.GeneralName:
    kind, _, value = text.partition(":")
    return x509.DNSName(value) if kind == "dns" else x509.IPAddress(ip_address(value))


def _addresses(recipe: Recipe, web: str) -> Iterator[tuple[x509.ExtensionType, bool]]:
    if recipe.crl is not None:
        yield x509.CRLDistributionPoints([_point(recipe, f"{web}/{recipe.crl or recipe.by}.crl")]), False
    if recipe.delta:
        where = x509.UniformResourceIdentifier(f"{web}/{recipe.delta}.crl")
        yield x509.FreshestCRL([x509.DistributionPoint([where], None, None, None)]), False
    if recipe.ocsp:
        responder = x509.UniformResourceIdentifier(f"{web}/ocsp/{recipe.by}")
        issuer = x509.UniformResourceIdentifier(f"{web}/{recipe.by}.cer")
        yield (
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(AuthorityInformationAccessOID.OCSP, responder),
                    x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, issuer),
                ]
            ),
            False,
        )


def _point(recipe: Recipe, url: str) -> x509.DistributionPoint:
    of = recipe.crl_issuer
    named = [x509.DirectoryName(subject_of(of, EVERYTHING[of]))] if of else None
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, named)
