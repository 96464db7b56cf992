"""Metadata of OAuth stand where the name in them leads.

## What it looks at
Whether the issuer in an authorization server's metadata leads to the very address at which they were found, and the
same of the resource in the metadata of a protected resource: scheme, host, port and path, a slash at the end aside
(Auth0 has one). An issuer with a path has its metadata below it (OpenID Connect) or the path behind the well-known name
(RFC 8414). It is also seen whether a resource sends its clients to an authorization server over plain http. A service
that was asked by its address may well have the name that stands there: that stays open, unless it calls itself so.

## Why it matters
A client that does not compare can be led to an attacker's server: who controls some metadata names the true issuer and
false endpoints, and gets codes, secrets and tokens that were meant for the true one (mix-up). A client that does
compare, as both RFCs demand, cannot use metadata that do not fit, and is then often told to skip the comparison.

## How to fix
Set the issuer to the address by which clients come: Keycloak `hostname=https://id.example`, Hydra `urls.self.issuer`,
let a proxy pass Host and `X-Forwarded-Proto` on. Do not copy the metadata of one host to another: let the metadata of
the resource (RFC 9728, `authorization_servers`) point to the issuer, over https.

## References
- RFC 8414 sections 3.1 and 3.3 (issuer must be identical); OpenID Connect Discovery 1.0 section 4.3
- RFC 9728 sections 3.3 (resource must be identical) and 7.6; RFC 9700 section 4.4 (mix-up); RFC 9207
"""

from iotscan.sdk import (
    Answer,
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
    host_name,
    skip,
    unknown,
)


@check(
    id="oauth-issuer",
    title="Metadata of OAuth stand where the name in them leads",
    element="cloud",
    variants={
        "issuer": ("medium", "The issuer in OAuth metadata leads to another place"),
        "resource": ("medium", "The resource in its own metadata leads to another place"),
        "cleartext": ("high", "A resource sends its clients to an authorization server without TLS"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "network", "web"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def oauth_issuer(known: WellKnown, http: HttpServer, target: Target) -> Returned:
    """One verdict for each document that is wrong; open where one of them is, and none is wrong."""
    if not known.oauth_documents and not known.resource_documents:
        return (
            skip("it publishes no OAuth metadata")
            if known.oauth_metadata.value is False
            else unknown("the run is of an iotscan that did not compare the issuer: scan again")
        )
    scheme = "https" if http.tls else "http"
    documents: list[OAuthDocument | ResourceDocument] = [*known.oauth_documents, *known.resource_documents]
    verdicts: list[Verdict] = []
    for document in documents:
        verdicts += judge(document, scheme, target, document.path if len(documents) > 1 else "")
    found = [v for v in verdicts if v.kind == "bad"]
    return found or next((v for v in verdicts if v.kind == "unknown"), None) or verdicts


def judge(document: OAuthDocument | ResourceDocument, scheme: str, target: Target, part: str) -> list[Verdict]:
    """What one document comes to: never nothing."""
    shown = command("curl", "-g", "-k", "-s", "-m", "4", target.url(scheme, document.path)) + " | tr -d '\\\\'"
    if isinstance(document, OAuthDocument):
        kind, named, clear = "issuer", document.issuer, []
    else:
        kind, named = "resource", document.resource
        clear = [server for server in document.servers if not server.startswith("https://")]
    found = [to_cleartext(clear, shown, part)] if clear else []
    leads = leads_here(document.leads_here, named, target)
    if leads is False:
        wrong = bad(
            kind,
            f"what stands at {document.path} is said of {named}",
            observed=f"{kind} {named}, found at {document.path}",
            expected="a name that leads to where the metadata stand",
            reproduce=shown,
            shows=named,
            part=part,
        )
        found.append(wrong)
    if found:
        return found
    if leads is None:
        return [unknown(f"whether {named} leads here is not known: {document.leads_here.detail}", part=part)]
    return [good("what its metadata name leads to them", observed=named, part=part)]


def to_cleartext(clear: list[str], shown: str, part: str) -> Verdict:
    """The finding of a resource that names authorization servers without TLS."""
    return bad(
        "cleartext",
        f"it sends its clients to {clear[0]} for tokens",
        observed=", ".join(clear),
        expected="authorization servers with https addresses",
        reproduce=shown,
        shows=clear[0],
        part=part,
    )


def leads_here(answer: Answer[bool], named: str, target: Target) -> bool | None:
    """The probe's answer; where that is open for the host's name alone, what the device calls itself."""
    if answer.is_answered:
        return answer.known
    scheme, _, rest = named.partition("://")
    host, _, port = rest.partition("/")[0].partition(":")
    is_same_port = (port or {"https": "443", "http": "80"}.get(scheme)) == str(target.port)
    own = {host_name(name) for name in target.host_names} - {""}
    return True if is_same_port and host_name(host) in own else None
