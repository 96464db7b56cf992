"""Certificates are within their dates.

## What it looks at
The first and last day of the certificates that a TLS server sends, against the date of the run: its own and
the intermediate ones. A root that is sent along is left out, because clients use their own copy of it.
In an image: the certificates that its services are configured with. An end is soon within 30 days; for one that a
machine must renew, because Mozilla's roots vouch for it or it lives for 90 days at most, in the last third of its life.
The year 9999 is no end at all (`certificate-lifetime` says who may have that). An expired certificate of an authority
beside another of the same authority and key, sent or in a store that vouches for the chain today, as cross-signing
leaves them behind, breaks only clients that try one way.

## Why it matters
Clients that check dates lose the device on the day its certificate runs out: updates and alarms stop. What
people do then is worse: they switch checking off, and an attacker's certificate is accepted from that day on.
A certificate that is not yet valid is usually made by a device whose clock was wrong at first boot.

## How to fix
Renew it now, and let a machine do so from now on: `certbot renew` or `acme.sh --cron` on a timer, `step ca renew
--daemon` or an EST client with a CA of your own, then `systemctl reload nginx` or `kill -HUP` to mosquitto, which
reads `certfile` again. On devices that make their own certificate at first boot, wait for the time (`chronyc
waitsync`, `systemd-time-wait-sync`) or ship a build date as the earliest clock, and begin validity a day before.

## References
- RFC 5280 section 4.1.2.5 (validity)
- CA/Browser Forum ballot SC-081 (lifetimes go down to 47 days: only machines renew in time)
"""

from datetime import timedelta

from iotscan.sdk import (
    AsOf,
    Certificate,
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

SHORT_LIVED = timedelta(days=90)
"""Who issues for so short a time has a machine that renews."""
SENTENCES = {
    "expired": "expired on {0.not_after:%Y-%m-%d}",
    "not-yet-valid": "is valid only from {0.not_before:%Y-%m-%d} on",
    "expires-soon": "expires on {0.not_after:%Y-%m-%d}",
    "expired-beside": "expired on {0.not_after:%Y-%m-%d}, and another way past it holds",
}


@check(
    id="certificate-validity",
    aliases=("CRT-001",),
    title="Certificates are within their dates and not about to expire",
    element="communication",
    variants={
        "expired": ("high", "A certificate has expired"),
        "not-yet-valid": ("high", "A certificate is not valid yet"),
        "expires-soon": ("low", "A certificate expires soon (within 30 days)"),
        "expired-beside": ("low", "An expired certificate of an authority is sent beside one that holds"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "soon_days": parameter("integer", "Within how many days an end is soon", default=30, unit="days"),
    },
    tags=("certificates", "configuration", "network", "tls"),
    since="0.1",
    effort="low",
)
def certificate_validity(chain: CertificateChain, as_of: AsOf, policy: Policy, target: Target) -> Returned:
    """The worst certificate counts; what machines renew is late only in the last third of its life."""
    soon = timedelta(days=policy.integer("soon_days"))
    is_public = "Mozilla" in chain.trusted_by or (bool(chain.trusted.known) and not chain.trusted_by)
    judged = [(p, c) for p, c in chain.placed if p == 0 or not c.is_self_issued]
    found = {_beside(_judge(c, as_of, soon, is_public), p, c, chain, as_of): (p, c) for p, c in reversed(judged)}
    for variant, sentence in SENTENCES.items():
        if variant in found:
            position, certificate = found[variant]
            whose = "the server's certificate" if position == 0 else f"the intermediate {certificate.subject}"
            edge = certificate.not_before if variant == "not-yet-valid" else certificate.not_after
            return bad(
                variant,
                f"{whose} {sentence.format(certificate)}",
                observed=f"valid {certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}",
                expected=f"valid on {as_of:%Y-%m-%d} and for {soon.days} days more",
                reproduce=show_certificate(target, position, "-dates", opening=chain.opening),
                # As openssl prints it, but for the name of the month, which Python would translate.
                shows=f"{edge.day:2d} {edge:%H:%M:%S} {edge.year} GMT",
            )
    chain.require_all()
    return good(f"valid until {chain.certificates[0].not_after:%Y-%m-%d}")


def _judge(certificate: Certificate, as_of: AsOf, soon: timedelta, is_public: bool) -> str:
    lifetime = certificate.not_after - certificate.not_before
    if as_of > certificate.not_after:
        return "expired"
    if as_of < certificate.not_before:
        return "not-yet-valid"
    is_renewed = is_public or lifetime <= SHORT_LIVED
    ahead = min(soon, lifetime / 3) if is_renewed else soon
    return "expires-soon" if certificate.not_after - as_of < ahead else ""


def _beside(variant: str, position: int, certificate: Certificate, chain: CertificateChain, as_of: AsOf) -> str:
    """The verdict, made milder for an authority past which another way holds: by what was sent, or by a store."""
    leaf = chain.certificates[0]
    # Trust was tried at a moment when the leaf was valid: today, where it is.
    is_trusted = bool(chain.trusted.known) and leaf.not_before <= as_of <= leaf.not_after
    others = (c for p, c in chain.placed if p not in (0, position) and c.not_before <= as_of <= c.not_after)
    is_past = (is_trusted and variant != "expires-soon") or any(_is_same_authority(c, certificate) for c in others)
    if position == 0 or not is_past:
        return variant
    return "expired-beside" if variant == "expired" else ""


def _is_same_authority(one: Certificate, other: Certificate) -> bool:
    return one.subject == other.subject and one.spki_sha256 == other.spki_sha256
