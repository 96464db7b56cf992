"""Where there is https, plain http leads to it.

## What it looks at
The front pages of a device's web servers: one over plain HTTP that shows a page of its own, though another speaks TLS.
A page that asks for a password in the clear is judged by `http-cleartext-login`, and a device without TLS there, too.

## Why it matters
Who types the bare name lands on the open page and stays there; what he reads and sets can be read and changed on the
way. The same service over TLS stands beside it, unused.

## How to fix
nginx: `listen 80; return 301 https://$host$request_uri;`. OpenWrt: `option redirect_https '1'` in
`/etc/config/uhttpd`. lighttpd: `$HTTP["scheme"] == "http" { url.redirect = ("" =>
"https://${url.authority}${url.path}${qsa}") }`. Leave out what has to stay open, as the answer to an ACME challenge.

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-1; RFC 9110 section 15.4
"""

from iotscan.sdk import (
    Each,
    HttpServer,
    Returned,
    Seen,
    Target,
    Verdict,
    bad,
    check,
    clause,
    command,
    good,
    skip,
    unknown,
)


@check(
    id="https-redirect",
    aliases=("SVC-004-R",),
    title="Plain http leads to https where there is https",
    element="communication",
    variants={"stays": ("low", "A page is shown over plain HTTP though there is one over TLS")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "network", "web"),
    since="0.1",
    effort="low",
)
def https_redirect(pages: Each[HttpServer], target: Target) -> Returned:
    """A verdict for each plain page, where one over TLS is shown to people as well."""
    plain = [seen for seen in pages if not seen.fact.tls]
    secure = [seen for seen in pages if seen.fact.tls and seen.fact.status < 400 and _is_for_people(seen)]
    if not plain or not secure:
        return skip(
            "it has no web server over plain HTTP" if not plain else "no web server of it shows a page over TLS"
        )
    found = [verdict for seen in plain if (verdict := _judge(seen, secure[0]))]
    return found or good("plain http leads to https, or shows nothing")


def _is_for_people(seen: Seen[HttpServer]) -> bool:
    fact = seen.fact
    return bool(fact.title or fact.has_login_form or fact.has_script or fact.challenges)


def _judge(seen: Seen[HttpServer], secure: Seen[HttpServer]) -> Verdict | None:
    fact = seen.fact
    if fact.redirects_to_https or fact.asks_credentials:
        return None
    if 300 <= fact.status < 400:
        return unknown(f"it leads elsewhere: {fact.location}", about=seen.subject)
    if not 200 <= fact.status < 300 or not _is_for_people(seen):
        return None
    host = f"[{seen.subject.address}]" if ":" in seen.subject.address else seen.subject.address
    url = f"http://{host.replace('%', '%25')}:{seen.subject.port}/"
    return bad(
        "stays",
        f"a page is shown over plain HTTP, though {secure.subject.service} speaks TLS",
        observed=f"status {fact.status}: {fact.title}".removesuffix(": "),
        expected="a redirect to https",
        reproduce=command(
            "curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "status %{http_code} to (%{redirect_url})", url
        ),
        shows=f"status {fact.status} to ()",
        about=seen.subject,
    )
