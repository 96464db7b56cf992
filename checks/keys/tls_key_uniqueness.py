"""Each device has a TLS key of its own.

## What it looks at
The public keys (SHA-256 of SubjectPublicKeyInfo) of the certificates that TLS servers send, compared over all
devices of the run. The same key on several ports of one device is as it should be. Two addresses that are
one machine, or one proxy, look like two devices as long as nothing ties them together.

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
    show_certificate,
    unknown,
)


def show_key(seen: Seen[CertificateChain]) -> str:
    """A command that prints the SHA-256 of the public key a TLS server sends."""
    read = "openssl pkey -pubin -outform der | sha256sum"
    return f"{show_certificate(Target(subject=seen.subject), 0, '-pubkey', opening=seen.fact.opening)} | {read}"


def name_some(seen: list[Seen[CertificateChain]]) -> str:
    """The subjects of the others, the first five by name."""
    names = sorted({str(s.subject) for s in seen})
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


@check(
    id="tls-key-uniqueness",
    aliases=("KEY-002",),
    title="Each device has a TLS key of its own",
    element="keys",
    variants={"shared": ("critical", "The same TLS key is on several devices")},
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
def tls_key_uniqueness(fleet: Fleet[CertificateChain]) -> Returned:
    """Fail every server whose key another device has too; one device alone proves nothing."""
    holders: dict[str, list[Seen[CertificateChain]]] = {}
    findings: list[Verdict] = []
    for seen in sorted(fleet, key=lambda s: s.subject):
        if seen.fact.is_unproved:
            findings.append(unknown(seen.fact.trusted.detail, reason=Reason.UNREADABLE, about=seen.subject))
        elif seen.fact.certificates:
            holders.setdefault(seen.fact.certificates[0].spki_sha256, []).append(seen)
        else:
            said = "the server's certificate is malformed: its key is not known"
            findings.append(unknown(said, reason=Reason.UNREADABLE, about=seen.subject))
    for key, group in holders.items():
        for seen in group:
            twins = [other for other in group if other.subject.owner != seen.subject.owner]
            if twins:
                finding = bad(
                    "shared",
                    f"its key is also on {name_some(twins)}",
                    observed=f"SHA-256 of the public key {key}",
                    expected="a key of its own on each device",
                    reproduce=f"{show_key(seen)}; {show_key(twins[0])}",
                    shows=key,
                    about=seen.subject,
                )
                findings.append(finding)
    if not any(f.kind == "bad" for f in findings) and len({s.subject.owner for s in fleet}) < 2:
        return unknown("only one device with TLS was seen: there is nothing to compare its key with")
    return findings or good("no TLS key is on two devices")
