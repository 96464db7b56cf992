"""The OAuth server's own description is sound.

## What it looks at
The metadata that an authorization server publishes (RFC 8414, OpenID Connect discovery), at its root, where a resource
names it (RFC 9728), and in the realm that every Keycloak has: that issuer and endpoints are https addresses, that the
password grant is not offered, that the code grant comes with PKCE (S256), that access tokens do not come by way of the
browser's address, that nothing is taken without a signature, and how clients prove who they are. No token is asked
for. What single clients may do is not told there: a server may offer more than it lets anybody use. Of PKCE the members
that stand there are judged: RFC 8414 reads their absence as none, but OpenID Connect Discovery does not know them,
RFC 9700 leaves other ways to tell it, and issuers that do S256 leave them out (Microsoft Entra), so that it stays open.

## Why it matters
Over plain http codes and tokens are read on the way. The password grant hands the user's password to every
client, which RFC 9700 forbids. Without PKCE a code that leaks from an app's redirect is as good as the token. A token
in an address stands in histories, logs and referrers. Where the algorithm `none` is taken, anybody writes what ought
to be signed. A client that proves nothing and gets tokens for itself is everybody.

## How to fix
Name https addresses alone, take the password grant out, and demand PKCE with S256. The address: Keycloak
`hostname=https://…`, Hydra `urls.self.issuer`, behind a proxy that passes `X-Forwarded-Proto`. The grant: Keycloak
*Direct access grants* off for each client. PKCE: Keycloak *Proof Key for Code Exchange: S256*; Hydra
`oauth2.pkce.enforced: true`. Devices without a browser use the device grant (RFC 8628), services client credentials.
Offer the response type `code` alone (Keycloak *Implicit flow* off), no algorithm `none`, and for clients that can keep
a key `private_key_jwt` or `tls_client_auth` in place of a secret in the body of the request.

## References
- RFC 8414 section 2; RFC 9700 sections 2.1.1 (PKCE), 2.1.2 (implicit), 2.4 (password grant), 2.5 (clients); RFC 7636
- RFC 6749 sections 2.3.1 (secrets in the body) and 4.4 (client credentials); OpenID Connect Discovery 1.0 section 3
- OWASP IoT Top 10 2018 I3
"""

from collections.abc import Iterator

from iotscan.sdk import (
    HttpServer,
    OAuthDocument,
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
    unknown,
)

DOCUMENTS = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
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
        "unproved-clients": ("medium", "Clients get tokens for themselves and prove nothing"),
        "unsigned": ("medium", "The OAuth server offers the algorithm none"),
        "implicit": ("low", "The OAuth server gives access tokens in the browser's address"),
        "secret-in-body": ("low", "Clients can show their secret in no other way than in the body"),
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
    """Judge each statement of each document by itself; a server without metadata is not judged."""
    if not known.oauth_metadata.value:
        return skip("it publishes no OAuth metadata")
    scheme = "https" if http.tls else "http"
    documents = known.oauth_documents or (of_older_run(known),)
    findings = [
        verdict
        for document in documents
        for verdict in judge(document, fetch(document, scheme, target), document.path if len(documents) > 1 else "")
    ]
    offered = ", ".join(dict.fromkeys(grant for document in documents for grant in document.grants))
    if findings:
        return findings
    if silent := [document for document in documents if offers_code(document) and not document.challenge_methods]:
        return unknown(
            f"it offers the code grant{at(silent[0])} and names no challenge methods: RFC 8414 reads that as no PKCE, "
            "and issuers that do S256 leave them out too. Ask for a code with a client of yours and no code_challenge"
        )
    return good(
        "https throughout, no password grant, PKCE where the code grant is offered",
        observed=f"grants: {offered or 'those of RFC 8414'}",
    )


def at(document: OAuthDocument) -> str:
    """`` at /PATH``; empty where that was not kept."""
    return f" at {document.path}" if document.path else ""


def of_older_run(known: WellKnown) -> OAuthDocument:
    """What a run of an iotscan that kept no documents tells of one."""
    return OAuthDocument(
        issuer=known.oauth_issuer,
        insecure=known.oauth_insecure_endpoints,
        grants=known.oauth_grants,
        challenge_methods=known.oauth_challenge_methods,
        response_types=("code",),
    )


