"""Asking around: every method on every link at once, and what each came to."""

from collections.abc import Callable, Collection, Sequence
from functools import partial

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.method import Method, Round, Tally
from iotscan.observe.network.discovery.methods import METHODS
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.outgoing import asking

Tell = Callable[[str], None]
"""Says to the reader of the run what was asked, what it cost, and what was not asked and why."""


async def ask_around(
    dialer: Dialer,
    links: Sequence[Attached],
    found: MemoryObjectSendStream[Found],
    tell: Tell,
    *,
    fragile: Collection[str] = (),
    methods: Sequence[Method] = METHODS,
) -> None:
    """Ask all on each link by each method; ``fragile`` are the kinds of equipment that may be asked, too."""
    async with anyio.create_task_group() as group:
        for link in links:
            group.start_soon(partial(_ask_link, dialer, link, found, tell, fragile=fragile, methods=methods))


async def _ask_link(
    dialer: Dialer,
    link: Attached,
    found: MemoryObjectSendStream[Found],
    tell: Tell,
    *,
    fragile: Collection[str],
    methods: Sequence[Method],
) -> None:
    version = 6 if ":" in link.address else 4
    spoken = [m for m in methods if version in m.families]
    rounds = {m.name: Round(dialer=dialer, link=link, found=found, tally=Tally()) for m in spoken}
    try:
        async with anyio.create_task_group() as group:
            for method in spoken:
                at_work = rounds[method.name]
                if method.fragile and method.fragile not in fragile:
                    at_work.tally.problem = f"the profile does not allow {method.fragile} equipment to be asked"
                else:
                    group.start_soon(_ask, method, at_work)
    finally:
        # Also when the scan is cut: what was sent was sent.
        tallies = {name: r.tally for name, r in rounds.items()}
        words = "; ".join(f"{name}: {tally.summary()}" for name, tally in tallies.items())
        sent = sum(t.sent for t in tallies.values())
        tell(f"asked all on {link.network} ({link.interface}), {sent} packets: {words}")
        for name, tally in tallies.items():
            for remark in tally.remarks:
                tell(f"{name}: {remark}")


async def _ask(method: Method, at_work: Round) -> None:
    try:
        with asking(f"discovery-{method.name}/1"):
            await method.ask(at_work)
    except (DialError, OSError) as error:
        # The other methods remain.
        at_work.tally.stop(error)
    at_work.dialer.outgoing.fell_short(method.name, at_work.tally.problem)
