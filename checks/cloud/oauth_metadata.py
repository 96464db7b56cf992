"""The OAuth server's own description is sound.

## What it looks at
The metadata that an authorization server publishes (RFC 8414, OpenID Connect discovery): that issuer and endpoints
are https addresses, that the password grant is not offered, and that the code grant comes with PKCE (S256). No
token is asked for.

## Why it matters
Over plain http codes and tokens are read on the way. The password grant hands the user's password to every
client, which RFC 9700 forbids. Without PKCE a code that leaks from an app's redirect is as good as the token.

## How to fix
Name https addresses alone, take the password grant out, and demand PKCE with S256. The address: Keycloak
`hostname=https://…`, Hydra `urls.self.issuer`, behind a proxy that passes `X-Forwarded-Proto`. The grant: Keycloak
*Direct access grants* off for each client. PKCE: Keycloak *Proof Key for Code Exchange: S256*; Hydra
`oauth2.pkce.enforced: true`. Devices without a browser use the device grant (RFC 8628), services client credentials.

## References
- RFC 8414 section 2; RFC 9700 sections 2.1.1 (PKCE) and 2.4 (password grant); RFC 7636
- OWASP IoT Top 10 2018 I3
"""

from iotscan.sdk import (
    HttpServer,
    Returned,
    Target,
    Verdict,
    WellKnown,
    bad,
    check,
    clause,
    command,
    good,
    skip,
)

DOCUMENTS = ("oauth-authorization-server", "openid-configuration")
CODE = "authorization_code"


@check(
    id="oauth-metadata",
    aliases=("CLD-009",),
    title="The OAuth server's own description is sound",
    element="cloud",
    variants={
        "cleartext": ("high", "The OAuth issuer or an endpoint is no https address"),
        "password-grant": ("high", "The OAuth server offers the password grant"),
        "no-pkce": ("medium", "The OAuth server offers the code grant without PKCE (S256)"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "network", "web"),
    since="0.1",
    effort="medium",
)
def oauth_metadata(known: WellKnown, http: HttpServer, target: Target) -> Returned:
    """Judge the three statements by themselves; a server without metadata is not judged."""
    if not known.oauth_metadata.value:
        return skip("it publishes no OAuth metadata")
    scheme = "https" if http.tls else "http"
    urls = (target.url(scheme, f"/.well-known/{name}") for name in DOCUMENTS)
    fetch = command("curl", "-g", "-k", "-s", "-m", "4", *urls) + " | tr -d '\\\\'"
    issuer = (known.oauth_issuer,) if known.oauth_issuer and not known.oauth_issuer.startswith("https://") else ()
    clear = (*issuer, *known.oauth_insecure_endpoints)
    findings: list[Verdict] = []
    if clear:
        finding = bad(
            "cleartext",
            "its issuer or an endpoint is no https address",
            observed=", ".join(clear),
            expected="https addresses only",
            reproduce=fetch,
            shows=clear[0],
        )
        findings.append(finding)
    if "password" in known.oauth_grants:
        finding = bad(
            "password-grant",
            "it offers the resource owner password grant",
            observed=", ".join(known.oauth_grants),
            expected="no password grant (RFC 9700 section 2.4)",
            reproduce=fetch,
            shows='"password"',
        )
        findings.append(finding)
    # RFC 8414 section 2: a server that lists no grants offers the code grant.
    if CODE in (known.oauth_grants or (CODE,)) and "S256" not in known.oauth_challenge_methods:
        finding = bad(
            "no-pkce",
            "it offers the code grant and does not announce S256",
            observed=", ".join(known.oauth_challenge_methods) or "no challenge methods",
            expected="S256 (RFC 7636)",
            reproduce=fetch + """ | awk '/S256/ {p = 1} /issuer/ {a = 1} END {if (a && !p) print "S256 missing"}'""",
            shows="S256 missing",
        )
        findings.append(finding)
    return findings or good("https throughout, no password grant, PKCE where the code grant is offered")
