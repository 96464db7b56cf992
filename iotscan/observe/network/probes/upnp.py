"""Whether a gateway lets anybody on the network open its ports: what UPnP describes is read, no action is called.

Sources: UPnP Device Architecture 2.0 §1.3.2 (a search may be sent to one device), §2.3 and §2.5 (descriptions).
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.device import Service
from iotscan.model.facts import Announcement, PortSweep, UpnpGateway, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.discovery.ssdp import may_act, own_url
from iotscan.observe.network.failures import DialError, TimedOut
from iotscan.observe.network.probe import Door, FirstWord, Heard, Missed, Probe, may_be_web, missed
from iotscan.observe.network.probes.web import ask_all
from iotscan.observe.network.web_session import Ask, Reply, WebSession
from iotscan.wire import ssdp, upnp
from iotscan.wire.http import HttpResponse

_CAP: Final = 256 * 1024
_SECONDS: Final = 1.0
_ANSWERS: Final = 4
_DESCRIPTIONS: Final = 2
"""Descriptions read of one device: it may hold several root devices, a media server beside the gateway."""
_ACTION_LISTS: Final = 3
_NEED: Final = kind_of(UpnpGateway)


async def ask_upnp(door: Door) -> Heard:
    """Read the description that was announced, or is told to who asks, and the lists of actions of a gateway."""
    try:
        places = [*_announced(door)] or await _search(door)
    except DialError as error:
        return Heard(missed=(missed(UpnpGateway, error),))
    own = [url for url in (own_url(place, door.address) for place in places) if url and not _is_barred(door, url)]
    if not own:
        return _unread("no place of its own is named for a description that could be fetched")
    gaps: list[Heard] = []
    for url in own[:_DESCRIPTIONS]:
        heard = await _read(door, url)
        if heard.facts:
            return heard
        gaps.append(heard)
    # One that cannot be read leaves it open, whatever another says.
    return next((heard for heard in gaps if heard.missed), Heard())


def _announced(door: Door) -> Iterable[str]:
    for _, fact in door.known:
        if isinstance(fact, Announcement):
            yield from _places(fact)


def _places(announcement: Announcement) -> tuple[str, ...]:
    return tuple(claim.value for claim in announcement.claims if claim.what == ssdp.DESCRIPTION)


async def _search(door: Door) -> list[str]:
    """The places that the device itself names. Raises a DialError."""
    places: dict[str, None] = {}
    async with door.udp() as peer:
        await peer.send(ssdp.search(ssdp.ROOT))
        for _ in range(_ANSWERS):
            try:
                answer = ssdp.read_answer(await peer.receive(_SECONDS))
            except TimedOut:
                break
            if answer and answer.location:
                places[answer.location] = None
                break
    return list(places)


def _is_barred(door: Door, url: SplitResult) -> bool:
    return may_act(url.path) or not may_be_web(door.known, url.port or 80)


async def _read(door: Door, url: SplitResult) -> Heard:
    port = url.port or 80
    web = msgspec.structs.replace(
        door, service=Service(transport="tcp", port=port, protocol="http"), web=WebSession(), server_name=""
    )
    try:
        # A conversation that fails speaks against a device: nobody shall bring that about in another's name.
        if not _is_known_open(door, port) and await door.line.knock(port) != "open":
            return _unread(f"port {port}, named for its description, is not open")
    except DialError as error:
        return Heard(missed=(missed(UpnpGateway, error),))
    # Without the query: whoever answers in a device's name shall not choose what its pages are told.
    path = url.path or "/"
    (reply,) = await ask_all(web, (Ask(path=path, cap=_CAP),))
    services = _services(reply)
    if services is None:
        return _failed(reply, "its description cannot be read")
    mapping = [service for service in services if service.maps_ports]
    if not mapping:
        return Heard()
    return await _with_actions(web, port, path, mapping)


def _is_known_open(door: Door, port: int) -> bool:
    return any(isinstance(fact, PortSweep) and port in fact.open for _, fact in door.known)


def _services(reply: Reply) -> tuple[upnp.UpnpService, ...] | None:
    is_page = isinstance(reply, HttpResponse) and reply.status == 200 and not reply.is_opaque
    return upnp.read_services(reply.body) if is_page and isinstance(reply, HttpResponse) else None


async def _with_actions(web: Door, port: int, path: str, mapping: list[upnp.UpnpService]) -> Heard:
    """Read the lists of actions, each once; the first that lists one that opens a port is enough."""
    lists = dict.fromkeys(_own_path(web, path, service.actions) for service in mapping)
    opens: Answer[bool] = Answer.of(False)
    actions: tuple[str, ...] = ()
    at = ""
    for place in list(lists)[:_ACTION_LISTS]:
        listed = await _actions(web, place)
        if listed is None:
            opens = Answer.missing(Reason.UNREADABLE, "a list of its actions cannot be read")
        elif actions := tuple(action for action in listed if action in upnp.OPENING):
            opens, at = Answer.of(True), place
            break
    if opens == Answer.of(False) and len(lists) > _ACTION_LISTS:
        opens = Answer.missing(Reason.BUDGET, f"{len(lists) - _ACTION_LISTS} further lists of actions were not read")
    fact = UpnpGateway(
        port=port,
        path=path,
        services=tuple(dict.fromkeys(service.kind for service in mapping)),
        opens_ports=opens,
        actions=actions,
        actions_path=at,
    )
    return Heard(facts=(fact,), excerpt=", ".join((*fact.services, *fact.actions)))


async def _actions(web: Door, path: str) -> tuple[str, ...] | None:
    """The actions that a list names; None where it cannot be read, or is not this server's."""
    if not path:
        return None
    (reply,) = await ask_all(web, (Ask(path=path, cap=_CAP),))
    is_page = isinstance(reply, HttpResponse) and reply.status == 200 and not reply.is_opaque
    return upnp.read_actions(reply.body) if is_page and isinstance(reply, HttpResponse) else None


def _own_path(web: Door, base: str, reference: str) -> str:
    """The path of a list of actions on the very server of the description; empty for elsewhere or what may act."""
    if not reference:
        return ""
    host = f"[{web.address.partition('%')[0]}]" if ":" in web.address else web.address
    try:
        whole = urljoin(f"http://{host}:{web.port}{base}", reference)
        url = own_url(whole, web.address)
        is_own = url is not None and (url.port or 80) == web.port and not may_act(url.path)
        return urlsplit(whole).path if is_own else ""
    except ValueError:
        return ""


def _unread(detail: str) -> Heard:
    gap = Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
    return Heard(missed=(gap,))


def _failed(reply: Reply, detail: str) -> Heard:
    return Heard(missed=(missed(UpnpGateway, reply),)) if isinstance(reply, DialError) else _unread(detail)


def _first_words() -> tuple[FirstWord, ...]:
    return (FirstWord(payload=ssdp.search(ssdp.ROOT)),)


PROBE = Probe(
    name="upnp",
    version=1,
    speaks=frozenset({"ssdp"}),
    gives=(UpnpGateway,),
    ask=ask_upnp,
    stage=4,
    first_words=_first_words,
    heard_of=lambda announcement: bool(_places(announcement)),
)
