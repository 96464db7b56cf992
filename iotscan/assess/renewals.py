"""What differs between two sights of a service's certificate: its signer, its key, how long it had to go. Pure.

An ordinary renewal is no difference: the same signer, near the end of the one before, with a new key.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from iotscan.model.comparison import Shift
from iotscan.model.facts import Certificate, CertificateChain
from iotscan.model.observation import Observation

WHAT: Final = "certificate"
_NEAR: Final = timedelta(days=30)
"""So long before its end any certificate may be renewed; and in the last third of its life."""
_ORGANISATION: Final = re.compile(r"(?:^|[,+])O=((?:[^,+\\]|\\.)+)")
Chains = Mapping[str, CertificateChain]
"""Service -> its chain."""


def chains_of(observations: Iterable[Observation], owners: Collection[str]) -> Chains:
    """The chains of the device that is known by any of these ids, by service."""
    found: dict[str, CertificateChain] = {}
    for observation in observations:
        fact, subject = observation.fact, observation.subject
        if not isinstance(fact, CertificateChain) or not any(c.is_whole for c in fact.certificates[:1]):
            continue
        if subject.device in owners and subject.service:
            found.setdefault(subject.service, fact)
    return found


def renewals(before: Chains, after: Chains, at: datetime) -> Iterator[Shift]:
    """Each service whose certificate changed as none should, or changed hands, seen again at ``at``."""
    for service in sorted(before.keys() & after.keys(), key=_in_order):
        old, new = before[service], after[service]
        # Another name is asked for, or another reader prefers another kind of key: another certificate was meant.
        is_other = old.engine != new.engine and old.leaf.key_type != new.leaf.key_type
        if old.server_name == new.server_name and not is_other and old.leaf.sha256 != new.leaf.sha256:
            yield from _shift(service, old, new, at)


def _shift(service: str, old: CertificateChain, new: CertificateChain, at: datetime) -> Iterator[Shift]:
    key, signer = _of_key(old.leaf, new.leaf, at), _of_signer(old, new)
    if signer:
        before, after = f"issued by {_issuer(old.leaf)}", f"issued by {_issuer(new.leaf)}"
        note = f"{signer}, with {key or 'a new key, near the end of the one before'}"
    elif key:
        is_same = old.leaf.spki_sha256 == new.leaf.spki_sha256
        before, after = (f"until {c.not_after:%Y-%m-%d}, key {c.spki_sha256[:16]}" for c in (old.leaf, new.leaf))
        note = f"renewed with {key}" if is_same else key
    else:
        return
    yield Shift(what=WHAT, before=f"{service} {before}", after=after, note=note)


def _of_key(old: Certificate, new: Certificate, at: datetime) -> str:
    """What of the key is worth telling; empty for a new one in time."""
    if old.spki_sha256 == new.spki_sha256:
        return "the same key"
    left, life = old.not_after - at, old.not_after - old.not_before
    if left <= max(_NEAR, life / 3):
        return ""
    return f"another key, though the one before was good for {left.days:,} days more"


def _of_signer(old: CertificateChain, new: CertificateChain) -> str:
    """How the signers differ; empty where they are the same, as far as the certificates say."""
    one, other = old.leaf, new.leaf
    if one.is_self_issued and other.is_self_issued:
        return ""
    if _folded(one.issuer) == _folded(other.issuer):
        keys = [c.extensions.authority_key if c.extensions else "" for c in (one, other)]
        return "another signer of the same name" if all(keys) and keys[0] != keys[1] else ""
    organisations = [_ORGANISATION.findall(c.issuer) for c in (one, other)]
    is_public = all("Mozilla" in chain.trusted_by for chain in (old, new))
    # Public CAs change the authority that signs all the time, and keep their name.
    return "" if is_public and organisations[0] == organisations[1] != [] else "another signer"


def _issuer(leaf: Certificate) -> str:
    return "itself" if leaf.is_self_issued else leaf.issuer


def _folded(name: str) -> str:
    return ",".join(part.strip() for part in name.lower().split(","))


def _in_order(service: str) -> tuple[str, int]:
    transport, _, port = service.partition("/")
    return transport, int(port)
