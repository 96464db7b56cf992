"""Finding printers, computers and ONVIF cameras by WS-Discovery. What an answer points to is never followed."""

import uuid
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from iotscan.model.facts import Claim
from iotscan.model.scope import canonical
from iotscan.observe.network.discovery.circle import Circle
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Method, Round
from iotscan.observe.network.discovery.ssdp import may_act, own_url
from iotscan.wire import ws_discovery

BETWEEN_SECONDS: Final = 0.6
"""An answer waits up to 500 ms (WS-Discovery §3.1.3, APP_MAX_DELAY)."""
LISTEN_SECONDS: Final = 1.0
PROBES: Final[tuple[ws_discovery.Wanted, ...]] = ("anything", "devices", "cameras")


async def ask_ws_discovery(at_work: Round) -> None:
    """Probe the link three times; report each answerer in scope and what it says of itself."""
    told: set[tuple[str, ws_discovery.Match]] = set()
    circle = Circle(at_work)

    async def take(packet: bytes, source: str) -> bool:
        matches = ws_discovery.read_matches(packet)
        if matches is None:
            return False
        for match in matches or (ws_discovery.Match(),):
            if (source, match) not in told:
                told.add((source, match))
                _remark(at_work, source, match)
                claims = (*match.claims(), *service_claims(match, source))
                await at_work.found.send(Found(address=source, how="ws-discovery", claims=claims))
        return True

    group = ws_discovery.GROUP6 if at_work.is_six else ws_discovery.GROUP
    with at_work.dialer.group(at_work.link, group, ws_discovery.PORT) as call:
        try:
            for turn, wanted in enumerate(PROBES, start=1):
                await call.ask(ws_discovery.probe(str(uuid.uuid4()), wanted))
                await circle.hear(call, LISTEN_SECONDS if turn == len(PROBES) else BETWEEN_SECONDS, take)
        finally:
            at_work.tally.count(call)


WS_DISCOVERY: Final = Method(
    name="ws-discovery",
    gives="printers, computers and ONVIF cameras: types, names, models, UUIDs",
    ask=ask_ws_discovery,
)


def service_claims(match: ws_discovery.Match, source: str) -> Iterator[Claim]:
    """Where an ONVIF device says that its own service is; nobody is believed about another."""
    for address in match.addresses if match.is_onvif else ():
        url = own_url(address, source, ("http", "https"))
        if url is not None and "onvif" in url.path.lower() and not may_act(url.path):
            yield Claim(what=ws_discovery.SERVICE, value=address, how="ws-discovery XAddrs")


def _remark(at_work: Round, source: str, match: ws_discovery.Match) -> None:
    """Say so where none of the addresses is the sender's; nothing is fetched from any of them."""
    own = ip_address(source.partition("%")[0])
    hosts = list(match.hosts())
    if hosts and not any(_is(host, own.version) and canonical(host.partition("%")[0]) == own for _, host in hosts):
        # A device of both families may name only the other one; a host name says nothing.
        others = [address for address, host in hosts if _is(host, own.version)]
        if others:
            at_work.tally.remark(f"XAddrs point elsewhere: {source} says {others[0]}; not fetched")


def _is(host: str, version: int) -> bool:
    try:
        return canonical(host.partition("%")[0]).version == version
    except ValueError:
        return False
