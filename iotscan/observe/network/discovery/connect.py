"""Finding devices by connecting: any answer, even a refusal, is a sign of life. Needs no privilege."""

from collections.abc import Sequence

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.neighbours import neighbours
from iotscan.observe.network.failures import DialError

BLOCK = 512
"""Addresses asked at once: the kernel's neighbour table overflows near 1,000 and then loses answers."""
KNOCKS = 5
"""Ports that an address sees knocked on before it counts as silent."""
_ANSWERS = "answers on"


async def connect_sweep(
    dialer: Dialer, addresses: Sequence[str], ports: Sequence[int], found: MemoryObjectSendStream[Found]
) -> None:
    """Knock on ports of each address until one answers; report who did, as they do.

    ``ports`` come in the order of promise; an address sees the first :data:`KNOCKS` that the scope allows it.

    An on-link device that drops everything still answers ARP: the neighbour table is read after each
    block. An address that stays silent is not reported; it is unknown, not down.
    """
    for start in range(0, len(addresses), BLOCK):
        block = addresses[start : start + BLOCK]
        async with anyio.create_task_group() as group:
            for address in block:
                group.start_soon(_knock_until_answered, dialer, address, ports, found)
        known = set(block)
        for neighbour in neighbours():
            if neighbour.address in known:
                await found.send(neighbour)


async def _knock_until_answered(
    dialer: Dialer, address: str, ports: Sequence[int], found: MemoryObjectSendStream[Found]
) -> None:
    allowed = [port for port in ports if dialer.allows(address, port)][:KNOCKS]
    for port in allowed:
        try:
            answer = await dialer.line(address).knock(port)
        except DialError:
            return
        if answer != "filtered":
            await found.send(Found(address=address, how=f"{_ANSWERS} tcp/{port} ({answer})"))
            return


def is_answer(found: Found) -> bool:
    """Whether a sign of life came from here: an answer to a knock."""
    return found.how.startswith(_ANSWERS)
