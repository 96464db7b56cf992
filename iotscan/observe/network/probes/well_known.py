"""Documents at fixed addresses: security.txt (RFC 9116), metadata of OAuth (RFC 8414, OpenID Discovery, RFC 9728).

Who gives one page for every path may be the device's own program, which has nothing there, or a filter in front of it
that lets nobody through who runs no scripts. They are told apart by a script that the front page names: the program's
comes.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import OAuthDocument, ResourceDocument, WellKnown
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Probe, missed
from iotscan.observe.network.probes.web import FRONT_PAGE_CAP, ask_all, control, origin
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire.html import read_page
from iotscan.wire.http import HttpResponse, Origin
from iotscan.wire.oauth import (
    OPENID,
    RESOURCE,
    SERVER,
    metadata_paths,
    path_here,
    read_resource,
    read_server,
    resource_document,
    server_document,
)

_SECURITY: Final = ("/.well-known/security.txt", "/security.txt")
_OAUTH: Final = (SERVER, OPENID)
_REALM: Final = f"/realms/master{OPENID}"
"""Keycloak keeps nothing at its root; every Keycloak has this realm."""
_CAP = 64 * 1024
_FURTHER: Final = 4
"""Places that are asked because a resource names its authorization server there."""
_NOT_FOUND: Final = frozenset({404, 410})
_SCRIPT_CAP: Final = 256 * 1024
_COMPARED: Final = 2048
"""Bytes of a page."""
_OF_ONE_ANSWER: Final = re.compile(rb"[0-9A-Za-z+/_=-]{16,}|[0-9]+")
"""Numbers and marks that a filter gives each of its answers."""
_WALL: Final = Answer[bool].missing(
    Reason.NOT_OBSERVABLE, "it gives one page for every path, as a filter in front does: what is behind it is not told"
)

_Answers = dict[str, Answer[dict[str, Any]]]


async def ask_well_known(door: Door) -> Heard:
    """Ask for what nobody has first: a host that gives that too says nothing by giving the others."""
    asks = [ask for ask in _asks(door) if not door.web.spares(ask)]
    replies = dict(zip((ask.path for ask in asks), await ask_all(door, asks), strict=True))
    nobody = replies.pop(asks[0].path)
    if isinstance(nobody, DialError):
        return Heard(missed=(missed(WellKnown, nobody),))
    contacts = [_answer(replies[path], nobody, read_security_txt) for path in _SECURITY]
    is_one_page = all(a.known == {} for a in contacts) and all(_is_same(replies[path], nobody) for path in _SECURITY)
    if is_one_page and await _is_wall(door, nobody):
        return Heard(facts=(WellKnown(security_txt=_WALL, oauth_metadata=_WALL),))
    resource = _answer(replies[RESOURCE], nobody, read_resource)
    resources = (resource_document(resource.known, RESOURCE, origin(door)),) if resource.known else ()
    servers = {path: _answer(replies[path], nobody, read_server) for path in _OAUTH}
    if _REALM in replies and (realm := _answer(replies[_REALM], nobody, read_server)).known:
        # Only custom says that something stands there: that nothing does leaves nothing open.
        servers[_REALM] = realm
    servers |= await _named(door, nobody, resources, servers)
    documents = _documents(door, servers, replies)
    first = next(iter(documents), OAuthDocument())
    expires = next((a.value.get("expires", "") for a in contacts if a.is_answered and a.value), "")
    fact = WellKnown(
        security_txt=_settle(contacts),
        security_txt_expires=safe_text(expires, 80),
        oauth_metadata=_settle(list(servers.values())),
        oauth_issuer=first.issuer,
        oauth_insecure_endpoints=first.insecure,
        oauth_grants=first.grants,
        oauth_challenge_methods=first.challenge_methods,
        oauth_documents=documents,
        resource_documents=resources,
    )
    return Heard(facts=(fact,))


def _asks(door: Door) -> tuple[Ask, ...]:
    paths = (*_SECURITY, *_OAUTH, RESOURCE)
    documents = tuple(Ask(path=path, cap=_CAP, follow=path != RESOURCE) for path in paths)
    return control(door), *documents, Ask(path=_REALM, cap=_CAP, is_guess=True)


async def _is_wall(door: Door, nobody: HttpResponse) -> bool:
    """Whether the front page and the first of its own scripts are what a path gives that nobody has."""
    (front,) = await ask_all(door, [Ask(path="/", cap=FRONT_PAGE_CAP)])
    if not isinstance(front, HttpResponse) or not _is_same(front, nobody):
        return False
    page = read_page(front.body)
    own = [path for script in page.scripts if (path := origin(door).resolve(script, front.path))]
    replies = await ask_all(door, [Ask(path=path, cap=_SCRIPT_CAP) for path in own[:1]])
    return all(_is_same(reply, nobody) for reply in replies)


def _is_same(reply: Reply, nobody: HttpResponse) -> bool:
    """Whether a reply is the one that everybody gets for a path that nobody has; "not found" is no such page."""
    if not isinstance(reply, HttpResponse) or nobody.status in _NOT_FOUND or reply.status != nobody.status:
        return False
    paths = {reply.path, nobody.path} - {"/"}
    return _words(reply.body, paths) == _words(nobody.body, paths)


def _words(body: bytes, paths: set[str]) -> bytes:
    """The beginning of a page, without what is of one answer alone; a page may say the path that was asked for."""
    body = body[:_COMPARED]
    for path in (*paths, "/"):
        body = body.replace(path.encode(), b"")
    return _OF_ONE_ANSWER.sub(b"", body)


async def _named(
    door: Door, nobody: HttpResponse, resources: Iterable[ResourceDocument], asked: Iterable[str]
) -> _Answers:
    """The metadata of authorization servers that a resource names on this very service."""
    issuers = [issuer for resource in resources for issuer in resource.servers]
    places = [
        here
        for resource in resources
        for issuer in issuers
        for path in metadata_paths(issuer)
        if path_here(issuer, resource.resource, origin(door)) is not None and (here := origin(door).resolve(path))
    ]
    paths = [path for path in dict.fromkeys(places) if path not in asked][:_FURTHER]
    replies = await ask_all(door, [Ask(path=path, cap=_CAP) for path in paths])
    return {path: _answer(reply, nobody, read_server) for path, reply in zip(paths, replies, strict=True)}


def _documents(door: Door, servers: _Answers, replies: Mapping[str, Reply]) -> tuple[OAuthDocument, ...]:
    """Each document once, those first whose issuer leads here: many servers have the same at two places."""
    found = [
        (answer.known, _document(answer.known, path, replies.get(path), origin(door)))
        for path, answer in servers.items()
        if answer.known
    ]
    found.sort(key=lambda pair: pair[1].leads_here.known is not True)
    return tuple(document for at, (said, document) in enumerate(found) if all(said != other for other, _ in found[:at]))


def _document(said: dict[str, Any], path: str, reply: Reply | None, here: Origin) -> OAuthDocument:
    """What stands where a redirect led may be of an issuer there, or of the one that was asked."""
    asked = server_document(said, path, here)
    if not isinstance(reply, HttpResponse) or reply.path == path:
        return asked
    led_to = server_document(said, reply.path, here)
    if led_to.leads_here.known is False:
        return msgspec.structs.replace(led_to, leads_here=asked.leads_here)
    return led_to


def read_security_txt(body: bytes) -> dict[str, str]:
    """Field names in lower case to values, when there is a Contact field; else empty. Never raises."""
    if body.lstrip()[:1] in (b"<", b"{"):
        return {}
    fields: dict[str, str] = {}
    for line in body.decode("utf-8", "replace").splitlines()[:500]:
        name, colon, value = line.partition(":")
        if colon and value.strip() and name.isascii():
            fields.setdefault(name.strip().lower(), value.strip())
    return fields if fields.get("contact", "") else {}


def _answer(reply: Reply, nobody: HttpResponse, read: Any) -> Answer[dict[str, Any]]:
    """The document of one reply, ``{}`` for its absence, or why that cannot be told."""
    if isinstance(reply, DialError):
        return Answer.missing(reply.reason or Reason.UNREACHABLE, str(reply))
    if reply.status in (401, 403, 407):
        return Answer.missing(Reason.NOT_OBSERVABLE, f"it answers {reply.status} without credentials")
    if reply.status >= 500 or reply.status == 429:
        return Answer.missing(Reason.UNREADABLE, f"it answers {reply.status}")
    if reply.is_redirect:
        return Answer.missing(Reason.NOT_OBSERVABLE, "it sends the client elsewhere, which is not followed")
    if reply.status != 200:
        return Answer.of({})
    if reply.is_truncated or reply.is_opaque:
        return Answer.missing(Reason.UNREADABLE, "the document could not be read whole")
    found = read(reply.body)
    if found and nobody.status == 200 and (nobody.body == reply.body or read(nobody.body)):
        return Answer.missing(Reason.NOT_OBSERVABLE, "it gives the same for a path that nobody has")
    return Answer.of(found)


def _settle(answers: list[Answer[dict[str, Any]]]) -> Answer[bool]:
    """Present when one place has it, absent when every place was seen not to."""
    if any(a.is_answered and a.value for a in answers):
        return Answer.of(True)
    gap = next((a for a in answers if not a.is_answered), None)
    return Answer.missing(gap.reason or Reason.NOT_OBSERVABLE, gap.detail) if gap else Answer.of(False)


PROBE = Probe(
    name="well-known",
    version=2,
    speaks=frozenset({"http", "https"}),
    gives=(WellKnown,),
    ask=ask_well_known,
    stage=2,
    ahead=_asks,
)
