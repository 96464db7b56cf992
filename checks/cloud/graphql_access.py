"""GraphQL interfaces show their schema to those alone who have logged in.

## What it looks at
Whether a GraphQL interface at one of the usual addresses carries out a query by GET for somebody who shows no login,
and whether it tells its schema (introspection). Asked for are names of types alone: `__typename`, and the names in
`__schema`. No field of the schema is read, and nothing is changed: GET carries out no mutation.

## Why it matters
The schema names every field and every command there is, those that the app never shows among them. That alone opens
nothing. It tells whoever looks for a field without a check of its own where to look, and one such field is enough: a
GraphQL interface has one address for everything, so that no proxy can keep parts of it apart.

## How to fix
Ask for a token before a query is carried out, and switch introspection off where it is not needed: Apollo Server
`introspection: false`, graphql-java `NoIntrospectionGraphqlFieldVisibility`, Hasura by role, Graphene
`DisableIntrospection`. Check rights at every field, not at the root. Refuse GET, and limit depth and cost.

## References
- GraphQL specification (September 2025), section 4 (introspection); GraphQL over HTTP, section on GET
- OWASP API Security Top 10 2023: API2 and API9; OWASP IoT Top 10 2018 I3
"""

from iotscan.sdk import GraphQlServer, Returned, Target, bad, check, clause, command, counted, good

SCHEMA = "?query=%7B__schema%7Btypes%7Bname%7D%7D%7D"


@check(
    id="graphql-access",
    title="GraphQL interfaces show their schema to those alone who have logged in",
    element="cloud",
    variants={"schema": ("low", "A GraphQL interface tells its schema to everybody")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "network", "web"),
    since="0.1",
    effort="low",
)
def graphql_access(server: GraphQlServer, target: Target) -> Returned:
    """Judge introspection; an interface that refused GET for another reason than a login stays open."""
    if server.shows_schema.value:
        url = target.url("https" if server.tls else "http", server.path + SCHEMA)
        return bad(
            "schema",
            f"{server.path} tells its schema to somebody who has not logged in",
            observed=f"{counted(server.types, 'type')}{', mutations among them' if server.has_mutations else ''}",
            expected="no introspection without a login",
            reproduce=command("curl", "-g", "-k", "-s", "-m", "5", url) + " | grep -o __schema",
            shows="__schema",
        )
    said = "carries out queries and tells no schema" if server.answers.value else "carries out no query without a login"
    return good(f"{server.path} {said}")
