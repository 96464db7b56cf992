"""Finding devices by asking everybody on the link: mDNS and SSDP, one question each."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.model.facts import Claim
from iotscan.model.scope import canonical
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.ports import FRAGILE
from iotscan.wire import mdns, ssdp

LISTEN_SECONDS = 2.0
SOURCE_LIMIT = 64
"""Answers read from one address; a flood beyond that is dropped."""
ANSWER_LIMIT = 5000
"""Answers read from one link."""
_DESCRIPTION_CAP = 256 * 1024


async def ask_mdns(dialer: Dialer, link: Attached, found: MemoryObjectSendStream[Found]) -> None:
    """Ask the link for its DNS-SD services; report each in-scope answerer with its claims."""

    async def heard(packet: bytes, source: str) -> None:
        claims = mdns.read_claims(packet)
        if claims:
            await found.send(Found(address=source, how="mdns", claims=claims))

    await _ask(dialer, link, (mdns.GROUP, mdns.PORT), mdns.query(), heard)


async def ask_ssdp(dialer: Dialer, link: Attached, found: MemoryObjectSendStream[Found]) -> None:
    """Search the link for UPnP devices, then fetch each description from the answerer itself."""
    locations: dict[str, str] = {}

    async def heard(packet: bytes, source: str) -> None:
        answer = ssdp.read_answer(packet)
        if answer is None:
            return
        claims = (Claim(what="software", value=answer.server, how="ssdp"),) if answer.server else ()
        await found.send(Found(address=source, how="ssdp", claims=claims))
        if answer.location:
            locations.setdefault(source, answer.location)

    async def describe(source: str, location: str) -> None:
        claims = await _description(dialer, location, source)
        if claims:
            await found.send(Found(address=source, how="ssdp", claims=claims))

    await _ask(dialer, link, (ssdp.GROUP, ssdp.PORT), ssdp.search(), heard)
    async with anyio.create_task_group() as group:
        for source, location in locations.items():
            group.start_soon(describe, source, location)


async def _ask(
    dialer: Dialer,
    link: Attached,
    group: tuple[str, int],
    question: bytes,
    heard: Callable[[bytes, str], Awaitable[None]],
) -> None:
    counts: dict[str, int] = {}
    try:
        async with dialer.multicast(*group, question, interface=link.address) as answers:
            with anyio.move_on_after(LISTEN_SECONDS):
                async for packet, (source, _) in answers:
                    counts[source] = counts.get(source, 0) + 1
                    if counts[source] > SOURCE_LIMIT or not dialer.allows(source):
                        continue
                    await heard(packet, source)
                    if sum(counts.values()) > ANSWER_LIMIT:
                        return
    except OSError:
        # No route for multicast on this link: connect and the neighbour table remain.
        return


async def _description(dialer: Dialer, location: str, source: str) -> tuple[Claim, ...]:
    """The description at ``location``, fetched only when its host is the address that answered.

    A LOCATION that points elsewhere is a claim about somebody else, and fetching it would let a
    device aim us at any server.
    """
    url = urlsplit(location)
    try:
        if url.scheme != "http" or canonical(url.hostname or "") != ip_address(source):
            return ()
        port = url.port or 80
        if port in FRAGILE:
            # Whoever answers in another's name would have us talk to a printer or a controller.
            return ()
        request = f"GET {url.path or '/'} HTTP/1.0\r\nHost: {url.hostname}:{port}\r\n\r\n".encode("ascii")
    except ValueError:
        return ()
    try:
        async with dialer.line(source).tcp(port, cap=_DESCRIPTION_CAP) as connection:
            await connection.send(request)
            response = await connection.receive_while(lambda _: True, _DESCRIPTION_CAP)
    except DialError:
        return ()
    head, _, body = response.partition(b"\r\n\r\n")
    return ssdp.read_description(body) if head.startswith(b"HTTP/") else ()
