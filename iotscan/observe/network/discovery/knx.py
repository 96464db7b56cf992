"""Finding KNXnet/IP routers and interfaces by a search request."""

from typing import Final

from iotscan.observe.network.discovery.circle import Circle
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Method, Round
from iotscan.wire import knx

LISTEN_SECONDS: Final = (0.6, 0.6, 1.0)
_WHEREVER = "0.0.0.0"
"""An endpoint behind address translation: where the answer came from (03_08_02 §8.6.2.2)."""


async def ask_knx(at_work: Round) -> None:
    """Search the link three times; report each answerer in scope, its name, and the line behind it."""
    told: set[tuple[str, knx.Server]] = set()
    circle = Circle(at_work)

    async def take(packet: bytes, source: str) -> bool:
        server = knx.read_response(packet)
        if server is None:
            return False
        if (source, server) not in told:
            told.add((source, server))
            if server.host not in (_WHEREVER, source):
                at_work.tally.remark(f"{source} wants to be talked to at {server.host}:{server.port}; not done")
            await at_work.found.send(Found(address=source, how="knx", claims=server.claims()))
        return True

    with at_work.dialer.group(at_work.link, knx.GROUP, knx.PORT) as call:
        try:
            for seconds in LISTEN_SECONDS:
                await call.ask(knx.search(*call.here))
                await circle.hear(call, seconds, take)
        finally:
            at_work.tally.count(call)


KNX: Final = Method(
    name="knx", gives="KNX routers and interfaces, and the lines behind them", ask=ask_knx, families=(4,)
)