def fetch(document: OAuthDocument, scheme: str, target: Target) -> str:
    """A line that shows the document, or both of the usual places where it is not known which it was."""
    urls = (target.url(scheme, path) for path in ((document.path,) if document.path else DOCUMENTS))
    return command("curl", "-g", "-k", "-s", "-m", "4", *urls) + " | tr -d '\\\\ \\n\\r\\t'"


def judge(document: OAuthDocument, shown: str, part: str) -> Iterator[Verdict]:
    """What is wrong with one document; ``shown`` is the line that shows it."""
    yield from transport(document, shown, part)
    yield from grants(document, shown, part)
    yield from clients(document, shown, part)


def transport(document: OAuthDocument, shown: str, part: str) -> Iterator[Verdict]:
    """Addresses without TLS, and what is taken without a signature."""
    issuer = (document.issuer,) if document.issuer and not document.issuer.startswith("https://") else ()
    clear = (*issuer, *(name for name in document.insecure if not issuer or name != "issuer"))
    if clear:
        yield bad(
            "cleartext",
            "its issuer or an endpoint is no https address",
            observed=", ".join(clear),
            expected="https addresses only",
            reproduce=shown,
            shows=clear[0],
            part=part,
        )
    if document.unsigned:
        yield bad(
            "unsigned",
            "it takes or gives what ought to be signed with the algorithm none",
            observed=", ".join(document.unsigned),
            expected="no algorithm none",
            reproduce=shown + f" | grep -o {command(chr(34) + document.unsigned[0] + chr(34) + ':[^]]*')}",
            shows='"none"',
            part=part,
        )


def grants(document: OAuthDocument, shown: str, part: str) -> Iterator[Verdict]:
    """Ways to a token that RFC 9700 forbids or doubts."""
    if "password" in document.grants:
        yield bad(
            "password-grant",
            "it offers the resource owner password grant",
            observed=", ".join(document.grants),
            expected="no password grant (RFC 9700 section 2.4)",
            reproduce=shown,
            shows='"password"',
            part=part,
        )
    if offers_code(document) and document.challenge_methods and "S256" not in document.challenge_methods:
        yield bad(
            "no-pkce",
            "it offers the code grant with other challenge methods than S256",
            observed=", ".join(document.challenge_methods),
            expected="S256 (RFC 7636)",
            reproduce=shown + """ | awk '/S256/ {p = 1} /issuer/ {a = 1} END {if (a && !p) print "S256 missing"}'""",
            shows="S256 missing",
            part=part,
        )
    implicit = [kind for kind in document.response_types if "token" in kind.split()]
    if implicit or (not document.response_types and "implicit" in document.grants):
        yield bad(
            "implicit",
            "it gives access tokens in the address of a redirect",
            observed=f"response types {', '.join(implicit)}" if implicit else "the implicit grant",
            expected="the response type code alone (RFC 9700 section 2.1.2)",
            reproduce=shown,
            shows="token" if implicit else '"implicit"',
            part=part,
        )


def offers_code(document: OAuthDocument) -> bool:
    """RFC 8414 section 2: a server that lists no grants offers the code grant, if it has a place to ask for a code.

    One that only signs for others (Kubernetes, CI services) has none.
    """
    if document.grants:
        return CODE in document.grants
    if document.response_types:
        return any("code" in kind.split() for kind in document.response_types)
    return "authorization_endpoint" in document.endpoints


def clients(document: OAuthDocument, shown: str, part: str) -> Iterator[Verdict]:
    """How clients show the token endpoint who they are."""
    methods = set(document.client_methods)
    if methods == {"none"} and "client_credentials" in document.grants:
        yield bad(
            "unproved-clients",
            "it offers the grant of client credentials, and no way to show any",
            observed="grant client_credentials; clients authenticate with none alone",
            expected="client credentials for clients that prove who they are (RFC 6749 section 4.4)",
            reproduce=shown,
            shows='"client_credentials"',
            part=part,
        )
    if methods - {"none"} == {"client_secret_post"}:
        yield bad(
            "secret-in-body",
            "its clients can show their secret in the body of a request alone",
            observed=", ".join(document.client_methods),
            expected="private_key_jwt, tls_client_auth, or a secret in the Authorization field at least",
            reproduce=shown,
            shows='"client_secret_post"',
            part=part,
        )
