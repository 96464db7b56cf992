"""Who vouches for a chain of certificates: Mozilla's roots, the system's, or those that the user gave.

The name and the date are other questions: a chain is judged at a time when its leaf was valid, and
under a name of its own. Mozilla's roots are asked by the rules of the web (CA/Browser Forum, as
``cryptography`` enforces them); the system's and the user's as OpenSSL and mbed TLS would, because a
certificate that a company or a maker issues for devices keeps few of those rules.
"""

import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

MOZILLA, SYSTEM = "Mozilla", "system"
_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions keep their roots as one file: Debian, Fedora, SUSE, Alpine and macOS."""


def judge(chain: list[bytes], stores: list[tuple[str, str]]) -> dict[str, Any]:
    """Which stores vouch for a chain of DER certificates, leaf first.

    ``stores`` are the user's: a name and the path of a PEM file. Returns ``is_trusted``, ``by`` (the names of the
    stores that vouch), ``is_private`` (a store of the user vouches; None where there is none) and ``detail``;
    ``is_trusted`` is None where a certificate cannot be read.
    """
    try:
        leaf, *others = (x509.load_der_x509_certificate(der) for der in chain)
        when = _time_within(leaf)
    except Exception:
        return {"is_trusted": None, "by": [], "is_private": None, "detail": "a certificate cannot be read"}
    system = system_file()
    asked = [(SYSTEM, system), *stores] if system else stores
    by = [name for name, path in asked if _leads_to(leaf, others, _roots(path), when)]
    said = _by_web_rules(leaf, others, when)
    by = [*by, MOZILLA] if not said else by
    given = [name for name, _ in stores]
    return {
        "is_trusted": bool(by),
        "by": by,
        "is_private": any(name in given for name in by) if given else None,
        "detail": f"leads to a root of {' and '.join(by)}" if by else _why_not(leaf, said),
    }


def system_file() -> str:
    """The file with this machine's roots; empty where none is known."""
    return next((path for path in _SYSTEM_FILES if Path(path).is_file()), "")


@cache
def _roots(path: str) -> tuple[x509.Certificate, ...]:
    # Old roots have odd serial numbers, and the library warns of each.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(x509.load_pem_x509_certificates(Path(path).read_bytes()))


@cache
def _mozilla() -> Store:
    from sslyze.plugins.certificate_info.trust_stores import trust_store_repository

    path = Path(trust_store_repository.__file__).parent / "pem_files" / "mozilla_nss.pem"
    return Store(list(_roots(str(path))))


def _by_web_rules(leaf: x509.Certificate, others: list[x509.Certificate], when: datetime) -> str:
    """Why Mozilla's roots do not vouch; empty when they do."""
    subject = _own_name(leaf)
    if subject is None:
        return "the certificate names no host"
    try:
        PolicyBuilder().store(_mozilla()).time(when).build_server_verifier(subject).verify(leaf, others)
    except (VerificationError, ValueError) as error:
        # What follows in brackets repeats the certificate as the library shows it.
        return str(error).partition(" (encountered")[0] or "validation failed"
    return ""


def _leads_to(
    leaf: x509.Certificate, others: list[x509.Certificate], roots: tuple[x509.Certificate, ...], when: datetime
) -> bool:
    """Whether signatures lead from a leaf to a root; a certificate that stands in the store itself is one.

    The shortest way first, and each certificate once: a chain whose certificates all sign each other costs no more.
    """
    open_ends, seen = [(leaf, 1)], {leaf}
    while open_ends:
        certificate, below = open_ends.pop(0)
        if certificate in roots or any(_signs(root, certificate, when, below, is_root=True) for root in roots):
            return True
        above = [c for c in others if c not in seen and _signs(c, certificate, when, below, is_root=False)]
        seen.update(above)
        open_ends += [(c, below + 1) for c in above]
    return False


def _signs(
    issuer: x509.Certificate, certificate: x509.Certificate, when: datetime, below: int, *, is_root: bool
) -> bool:
    """Whether ``issuer`` may and did sign ``certificate``; ``below`` certificates stand beneath it, leaf included."""
    if certificate.issuer != issuer.subject or not _may_sign(issuer, below, is_root=is_root):
        return False
    if not issuer.not_valid_before_utc <= when <= issuer.not_valid_after_utc:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:
        return False
    return True


def _may_sign(issuer: x509.Certificate, below: int, *, is_root: bool) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        # A root of version 1 has no extensions: whoever put it into the store vouches for it.
        return is_root and issuer.version is x509.Version.v1
    except ValueError:
        return False
    longest = constraints.path_length
    return constraints.ca and (longest is None or below - 1 <= longest)


def _why_not(leaf: x509.Certificate, said: str) -> str:
    if leaf.subject == leaf.issuer:
        return "leads to no root of a known store: signed by itself"
    # "Candidates exhausted" is the library's way to say just this.
    more = "" if "candidates exhausted" in said else f": {said}"
    return f"leads to no root of a known store{more}"


def _own_name(leaf: x509.Certificate) -> x509.DNSName | x509.IPAddress | None:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    for name in names:
        if isinstance(name, x509.DNSName):
            return x509.DNSName(name.value.replace("*", "any", 1))
        if isinstance(name, x509.IPAddress):
            return name
    return None


def _time_within(leaf: x509.Certificate) -> datetime:
    first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    return max(first, min(datetime.now(UTC), last - timedelta(seconds=1)))
