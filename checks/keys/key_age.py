"""TLS keys are renewed in time.

## What it looks at
For how long the server's key has been in use, as far as anybody can show: since its certificate began (notBefore), and
since the history of this machine first saw it. After one run that is *provisional*: a certificate may hold an older
key. Where an earlier run saw the same key it is firm, and the finding says since when and over how many runs; where the
history saw another key before, the key was changed. A date that a clock shows which was never set (1970, 1980, 2000)
says nothing.

## Why it matters
The longer a key is in use, the more chances there were to copy it, and a rotation that was never done is a
rotation that will not work on the day it is needed. NIST puts a signature key's period at one to three years.

## How to fix
Renew the key and not only the certificate: `certbot renew` without `--reuse-key`, `step ca renew` followed by
`step ca rekey`, EST `simplereenroll` with a new key pair; on a device with its own certificate, a timer that generates
both anew each year. Try it on one device before the fleet.

## References
- NIST SP 800-57 Part 1 Rev. 5, section 5.3.6 (cryptoperiods)
- ETSI EN 303 645 V3.1.3 provision 5.5-8 (secure management of critical security parameters)
"""

from datetime import datetime

from iotscan.sdk import (
    AsOf,
    CertificateChain,
    Confidence,
    Policy,
    Remembered,
    Returned,
    Target,
    bad,
    check,
    clause,
    good,
    parameter,
    show_certificate,
    unknown,
)

UNSET_CLOCKS = (1970, 1980, 2000)
"""Years in which a clock starts that nobody has set: Unix and GPS time, and common clock chips."""


def days_between(start: datetime, end: datetime) -> int:
    """Whole days, negative when ``end`` comes first."""
    return (end - start).days


@check(
    id="key-age",
    aliases=("KEY-005",),
    title="TLS keys are renewed in time",
    element="keys",
    variants={
        "over-three-years": ("medium", "The key is far too old (three years)"),
        "over-two-years": ("low", "The key is too old (two years)"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    parameters={
        "max_days": parameter("integer", "The oldest key that is accepted: the rotation age", default=730, unit="days"),
        "far_too_old_days": parameter("integer", "Older than this is worse", default=1095, unit="days"),
    },
    tags=("key-rotation", "network", "tls"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def key_age(chain: CertificateChain, remembered: Remembered, as_of: AsOf, policy: Policy, target: Target) -> Returned:
    """Judge the age that the certificate's beginning and the history give: both are lower bounds."""
    oldest, worse = policy.integer("max_days"), policy.integer("far_too_old_days")
    leaf = chain.leaf
    known = remembered.of("tls", leaf.spki_sha256, chain.opening)
    replaced = remembered.before("tls", leaf.spki_sha256, chain.opening, leaf.key_type)
    made = None if leaf.not_before.year in UNSET_CLOCKS or leaf.not_before > as_of else leaf.not_before
    since = min((moment for moment in (made, known.since if known else None) if moment), default=None)
    how = f"seen since {known.first_seen[:10]} over {known.runs + 1} runs" if known else "provisional, after one run"
    if since is None:
        return unknown(f"its certificate begins on {leaf.not_before:%Y-%m-%d}: the clock that made it was not right")
    days = days_between(since, as_of)
    if days > oldest:
        return bad(
            "over-three-years" if days > worse else "over-two-years",
            f"the key is at least {days} days old (a lower bound): {how}",
            observed=f"notBefore {leaf.not_before:%Y-%m-%d}",
            expected=f"a key of at most {oldest} days",
            reproduce=show_certificate(target, 0, "-startdate", "-dateopt", "iso_8601", opening=chain.opening),
            shows=f"notBefore={leaf.not_before:%Y-%m-%d %H:%M:%SZ}",
            confidence=None if known else Confidence.TENTATIVE,
        )
    if made is None:
        return unknown(f"its certificate begins on {leaf.not_before:%Y-%m-%d}, by a clock that was not right; {how}")
    if replaced and not known:
        return good(f"its key is another than on {replaced[0].last_seen[:10]}: it was changed since then")
    if known:
        return good(f"its certificate is {days} days old (the key may be older): {how}")
    return good(f"its certificate is {days} days old (the key may be older): {how}", confidence=Confidence.TENTATIVE)
