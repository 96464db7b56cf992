"""Certificates do not live for years.

## What it looks at
The time between the first and the last day of a TLS server's own certificate; the certificates of the CA above it may
live longer and are left out. One that Mozilla's roots vouch for is held to what public CAs may issue, by its first
day: 825 days from March 2018, 398 from September 2020, 200 from 15 March 2026, 100 from 15 March 2027, 47 from
15 March 2029. Any other, one that only a root of this machine or of yours vouches for among them, is held to what the
profile says. A certificate that writes 31 December 9999 has no last day: that is for the birth certificate (IDevID) of
a client, never for a server. In an image: the certificates that its services are configured with.

## Why it matters
A certificate cannot be taken back in practice: devices hardly ever ask for revocation. Its last day is the only
limit that holds, and until then a key that leaked from one device or one backup is good for impersonation. A
lifetime of ten years also says that nobody has a way to renew certificates, which is found out in a hurry, in the
field. Browsers refuse public certificates that live longer than their CA was allowed to issue them for. Constrained
devices do without CRL and OCSP because their operational certificates live short: there a long life is worse.

## How to fix
Issue for a year or less and renew by machine: `openssl x509 -req -days 397 …` in place of `-days 3650`; with
step-ca set `maxTLSCertDuration` and run `step ca renew --daemon`; with EST or ACME let the client renew at two
thirds of the life. On devices that make their own certificate (`uhttpd`: `option days 397` in the `cert` section
of `/etc/config/uhttpd`), make a new one with a new key when the old one is near its end. A device with a birth
certificate without end gets an operational one (LDevID) with it, by EST or CMP, and serves that.

## References
- CA/Browser Forum ballots 193 (825 days), SC-031 (398 days) and SC-081v3 (200, 100 and 47 days)
- RFC 5280 section 4.1.2.5 (99991231235959Z, no well-defined end)
- draft-ietf-uta-tls13-iot-profile (operational certificates limited; no end date only for a client's birth certificate)
- IEEE 802.1AR (IDevID, LDevID)
"""

from datetime import UTC, datetime, timedelta

from iotscan.sdk import (
    Certificate,
    CertificateChain,
    Policy,
    Returned,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    parameter,
    show_certificate,
    skip,
)

PUBLIC_DAYS = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
    (datetime(2020, 9, 1, tzinfo=UTC), 398),
    (datetime(2018, 3, 1, tzinfo=UTC), 825),
)
"""From which first day on a public CA may issue for how long, last second included."""
OLDEST_DAYS = 1187
"""39 months, before all of these."""
NO_END = 9999
"""The year that stands for no end."""


@check(
    id="certificate-lifetime",
    aliases=("CRT-002",),
    title="The certificate does not live for years",
    element="communication",
    variants={
        "no-end": ("medium", "The certificate of a server has no last day"),
        "public": ("medium", "The certificate lives longer than a public CA may issue it for"),
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
    tags=("certificates", "configuration", "key-rotation", "network", "tls"),
    since="0.1",
    effort="medium",
)
def certificate_lifetime(chain: CertificateChain, policy: Policy, target: Target) -> Returned:
    """Judge the leaf: no end, then what public CAs may, then what the profile accepts."""
    leaf = chain.leaf
    longest, worse = policy.integer("max_days"), policy.integer("far_too_long_days")
    lifetime = leaf.not_after - leaf.not_before
    if leaf.not_after.year >= NO_END:
        if target.subject.image and is_birth_certificate(leaf):
            return skip("the birth certificate (IDevID) of a client may have no last day")
        return too_long("no-end", "the certificate has no last day", f"at most {longest} days", chain, target)
    allowed = public_days(leaf)
    if "Mozilla" in chain.trusted_by and lifetime + timedelta(seconds=1) > timedelta(days=allowed):
        sentence = f"the certificate of a public CA lives for more than {allowed} days"
        expected = f"at most {allowed} days where the first day is {leaf.not_before:%Y-%m-%d}"
        return too_long("public", sentence, expected, chain, target)
    if lifetime <= timedelta(days=longest):
        return good(f"the certificate lives for {lifetime.days} days")
    variant = "very-long" if lifetime > timedelta(days=worse) else "long"
    sentence = f"the certificate lives for {lifetime.days} days"
    return too_long(variant, sentence, f"at most {longest} days", chain, target)


def public_days(leaf: Certificate) -> int:
    """How many days a public CA may issue a certificate for, by its first day."""
    return next((days for since, days in PUBLIC_DAYS if leaf.not_before >= since), OLDEST_DAYS)


def is_birth_certificate(leaf: Certificate) -> bool:
    """True for a client's certificate that names a device by its serial number, as IEEE 802.1AR has it."""
    said = leaf.extensions
    uses = said.extended_key_usage if said else None
    return bool(said and said.serial_number and uses and "clientAuth" in uses and "serverAuth" not in uses)


def too_long(variant: str, sentence: str, expected: str, chain: CertificateChain, target: Target) -> Verdict:
    """The finding, with the dates and the command that shows them."""
    first, last = chain.leaf.not_before, chain.leaf.not_after
    return bad(
        variant,
        sentence,
        observed=f"valid {first:%Y-%m-%d} to {last:%Y-%m-%d}",
        expected=expected,
        reproduce=show_certificate(target, 0, "-dates", opening=chain.opening),
        # As openssl prints it, but for the name of the month, which Python would translate.
        shows=f"{last.day:2d} {last:%H:%M:%S} {last.year} GMT",
    )
