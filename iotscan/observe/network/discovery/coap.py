"""Finding constrained devices: all are asked for their resources by CoAP."""

import secrets
from typing import Final

from iotscan.observe.network.discovery.circle import Circle
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Method, Round
from iotscan.wire import core_links

LEISURE_SECONDS: Final = 5.0
"""A server may wait that long before it answers a group (RFC 7252 §8.2, DEFAULT_LEISURE)."""
AGAIN_SECONDS: Final = 0.5
"""Each question comes that long after the one before; who heard that one ignores it (same message id)."""


async def ask_coap(at_work: Round) -> None:
    """Ask the link three times for ``/.well-known/core``; report each answerer in scope and its resources."""
    token, number = secrets.token_bytes(4), secrets.randbelow(1 << 16)
    told: set[str] = set()
    circle = Circle(at_work)

    async def take(packet: bytes, source: str) -> bool:
        if source in told:
            # Of the rest, which would have to be read to be told from an answer, nothing counts.
            return False
        claims = core_links.read_links(packet, token)
        if claims is None:
            return False
        told.add(source)
        await at_work.found.send(Found(address=source, how="coap", claims=claims))
        return True

    group = core_links.GROUP6 if at_work.is_six else core_links.GROUP
    with at_work.dialer.group(at_work.link, group, core_links.PORT) as call:
        try:
            question = core_links.request(number, token)
            for seconds in (AGAIN_SECONDS, AGAIN_SECONDS, LEISURE_SECONDS + 0.2):
                await call.ask(question)
                await circle.hear(call, seconds, take)
        finally:
            at_work.tally.count(call)


COAP: Final = Method(name="coap", gives="constrained devices and their resources", ask=ask_coap)
