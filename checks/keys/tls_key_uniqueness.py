"""Each device has a TLS key of its own.

## What it looks at
The public keys (SHA-256 of SubjectPublicKeyInfo) of the certificates that TLS servers send, compared over all
devices of the run. The same key on several ports of one device is as it should be.

Two addresses may be one machine, a proxy or a virtual router: a key on both is a finding only where something shows
that they are two (MAC addresses on one link, serial numbers, host keys, another certificate at the same port, a rule of
`--identity`), and *not assessed* where nothing does. A certificate that names one of them alone may be seen at the
other because that one passes connections on. One certificate of a public authority, or that names all of them, was
shared by somebody who knew: that is graded lower. A port forward to a device without names in its certificate looks
like a shared key; if it is one, waive it.

## Why it matters
A key on two devices came from the image, and then it is on all of them: who extracts it from one bought device
impersonates and reads every other. Revoking the key means revoking the whole fleet.

## How to fix
Generate the key on the device at first start (`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`), keep
it out of the image and of backups, and enrol a certificate for it (EST, SCEP, ACME or at the factory). Replace the
shared key in the field with the next update. Rebuild clones made by copying a disk with new keys.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-4 (critical security parameters are unique per device)
- OWASP ISVS 2.4.1 (git edfda29b)
"""

from iotscan.sdk import (
    Apart,
    Certificate,
    CertificateChain,
    Fleet,
    Reason,
    Returned,
    Seen,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    hash_tls_key,
    unknown,
)

Holder = Seen[CertificateChain]
WEB = "Mozilla"
"""The store of the authorities of the web."""


def name_some(seen: list[Seen[CertificateChain]]) -> str:
    """The subjects of the others, the first five by name."""
    names = sorted({str(s.subject) for s in seen})
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


@check(
    id="tls-key-uniqueness",
    aliases=("KEY-002",),
    title="Each device has a TLS key of its own",
    element="keys",
    variants={
        "shared": ("critical", "The same TLS key is on several devices"),
        "deliberate": ("medium", "Several devices share a certificate that is meant for all of them"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("network", "shared-keys", "tls"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def tls_key_uniqueness(fleet: Fleet[CertificateChain], apart: Apart) -> Returned:
    """Fail every server whose key another device has too; one device alone proves nothing."""
    holders: dict[str, list[Holder]] = {}
    findings: list[Verdict] = []
    for seen in sorted(fleet, key=lambda s: s.subject):
        if seen.fact.is_unproved:
            findings.append(unknown(seen.fact.trusted.detail, reason=Reason.UNREADABLE, about=seen.subject))
        elif seen.fact.certificates:
            holders.setdefault(seen.fact.certificates[0].spki_sha256, []).append(seen)
        else:
            said = "the server's certificate is malformed: its key is not known"
            findings.append(unknown(said, reason=Reason.UNREADABLE, about=seen.subject))
    for group in holders.values():
        if len({seen.subject.owner for seen in group}) > 1:
            findings += [_judge(seen, group, apart) for seen in group]
    if not any(f.kind == "bad" for f in findings) and len({s.subject.owner for s in fleet}) < 2:
        return unknown("only one device with TLS was seen: there is nothing to compare its key with")
    return findings or good("no TLS key is on two devices")


def _judge(seen: Holder, group: list[Holder], apart: Apart) -> Verdict:
    own = seen.subject.owner
    twins = [other for other in group if other.subject.owner != own]
    proofs = {twin.subject.owner: apart.proof(own, twin.subject.owner) for twin in twins}
    proved = [twin for twin in twins if proofs[twin.subject.owner]]
    if not proved:
        why = apart.doubt(own, twins[0].subject.owner) or "nothing shows that they are two machines"
        return unknown(f"its key is also on {name_some(twins)}: {why}", about=seen.subject)
    named = _named_alone(seen, proved)
    if named:
        said = f"its key is also on {name_some(proved)}, and the certificate names {named} alone"
        return unknown(f"{said}: the other may pass connections on to it", about=seen.subject)
    return _shared(seen, proved, proofs[proved[0].subject.owner])


def _shared(seen: Holder, twins: list[Holder], proof: str) -> Verdict:
    leaf, key = seen.fact.certificates[0], seen.fact.certificates[0].spki_sha256
    is_same = all(twin.fact.certificates[0].sha256 == leaf.sha256 for twin in twins)
    is_meant = is_same and (WEB in seen.fact.trusted_by or all(_names(leaf, holder) for holder in (seen, *twins)))
    commands = [hash_tls_key(Target(subject=s.subject), opening=s.fact.opening) for s in (seen, twins[0])]
    return bad(
        "deliberate" if is_meant else "shared",
        f"its key is also on {name_some(twins)}, in {'the same' if is_same else 'another'} certificate",
        observed=f"SHA-256 of the public key {key}; two devices: {proof}",
        expected="a key of its own on each device",
        reproduce="; ".join(commands),
        shows=key,
        about=seen.subject,
    )


def _names(leaf: Certificate, holder: Holder) -> bool:
    return holder.subject.address.partition("%")[0] in leaf.names


def _named_alone(seen: Holder, twins: list[Holder]) -> str:
    """The one device, of those that show a certificate, that an authority's certificate names; empty otherwise."""
    leaf = seen.fact.certificates[0]
    if leaf.is_self_issued or any(twin.fact.certificates[0].sha256 != leaf.sha256 for twin in twins):
        return ""
    named = {holder.subject.owner: holder.subject.address for holder in (seen, *twins) if _names(leaf, holder)}
    return next(iter(named.values())) if len(named) == 1 else ""
