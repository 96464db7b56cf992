"""Finding devices by connecting: any answer, even a refusal, is a sign of life. Needs no privilege."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.model.scope import canonical
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.neighbours import TABLE, most_neighbours, neighbours
from iotscan.observe.network.failures import DialError, NoSocket, NoWay
from iotscan.observe.network.pace import Pacer

BLOCK = 256
"""Addresses asked at once: the kernel's neighbour table overflows near 1,000 and then loses answers, and one before may
still hold its unanswered entries; nor is a router on the way to hold more half-open connections of ours."""
RATE = 500.0
"""Addresses a second that are knocked on for the first time: each on our link is a broadcast of the kernel's, and of a
burst of those a bridge or an access point loses some."""
KNOCKS = 5
"""Ports that an address sees knocked on before it counts as silent."""
_ASKED_AGAIN = 2
_BLOCKS_HELD, _LEAST = 4, 16
"""Blocks whose entries the table may still hold; and the least asked at once, however small it is."""


class Knocks:
    """What connecting to a range took, and how many answered."""

    def __init__(self) -> None:
        self.addresses = self.there = self.knocks = self.unasked = 0
        self.why = ""
        """Why the addresses that are ``unasked`` could not be asked."""
        self.is_cut_off = False
        """Whether that was so of the last one: then nothing is sent, and there is no pace to keep."""

    def summary(self) -> str:
        """It in words; empty where nobody was connected to."""
        if not self.knocks:
            return ""
        words = (
            f"connecting: {self.addresses:,} addresses asked, {self.there:,} there, {self.knocks:,} attempts, "
            f"{self.knocks / self.addresses:.1f} an address"
        )
        return f"{words}; {self.unasked:,} of them in vain: {self.why}" if self.unasked else words


_ANSWERS = "answers on"


async def connect_sweep(
    dialer: Dialer,
    addresses: Sequence[str],
    ports: Sequence[int],
    found: MemoryObjectSendStream[Found],
    more: Mapping[str, Sequence[int]] = MappingProxyType({}),
    spent: Knocks | None = None,
) -> tuple[str, ...]:
    """Knock on ports of each address until one answers; report who did, as they do, and return the others.

    ``ports`` come in the order of promise, after those that ``more`` has for single addresses; an address sees the
    first :data:`KNOCKS` that the scope allows it.

    An on-link device that drops everything still answers ARP: the neighbour table is read after each
    block. An address that stays silent is not reported; it is unknown, not down. ``spent`` counts.
    """
    there: set[str] = set()
    spent = spent or Knocks()
    spent.addresses += len(addresses)
    pacer = Pacer(RATE)

    async def knock(address: str) -> None:
        if not (spent.is_cut_off or canonical(address).is_loopback):
            await pacer.turn()
        if await _knock_until_answered(dialer, address, (*more.get(address, ()), *ports), found, spent):
            there.add(address)

    for block in _blocks(addresses):
        # Who is there keeps his line, and with it what he was asked; the others' go with the block.
        lines = {address: dialer.passing(address) for address in block if dialer.allows(address)}
        async with anyio.create_task_group() as group:
            for address in lines:
                group.start_soon(knock, address)
        known = set(block) & lines.keys()
        for neighbour in neighbours():
            if neighbour.address in known:
                there.add(neighbour.address)
                dialer.line(neighbour.address)
                await found.send(neighbour)
    spent.there += len(there)
    return tuple(address for address in addresses if address not in there)


async def who_is_there(dialer: Dialer, addresses: Sequence[str], ports: Sequence[int]) -> tuple[str, ...]:
    """Those of on-link addresses where anything answers, be it to the kernel's ARP alone, at most :data:`BLOCK` asked.

    Where the kernel shows no neighbours (not Linux), all of them: there is no telling.
    """
    if not TABLE.exists():
        return tuple(addresses)
    there: set[str] = set()

    async def knock(address: str) -> None:
        port = next((p for p in ports if dialer.allows(address, p)), 0)
        for _ in range(_ASKED_AGAIN if port else 0):
            with suppress(DialError):
                if await dialer.line(address).knock(port) != "filtered":
                    there.add(address)
                    return

    for block in _blocks(addresses[:BLOCK]):
        async with anyio.create_task_group() as group:
            for address in block:
                group.start_soon(knock, address)
        there |= {neighbour.address for neighbour in neighbours()}
    return tuple(address for address in addresses if address in there)


async def who_answers(dialer: Dialer, addresses: Sequence[str], ports: Sequence[int]) -> tuple[Found, ...]:
    """Those that answer a knock themselves, at most :data:`BLOCK` asked; what answers ARP for them does not count."""
    send, receive = anyio.create_memory_object_stream[Found](BLOCK)
    with send, receive:
        for block in _blocks(addresses[:BLOCK]):
            async with anyio.create_task_group() as group:
                for address in block:
                    group.start_soon(_knock_until_answered, dialer, address, ports, send, Knocks())
        return tuple(receive.receive_nowait() for _ in range(receive.statistics().current_buffer_used))


def _blocks(addresses: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at once as the kernel's table has room for, and those of the last blocks besides."""
    room = most_neighbours() // _BLOCKS_HELD
    size = max(min(BLOCK, room), _LEAST) if room else BLOCK
    for start in range(0, len(addresses), size):
        yield addresses[start : start + size]


async def _knock_until_answered(
    dialer: Dialer, address: str, ports: Sequence[int], found: MemoryObjectSendStream[Found], spent: Knocks
) -> bool:
    """True when one did."""
    line = dialer.passing(address)
    allowed = [port for port in ports if dialer.allows(address, port)][:KNOCKS]
    for port in allowed:
        try:
            spent.knocks += 1
            answer = await line.knock(port)
            spent.is_cut_off = False
        except (NoSocket, NoWay) as error:
            spent.is_cut_off = True
            spent.unasked += 1
            spent.why = str(error)
            return False
        except DialError:
            return False
        if answer != "filtered":
            dialer.line(address)
            await found.send(Found(address=address, how=f"{_ANSWERS} tcp/{port} ({answer})"))
            return True
    return False


def is_answer(found: Found) -> bool:
    """Whether a sign of life came from here: an answer to a knock."""
    return found.how.startswith(_ANSWERS)
