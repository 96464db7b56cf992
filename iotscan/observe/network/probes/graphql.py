"""Whether a GraphQL interface answers somebody who has not logged in. GET only, in which nothing may be changed.

Asked for are the names of its own types and nothing that it keeps (GraphQL specification, section 4; GraphQL over HTTP,
section 6.2: a GET carries out no mutation).
"""

from typing import Any, Final

from iotscan.model.answer import Answer
from iotscan.model.facts import GraphQlServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import ask_all, control, nothing_found
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.http import HttpResponse

PATHS: Final = ("/graphql", "/api/graphql")
TYPENAME: Final = "?query=%7B__typename%7D"
"""``{__typename}``"""
SCHEMA: Final = "?query=%7B__schema%7Btypes%7Bname%7DmutationType%7Bname%7D%7D%7D"
"""``{__schema{types{name}mutationType{name}}}``"""
_CAP: Final = 16 * 1024
_SCHEMA_CAP: Final = 256 * 1024
_WORDS: Final = ("graphql", "__typename", "introspection", "query", "operation")
"""What errors of GraphQL servers speak of."""


async def ask_graphql(door: Door) -> Heard:
    """Ask for the name of the root's type at the usual places; where that is told, for the schema's names."""
    asks = [ask for ask in _asks(door) if not door.web.spares(ask)]
    replies = await ask_all(door, asks)
    nobody = replies[0]
    if isinstance(nobody, DialError):
        return Heard(missed=(missed(GraphQlServer, nobody),))
    for ask, reply in zip(asks[1:], replies[1:], strict=True):
        if (answers := _answers(reply, nobody)) is not None:
            fact = await _described(door, ask.path.removesuffix(TYPENAME), answers)
            return Heard(facts=(fact,), excerpt=fact.path)
    errors = [reply for reply in replies if isinstance(reply, DialError)]
    if errors:
        return Heard(missed=(missed(GraphQlServer, errors[0]),))
    if len(asks) == 1 and door.web.closes:
        return Heard(missed=(_SPARED,))
    return nothing_found(GraphQlServer, nobody)


def _asks(door: Door) -> tuple[Ask, ...]:
    return control(door), *(Ask(path=path + TYPENAME, cap=_CAP, is_guess=True) for path in PATHS)


def _answers(reply: Reply, nobody: HttpResponse) -> Answer[bool] | None:
    """Whether it carries out a query; missing where it refuses, None for what is no GraphQL."""
    if not isinstance(reply, HttpResponse) or (reply.status, reply.body) == (nobody.status, nobody.body):
        return None
    document = reply.json_object()
    data = document.get("data")
    if isinstance(data, dict) and isinstance(data.get("__typename"), str):
        return Answer.of(True)
    if not _speaks_of_graphql(document):
        return None
    if reply.status in (401, 403):
        return Answer.of(False)
    return Answer.missing(Reason.NOT_OBSERVABLE, f"it answers {reply.status} to a query by GET")


def _speaks_of_graphql(document: dict[str, Any]) -> bool:
    errors = document.get("errors")
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return False
    said = errors[0].get("message")
    return isinstance(said, str) and any(word in said.lower() for word in _WORDS)


async def _described(door: Door, path: str, answers: Answer[bool]) -> GraphQlServer:
    tls, names, has_mutations = speaks_tls(door.service), list[str](), False
    if answers.known:
        (reply,) = await ask_all(door, (Ask(path=path + SCHEMA, cap=_SCHEMA_CAP),))
        if not (gap := _unread(reply)):
            names, has_mutations = _schema(reply)
        shown = Answer[bool].missing(Reason.UNREADABLE, gap) if gap else Answer.of(bool(names))
    else:
        shown = answers
    return GraphQlServer(
        tls=tls, path=path, answers=answers, shows_schema=shown, types=len(names), has_mutations=has_mutations
    )


def _unread(reply: Reply) -> str:
    """Why the answer to introspection tells nothing; empty where it does."""
    if isinstance(reply, DialError):
        return str(reply)
    if reply.is_truncated or reply.is_opaque or reply.status >= 500 or reply.status == 429:
        return f"its answer to introspection ({reply.status}) was not read whole"
    # A filter in front that refuses the words of a query says nothing of the interface, nor of POST.
    if reply.status != 401 and not {"data", "errors"} & set(reply.json_object()):
        return f"its answer to introspection ({reply.status}) is none of GraphQL"
    return ""


def _schema(reply: Reply) -> tuple[list[str], bool]:
    """Names of the types that are its own, and whether there is a root of mutations."""
    data = reply.json_object().get("data") if isinstance(reply, HttpResponse) else None
    schema = data.get("__schema") if isinstance(data, dict) else None
    types = schema.get("types") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(types, list):
        return [], False
    names = [t["name"] for t in types if isinstance(t, dict) and isinstance(t.get("name"), str)]
    return [n for n in names if not n.startswith("__")], isinstance(schema.get("mutationType"), dict)


_SPARED: Final = Missed(
    need=kind_of(GraphQlServer),
    status=AttemptStatus.NOT_TRIED,
    reason=Reason.NOT_OBSERVABLE,
    detail="not asked for: the server takes a conversation for each question, and it stands there by custom alone",
)

PROBE = Probe(
    name="graphql",
    version=1,
    speaks=frozenset({"http", "https"}),
    gives=(GraphQlServer,),
    ask=ask_graphql,
    stage=4,
    ahead=_asks,
)
