"""The port sweep: which TCP ports of one device accept, gently."""

from collections.abc import Sequence
from typing import Literal

import anyio

from iotscan.model.facts import PortSweep
from iotscan.observe.network.dial import Knock, Line
from iotscan.observe.network.failures import DialError, OutOfScope

PATIENCE = 0.05
"""Seconds to wait for an answer before the next knock goes out beside an unanswered one."""
PENDING = 32
"""Unanswered knocks a device may have at once: only silent ports ever wait side by side."""
State = Knock | Literal["forbidden"]
MAX_OPEN = 64
"""More open ports than this is a middlebox or a honeypot; the rest is listed and not asked further."""


async def sweep(line: Line, ports: Sequence[int]) -> PortSweep:
    """Knock on ``ports``; a port that stays silent is asked once more and then called filtered.

    Knocks go out one after the other while the device answers, so that a fragile device never sees two
    of our connections at once; only unanswered ones are waited for side by side.
    """
    states: dict[int, State] = {}
    await _round(line, ports, states)
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
    pending = anyio.CapacityLimiter(PENDING)

    async def knock(port: int, answered: anyio.Event) -> None:
        async with pending:
            try:
                states[port] = await line.knock(port)
            except OutOfScope:
                states[port] = "forbidden"
            except DialError:
                states[port] = "filtered"
            answered.set()

    async with anyio.create_task_group() as group:
        for port in ports:
            answered = anyio.Event()
            group.start_soon(knock, port, answered)
            with anyio.move_on_after(PATIENCE):
                await answered.wait()
