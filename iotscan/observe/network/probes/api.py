"""Interfaces for programs: their description (OpenAPI), their demand for a token, their OAuth metadata. GET only.

Nothing that a description names is asked: a careless device does things on GET. A path that nobody has tells whether
an answer is about the interface or is what the server says to everybody.
"""

from typing import Any, Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import ApiAnswer, ApiChallenge, ApiDocument, WebApi
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import FRONT_PAGE_CAP, ask_all, control, nothing_found
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.api_data import read_data
from iotscan.wire.http import HttpResponse, challenges
from iotscan.wire.openapi import read_openapi

DOCUMENTS: Final = ("/openapi.json", "/swagger.json", "/api/openapi.json", "/v3/api-docs", "/swagger/v1/swagger.json")
ENDPOINTS: Final = ("/api/", "/api/v1/")
METADATA: Final = "/.well-known/oauth-protected-resource"
_DOCUMENT_CAP: Final = 512 * 1024
_CAP: Final = 64 * 1024
_ASKED_BY_BROWSERS: Final = frozenset({"basic", "digest", "negotiate", "ntlm"})
"""Schemes by which a browser logs a person in: where everything asks so, that is said of the front page."""


async def ask_api(door: Door) -> Heard:
    """Ask what nobody has, then the usual places; a server that closes after each answer only the likeliest."""
    asks = [ask for ask in _asks(door) if not door.web.spares(ask)]
    replies = dict(zip(asks, await ask_all(door, asks), strict=True))
    nobody = replies[asks[0]]
    if isinstance(nobody, DialError):
        return Heard(missed=(missed(WebApi, nobody),))
    paths = {ask.path: reply for ask, reply in replies.items()}
    # The front page was asked for before; who has only that keeps it for the probes of pages.
    if front := door.web.known(Ask(path="/", cap=FRONT_PAGE_CAP)):
        paths["/"] = front
    metadata = _metadata(paths[METADATA], nobody)
    fact = WebApi(
        tls=speaks_tls(door.service),
        documents=tuple(d for path in DOCUMENTS if (d := _document(path, paths.get(path), nobody))),
        challenges=tuple(c for path in ENDPOINTS if (c := _challenge(path, paths.get(path), nobody))),
        answers=tuple(a for path in ("/", *ENDPOINTS) if (a := _answer(path, paths.get(path), nobody))),
        unread=tuple(path for path in ("/", *ENDPOINTS) if _is_unread(paths.get(path))),
        resource_metadata=METADATA if metadata else "",
        token_places=_texts(metadata.get("bearer_methods_supported")),
    )
    shown = [d.path for d in fact.documents] + [c.path for c in fact.challenges] + [a.path for a in fact.answers]
    if shown or fact.resource_metadata:
        shown.append(fact.resource_metadata)
        return Heard(facts=(fact,), excerpt=" ".join(filter(None, shown))[:200])
    return _nothing(nobody, list(replies.values()))


def _asks(door: Door) -> tuple[Ask, ...]:
    """The likeliest place of each kind, and places that are asked only where it costs no conversation."""
    documents = (Ask(path=path, cap=_DOCUMENT_CAP, is_guess=path != DOCUMENTS[0]) for path in DOCUMENTS)
    endpoints = (Ask(path=path, cap=_CAP, is_guess=path != ENDPOINTS[0]) for path in ENDPOINTS)
    return (control(door), *endpoints, *documents, Ask(path=METADATA, cap=_CAP))


def _document(path: str, reply: Reply | None, nobody: HttpResponse) -> ApiDocument | None:
    """The description at a path, unless every path has one."""
    if not isinstance(reply, HttpResponse) or reply.status != 200 or reply.is_opaque:
        return None
    found = read_openapi(reply.body)
    if found is None or (nobody.status == 200 and read_openapi(nobody.body)):
        return None
    schemes = found.schemes
    answer: Answer[tuple[Any, ...]] = (
        Answer.missing(Reason.UNREADABLE, "the description could not be read whole")
        if schemes is None
        else Answer.of(schemes)
    )
    return ApiDocument(path=path, format=found.format, title=found.title, schemes=answer)


def _challenge(path: str, reply: Reply | None, nobody: HttpResponse) -> ApiChallenge | None:
    """What an address of the interface asks for; None where the whole server asks a person to log in so."""
    if not isinstance(reply, HttpResponse) or reply.status != 401:
        return None
    schemes = _schemes(reply)
    if not schemes or (schemes == _schemes(nobody) and set(schemes) <= _ASKED_BY_BROWSERS):
        return None
    return ApiChallenge(path=path, schemes=schemes)


def _answer(path: str, reply: Reply | None, nobody: HttpResponse) -> ApiAnswer | None:
    """What an address gave away; None where that is nothing, or what the server gives for every path."""
    if not isinstance(reply, HttpResponse) or reply.status != 200 or reply.is_opaque or reply.is_truncated:
        return None
    found = read_data(reply.body)
    if found is None or (nobody.status == 200 and read_data(nobody.body)):
        return None
    return ApiAnswer(path=path, records=found.records, members=found.members)


def _is_unread(reply: Reply | None) -> bool:
    """Whether an address may give data that we did not see: it was not told, or too long."""
    if reply is None or isinstance(reply, DialError):
        return reply is not None
    is_cut = reply.status == 200 and (reply.is_opaque or reply.is_truncated) and not reply.is_html
    return is_cut or reply.status >= 500 or reply.status == 429


def _schemes(reply: HttpResponse) -> tuple[str, ...]:
    asked = challenges(reply.fields("www-authenticate")) if reply.status == 401 else ()
    return tuple(dict.fromkeys(c.scheme for c in asked))


def _metadata(reply: Reply, nobody: HttpResponse) -> dict[str, Any]:
    """The metadata of a protected resource: an object that names its resource (RFC 9728 section 2); else empty."""
    if not isinstance(reply, HttpResponse) or reply.status != 200:
        return {}
    found = _resource(reply.body)
    return {} if nobody.status == 200 and _resource(nobody.body) else found


def _resource(body: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    is_one = isinstance(document, dict) and isinstance(document.get("resource"), str)
    return document if is_one else {}


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(safe_text(v, 20) for v in values[:4] if isinstance(v, str)) if isinstance(values, list) else ()


def _nothing(nobody: HttpResponse, replies: list[Reply]) -> Heard:
    """Nothing was shown: absent, unless something kept us from seeing it."""
    errors = [reply for reply in replies if isinstance(reply, DialError)]
    if errors:
        return Heard(missed=(missed(WebApi, errors[0]),))
    return nothing_found(WebApi, nobody)


PROBE = Probe(
    name="api",
    version=2,
    speaks=frozenset({"http", "https"}),
    gives=(WebApi,),
    ask=ask_api,
    stage=2,
    ahead=_asks,
)
