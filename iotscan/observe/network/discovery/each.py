"""Asking each address of a range: by raw frames where it is on our links, by connecting, echoes and UDP beyond them."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.model.scope import canonical
from iotscan.model.ways import CONNECT
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.connect import BLOCK, Knocks, connect_sweep
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.icmp import echo_sweep
from iotscan.observe.network.discovery.neighbours import tells_of
from iotscan.observe.network.discovery.onlink import Tell, ask_all_nodes, on_links, sweep_link
from iotscan.observe.network.discovery.udp import UdpSweep
from iotscan.observe.network.helper.client import WAIT, RawHelper

LINGER: Final = 2.0
"""Seconds in which late answers to a sweep are waited for where others are asked by multicast meanwhile, which takes
as long: a device that sleeps answers late."""


async def ask_each(
    dialer: Dialer,
    helper: RawHelper,
    addresses: Sequence[str],
    links: tuple[Sequence[Attached], Sequence[Attached]],
    ports: Sequence[int],
    found: MemoryObjectSendStream[Found],
    tell: Tell,
    more: Mapping[str, Sequence[int]],
    fragile: Collection[str] = (),
) -> None:
    """Ask them all; ``links`` are those we are on, and of these the ones on which all may be asked at once.

    ``more`` are ports of single addresses that are likelier than ``ports``; ``fragile`` are the kinds of equipment
    that may be asked, too.

    An address on a link that does not answer the helper is nobody's. Where the helper is not available, or its
    sweep ends early, it is connected to like one that lies beyond, and the kernel then tells whom it has met there.
    What nothing has shown to be there beyond the links, and on those that know no neighbours, is asked by UDP last.
    """
    attached, open_links = links
    near = on_links(addresses, attached)
    held = {address for asked in near.values() for address in asked}
    far = tuple(a for a in addresses if a not in held)
    own = {link.address for link in attached}

    def told(spent: Knocks | UdpSweep) -> None:
        if words := spent.summary():
            tell(words)
        if isinstance(spent, Knocks):
            dialer.outgoing.fell_short(CONNECT, spent.why)

    async def ask_link(link: Attached, asked: list[str]) -> None:
        linger = LINGER if open_links else WAIT
        rest = await sweep_link(dialer, helper, link, asked, found, tell, linger=linger)
        if tells_of(link.interface):
            await connect_sweep(dialer, rest, ports, found, more, spent := Knocks())
            told(spent)
        else:
            await knock_and_ask(rest, set())

    async def knock_and_ask(asked: Sequence[str], there: set[str]) -> None:
        """Connect to a block while those of the one before, where nobody answered, are asked by UDP."""
        udp, spent = UdpSweep(dialer, found, fragile=fragile), Knocks()
        try:
            async with anyio.create_task_group() as asking:
                for start in range(0, len(asked), BLOCK):
                    silent = await connect_sweep(dialer, asked[start : start + BLOCK], ports, found, more, spent)
                    asking.start_soon(udp.ask, [a for a in silent if a not in there and a not in own])
        finally:
            # Also when the scan is cut: what was sent was sent.
            if not all(canonical(address).is_loopback for address in asked):
                told(spent)
            told(udp)

    async with helper, anyio.create_task_group() as group:
        replied: set[str] = set()
        group.start_soon(knock_and_ask, far, replied)
        beyond = tuple(a for a in far if a not in own)
        group.start_soon(echo_sweep, dialer, beyond, found, tell, replied)
        for link, asked in near.items():
            group.start_soon(ask_link, link, asked)
        if any(":" in network for network in dialer.scope.include):
            for link in {link.interface: link for link in open_links}.values():
                ours = [each.address for each in open_links if each.interface == link.interface and ":" in each.address]
                group.start_soon(partial(ask_all_nodes, dialer, helper, link, found, tell, ours=ours))
