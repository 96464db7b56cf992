"""Finding UPnP devices by SSDP: three searches, then the description of each, from the device itself."""

import re
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import anyio

from iotscan.model.facts import Claim
from iotscan.model.scope import canonical
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.circle import Circle
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Method, Round
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.ports import OWN_WORDS_ONLY
from iotscan.wire import ssdp

SEARCHES: Final = (ssdp.ALL, ssdp.ROOT, ssdp.ROOT)
BETWEEN_SECONDS: Final = 0.4
LISTEN_SECONDS: Final = ssdp.SEARCH_SECONDS + 0.3
DESCRIPTIONS: Final = 4
"""Descriptions fetched from one device: it may hold several root devices."""
_DESCRIPTION_CAP = 256 * 1024
_COMMAND: Final = re.compile(
    r"\.cgi\b|(?:^|[/_.;-])(?:cgi(?:-bin)?|goform|boafrm|hnap1|(?:soft|hard|sys)?reboot|restart|(?:factory)?reset|restore|"
    r"shutdown|poweroff|halt|factory|erase|delete|remove|format|upgrade|apply|exec(?:ute)?|command|cmd)(?:[/_.;-]|$)",
    re.IGNORECASE,
)
"""Words of paths that change something where a GET does: CGI, and the forms of GoAhead, Boa and HNAP."""
_END, _TAIL = b"</root>", 256
"""The end of a description, looked for among so many last bytes: what follows it is white space."""


async def ask_ssdp(at_work: Round) -> None:
    """Search the link for UPnP devices, then fetch each description from the answerer itself."""
    locations: dict[str, dict[str, None]] = {}
    told: set[tuple[str, str]] = set()
    circle = Circle(at_work)

    async def take(packet: bytes, source: str) -> bool:
        answer = ssdp.read_answer(packet)
        if answer is None:
            return False
        if (source, answer.server) not in told:
            told.add((source, answer.server))
            claims = (Claim(what="software", value=answer.server, how="ssdp"),) if answer.server else ()
            await at_work.found.send(Found(address=source, how="ssdp", claims=claims))
        if answer.location:
            places = locations.setdefault(source, {})
            if answer.location not in places and len(places) < DESCRIPTIONS:
                places[answer.location] = None
                if (url := own_url(answer.location, source)) and not may_act(url.path):
                    claim = Claim(what=ssdp.DESCRIPTION, value=answer.location, how="ssdp")
                    await at_work.found.send(Found(address=source, how="ssdp", claims=(claim,)))
        return True

    async def describe(source: str) -> None:
        for location in locations[source]:
            if not await _describe(at_work, source, location):
                at_work.tally.remark(f"{source} does not deliver its description at {location}; no other was asked for")
                break

    group = ssdp.GROUP6 if at_work.is_six else ssdp.GROUP
    with at_work.dialer.group(at_work.link, group, ssdp.PORT) as call:
        try:
            for turn, target in enumerate(SEARCHES, start=1):
                await call.ask(ssdp.search(target, is_six=at_work.is_six))
                await circle.hear(call, LISTEN_SECONDS if turn == len(SEARCHES) else BETWEEN_SECONDS, take)
        except (DialError, OSError) as error:
            # Those who answered before can still describe themselves.
            at_work.tally.stop(error)
        finally:
            at_work.tally.count(call)
    async with anyio.create_task_group() as fetching:
        for source in locations:
            fetching.start_soon(describe, source)


SSDP: Final = Method(name="ssdp", gives="UPnP devices: software, and name, maker, model, serial and UUID", ask=ask_ssdp)


async def _describe(at_work: Round, source: str, location: str) -> bool:
    """Fetch and report one description; False where that ended in the middle: a device that drips may have many."""
    url = own_url(location, source)
    if url is None:
        at_work.tally.remark(f"LOCATION points elsewhere: {source} says {location}; not fetched")
        return True
    if may_act(url.path):
        at_work.tally.remark(f"LOCATION may do more than describe: {source} says {location}; not fetched")
        return True
    claims = await _description(at_work.dialer, url, source)
    if claims:
        await at_work.found.send(Found(address=source, how="ssdp", claims=claims))
    return claims is not None


def own_url(location: str, source: str, schemes: Collection[str] = ("http",)) -> SplitResult | None:
    """A LOCATION as a URL; None unless its host is the address that answered.

    One that points elsewhere is a claim about somebody else, and fetching it would let a device aim us at any
    server.
    """
    try:
        url = urlsplit(location)
        # The zone of a link-local address is the writer's own name for the link, and means nothing here.
        is_own = canonical(_bare(url)) == ip_address(source.partition("%")[0])
        is_http = url.scheme in schemes and url.port != 0  # reading the port raises where it is none
        return url if is_own and is_http else None
    except ValueError:
        return None


def may_act(path: str) -> bool:
    """Whether a path reads like a command: on cheap devices a GET is enough for it, and anybody can say it in the name
    of another (an answer is one datagram, whose sender nobody proves).
    """
    return _COMMAND.search(unquote(path)) is not None


def _bare(url: SplitResult) -> str:
    return (url.hostname or "").partition("%")[0]


async def _description(dialer: Dialer, url: SplitResult, source: str) -> tuple[Claim, ...] | None:
    """The claims of the description at ``url``, which is one of ``source``; None where a conversation failed."""
    port = url.port or 80
    if port in OWN_WORDS_ONLY:
        # Whoever answers in another's name would have us talk to a printer or a controller.
        return ()
    host = f"[{_bare(url)}]" if ":" in _bare(url) else _bare(url)
    try:
        # Without the query: whoever answers in a device's name shall not choose what its pages are told.
        request = f"GET {url.path or '/'} HTTP/1.0\r\nHost: {host}:{port}\r\n\r\n".encode("ascii")
        line = dialer.line(source)
        # A conversation that fails speaks against a device: nobody shall bring that about in another's name.
        if await line.knock(port) != "open":
            return ()
        async with line.tcp(port, cap=_DESCRIPTION_CAP) as connection:
            await connection.send(request)
            # Some leave the connection open, whatever was asked.
            response = await connection.receive_while(lambda got: _END not in got[-_TAIL:], _DESCRIPTION_CAP)
    except UnicodeEncodeError:
        return ()
    except DialError:
        return None
    head, _, body = response.partition(b"\r\n\r\n")
    return ssdp.read_description(body) if head.startswith(b"HTTP/") else ()
