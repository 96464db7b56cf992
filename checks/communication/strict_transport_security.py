"""Browsers keep to https once they have seen it.

## What it looks at
Whether the front page of a web server over TLS sends `Strict-Transport-Security` (HSTS) with a lifetime. Asked only
where a browser would heed it: the certificate is trusted, by the public or by the trust store that was given, and it
names a host. A device with a certificate that nobody trusts, or that is known by its address alone, gains nothing by
the header, and is not judged here.

## Why it matters
A typed address goes out over http first, and who answers first on the network may answer instead of the device. HSTS
makes the browser ask over https without asking over http before.

## How to fix
nginx: `add_header Strict-Transport-Security "max-age=31536000" always;`. lighttpd: `setenv.add-response-header =
("Strict-Transport-Security" => "max-age=31536000")`. Begin with a short `max-age`: browsers keep it. On a device with a
self-signed certificate the certificate comes first: with HSTS a browser lets nobody click an error away.

## References
- RFC 6797 section 8.1 (not over a connection with errors), 8.1.1 (not for IP addresses), 11.2 (max-age)
"""

import re

from iotscan.sdk import (
    CertificateChain,
    HttpServer,
    Returned,
    Target,
    bad,
    check,
    clause,
    command,
    good,
    host_name,
    skip,
)

# Counts both in the same answer, so that a failed connection does not look like a missing header.
HSTS_COUNT = (
    "'tolower($0) ~ /^http\\// {a++} "
    'tolower($0) ~ /^strict-transport-security:.*max-age *= *"?0*[1-9]/ {h++} '
    'END {print "answers: " a+0 ", HSTS in force: " h+0}\''
)


@check(
    id="strict-transport-security",
    aliases=("SVC-004-H",),
    title="A server with a trusted name makes browsers keep to https",
    element="communication",
    variants={"no-hsts": ("low", "Strict-Transport-Security is not sent over https")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("network", "tls", "web"),
    since="0.1",
    effort="low",
)
def strict_transport_security(http: HttpServer, chain: CertificateChain, target: Target) -> Returned:
    """``max-age=0`` switches HSTS off."""
    if not http.tls:
        return skip("this service speaks plain HTTP")
    if re.search(r'(?i)max-age\s*=\s*"?0*([1-9]\d*)', http.strict_transport_security):
        return good("HSTS is in force", observed=http.strict_transport_security)
    if not any(host_name(name.removeprefix("*.")) for name in chain.leaf.names):
        return skip("its certificate names no host, and browsers keep HSTS for names only (RFC 6797 section 8.1.1)")
    if not (chain.privately_trusted.known or chain.trusted.value):
        return skip("browsers heed HSTS from a server that they trust only (RFC 6797 section 8.1)")
    page = command("curl", "-sk", "-m", "5", "-D", "-", "-o", "/dev/null", target.url("https"))
    return bad(
        "no-hsts",
        "Strict-Transport-Security is not sent",
        observed=http.strict_transport_security or "no such header",
        expected="Strict-Transport-Security with a max-age above 0",
        # One line for the answer and one for the header: a first line alone proves the lack of the other.
        reproduce=f"{page} | tr -d '\\r' | awk {HSTS_COUNT}",
        shows="answers: 1, HSTS in force: 0",
    )
