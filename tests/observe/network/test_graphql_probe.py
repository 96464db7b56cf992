"""GraphQL as its reference implementation answers GET, and what only looks like it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from graphql import NoSchemaIntrospectionCustomRule, build_schema, graphql_sync, parse, validate

from iotscan.model.facts import GraphQlServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes import graphql, http, well_known
from tests.observe.network.test_web_probes import HTML, Page, ask, end, site
from tests.observe.network.test_web_session import survey

SCHEMA = build_schema(
    "type Query { lamps: [Lamp] } type Lamp { id: ID on: Boolean } type Mutation { off(id: ID): Lamp }"
)
JSON = {"Content-Type": "application/json"}
REFUSED = {"errors": [{"message": "This operation has been blocked as a potential Cross-Site Request Forgery (CSRF)."}]}


def carried_out(path: str, *, hides_schema: bool = False) -> Page:
    """What the reference implementation answers to a GET of ``/graphql``; 404 for all else."""
    parts = urlsplit(path)
    if parts.path != "/graphql":
        return 404, {}, b"no"
    query = parse_qs(parts.query).get("query", [""])[0]
    wrong = validate(SCHEMA, parse(query), [NoSchemaIntrospectionCustomRule]) if hides_schema else []
    if wrong:
        return 400, JSON, json.dumps({"errors": [error.formatted for error in wrong]}).encode()
    return 200, JSON, json.dumps(graphql_sync(SCHEMA, query).formatted).encode()


@contextmanager
def interface(answer: Callable[[str], Page], **kinds: object) -> Iterator[int]:
    with site({}, other=answer, **kinds) as port:  # type: ignore[arg-type]  # as site takes them
        yield port


def heard(answer: Callable[[str], Page], **kinds: object) -> Heard:
    with interface(answer, **kinds) as port:
        return ask(graphql.PROBE, port)


def fact(answer: Callable[[str], Page]) -> GraphQlServer:
    (found,) = heard(answer).facts
    assert isinstance(found, GraphQlServer)
    return found


def test_one_that_tells_its_schema() -> None:
    found = fact(carried_out)
    assert (found.path, found.answers.value, found.shows_schema.value) == ("/graphql", True, True)
    own = [name for name in SCHEMA.type_map if not name.startswith("__")]
    assert (found.types, found.has_mutations) == (len(own), True)


def test_one_that_hides_its_schema() -> None:
    found = fact(lambda path: carried_out(path, hides_schema=True))
    assert (found.answers.value, found.shows_schema.value, found.types) == (True, False, 0)


def test_a_filter_in_front_that_refuses_a_word_hides_nothing() -> None:
    found = fact(lambda path: (403, HTML, b"<p>blocked") if "__schema" in path else carried_out(path))
    assert (found.answers.value, found.shows_schema.reason) == (True, Reason.UNREADABLE)


def test_one_that_wants_a_login() -> None:
    def answer(path: str) -> Page:
        if not path.startswith("/graphql"):
            return 404, {}, b""
        return 401, JSON, b'{"errors": [{"message": "log in to use GraphQL"}]}'

    found = fact(answer)
    assert (found.answers.value, found.shows_schema.value) == (False, False)


def test_one_that_refuses_get_stays_open() -> None:
    def answer(path: str) -> Page:
        return (400, JSON, json.dumps(REFUSED).encode()) if path.startswith("/graphql") else (404, {}, b"")

    found = fact(answer)
    assert not found.answers.is_answered
    assert not found.shows_schema.is_answered


@pytest.mark.parametrize(
    "page",
    [
        (200, JSON, b'{"data": {"x": 1}}'),
        (200, JSON, b'{"errors": [{"message": "not found"}]}'),
        (400, JSON, b'{"errors": ["graphql"]}'),
        (200, {}, b"<html>graphql"),
    ],
)
def test_what_only_looks_like_it(page: Page) -> None:
    said = heard(lambda path: page if path.startswith("/graphql") else (404, {}, b""))
    assert (said.facts, said.missed) == ((), ())


def test_a_host_that_says_the_same_to_everything() -> None:
    said = heard(lambda _: (200, JSON, b'{"data": {"__typename": "Query"}}'))
    assert said.facts == ()


def test_where_each_question_costs_a_conversation_it_stays_open() -> None:
    with interface(carried_out, keep_alive=False) as port:
        _, units = survey(port, probes=(http.PROBE, well_known.PROBE, graphql.PROBE))
    (attempt,) = (a for unit in units for a in unit.attempts if a.need == "graphql-server")
    assert attempt.status == AttemptStatus.NOT_TRIED


def test_a_server_that_wants_a_login_for_everything() -> None:
    with interface(lambda _: (401, {}, b"")) as port:
        assert end(ask(graphql.PROBE, port)) == (AttemptStatus.UNREADABLE, Reason.NOT_OBSERVABLE)


def test_only_names_are_asked_for() -> None:
    seen: list[str] = []
    with interface(carried_out, seen=seen) as port:
        ask(graphql.PROBE, port)
    asked = [parse_qs(urlsplit(line.partition(" ")[2]).query) for line in seen if "query" in line]
    assert next(q["query"][0] for q in asked if q) == "{__typename}"
    assert all("lamps" not in line for line in seen)
