"""A certificate that is renewed gets a new key.

## What it looks at
The certificate that a service shows now beside what the history knows of the same service: another certificate over the
same key, or a key that was seen before this certificate began. Only runs at different times can tell: after the first
one nothing is said, and as long as no certificate was renewed between two runs neither.

## Why it matters
Renewal with the same key changes a date and nothing else: whoever copied the key last year still has it. Many clients
keep the key by default, so that nobody notices for years.

## How to fix
Let the client make a new key each time: certbot without `--reuse-key` (`reuse_key = False`), acme.sh with
`--always-force-new-domain-key`, `step ca rekey` in place of `step ca renew`, EST `simplereenroll` and CMP `kur` with a
new key pair, `openssl req -newkey` in scripts of your own.

## References
- NIST SP 800-57 Part 1 Rev. 5, section 5.3.6 (cryptoperiods); RFC 7030 section 4.2.2 (re-enrolment, re-key)
- ETSI EN 303 645 V3.1.3 provision 5.5-8 (secure management of critical security parameters)
"""

from datetime import timedelta

from iotscan.sdk import (
    Certificate,
    CertificateChain,
    KeySighting,
    Reason,
    Remembered,
    Returned,
    Target,
    bad,
    check,
    clause,
    good,
    hash_tls_key,
    skip,
    unknown,
)

_CLOCKS = timedelta(days=1)
"""By how much two clocks may differ, time zones included, without anybody's noticing."""


@check(
    id="certificate-rekeying",
    aliases=("KEY-006",),
    title="A renewed certificate has a new key",
    element="keys",
    variants={"same-key": ("medium", "The certificate was renewed with the same key")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("certificates", "key-rotation", "network", "tls"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def certificate_rekeying(chain: CertificateChain, remembered: Remembered, target: Target) -> Returned:
    """Compare with the certificates before; without a renewal in between there is nothing to judge."""
    if target.subject.image:
        return skip("an image is not renewed in the field: only a device shows whether its certificate is")
    leaf = chain.leaf
    if chain.is_unproved:
        return unknown(chain.trusted.detail, reason=Reason.UNREADABLE)
    same = remembered.of("tls", leaf.spki_sha256, chain.opening)
    # A server may have a key of each kind: one of another kind was not replaced by this one.
    before = remembered.before("tls", leaf.spki_sha256, chain.opening, leaf.key_type)
    if same and _is_older(same, leaf):
        return bad(
            "same-key",
            f"the certificate that began on {leaf.not_before:%Y-%m-%d} has a key that was seen on "
            f"{same.first_seen[:10]} already",
            observed=f"SHA-256 of the public key {leaf.spki_sha256}",
            expected="a new key with each new certificate",
            reproduce=hash_tls_key(target, opening=chain.opening),
            shows=leaf.spki_sha256,
        )
    if same:
        when = f"the certificate is that of {same.last_seen[:10]}"
        return unknown(f"{when}: no renewal was seen over {same.runs + 1} runs", reason=Reason.NEEDS_HISTORY)
    if before:
        return good(f"its key is another than on {before[0].last_seen[:10]}: it was changed since then")
    return unknown("no earlier run saw a certificate that is known to be of this service", reason=Reason.NEEDS_HISTORY)


def _is_older(key: KeySighting, leaf: Certificate) -> bool:
    """Whether the key had another certificate before, or was there before this one began."""
    if key.began and key.certificate != leaf.sha256 and key.began < leaf.not_before:
        return True
    # What a run saw before it began was made by a clock ahead of ours: its beginning tells nothing then.
    is_dated = key.certificate != leaf.sha256 or leaf.not_before <= key.until
    return is_dated and key.since < leaf.not_before - _CLOCKS
