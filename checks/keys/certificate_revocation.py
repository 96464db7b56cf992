"""A leaked certificate can be withdrawn.

## What it looks at
Whether the server's certificate leaves a way to take it back: an address of a revocation list (CRL) or of an
OCSP responder, a stapled OCSP answer, or a lifetime of at most 90 days. Whether it *is* revoked is not asked.

## Why it matters
When a device is stolen or its key leaks, its certificate must stop working before it expires. Without any such
way the only remedy is to touch every client that trusts it.

## How to fix
Issue from a CA and put a CRL address into the certificate (`crlDistributionPoints = URI:http://…` in the OpenSSL
profile), or issue for 90 days or less and renew by ACME, EST or CMP (`certbot renew`, step-ca). OCSP alone is no
longer needed: public CAs are leaving it. For constrained devices short-lived operational certificates are
the way, without CRL and OCSP addresses; declare them by the `constrained` policy of the profile.

## References
- RFC 5280 sections 4.2.1.13 and 4.2.2.1; RFC 7633 (must-staple)
- RFC 7925 section 4.4.3 and draft-ietf-uta-tls13-iot-profile (no CRL and OCSP in device certificates)
- OWASP ISVS 2.1.11 (git edfda29b)
"""

from datetime import timedelta

from iotscan.sdk import CertificateChain, Policy, Returned, Target, bad, check, clause, good, show_certificate, skip

SHORT_LIVED = timedelta(days=90)
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
        "no-path": ("medium", "The certificate names no CRL and no OCSP responder and lives longer than 90 days"),
        "self-issued": ("medium", "The certificate is self-issued: nobody can revoke it"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "2.1.11"),
        clause("RFC 7925", "2016", "4.4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("certificates", "key-rotation", "network", "tls"),
    since="0.1",
    effort="medium",
)
def certificate_revocation(chain: CertificateChain, policy: Policy, target: Target) -> Returned:
    """Pass on any way to withdraw the leaf; the constrained policy asks for short life, never for a CRL."""
    leaf = chain.leaf
    lifetime = leaf.not_after - leaf.not_before
    ways = (*leaf.crl_urls, *leaf.ocsp_urls)
    if timedelta() < lifetime <= SHORT_LIVED:
        return good(f"it lives {lifetime.days} days, short enough to need no revocation")
    if ways or leaf.must_staple or chain.ocsp_stapled.known:
        return good("it can be revoked", observed=", ".join(ways) or "OCSP stapling")
    if policy.kind == "constrained":
        return skip("the constrained policy wants no CRL and OCSP in device certificates; they are renewed instead")
    if not leaf.is_self_issued:
        chain.ocsp_stapled.value  # noqa: B018  # a staple that was not asked for may be the way
    return bad(
        "self-issued" if leaf.is_self_issued else "no-path",
        "it is self-issued, so nobody can revoke it"
        if leaf.is_self_issued
        else "it names no CRL and no OCSP responder, and none was stapled",
        observed=f"lives {lifetime.days} days, until {leaf.not_after:%Y-%m-%d}; issuer {leaf.issuer}",
        expected="a CRL or OCSP address, a staple, or at most 90 days",
        reproduce=f"{show_certificate(target, 0, '-text', opening=chain.opening)} | {READ}",
        shows="no CRL and no OCSP",
    )
