"""Interfaces for programs ask for a token, and only over TLS.

## What it looks at
What addresses of an HTTP interface for programs (`/api/`) ask for in `WWW-Authenticate`, which security schemes its own
description (OpenAPI) declares, and where its metadata (RFC 9728) let a token stand. Everything is read with GET; no
token is asked for or sent, and nothing that a description names is called. Where the whole server asks a person to log
in, that is the question of `http-cleartext-login`.

## Why it matters
What a program shows with every request is seen with every request. Basic over plain HTTP is the password itself, a
bearer token over plain HTTP is as good as the login to whoever reads it. A token in an address is kept by every proxy,
log and history it passes. Basic over TLS is safe on the way, but it is a password that does not end and opens
everything, where a token can be short-lived, narrow and taken back.

## How to fix
Serve the interface over TLS alone, hand out short-lived access tokens (OAuth 2, RFC 9700) or client certificates
(nginx: `ssl_verify_client on;`), and take tokens from the `Authorization` field only. Metadata then say
`"bearer_methods_supported": ["header"]`, and OpenAPI `type: http, scheme: bearer` or `type: mutualTLS` instead of
`type: apiKey, in: query`. On the plain port answer nothing but a redirect.

## References
- RFC 7617 section 4 (Basic); RFC 6750 sections 2.3 and 5.3 (no tokens in addresses, TLS); RFC 9700 section 4.3.2
- RFC 9728 section 2 (`bearer_methods_supported`); OpenAPI 3.1, Security Scheme Object
"""

from iotscan.sdk import ApiDocument, Returned, Target, Verdict, WebApi, bad, check, clause, command, good, unknown

TOKENS = frozenset({"bearer", "dpop", "gnap"})
QUERY_KEY = r'\{[^{}]*"type":"apiKey"[^{}]*\}'


@check(
    id="api-authentication",
    aliases=("KEY-016",),
    title="Interfaces for programs ask for a token, and only over TLS",
    element="keys",
    variants={
        "basic-cleartext": ("critical", "Programs show a password with each request over plain HTTP (Basic)"),
        "token-cleartext": ("high", "Programs show their tokens over plain HTTP"),
        "token-in-address": ("high", "A token may stand in the address"),
        "password": ("low", "Programs show a password with each request over TLS"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("IEC 62443-4-2", "2019", "CR 1.2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("cleartext", "credentials", "network", "web"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def api_authentication(api: WebApi, target: Target) -> Returned:
    """Judge what is asked for and what is declared; a description that declares nothing leaves it open."""
    asked = {scheme: c.path for c in reversed(api.challenges) for scheme in c.schemes}
    found = [*_asked(api, asked, target), *_declared(api, target), *_in_address(api, target)]
    if found:
        return found
    told = [*asked, *(f"{s.kind} {s.scheme or s.place}".strip() for d in api.documents for s in d.schemes.value)]
    if not told:
        return unknown("it declares no way to log in: whether it asks for one was not tried")
    if not api.tls:
        return unknown(f"it names a way to log in that is not known to be safe over plain HTTP: {', '.join(told[:4])}")
    return good(f"it {'asks for' if asked else 'declares'} tokens over TLS", observed=", ".join(dict.fromkeys(told)))


def _asked(api: WebApi, asked: dict[str, str], target: Target) -> list[Verdict]:
    """What the answers themselves ask for."""
    found: list[Verdict] = []
    for scheme, path in asked.items():
        if scheme in ("basic", "digest"):
            variant = "password" if api.tls else "basic-cleartext" if scheme == "basic" else "token-cleartext"
        elif api.tls or scheme not in TOKENS:
            continue
        else:
            variant = "token-cleartext"
        found.append(
            bad(
                variant,
                f"{path} asks for {scheme.capitalize()} over {'TLS' if api.tls else 'plain HTTP'}",
                observed=f"{path}: 401, {scheme}",
                expected="a token or a client certificate, over TLS",
                reproduce=f"{_get(api, path, target, '-i')} | grep -i '^www-authenticate:' | tr A-Z a-z",
                shows=scheme,
            )
        )
    return found


def _declared(api: WebApi, target: Target) -> list[Verdict]:
    """Tokens and passwords that a description declares for an interface without TLS."""
    if api.tls:
        return []
    for document in api.documents:
        kinds = [s for s in document.schemes.known or () if s.kind in ("http", "api-key", "oauth2", "openid-connect")]
        if kinds:
            is_basic = any(s.scheme == "basic" for s in kinds)
            return [
                bad(
                    "basic-cleartext" if is_basic else "token-cleartext",
                    f"{document.path} declares {'Basic' if is_basic else 'tokens'} for an interface over plain HTTP",
                    observed=f"{document.format}: {', '.join(dict.fromkeys(s.scheme or s.kind for s in kinds))}",
                    expected="the interface over https only",
                    reproduce=_flat(api, document.path, target)
                    + r""" | grep -oE '"type":"(http|basic|apiKey|oauth2|openIdConnect)"'""",
                    shows='"type"',
                )
            ]
    return []


def _in_address(api: WebApi, target: Target) -> list[Verdict]:
    """Tokens that may stand in an address, by a description or by the metadata of the resource."""
    if "query" in api.token_places:
        return [
            bad(
                "token-in-address",
                "its metadata let a bearer token stand in the address",
                observed=", ".join(api.token_places),
                expected="header alone",
                reproduce=_flat(api, api.resource_metadata, target) + """ | grep -oE '"bearer_methods[^]]*'""",
                shows='"query"',
            )
        ]
    document = next((d for d in api.documents if _has_query_key(d)), None)
    if document is None:
        return []
    return [
        bad(
            "token-in-address",
            f"{document.path} declares a key that stands in the address",
            observed=f"{document.format}: apiKey in query",
            expected="a token in the Authorization field",
            reproduce=_flat(api, document.path, target) + f" | grep -oE {command(QUERY_KEY)} | grep query",
            shows="query",
        )
    ]


def _has_query_key(document: ApiDocument) -> bool:
    return any(s.kind == "api-key" and s.place == "query" for s in document.schemes.known or ())


def _get(api: WebApi, path: str, target: Target, *more: str) -> str:
    return command("curl", "-g", "-k", "-s", "-m", "5", *more, target.url("https" if api.tls else "http", path))


def _flat(api: WebApi, path: str, target: Target) -> str:
    return _get(api, path, target) + " | tr -d ' \\n\\r\\t'"
