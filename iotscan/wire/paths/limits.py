"""Name constraints: for which names an authority may sign (RFC 5280 section 4.2.1.10)."""

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from iotscan.wire.paths.certified import Certified

MOST = 4096
"""Comparisons of a name with a constraint for one certificate; more is refused as OpenSSL does."""
_HOST = re.compile(r"[A-Za-z0-9*_-]+(\.[A-Za-z0-9_-]+)+\.?")


def comparisons(limits: x509.NameConstraints, below: Certified) -> int:
    """About how many comparisons :func:`outside` takes."""
    return (len(below.names) + 1) * (len(limits.permitted_subtrees or ()) + len(limits.excluded_subtrees or ()))


def outside(limits: x509.NameConstraints, below: Certified, *, is_leaf: bool) -> str:
    """The name of a certificate for which the authority above may not sign; empty where it may sign for all."""
    permitted, excluded = list(limits.permitted_subtrees or ()), list(limits.excluded_subtrees or ())
    names = list(_names(below, is_leaf=is_leaf))
    if len(names) * (len(permitted) + len(excluded)) > MOST:
        return "so many names under so many constraints"
    for kind, name in names:
        allowed = [p.value for p in permitted if isinstance(p, kind)]
        forbidden = [e.value for e in excluded if isinstance(e, kind)]
        holds = _HOLDS.get(kind)
        if holds is None:
            if allowed or forbidden:
                return f"a name of kind {kind.__name__}"
            continue
        # A name with a dot at its end is within nothing, as OpenSSL has it; what is excluded is so with a dot, too.
        is_rooted = kind is x509.DNSName and name.endswith(".")
        is_within = not allowed or (not is_rooted and any(holds(name, base) for base in allowed))
        is_wild = kind is x509.DNSName and any(_reaches(name, base) for base in forbidden)
        if not is_within or is_wild or any(holds(name, base) for base in forbidden):
            return name.rfc4514_string() if isinstance(name, x509.Name) else str(name)
    return ""


def _names(below: Certified, *, is_leaf: bool) -> Iterator[tuple[type[x509.GeneralName], Any]]:
    """Every name it goes by: subjectAltName, subject, and what clients of old read off the subject."""
    yield from ((type(name), name.value) for name in below.names)
    if not below.subject.rdns:
        return
    yield x509.DirectoryName, below.subject
    if not any(isinstance(n, x509.RFC822Name) for n in below.names):
        for email in below.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS):
            yield x509.RFC822Name, str(email.value)
    if is_leaf and not any(isinstance(n, x509.DNSName) for n in below.names):
        for common in below.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
            if _HOST.fullmatch(str(common.value)):
                yield x509.DNSName, str(common.value)


def _dns(name: str, base: str) -> bool:
    name, base = name.lower().rstrip("."), base.lower().rstrip(".")
    if not base or name == base:
        return True
    return name.endswith(base if base.startswith(".") else f".{base}")


def _reaches(name: str, base: str) -> bool:
    """Whether a wildcard may stand for a name that is excluded, though it is no such name itself."""
    name, base = name.lower().rstrip("."), base.lower().strip(".")
    return name.startswith("*.") and base.partition(".")[2] == name[2:]


def _ip(address: Any, base: Any) -> bool:
    if isinstance(address, IPv4Network | IPv6Network) or address.version != base.version:
        return False
    return address in base


def _email(name: str, base: str) -> bool:
    local, _, host = name.rpartition("@")
    host, base = host.lower(), base.lower() if "@" not in base else base
    if "@" in base:
        wanted, _, wanted_host = base.rpartition("@")
        return local == wanted and host == wanted_host.lower()
    return host.endswith(base) if base.startswith(".") else host == base


def _uri(name: str, base: str) -> bool:
    found = re.match(r"[^:/]+://(?:[^@/]*@)?([^:/?#\[\]]+)", name)
    if found is None:
        return False
    host, base = found[1].lower(), base.lower()
    return host.endswith(base) if base.startswith(".") else host == base


def _directory(name: x509.Name, base: x509.Name) -> bool:
    return _folded(name)[: len(base.rdns)] == _folded(base)


def _folded(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    return [frozenset((a.oid.dotted_string, " ".join(str(a.value).lower().split())) for a in rdn) for rdn in name.rdns]


_HOLDS: dict[type[x509.GeneralName], Callable[[Any, Any], bool]] = {
    x509.DNSName: _dns,
    x509.IPAddress: _ip,
    x509.RFC822Name: _email,
    x509.UniformResourceIdentifier: _uri,
    x509.DirectoryName: _directory,
}
