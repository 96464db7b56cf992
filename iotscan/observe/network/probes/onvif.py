"""What an ONVIF device tells before anybody has logged in: three reading requests, in one conversation where it may.

Only devices that say that they speak ONVIF are asked, where they say it: see docs/decisions/0039.
"""

import uuid
from collections.abc import Iterator
from typing import Final
from urllib.parse import SplitResult

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.device import Service
from iotscan.model.facts import Announcement, OnvifService, PortSweep, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.discovery.ssdp import own_url
from iotscan.observe.network.discovery.ws_discovery import service_claims
from iotscan.observe.network.failures import DialError, PeerClosed, TimedOut
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, may_be_web, missed
from iotscan.observe.network.probes.web import NotHttp, origin
from iotscan.wire import onvif, ws_discovery
from iotscan.wire.http import HEADER_CAP, BadResponse, Exchange

_CONVERSATIONS: Final = 3
"""Services that close after each answer are still asked all."""
_CAP: Final = len(onvif.QUESTIONS) * (onvif.BODY_CAP + HEADER_CAP)
_SECONDS: Final = 1.0
_ANSWERS: Final = 4
_PORTS: Final = {"http": 80, "https": 443}
_WANTED: Final[tuple[ws_discovery.Wanted, ...]] = ("anything", "cameras")
Replies = dict[onvif.Question, onvif.OnvifReply]


async def ask_onvif(door: Door) -> Heard:
    """Ask for the clock, which everybody may have, for what it is, and for its users, which nobody may."""
    try:
        places = [*_announced(door)] or await _search(door)
    except DialError as error:
        return Heard(missed=(missed(OnvifService, error),))
    if places is None:
        return _unread("no answer to a search for cameras that tells of one")
    urls = (own_url(place, door.address, tuple(_PORTS)) for place in places)
    own = next((url for url in urls if url and may_be_web(door.known, url.port or _PORTS[url.scheme])), None)
    return await _ask(door, own) if own else Heard()


def _announced(door: Door) -> Iterator[str]:
    for _, fact in door.known:
        if isinstance(fact, Announcement):
            yield from _places(fact)


def _places(announcement: Announcement) -> tuple[str, ...]:
    return tuple(claim.value for claim in announcement.claims if claim.what == ws_discovery.SERVICE)


async def _search(door: Door) -> list[str] | None:
    """Where the device itself says that its service is; None where nothing came that tells. Raises a DialError."""
    has_answered = False
    async with door.udp() as peer:
        for wanted in _WANTED:
            await peer.send(ws_discovery.probe(str(uuid.uuid4()), wanted))
        for _ in range(_ANSWERS):
            try:
                matches = ws_discovery.read_matches(await peer.receive(_SECONDS))
            except TimedOut:
                break
            has_answered = has_answered or matches is not None
            found = [c.value for match in matches or () for c in service_claims(match, door.address)]
            if found:
                return found
    return [] if has_answered else None


async def _ask(door: Door, url: SplitResult) -> Heard:
    port = url.port or _PORTS[url.scheme]
    service = Service(transport="tcp", port=port, protocol=url.scheme)
    inquiry = _Inquiry(msgspec.structs.replace(door, service=service, server_name=""), url.path)
    try:
        # A conversation that fails speaks against a device: nobody shall bring that about in another's name.
        if not _is_known_open(door, port) and await door.line.knock(port) != "open":
            return _unread(f"port {port}, named for its service, is not open")
        await inquiry.run()
    except DialError as error:
        if len(inquiry.replies) < len(onvif.QUESTIONS):
            return Heard(missed=(missed(OnvifService, error),))
    return _heard(inquiry.replies, service, url.path)


def _is_known_open(door: Door, port: int) -> bool:
    return any(isinstance(fact, PortSweep) and port in fact.open for _, fact in door.known)


class _Inquiry:
    """The answers so far; ends early where the first shows that this is no such service."""

    def __init__(self, door: Door, path: str) -> None:
        self._door = door
        self._path = path
        self.replies: Replies = {}

    async def run(self) -> None:
        """Ask until all is answered. Raises a DialError."""
        for _ in range(_CONVERSATIONS):
            before = len(self.replies)
            try:
                async with self._door.plain_or_tls(cap=_CAP) as connection:
                    while (question := self._next()) and await self._ask(connection, question):
                        pass
            except PeerClosed:
                # Some close after an answer without saying so.
                if len(self.replies) == before:
                    raise
            if self._next() is None:
                return

    def _next(self) -> onvif.Question | None:
        first = self.replies.get(onvif.QUESTIONS[0])
        if first is not None and first.kind == "other" and not first.is_soap:
            return None
        return next((question for question in onvif.QUESTIONS if question not in self.replies), None)

    async def _ask(self, connection: Connection, question: onvif.Question) -> bool:
        """Whether the connection carries another request."""
        host = origin(self._door).authority
        # The framing of a response does not depend on what was sent (RFC 9112 §6.3): the codec for GET reads it.
        exchange = Exchange(self._path, host=host, body_cap=onvif.BODY_CAP, keep_alive=True)
        await connection.send(onvif.request(question, self._path, host))
        try:
            while not exchange.is_complete:
                exchange.feed(await connection.receive(16 * 1024))
            response = exchange.response()
        except BadResponse as error:
            if not exchange.has_head and self.replies:
                raise PeerClosed("the service closed without an answer") from error
            raise NotHttp(f"the answer to {question} cannot be read: {error}") from error
        self.replies[question] = onvif.read_reply(question, response.status, response.body)
        return exchange.is_reusable


def _heard(replies: Replies, service: Service, path: str) -> Heard:
    if not any(reply.is_soap or reply.kind == "refused" for reply in replies.values()):
        return _unread("its service answers in no SOAP")
    told = replies.get("GetDeviceInformation", _NOTHING)
    users = replies.get("GetUsers", _NOTHING)
    fact = OnvifService(
        port=service.port,
        path=path,
        tls=service.protocol == "https",
        information=_answer(told),
        users=_answer(users),
        accounts=users.accounts,
        manufacturer=told.manufacturer,
        model=told.model,
        firmware=told.firmware,
    )
    return Heard(facts=(fact,), excerpt="; ".join(f"{question} {reply.kind}" for question, reply in replies.items()))


_NOTHING: Final = onvif.OnvifReply(kind="other")


def _answer(reply: onvif.OnvifReply) -> Answer[bool]:
    if reply.kind in ("answered", "refused"):
        return Answer.of(reply.kind == "answered")
    why = "it answers with a fault that does not tell" if reply.kind == "fault" else "its answer does not tell"
    return Answer.missing(Reason.NOT_OBSERVABLE, why)


def _unread(detail: str) -> Heard:
    gap = Missed(need=kind_of(OnvifService), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
    return Heard(missed=(gap,))


def _first_words() -> tuple[FirstWord, ...]:
    return tuple(FirstWord(payload=ws_discovery.probe(str(uuid.uuid4()), wanted)) for wanted in _WANTED)


PROBE = Probe(
    name="onvif",
    version=1,
    speaks=frozenset({"ws-discovery"}),
    gives=(OnvifService,),
    ask=ask_onvif,
    stage=4,
    first_words=_first_words,
    heard_of=lambda announcement: bool(_places(announcement)),
)
