"""Access tokens are of use to nobody but the client that got them.

## What it looks at
Whether the metadata of an authorization server or of a protected resource say that tokens are bound to a key of the
client: DPoP (`dpop_signing_alg_values_supported`, `dpop_bound_access_tokens_required`) or mutual TLS
(`tls_client_certificate_bound_access_tokens`). That it is offered is not that it is demanded of every client; only a
resource's own metadata can say that. Each issuer is judged by itself: by its documents, and by those of the resources
that trust it. No token is asked for.

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
    Verdict,
    WellKnown,
    bad,
    check,
    clause,
    command,
    good,
    list_some,
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
    """Each issuer by its documents and resources; a resource that trusts other issuers by its own words."""
    issuing = [d for d in known.oauth_documents if {"token_endpoint", "authorization_endpoint"} & set(d.endpoints)]
    if not issuing and not known.resource_documents:
        if known.oauth_documents:
            return skip("its metadata name no place where tokens are given")
        if known.oauth_metadata.value:
            return unknown("the run is of an iotscan that did not ask for it: scan again")
        return skip("it publishes no OAuth metadata")
    issuers: dict[str, list[OAuthDocument]] = {}
    for document in issuing:
        issuers.setdefault(document.issuer.rstrip("/"), []).append(document)
    elsewhere = [r for r in known.resource_documents if not issuers.keys() & trusted(r)]
    is_one_of_many = len(issuers) + len(elsewhere) > 1
    scheme = "https" if http.tls else "http"
    verdicts = []
    for issuer, documents in issuers.items():
        resources = [r for r in known.resource_documents if issuer in trusted(r)]
        shown = command("curl", "-g", "-k", "-s", "-m", "4", target.url(scheme, documents[0].path))
        verdicts.append(judge(documents, resources, shown, issuer if is_one_of_many else ""))
    return verdicts + [of_resource(r, r.path if is_one_of_many else "") for r in elsewhere]


def trusted(resource: ResourceDocument) -> set[str]:
    """The issuers that a resource names."""
    return {issuer.rstrip("/") for issuer in resource.servers}


def judge(documents: list[OAuthDocument], resources: list[ResourceDocument], shown: str, part: str) -> Verdict:
    """One issuer, by what its documents say and by what the resources demand that trust it."""
    if found := ways([*documents, *resources]):
        return good("its metadata name a way to bind tokens to a key", observed=", ".join(found), part=part)
    places = [d.path for d in documents] + [r.path for r in resources]
    return bad(
        "bearer",
        "its metadata name no way to bind a token to its client",
        observed=f"{', '.join(places)}: neither DPoP nor mutual TLS",
        expected="DPoP (RFC 9449) or tokens bound to certificates (RFC 8705)",
        reproduce=f"""{shown} | awk '/{MEMBERS}/ {{p = 1}} /"(issuer|resource)"/ {{a = 1}} """
        + """END {if (a && !p) print "bearer alone"}'""",
        shows="bearer alone",
        part=part,
    )


def of_resource(resource: ResourceDocument, part: str) -> Verdict:
    """A resource whose tokens are given elsewhere: that it names no way leaves open what is given there."""
    if found := ways([resource]):
        return good("its metadata name a way to bind tokens to a key", observed=", ".join(found), part=part)
    there = list_some(resource.servers, 3) or "no issuer"
    said = f"{resource.path} names no way to bind a token to its client"
    return unknown(f"{said}, and its tokens are given elsewhere ({there}): ask there", part=part)


def ways(documents: list[OAuthDocument | ResourceDocument]) -> list[str]:
    """What documents offer or demand, each once."""
    found = [f"DPoP ({', '.join(d.dpop_algorithms)})" for d in documents if d.dpop_algorithms]
    found += ["DPoP, demanded" for d in documents if isinstance(d, ResourceDocument) and d.demands_dpop]
    found += ["mutual TLS" for d in documents if d.binds_to_certificates]
    return list(dict.fromkeys(found))
