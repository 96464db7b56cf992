"""Reading what a CoAP server shows to anybody, whichever way its messages go: the list, and one resource of it.

GET asks a server to do nothing (RFC 7252 section 5.8.1), and some devices do something all the same: of the list one
resource at most is read, one that calls itself a sensor or a fixed value, or whose name is about nothing that acts.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from iotscan.model.facts import CoapResource, CoapResources, EnrolmentEndpoint, EnrolmentServer
from iotscan.model.text import safe_text
from iotscan.wire import coap, coap_options, link_format
from iotscan.wire.coap_options import Option

CORE: Final = (".well-known", "core")
CAP: Final = 32 * 1024
BLOCKS: Final = 4
"""Blocks read of a list: 4 KiB at the usual size, about a hundred resources."""
_RESOURCES: Final = 32
_TEXT: Final = 100
_NAMES: Final = 8
_HINT: Final = 120
_DEPTH: Final = 4
_CALM: Final = re.compile(r"core\.(s|p|rp)|sensor|clock|temperature|humidity")
_LIVELY: Final = re.compile(
    r"act|add|alarm|arm|auth|boot|bs|clear|cmd|config|control|del|erase|exec|firmware|fw|join|key|led|light|lock|motor"
    r"|off|on|open|ota|pair|play|power|push|rd|relay|reset|restart|run|send|separate|set|start|stop|switch|test|toggle"
    r"|trigger|unlock|update|valve|write|async"
)
"""Parts of names, and whole words of them, that may stand for something that acts or waits."""
_WORD: Final = re.compile(r"[a-z]+")


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a GET, however it came."""

    code: int
    options: tuple[Option, ...] = ()
    payload: bytes = b""


Get = Callable[[tuple[str, ...], int | None], Awaitable[Got | None]]
"""Asks for a path, and a block of it; None where nobody answers. May raise a DialError."""


async def read_resources(get: Get, *, is_secured: bool) -> CoapResources | None:
    """What the list and one resource of it say to nobody in particular; None without an answer to the first."""
    first = await get(CORE, None)
    if first is None:
        return None
    text, is_cut = await _rest(get, first)
    is_list = coap_options.number_of(first.options, coap_options.CONTENT_FORMAT) == coap_options.LINK_FORMAT
    every = _resources(text) if first.code == coap.CONTENT and is_list else ()
    fact = CoapResources(
        is_secured=is_secured,
        code=_code(first),
        resources=every[:_RESOURCES],
        is_cut=is_cut or len(every) > _RESOURCES,
        hint=_hint(first),
    )
    harmless = next((r for r in sorted(every, key=_is_less_sure) if _is_harmless(r)), None)
    if harmless is None:
        return fact
    answer = await get(tuple(part for part in harmless.path.split("/")[1:] if part), None)
    if answer is None:
        return fact
    return msgspec.structs.replace(fact, asked=harmless.path, read=_code(answer), hint=_hint(answer) or fact.hint)


async def _rest(get: Get, first: Got) -> tuple[bytes, bool]:
    """All that the blocks of a list hold, and whether there are more than were read (RFC 7959 section 2.4)."""
    text, got = first.payload, first
    for number in range(1, BLOCKS + 1):
        block = coap_options.number_of(got.options, coap_options.BLOCK2)
        if block is None or not block & 8 or got.code != coap.CONTENT:
            return text, False
        if number == BLOCKS:
            break
        asked = number << 4 | block & 7
        piece = await get(CORE, asked)
        if piece is None or (coap_options.number_of(piece.options, coap_options.BLOCK2) or 0) >> 4 != number:
            break
        text, got = text + piece.payload, piece
    return text, True


def _resources(payload: bytes) -> tuple[CoapResource, ...]:
    found = (
        CoapResource(
            path=safe_text(link.target, _TEXT),
            types=_names(link.attributes.get("rt", b"")),
            interfaces=_names(link.attributes.get("if", b"")),
            is_protected="osc" in link.attributes,
        )
        for link in link_format.read_links(payload)
    )
    return tuple(dict.fromkeys(found))


def _names(value: bytes) -> tuple[str, ...]:
    return tuple(safe_text(word, _TEXT) for word in value.split(b" ")[:_NAMES] if word)


def _is_harmless(resource: CoapResource) -> bool:
    path = resource.path
    if not re.fullmatch(r"/|(/[\w.~-]+)+", path, re.ASCII) or path.count("/") > _DEPTH or len(path) >= _TEXT:
        return False
    if path.startswith("/.well-known") or resource.is_protected or "core.a" in resource.interfaces:
        return False
    words = _WORD.findall(" ".join((path, *resource.types, *resource.interfaces)).lower())
    return _is_calm(resource) or not any(_LIVELY.match(word) for word in words)


def _is_calm(resource: CoapResource) -> bool:
    return any(_CALM.fullmatch(word.lower()) for word in (*resource.interfaces, *resource.types))


def _is_less_sure(resource: CoapResource) -> bool:
    return not _is_calm(resource)


def _code(got: Got) -> str:
    """The code; a 4.01 that only wants its Echo back refuses nobody (RFC 9175 section 2.3), and is told apart."""
    is_challenge = got.code == coap.UNAUTHORIZED and any(number == coap_options.ECHO for number, _ in got.options)
    return coap.code_text(got.code) + (" Echo" if is_challenge else "")


def _hint(got: Got) -> str:
    """What a refusal says in words: its diagnostic payload, where it is text (RFC 7252 section 5.5.2)."""
    is_text = coap_options.number_of(got.options, coap_options.CONTENT_FORMAT) in (None, 0)
    return safe_text(got.payload, _HINT) if got.code >> 5 == 4 and is_text else ""


def enrolment_in(found: CoapResources) -> EnrolmentServer | None:
    """The resources of EST that a list names (RFC 9148 section 4.1: ``rt="ace.est.crts"`` and its like)."""
    ours = [r for r in found.resources if any(t == "ace.est" or t.startswith("ace.est.") for t in r.types)]
    if not ours:
        return None
    endpoints = tuple(EnrolmentEndpoint(protocol="est-coaps", path=r.path, proof="listed") for r in ours)
    return EnrolmentServer(tls=found.is_secured, endpoints=endpoints)
