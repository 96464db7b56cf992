"""From a leaf upwards: each certificate of a chain that can be revoked, and who issued it. RFC 5280 section 6.1."""

import warnings
from collections.abc import Iterable, Sequence

import msgspec
from cryptography import x509

LONGEST = 16
"""Certificates of a chain that are looked at."""
_KEYS = 8
"""Issuers of one certificate that are told apart: cross-signed ones share a key."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate and the certificates whose key signed it: several where they were cross-signed."""

    position: int
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...]


def read(der: bytes) -> x509.Certificate | None:
    """A certificate, or None for what is none. Never raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der)
    except Exception:
        return None


def path_of(chain: Sequence[bytes], authorities: Iterable[x509.Certificate] = ()) -> tuple[Held, ...]:
    """Leaf first, each certificate that leads up from the leaf and that somebody else issued.

    Issuers are those of the chain, then ``authorities``; what no key of these signed is left out, for nobody can tell
    then who may revoke it. ``chain`` is DER, leaf first. Never raises.
    """
    sent = [read(der) for der in chain[:LONGEST]]
    known = [*(c for c in sent if c is not None), *authorities]
    found: list[Held] = []
    at, seen = (0 if sent else -1), set[int]()
    while at >= 0 and at not in seen:
        seen.add(at)
        certificate = sent[at]
        issuers = () if certificate is None else issuers_of(certificate, known)
        if certificate is None or not issuers:
            break
        found.append(Held(position=at, certificate=certificate, issuers=issuers))
        at = next((i for i, c in enumerate(sent) if c in issuers and i not in seen), -1)
    return tuple(found)


def issuers_of(certificate: x509.Certificate, known: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Those whose key signed a certificate, and not the certificate itself."""
    if certificate.issuer == certificate.subject and is_issued(certificate, certificate):
        # Its own issuer: nobody above it can revoke it. A server that only bears the name of its CA has one.
        return ()
    named = (c for c in known if c.subject == certificate.issuer and c != certificate)
    return tuple(c for c in dict.fromkeys(named) if is_issued(certificate, c))[:_KEYS]


def is_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether a key signed a certificate in its name. Never raises."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:
        return False
    return True


def may(certificate: x509.Certificate, use: str) -> bool:
    """Whether keyUsage allows a use (``crl_sign`` …); what has none may be used for all (RFC 5280 section 4.2.1.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except Exception:
        return False
    return bool(getattr(usage, use))


def unknown_critical(extensions: Iterable[x509.Extension[x509.ExtensionType]]) -> str:
    """The OID of a critical extension that nobody here understands; empty without one."""
    return next(
        (e.oid.dotted_string for e in extensions if e.critical and isinstance(e.value, x509.UnrecognizedExtension)), ""
    )
