"""Certificates do not live for years.

## What it looks at
The time between the first and the last day of a TLS server's own certificate. The certificates of the CA above
it may live longer and are left out.

## Why it matters
A certificate cannot be taken back in practice: devices hardly ever ask for revocation. Its last day is the only
limit that holds, and until then a key that leaked from one device or one backup is good for impersonation. A
lifetime of ten years also says that nobody has a way to renew certificates, which is found out in a hurry, in the
field. Public CAs gave at most 398 days since 2020, and go down to 47 days by 2029.

## How to fix
Issue for a year or less and renew by machine: `openssl x509 -req -days 397 …` in place of `-days 3650`; with
step-ca set `maxTLSCertDuration` and run `step ca renew --daemon`; with EST or ACME let the client renew at two
thirds of the life. On devices that make their own certificate (`uhttpd`: `option days 397` in the `cert` section
of `/etc/config/uhttpd`), make a new one with a new key when the old one is near its end.

## References
- CA/Browser Forum ballot SC-081v3 (398, 200, 100, 47 days)
- draft-ietf-uta-tls13-iot-profile (operational certificates limited; no end date only for a client's birth certificate)
"""

from datetime import timedelta

from iotscan.sdk import (
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
)


@check(
    id="certificate-lifetime",
    aliases=("CRT-002",),
    title="The certificate does not live for years",
    element="communication",
    variants={
        "very-long": ("medium", "The certificate lives far too long (825 days)"),
        "long": ("low", "The certificate lives too long (398 days)"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    parameters={
        "max_days": parameter("integer", "The longest life that is accepted", default=398, unit="days"),
        "far_too_long_days": parameter("integer", "Longer than this is worse", default=825, unit="days"),
    },
    tags=("certificates", "key-rotation", "network", "tls"),
    since="0.1",
    effort="medium",
)
def certificate_lifetime(chain: CertificateChain, policy: Policy, target: Target) -> Returned:
    """Judge the leaf by the longest lifetimes that public CAs were ever allowed: 398 and 825 days."""
    longest, worse = policy.integer("max_days"), policy.integer("far_too_long_days")
    first, last = chain.leaf.not_before, chain.leaf.not_after
    lifetime = last - first
    if lifetime <= timedelta(days=longest):
        return good(f"the certificate lives for {lifetime.days} days")
    return bad(
        "very-long" if lifetime > timedelta(days=worse) else "long",
        f"the certificate lives for {lifetime.days} days",
        observed=f"valid {first:%Y-%m-%d} to {last:%Y-%m-%d}",
        expected=f"at most {longest} days",
        reproduce=show_certificate(target, 0, "-dates", opening=chain.opening),
        # As openssl prints it, but for the name of the month, which Python would translate.
        shows=f"{last.day:2d} {last:%H:%M:%S} {last.year} GMT",
    )
