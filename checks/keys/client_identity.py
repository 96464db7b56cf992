"""Each device shows its servers a certificate of its own, as captured traffic shows.

## What it looks at
The certificates that devices were seen to show as clients in mutual TLS, compared over all devices of the run. They are
in clear up to (D)TLS 1.2 and encrypted from 1.3 on. It accuses only where something shows that they are two devices,
and where one of them cannot merely have passed on the other's connections to the same server. What an image holds is
`device-identity`'s question, what devices show as servers `tls-key-uniqueness`'s.

## Why it matters
The certificate is how a server tells devices apart. A key on two devices came from the image, and then it is on all of
them: who opens one speaks for every other, and it cannot be revoked without taking the fleet off the net.

## How to fix
Make the key on the device at production or first start, in a TPM or secure element where there is one, and have it
certified there (EST, CMP, SCEP), with the serial number in the subject. Revoke the shared certificate once each device
has its own.

## References
- IEEE 802.1AR (IDevID, LDevID); RFC 5246 section 7.4.6 (client certificate)
- ETSI EN 303 645 V3.1.3 provision 5.4-4; OWASP ISVS 2.4.1 (git edfda29b); IEC 62443-4-2 CR 1.8
"""

from collections.abc import Iterable

from iotscan.sdk import (
    Apart,
    Certificate,
    Fleet,
    Returned,
    Seen,
    TlsSession,
    TlsUse,
    Verdict,
    bad,
    check,
    clause,
    filter_traffic,
    good,
    list_some,
    may_be_one,
    peer_name,
    unknown,
)

Holder = Seen[TlsUse]


@check(
    id="client-identity",
    title="Each device shows its servers a certificate of its own, as captured traffic shows",
    element="keys",
    variants={"shared": ("critical", "Several devices show their servers the same key")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "shared-keys", "tls", "traffic"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def client_identity(fleet: Fleet[TlsUse], apart: Apart) -> Returned:
    """Compare the keys; one device alone, or one that shows none, leaves it open."""
    holders: dict[str, list[Holder]] = {}
    for seen in sorted(fleet, key=lambda s: s.subject):
        for key in sorted({certificate.spki_sha256 for _, certificate in _shown(seen.fact)}):
            holders.setdefault(key, []).append(seen)
    owners = {seen.subject.owner for several in holders.values() for seen in several}
    return [_of_device(seen, holders, len(owners), apart) for seen in fleet]


def _of_device(seen: Holder, holders: dict[str, list[Holder]], owners: int, apart: Apart) -> Verdict:
    shown = _shown(seen.fact)
    if not shown:
        return unknown("it was not seen to show a certificate: from TLS 1.3 on that is encrypted", about=seen.subject)
    said = [_judge(seen, *each, holders[each[1].spki_sha256], apart) for each in shown]
    verdicts = sorted((v for v in said if v), key=lambda v: v.kind != "bad")
    if verdicts:
        return verdicts[0]
    if owners < 2:
        return unknown(
            "only one device was seen to show a certificate: there is nothing to compare", about=seen.subject
        )
    names = list_some(certificate.subject for _, certificate in shown)
    return good(f"no other of {owners} devices shows its key", observed=names, about=seen.subject)


def _judge(
    seen: Holder, session: TlsSession, certificate: Certificate, several: Iterable[Holder], apart: Apart
) -> Verdict | None:
    own = seen.subject.owner
    twins = [other for other in several if other.subject.owner != own]
    if not twins:
        return None
    name = list_some(sorted(str(twin.subject) for twin in twins), 5)
    proofs = [(twin, proof) for twin in twins if (proof := apart.proof(own, twin.subject.owner))]
    if not proofs:
        why = apart.doubt(own, twins[0].subject.owner) or "nothing shows that they are two machines"
        return unknown(f"{name} shows its key, too: {why}", about=seen.subject)
    if all(_may_pass_on(seen.fact, twin.fact, certificate.spki_sha256) for twin, _ in proofs):
        return unknown(f"{name} shows its key to the same server at the same time: one may pass on", about=seen.subject)
    return bad(
        "shared",
        f"the key by which it logs in to {peer_name(session)} is also on {name}",
        observed=f"{certificate.subject}, SHA-256 of the public key {certificate.spki_sha256}; two: {proofs[0][1]}",
        expected="a key of its own on each device",
        reproduce=filter_traffic(session),
        about=seen.subject,
        part=certificate.spki_sha256[:16],
    )


def _shown(use: TlsUse) -> list[tuple[TlsSession, Certificate]]:
    return [(s, s.client_certificate) for s in use.sessions if s.role == "client" and s.client_certificate]


def _may_pass_on(one: TlsUse, other: TlsUse, key: str) -> bool:
    """Whether what they show the key in could be the same connections, caught before and behind a router."""
    mine, theirs = ([s for s, c in _shown(use) if c.spki_sha256 == key] for use in (one, other))
    return any(may_be_one(a, b) for a in mine for b in theirs)
