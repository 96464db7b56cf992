"""A leaked certificate can be withdrawn.

## What it looks at
Whether the server's certificate leaves a way to take it back: an address of a revocation list (CRL) or of an
OCSP responder, a stapled OCSP answer, or a life so short that nobody needs to (90 days, or what the profile says; for
certificates of public CAs what the CA/Browser Forum calls short-lived: 10 days, and 7 from 15 March 2026 on). The
authorities between it and the root are asked for a list or responder, too. Whether any of them *is* revoked says
`revocation-status`.

## Why it matters
When a device is stolen or its key leaks, its certificate must stop working before it expires. Without any such
way the only remedy is to touch every client that trusts it.

## How to fix
Issue from a CA and put a CRL address into the certificate (`crlDistributionPoints = URI:http://…` in the OpenSSL
profile), or issue for 90 days or less and renew by ACME, EST or CMP (`certbot renew`, step-ca). OCSP alone is no
longer needed: public CAs are leaving it. For constrained devices short-lived operational certificates are
the way, without CRL and OCSP addresses: choose the `constrained` policy in the profile, and say there by what they are
renewed (`renewed_by: [EST]` among the parameters of this check).

## References
- RFC 5280 sections 4.2.1.13 and 4.2.2.1; RFC 7633 (must-staple)
- CA/Browser Forum, Baseline Requirements, section 1.6.1 (short-lived subscriber certificate)
- RFC 7925 section 4.4.3 and draft-ietf-uta-tls13-iot-profile (no CRL and OCSP in device certificates)
- OWASP ISVS 2.1.11 (git edfda29b)
"""

from datetime import UTC, datetime, timedelta

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
    skip,
)

PUBLIC = (
    (datetime(2026, 3, 15, tzinfo=UTC), timedelta(days=7)),
    (datetime(1970, 1, 1, tzinfo=UTC), timedelta(days=10)),
)
"""What the CA/Browser Forum calls short-lived, by the first day of a certificate: from when on, and how long."""
# Prints only when a certificate came and names neither: a server that is down proves nothing.
READ = (
    "awk '/Not After/ {came = 1} /CRL Distribution|OCSP - URI/ {way = 1} "
    'END {if (came && !way) print "no CRL and no OCSP"}\''
)


@check(
    id="certificate-revocation",
    aliases=("CRT-008",),
    title="A leaked certificate can be withdrawn",
    element="keys",
    variants={
        "no-path": ("medium", "The certificate names no CRL and no OCSP responder, and its life is not short"),
        "self-issued": ("medium", "The certificate is self-issued: nobody can revoke it"),
        "intermediate-no-path": ("low", "An authority between it and the root names no CRL and no OCSP responder"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "2.1.11"),
        clause("RFC 7925", "2016", "4.4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    parameters={
        "short_lived_days": parameter("integer", "How long a life needs no revocation", default=90, unit="days"),
        "renewed_by": parameter("texts", "By what constrained devices renew their certificates, as EST or CMP"),
    },
    tags=("certificates", "configuration", "key-rotation", "network", "tls"),
    since="0.1",
    effort="medium",
)
def certificate_revocation(chain: CertificateChain, policy: Policy, target: Target) -> Returned:
    """Pass on any way to withdraw the leaf; the constrained policy asks for short life, never for a CRL."""
    leaf = chain.leaf
    lifetime = leaf.not_after - leaf.not_before
    # Nobody stands above a root: whatever it names, no client asks there.
    ways = () if leaf.is_root else (*leaf.crl_urls, *leaf.ocsp_urls)
    if timedelta() < lifetime <= short_life(chain, policy):
        return above(chain, policy, target, f"it lives {lifetime.days} days, short enough to need no revocation")
    if ways or (not leaf.is_root and (leaf.must_staple or chain.ocsp_stapled.known)):
        return above(chain, policy, target, "it can be revoked", ", ".join(ways) or "OCSP stapling")
    if policy.kind == "constrained":
        if renewed_by := policy.texts("renewed_by"):
            return good(f"it is renewed by {', '.join(renewed_by)}, as the profile says, and needs no revocation")
        return skip("the constrained policy wants no CRL and OCSP in device certificates; they are renewed instead")
    if not leaf.is_root:
        chain.ocsp_stapled.value  # noqa: B018  # a staple that was not asked for may be the way
    mute = not (leaf.crl_urls or leaf.ocsp_urls)
    return bad(
        "self-issued" if leaf.is_root else "no-path",
        "it is self-issued, so nobody can revoke it"
        if leaf.is_root
        else "it names no CRL and no OCSP responder, and none was stapled",
        observed=f"lives {lifetime.days} days, until {leaf.not_after:%Y-%m-%d}; issuer {leaf.issuer}",
        expected=f"a CRL or OCSP address, a staple, or at most {short_life(chain, policy).days} days",
        reproduce=f"{show_certificate(target, 0, '-text', opening=chain.opening)} | {READ}"
        if mute
        else show_certificate(target, 0, "-subject", "-issuer", "-nameopt", "RFC2253", opening=chain.opening),
        shows="no CRL and no OCSP" if mute else "issuer=",
    )


def short_life(chain: CertificateChain, policy: Policy) -> timedelta:
    """How long a leaf may live without a way to revoke it."""
    chosen = timedelta(days=policy.integer("short_lived_days"))
    if "Mozilla" not in chain.trusted_by:
        return chosen
    return min(chosen, next(life for begins, life in PUBLIC if chain.leaf.not_before >= begins))


def above(chain: CertificateChain, policy: Policy, target: Target, summary: str, observed: str = "") -> Returned:
    """A pass for the leaf, where each authority above it can be revoked, too."""
    if policy.kind == "constrained":
        return good(summary, observed=observed)
    wanted = on_way(chain)
    for position, certificate in chain.placed:
        if position == 0 or certificate.is_self_issued or certificate.crl_urls or certificate.ocsp_urls:
            continue
        if certificate.subject not in wanted:
            continue
        certificate.require_whole()
        shown = show_certificate(target, position, "-text", opening=chain.opening)
        return bad(
            "intermediate-no-path",
            f"the authority {certificate.subject} names no CRL and no OCSP responder",
            observed=f"valid until {certificate.not_after:%Y-%m-%d}; the server's certificate: {summary}",
            expected="a CRL address in every certificate that an authority above it issued",
            reproduce=f"{shown} | {READ}",
            shows="no CRL and no OCSP",
        )
    chain.require_all()
    return good(summary, observed=observed)


def on_way(chain: CertificateChain) -> set[str]:
    """The names that lead up from the server's certificate: what else is sent along is above nothing."""
    wanted = {chain.leaf.issuer}
    for _ in chain.certificates:
        wanted |= {certificate.issuer for certificate in chain.certificates if certificate.subject in wanted}
    return wanted
