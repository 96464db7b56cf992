"""Whether a web server opens a WebSocket to anybody, and to pages of any other site (RFC 6455).

An upgrade is asked for only where something names a WebSocket: the front page, or the answer to a plain GET (426, or
400 with words about it). It is opened, listened to for a second, and closed; nothing is said in it, and of what it says
only the shape is kept.
"""

import os
from contextlib import suppress
from typing import Final, Literal

from iotscan.model.answer import Answer
from iotscan.model.facts import WebSocketServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.observe.network.probes.web import FRONT_PAGE_CAP, ask_all, control, origin
from iotscan.observe.network.web_session import Ask, Reply
from iotscan.wire import websocket
from iotscan.wire.first_words import read_first_words
from iotscan.wire.html import Page, read_page
from iotscan.wire.http import HttpResponse
from iotscan.wire.socket_paths import socket_paths

Says = Literal["", "data", "asks", "closes"]
USUAL: Final = ("/ws", "/websocket", "/api/websocket")
_CAP: Final = 8 * 1024
_SCRIPTS: Final = 3
_SCRIPT_CAP: Final = 256 * 1024
_ASKED_LIMIT: Final = 2
"""Upgrades that are asked for: each takes a conversation."""
_GOING: Final = (1000).to_bytes(2, "big")
"""The code of a close in good order (RFC 6455 section 7.4.1)."""
_UPGRADE_REQUIRED: Final = 426
FOREIGN: Final = "https://iotscan.invalid"
"""A site that nobody has (RFC 6761 section 6.4): who opens to its pages opens to all."""
_LISTENED: Final = 1.0
"""Seconds."""
_WORDS_CAP: Final = 32 * 1024


async def ask_websocket(door: Door) -> Heard:
    """Look where one may be, and ask there."""
    asks = [ask for ask in _asks(door) if not door.web.spares(ask)]
    replies = dict(zip(asks, await ask_all(door, asks), strict=True))
    nobody, front = replies[asks[0]], replies[asks[1]]
    if isinstance(front, DialError):
        return Heard(missed=(missed(WebSocketServer, front),))
    hinted = [a.path for a, r in replies.items() if _asks_for_upgrade(r) and a is not asks[0]]
    named, unread = await _named(door, front)
    if _asks_for_upgrade(nobody) and not named:
        # What it says to everybody, it says of no path: then its front is as good as any.
        hinted = ["/"]
    paths = [path for path in dict.fromkeys((*named, *hinted)) if origin(door).resolve(path)]
    if not paths:
        # Absent, unless a script that was not read may open one.
        return _gap(unread) if unread else Heard()
    return await _upgraded(door, paths[:_ASKED_LIMIT])


def _asks(door: Door) -> tuple[Ask, ...]:
    usual = (Ask(path=path, cap=_CAP, is_guess=True) for path in USUAL)
    return (control(door), Ask(path="/", cap=FRONT_PAGE_CAP), *usual)


async def _named(door: Door, front: HttpResponse) -> tuple[tuple[str, ...], str]:
    """The paths that the front page and its own scripts name, and why there may be more; empty where it was all read.

    A page's own program is among its last scripts, behind the libraries.
    """
    page = read_page(front.body) if front.is_html and not front.is_opaque else Page()
    found = list(socket_paths(front.body)) if not front.is_opaque else []
    own = [path for src in page.scripts if (path := origin(door).resolve(src, front.path))]
    if found or not page.scripts:
        return tuple(found), ""
    read = await ask_all(door, [Ask(path=path, cap=_SCRIPT_CAP) for path in own[-_SCRIPTS:]])
    bodies = [r for r in read if isinstance(r, HttpResponse) and r.status == 200 and not r.is_opaque]
    found += [path for body in bodies for path in socket_paths(body.body)]
    is_whole = len(bodies) == len(page.scripts) and not any(body.is_truncated for body in bodies)
    return tuple(found), "" if is_whole else "nothing names a WebSocket; a script that was not read may open one"


def _asks_for_upgrade(reply: Reply) -> bool:
    """True for what a WebSocket server says to a GET that does not ask for WebSocket."""
    if not isinstance(reply, HttpResponse):
        return False
    if reply.status == _UPGRADE_REQUIRED or reply.header("sec-websocket-version"):
        return True
    return reply.status == 400 and b"websocket" in reply.body[:2048].lower()


async def _upgraded(door: Door, paths: list[str]) -> Heard:
    refused = ""
    for path in paths:
        try:
            fact, status = await _opened(door, path)
        except DialError as error:
            return Heard(missed=(missed(WebSocketServer, error),))
        if fact is not None:
            return Heard(facts=(fact,), excerpt=f"{path} {status}")
        if status != 404:
            refused = f"{path} answers {status or 'no HTTP'} to a request for WebSocket"
    return _gap(refused) if refused else Heard()


async def _opened(door: Door, path: str) -> tuple[WebSocketServer | None, int]:
    """What is opened at a path and the status of the answer: to a page of another site, of its own, or to no page."""
    own = f"{origin(door).scheme}://{origin(door).authority}"
    for origin_field in (FOREIGN, own, ""):
        answer, says = await _upgrade(door, path, origin_field)
        status = answer.status if answer is not None else 0
        if answer is not None and answer.is_open:
            fact = WebSocketServer(
                tls=speaks_tls(door.service),
                path=path,
                foreign_origin=Answer.of(origin_field == FOREIGN),
                own_origin=origin_field == own,
                says=says,
            )
            return fact, status
        if status == 404:
            break
    return None, status


async def _upgrade(door: Door, path: str, origin_field: str) -> tuple[websocket.Upgrade | None, Says]:
    """One request for WebSocket; where it was granted a second of listening and a close in good order.

    Raises a DialError.
    """
    key = os.urandom(16)

    def unread(got: bytes) -> bool:
        return websocket.read_upgrade(got, key) is None

    async with door.plain_or_tls(cap=websocket.HEAD_CAP * 2 + _WORDS_CAP) as connection:
        await connection.send(websocket.request(origin(door).authority, key, path=path, origin=origin_field))
        got = await connection.receive_while(unread, websocket.HEAD_CAP)
        answer = websocket.read_upgrade(got, key)
        if answer is None or not answer.is_open:
            return answer, ""
        says = _understood(got[answer.size :] or await connection.listen(_LISTENED, _WORDS_CAP))
        with suppress(DialError):
            await connection.send(websocket.frame(_GOING, os.urandom(4), opcode=websocket.CLOSE))
        return answer, says


def _understood(heard: bytes) -> Says:
    """What the first frame is, by its shape."""
    frame = websocket.read_frame(heard)
    if frame is None:
        return ""
    if frame.opcode == websocket.CLOSE:
        return "closes"
    return read_first_words(frame.payload)


def _gap(detail: str) -> Heard:
    gap = Missed(
        need=kind_of(WebSocketServer),
        status=AttemptStatus.UNREADABLE,
        reason=Reason.NOT_OBSERVABLE,
        detail=detail,
    )
    return Heard(missed=(gap,))


PROBE = Probe(
    name="websocket",
    version=2,
    speaks=frozenset({"http", "https"}),
    gives=(WebSocketServer,),
    ask=ask_websocket,
    stage=5,
    ahead=_asks,
)
