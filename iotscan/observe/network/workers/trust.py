"""Who vouches for a chain of certificates: Mozilla's roots, the system's, or those that the user gave.

A root that somebody added to this machine (a company's, a proxy's) is told apart from those that it has of Mozilla's
list, by the dated list beside this program: nobody else need know it.

The name and the date are other questions: a chain is judged at a time when its leaf was valid, and under a name of its
own. One way that holds is enough. Mozilla's roots are asked by the rules of the web (CA/Browser Forum, as
``cryptography`` enforces them); the system's and the user's as OpenSSL does for TLS (:mod:`iotscan.wire.paths`),
because a certificate that a company or a maker issues for devices keeps few of those rules.
"""

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from iotscan.data.distrusted import refusal
from iotscan.data.mozilla_roots import mozilla_roots
from iotscan.wire.paths.anchors import Anchors, read_anchors
from iotscan.wire.paths.certified import Certified, certified
from iotscan.wire.paths.signers import signers
from iotscan.wire.paths.walking import MOST_CERTIFICATES, Way, walk
from iotscan.wire.revocation.path import is_issued

MOZILLA, SYSTEM, MACHINE = "Mozilla", "system", "this machine"
"""The last is a root that was added to this machine: no public one."""
NAMELESS = "the certificate names no host"
"""Mozilla's roots vouch for none such; where no root is in sight at all, that is not what is wrong with it."""
_MOZILLA_FILE = "plugins/certificate_info/trust_stores/pem_files/mozilla_nss.pem"
_SYSTEM_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions keep their roots as one file: Debian, Fedora, SUSE, Alpine and macOS."""


def judge(chain: list[bytes], stores: list[tuple[str, str]], at: datetime | None = None) -> dict[str, Any]:
    """Which stores vouch for a chain of DER certificates, leaf first.

    ``stores`` are the user's: a name and the path of a PEM file. ``at`` is when the chain was seen, now where it is
    left out; a leaf that was not valid then is judged at the nearest moment when it was. Returns ``is_trusted``,
    ``by`` (the names of the stores that vouch), ``is_private`` (a store of the user vouches; None where there is
    none), ``is_anchored`` (signatures lead to a root of a store, whatever else stands against them), ``signers``
    (places of those in the chain that signed its leaf, directly or by others; itself among them) and ``detail``. Each
    is None where it cannot be told: a certificate cannot be read, or there are more ways than are tried.
    """
    try:
        leaf, *others = map(certified, chain)
        when = _time_within(leaf.certificate, at or datetime.now(UTC))
    except ValueError:
        return _untold("a certificate cannot be read")
    system = system_file()
    asked = [(SYSTEM, system), *stores] if system else stores
    ways = {name: walk(leaf, others, _roots(path), when) for name, path in asked}
    by = [_called(name, way) for name, way in ways.items() if way.certificates]
    said = _by_web_rules(leaf.certificate, [o.certificate for o in others[:MOST_CERTIFICATES]], when)
    by = [*by, MOZILLA] if not said else by
    if not by and any(way.gave_up for way in ways.values()):
        return _untold("more ways lead up from it than are tried")
    given = [name for name, _ in stores]
    own = any(name in given for name in by)
    return {
        "signers": signers((leaf, *others)),
        "is_trusted": bool(by),
        "by": by,
        "is_private": True if own else None if not given or any(ways[name].gave_up for name in given) else False,
        "is_anchored": bool(by) or any(way.is_anchored for way in ways.values()),
        "detail": f"leads to a root of {' and '.join(by)}" if by else _why_not(leaf, ways, said),
    }


def _called(name: str, way: Way) -> str:
    """The store whose root vouches; a root of the system that is none of Mozilla's is of this machine alone."""
    root = way.certificates[-1].certificate.fingerprint(SHA256()).hex()
    return MACHINE if name == SYSTEM and mozilla_roots().get(root) not in ("current", "former") else name


def _untold(detail: str) -> dict[str, Any]:
    return {"signers": None, "is_trusted": None, "by": [], "is_private": None, "is_anchored": None, "detail": detail}


def system_file() -> str:
    """The file with this machine's roots; empty where none is known."""
    return next((path for path in _SYSTEM_FILES if Path(path).is_file()), "")


@cache
def _roots(path: str) -> Anchors:
    return read_anchors(Path(path).read_bytes())


@cache
def _mozilla() -> Store:
    # Found and not imported: sslyze takes half a second to, and only its file is wanted.
    package = find_spec("sslyze")
    if package is None or package.origin is None:
        raise FileNotFoundError("sslyze, which brings Mozilla's roots, is not installed")
    path = Path(package.origin).parent / _MOZILLA_FILE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Store(x509.load_pem_x509_certificates(path.read_bytes()))


def _by_web_rules(leaf: x509.Certificate, others: list[x509.Certificate], when: datetime) -> str:
    """Why Mozilla's roots do not vouch; empty when they do."""
    subject = _own_name(leaf)
    if subject is None:
        return NAMELESS
    try:
        way = PolicyBuilder().store(_mozilla()).time(when).build_server_verifier(subject).verify(leaf, others)
    except (VerificationError, ValueError) as error:
        # What follows in brackets repeats the certificate as the library shows it.
        return str(error).partition(" (encountered")[0] or "validation failed"
    # The copy of Mozilla's roots has no dates, and may be older than what was withdrawn since.
    issued = leaf.not_valid_before_utc.date()
    return next((why for one in way if (why := refusal(one.fingerprint(SHA256()).hex(), issued))), "")


def _why_not(leaf: Certified, ways: Mapping[str, Way], said: str) -> str:
    for name, way in ways.items():
        if way.why:
            return f"leads to a root of {name}, but {way.why}"
    if leaf.is_self_issued and is_issued(leaf.certificate, leaf.certificate):
        return "leads to no root of a known store: signed by itself"
    # "Candidates exhausted" is the library's way to say just this.
    more = "" if "candidates exhausted" in said or said == NAMELESS else f": {said}"
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


def _time_within(leaf: x509.Certificate, moment: datetime) -> datetime:
    first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    return max(first, min(moment, last - timedelta(seconds=1)))
