"""The port sweep: which TCP ports of one device accept, gently."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import anyio
from anyio.abc import TaskGroup

from iotscan.model.facts import PortSweep
from iotscan.observe.network.failures import DialError, OutOfScope
from iotscan.observe.network.line import Knock, Line

PATIENCE = 0.05
"""Seconds to wait for an answer before the next knock goes out beside an unanswered one."""
PENDING = 32
"""Unanswered knocks a device may have at once: only silent ports ever wait side by side."""
State = Knock | Literal["forbidden"]
Look = Callable[[tuple[int, ...]], Awaitable[None]]
"""What is done with the open ones of the likely ports before the others are knocked on."""
MAX_OPEN = 64
"""More open ports than this is a middlebox or a honeypot; the rest is listed and not asked further."""


async def sweep(line: Line, ports: Sequence[int], *, likely: Sequence[int] = (), look: Look | None = None) -> PortSweep:
    """Knock on ``ports``; a port that stays silent is asked once more and then called filtered.

    Knocks go out one after the other while the device answers, so that a fragile device never sees two
    of our connections at once; only unanswered ones are waited for side by side. For the same reason the
    first look (``look``, at those of the ``likely`` ports that are open, which are knocked on first) is
    taken only while no knock is unanswered.
    """
    states: dict[int, State] = {}
    first = [p for p in ports if p in likely]
    pending = anyio.CapacityLimiter(PENDING)
    async with anyio.create_task_group() as knocking:
        await _knock_each(line, first, states, pending, knocking)
        likely_ones = tuple(p for p in first if states.get(p) == "open")
        if look and likely_ones and not pending.borrowed_tokens:
            await look(likely_ones)
        await _knock_each(line, [p for p in ports if p not in first], states, pending, knocking)
    silent = [p for p in ports if states.get(p) == "filtered"]
    if silent and len(silent) < len(ports):
        await _round(line, silent, states)
    opened = sorted(p for p in states if states[p] == "open")
    return PortSweep(
        open=tuple(opened[:MAX_OPEN]),
        unasked=tuple(opened[MAX_OPEN:]),
        closed=tuple(sorted(p for p in states if states[p] == "closed")),
        filtered=tuple(sorted(p for p in ports if states.get(p, "filtered") == "filtered")),
        forbidden=tuple(sorted(p for p in states if states[p] == "forbidden")),
    )


async def _round(line: Line, ports: Sequence[int], states: dict[int, State]) -> None:
    async with anyio.create_task_group() as knocking:
        await _knock_each(line, ports, states, anyio.CapacityLimiter(PENDING), knocking)


async def _knock_each(
    line: Line,
    ports: Sequence[int],
    states: dict[int, State],
    pending: anyio.CapacityLimiter,
    knocking: TaskGroup,
) -> None:
    """Send all knocks; those that stay unanswered for now are waited for in ``knocking``."""

    async def knock(port: int, answered: anyio.Event) -> None:
        async with pending:
            try:
                states[port] = await line.knock(port)
            except OutOfScope:
                states[port] = "forbidden"
            except DialError:
                states[port] = "filtered"
            answered.set()

    for port in ports:
        answered = anyio.Event()
        knocking.start_soon(knock, port, answered)
        with anyio.move_on_after(PATIENCE):
            await answered.wait()
