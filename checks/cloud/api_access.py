"""Interfaces for programs give data to those alone who have logged in.

## What it looks at
What the front page and the usual addresses of an HTTP interface (`/api/`, `/api/v1/`) give to somebody who shows no
login, by GET: whether JSON holds records with values of their own, more than links, versions, greetings and errors.
Names of values are kept, no value. What a description (OpenAPI) names is not called, as careless devices do things on
GET. That such a description is there for everybody is told by the way.

## Why it matters
Readings, names, places and settings of a home or a plant stand behind these addresses. Where they are given to
everybody, the login of the app in front of them protects nothing, and on a back end one answer often holds what all
customers have. A description lists every door, those without a lock among them.

## How to fix
Ask for a token before anything is given (`401` with `WWW-Authenticate: Bearer`), at one place for all addresses: nginx
`auth_request` or `auth_jwt`, Spring `anyRequest().authenticated()`, FastAPI `FastAPI(dependencies=[Depends(...)])`,
Node-RED `httpNodeAuth`. Let who asks see his own alone. Serve the description to developers who have logged in
(FastAPI `openapi_url=None`, springdoc `springdoc.api-docs.enabled=false`).

## References
- OWASP API Security Top 10 2023: API1 (object level), API2 (authentication), API9 (inventory)
- ETSI EN 303 645 V3.1.3 provision 5.5-5; OWASP IoT Top 10 2018 I3
"""

from iotscan.sdk import (
    ApiAnswer,
    Returned,
    Target,
    Verdict,
    WebApi,
    bad,
    check,
    clause,
    command,
    counted,
    good,
    unknown,
)


@check(
    id="api-access",
    aliases=("CLD-008",),
    title="Interfaces for programs give data to those alone who have logged in",
    element="cloud",
    variants={
        "data": ("high", "An interface for programs gives data to everybody"),
        "documentation": ("info", "The description of an interface is there for everybody"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "network", "web"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def api_access(api: WebApi, target: Target) -> Returned:
    """Pass where an address asked for a login and none gave data; what asks for none and gives none stays open."""
    found: list[Verdict] = [gives(api, answer, target) for answer in api.answers]
    if api.documents:
        document = api.documents[0]
        found.append(
            bad(
                "documentation",
                f"its description stands at {document.path} for everybody",
                observed=f"{document.format}{f', {document.title}' if document.title else ''}",
                expected="a description for developers who have logged in",
                reproduce=f"{get(api, document.path, target)} | grep -oE {command('openapi|swagger')} | head -n 1",
                shows=document.format.partition(" ")[0],
            )
        )
    if found:
        return found
    asked = ", ".join(f"{c.path}: {'/'.join(c.schemes)}" for c in api.challenges)
    if not asked:
        return unknown("none of the usual addresses gave data or asked for a login")
    if api.unread:
        return unknown(f"what {', '.join(api.unread)} gives was not read whole; a login is wanted for {asked}")
    return good("the addresses that were asked want a login first", observed=asked)


def gives(api: WebApi, answer: ApiAnswer, target: Target) -> Verdict:
    """The finding about an address that gave data."""
    name = answer.members[0] if answer.members else ""
    return bad(
        "data",
        f"{answer.path} gives data to somebody who has not logged in",
        observed=f"{counted(answer.records, 'record')}; values named {', '.join(answer.members)}",
        expected="401, and a way to log in",
        reproduce=f"{get(api, answer.path, target)} | grep -oF {command(name)} | head -n 1",
        shows=name,
        part=answer.path,
    )


def get(api: WebApi, path: str, target: Target) -> str:
    """A line that fetches a path."""
    return command("curl", "-g", "-k", "-s", "-m", "5", target.url("https" if api.tls else "http", path))
