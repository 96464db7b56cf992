"""An HTTP interface for programs, and how they show it who they are."""

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.fact import Fact


class ApiScheme(msgspec.Struct, frozen=True, kw_only=True):
    """A way to show who one is, as a description of the interface declares it.

    ``kind`` is ``http``, ``api-key``, ``oauth2``, ``openid-connect`` or ``mutual-tls``; ``scheme`` is that of HTTP
    (``basic``, ``bearer`` …), ``place`` where an API key stands: ``query``, ``header`` or ``cookie``.
    """

    kind: str
    scheme: str = ""
    place: str = ""


class ApiDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A description of the interface (OpenAPI) that anybody may read."""

    path: str
    format: str
    """``openapi 3.0.1``, ``swagger 2.0``."""
    title: str = ""
    schemes: Answer[tuple[ApiScheme, ...]]
    """Empty where it declares none."""


class ApiChallenge(msgspec.Struct, frozen=True, kw_only=True):
    """An address of the interface that asks who one is: the schemes of its WWW-Authenticate field, in lower case."""

    path: str
    schemes: tuple[str, ...]


class ApiAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an address of the interface gave to somebody who has not logged in: its shape, no value of it."""

    path: str
    records: int = 0
    """Objects in it that hold values of their own: more than links, names, versions and words on the interface."""
    members: tuple[str, ...] = ()
    """Names of such values, the first that come."""


class GraphQlServer(Fact, frozen=True, kw_only=True, tag="graphql-server"):
    """A GraphQL interface, as it answers GET without a login. Nothing but its own type names was asked for."""

    tls: bool
    path: str
    answers: Answer[bool]
    """Whether it carries out a query (``{__typename}``) of somebody who has not logged in."""
    shows_schema: Answer[bool]
    """Whether it answers introspection."""
    types: int = 0
    """Of the schema, without GraphQL's own."""
    has_mutations: bool = False


class WebApi(Fact, frozen=True, kw_only=True, tag="web-api"):
    """What a web server shows of an interface for programs, to somebody who has not logged in."""

    tls: bool
    documents: tuple[ApiDocument, ...] = ()
    challenges: tuple[ApiChallenge, ...] = ()
    answers: tuple[ApiAnswer, ...] = ()
    """Addresses that gave data to somebody who has not logged in."""
    unread: tuple[str, ...] = ()
    """Addresses of which it is not known: their answer was lost, cut off, or refused for now."""
    resource_metadata: str = ""
    """Where the metadata of a protected resource stand (RFC 9728); empty without them."""
    token_places: tuple[str, ...] = ()
    """Where those metadata say that a bearer token may stand: ``header``, ``body``, ``query``."""
