"""Access tokens are of use to nobody but the client that got them.

## What it looks at
Whether the metadata of an authorization server or of a protected resource say that tokens are bound to a key of the
client: DPoP (`dpop_signing_alg_values_supported`, `dpop_bound_access_tokens_required`) or mutual TLS
(`tls_client_certificate_bound_access_tokens`). That it is offered is not that it is demanded of every client; only a
resource's own metadata can say that. No token is asked for.

## Why it matters
A bearer token opens the door to whoever holds it. A device keeps its token for long, writes it to logs, sends it to
whatever host its configuration names, and is stolen with it. A token that is bound to a key in the device's key store
is of no use to who copies it.

## How to fix
Devices that have a certificate of their own: mutual TLS, tokens bound to it (Keycloak: client, *Advanced*, *OAuth 2.0
Mutual TLS Certificate Bound Access Tokens Enabled*). Others: DPoP (Keycloak: the guide "Securing applications with
DPoP"; Curity 11.4 and newer; Spring Security). Let the resource refuse tokens without the binding, and say so in its
metadata: `"dpop_bound_access_tokens_required": true`.

## References
- RFC 9449 (DPoP) section 5.1; RFC 8705 (mutual TLS) section 3.3; RFC 9728 section 2
- RFC 9700 section 2.2.1 (sender-constrained access tokens)
"""

from iotscan.sdk import (
    HttpServer,
    OAuthDocument,
    ResourceDocument,
    Returned,
    Target,
    WellKnown,
    bad,
    check,
    clause,
    command,
    good,
    skip,
    unknown,
)

MEMBERS = "dpop_|tls_client_certificate_bound"


@check(
    id="token-binding",
    aliases=("CLD-012",),
    title="Access tokens are of use to nobody but the client that got them",
    element="cloud",
    variants={"bearer": ("low", "Whoever holds an access token can use it")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "network", "web"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def token_binding(known: WellKnown, http: HttpServer, target: Target) -> Returned:
    """Pass where any document of the service names a way; fail where none of those that were read does."""
    issuing = [d for d in known.oauth_documents if {"token_endpoint", "authorization_endpoint"} & set(d.endpoints)]
    documents: list[OAuthDocument | ResourceDocument] = [*issuing, *known.resource_documents]
    if not documents:
        if known.oauth_documents:
            return skip("its metadata name no place where tokens are given")
        if known.oauth_metadata.value:
            return unknown("the run is of an iotscan that did not ask for it: scan again")
        return skip("it publishes no OAuth metadata")
    ways = [f"DPoP ({', '.join(d.dpop_algorithms)})" for d in documents if d.dpop_algorithms]
    ways += ["DPoP, demanded" for d in known.resource_documents if d.demands_dpop]
    ways += ["mutual TLS" for d in documents if d.binds_to_certificates]
    if ways:
        return good("its metadata name a way to bind tokens to a key", observed=", ".join(dict.fromkeys(ways)))
    scheme = "https" if http.tls else "http"
    shown = command("curl", "-g", "-k", "-s", "-m", "4", target.url(scheme, documents[0].path))
    return bad(
        "bearer",
        "its metadata name no way to bind a token to its client",
        observed=f"{', '.join(d.path for d in documents)}: neither DPoP nor mutual TLS",
        expected="DPoP (RFC 9449) or tokens bound to certificates (RFC 8705)",
        reproduce=f"""{shown} | awk '/{MEMBERS}/ {{p = 1}} /"(issuer|resource)"/ {{a = 1}} """
        + """END {if (a && !p) print "bearer alone"}'""",
        shows="bearer alone",
    )
