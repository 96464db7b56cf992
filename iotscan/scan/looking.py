"""Every way of finding that a scan takes, at once: listening, asking all on a link, each address, and routers."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.around import ask_around
from iotscan.observe.network.discovery.each import ask_each
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.passive import Passive
from iotscan.observe.network.discovery.router import ask_router
from iotscan.observe.network.helper.client import RawHelper
from iotscan.scan.request import Plan, ScanRequest

PlacesOf = Callable[[str], Collection[str]]
"""The addresses that a MAC address was seen to answer for."""


class Looking:
    """Looks for whom a request names.

    ``tell`` takes what was done, in a sentence each; ``places_of`` is told by the inventory of the scan.
    """

    def __init__(self, dialer: Dialer, request: ScanRequest, tell: Callable[[str], None], places_of: PlacesOf) -> None:
        self._dialer = dialer
        self._request = request
        self._tell = tell
        self._places_of = places_of

    async def look(
        self, found: MemoryObjectSendStream[Found], *, known: Collection[str], more: Mapping[str, Sequence[int]]
    ) -> None:
        """Look by every way, and listen meanwhile; ends when all are done.

        Addresses in ``known`` answered before: they are being asked by now, one conversation at a time, and no knock
        comes in between. ``more`` are ports of single addresses that are likelier than those of the plan.
        """
        plan = self._request.plan
        passive = Passive(
            self._dialer,
            plan.attached,
            found,
            self._tell,
            joins=plan.links,
            seconds=plan.listen,
            places_of=self._places_of,
        )
        async with anyio.create_task_group() as listening:
            listening.start_soon(passive.listen)
            # Nobody waits for it: what is missed in its first tenth of a second are answers, which who asked hears.
            await self._ask(found, known, more)
            passive.others_are_done()

    async def _ask(
        self, found: MemoryObjectSendStream[Found], known: Collection[str], more: Mapping[str, Sequence[int]]
    ) -> None:
        plan = self._request.plan
        async with anyio.create_task_group() as group:
            ask = partial(ask_around, fragile=plan.fragile)
            group.start_soon(ask, self._dialer, plan.links, found, self._tell)
            addresses = tuple(a for a in plan.addresses if a not in known)
            helper = RawHelper(self._dialer.scope, self._request.header.scope_sha256)
            links, ports = (plan.attached, plan.links), discovery_ports(plan)
            for router in self._request.routers:
                group.start_soon(ask_router, self._dialer, router, found, self._tell)
            group.start_soon(
                ask_each, self._dialer, helper, addresses, links, ports, found, self._tell, more, plan.fragile
            )


def discovery_ports(plan: Plan) -> tuple[int, ...]:
    """The ports of the sweep, those first that a device most likely has open."""
    likely = [port for port, protocol in plan.expected.items() if protocol in ("http", "https", "ssh", "mqtt")]
    ports = [p for p in (80, 443, 22, 23, 8080, *likely) if p in plan.tcp]
    return tuple(dict.fromkeys((*ports, *plan.tcp)))
