"""TLS keys are renewed in time.

## What it looks at
How long ago the server's certificate was made (notBefore). Its key is at least as old where it was made for
this certificate, so this is a *lower bound* and provisional: two scans with the history of the key tell more. A
date that a clock shows which was never set (1970, 1980, 2000) says nothing and is left open.

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
    Policy,
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
    confidence="tentative",
    effort="medium",
)
def key_age(chain: CertificateChain, as_of: AsOf, policy: Policy, target: Target) -> Returned:
    """Judge the age that the certificate's beginning gives as a lower bound."""
    oldest, worse = policy.integer("max_days"), policy.integer("far_too_old_days")
    made = chain.leaf.not_before
    days = days_between(made, as_of)
    if made.year in UNSET_CLOCKS or days < 0:
        return unknown(f"its certificate begins on {made:%Y-%m-%d}: the clock that made it was not right")
    if days <= oldest:
        return good(f"its certificate is {days} days old (the key may be older)")
    return bad(
        "over-three-years" if days > worse else "over-two-years",
        f"the key is at least {days} days old, counted from its certificate's beginning (a lower bound)",
        observed=f"notBefore {made:%Y-%m-%d}",
        expected=f"a key of at most {oldest} days",
        reproduce=show_certificate(target, 0, "-startdate", "-dateopt", "iso_8601", opening=chain.opening),
        shows=f"notBefore={made:%Y-%m-%d %H:%M:%SZ}",
    )
