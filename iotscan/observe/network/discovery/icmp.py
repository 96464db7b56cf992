"""ICMP echo to addresses beyond our links: who opens and refuses no port may still reply. Needs no helper."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Final, Literal

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from iotscan.model.scope import canonical
from iotscan.model.ways import ICMP
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.echo_call import EchoCall
from iotscan.observe.network.failures import DialError, NoSocket
from iotscan.observe.network.pace import Pacer

ROUNDS = 2
LINK_ROUNDS = 3
"""Requests to all nodes of a link, as many as the helper sends: who sleeps hears but every third."""
SOURCES_LIMIT = 4096
"""Addresses listened to on one link: as many as a scan takes on by default."""
RATE = 200.0
"""Requests a second: they all pass one router, on the way to it and behind it."""
_VERSIONS: Final[tuple[Literal[4, 6], ...]] = (4, 6)
WAIT = 1.0
"""Seconds in which a reply may come before the address is asked again, and after the last request."""


async def echo_sweep(
    dialer: Dialer,
    addresses: Iterable[str],
    found: MemoryObjectSendStream[Found],
    tell: Callable[[str], None],
    there: set[str] | None = None,
) -> None:
    """Ask each address for an echo, those that stay silent once more; report who replies, as they do.

    Who replies is added to ``there``, too.
    """
    there = set() if there is None else there
    asked = [a for a in addresses if dialer.allows(a) and not canonical(a).is_loopback]
    async with anyio.create_task_group() as group:
        for version in _VERSIONS:
            of_family = dict.fromkeys(a for a in asked if canonical(a).version == version)
            if of_family:
                group.start_soon(_sweep, dialer, version, of_family, found, tell, there)


async def echo_to_all(
    dialer: Dialer,
    interface: str,
    ours: Sequence[str],
    found: MemoryObjectSendStream[Found],
    tell: Callable[[str], None],
    how: str,
) -> None:
    """Ask all IPv6 nodes of a link at once, three times; report who replies and is in scope. ``how`` says why this way.

    They are asked from each of ``ours``: a node replies from an address of the same kind as the one that asked.
    """
    heard_of: set[str] = set()
    strays = 0

    async def heard(address: str) -> None:
        nonlocal strays
        if not dialer.allows(address):
            strays += 1
        elif address not in ours and address not in heard_of and len(heard_of) < SOURCES_LIMIT:
            heard_of.add(address)
            await found.send(Found(address=address, how="answers echo to all nodes"))

    async def ask(calls: Sequence[EchoCall]) -> str:
        for _ in range(LINK_ROUNDS):
            try:
                for call in calls:
                    call.ask_all(interface)
            except (DialError, OSError) as error:
                return f"; ended early ({getattr(error, 'strerror', '') or error})"
            await anyio.sleep(WAIT)
        return ""

    words = f"echo to all nodes on {interface} {how}"
    try:
        with ExitStack() as open_calls:
            calls = [open_calls.enter_context(dialer.echoes(6, source)) for source in ours or ("",)]
            async with anyio.create_task_group() as ears:
                for call in calls:
                    ears.start_soon(call.hear, heard)
                problem = await ask(calls)
                ears.cancel_scope.cancel()
    except NoSocket as error:
        dialer.outgoing.fell_short("echo-all", str(error))
        tell(f"{words}: not available ({error})")
        return
    full = f"more than {SOURCES_LIMIT:,} addresses answered" if len(heard_of) >= SOURCES_LIMIT else ""
    dialer.outgoing.fell_short("echo-all", problem.removeprefix("; ") or full)
    told = f"; {strays:,} answers out of scope were dropped" if strays else ""
    tell(f"{words}: {len(heard_of)} answered, {sum(call.sent for call in calls)} packets{told}{problem}")


async def _sweep(
    dialer: Dialer,
    version: Literal[4, 6],
    addresses: dict[str, None],
    found: MemoryObjectSendStream[Found],
    tell: Callable[[str], None],
    there: set[str],
) -> None:
    silent = dict(addresses)
    pacer = Pacer(RATE)

    async def heard(address: str) -> None:
        if address in silent:
            del silent[address]
            there.add(address)
            await found.send(Found(address=address, how="answers ICMP echo"))

    async def ask(call: EchoCall) -> str:
        for _ in range(ROUNDS):
            for address in tuple(silent):
                await pacer.turn()
                try:
                    if address in silent:
                        call.ask(address)
                except DialError as error:
                    return f"; ended early ({error})"
            await anyio.sleep(WAIT if silent else 0)
        return ""

    try:
        with dialer.echoes(version) as call:
            async with anyio.create_task_group() as ears:
                ears.start_soon(call.hear, heard)
                problem = await ask(call)
                ears.cancel_scope.cancel()
    except NoSocket as error:
        dialer.outgoing.not_available(ICMP, str(error))
        tell(f"ICMP echo: not available ({error})")
        return
    dialer.outgoing.fell_short(ICMP, problem.removeprefix("; "))
    answered = len(addresses) - len(silent)
    tell(f"ICMP echo: {len(addresses):,} addresses asked, {answered:,} answered, {call.sent:,} packets{problem}")
