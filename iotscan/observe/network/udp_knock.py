"""Which UDP ports of a device are worth asking: the first words of all of them, before waiting for any.

A UDP port that says nothing costs the time of the wait and not of the question. One after the other, a device whose
firewall drops them all would take ten seconds; together, they take as long as one. Still paced, and each datagram is
sent twice at most unless refusals come: Linux refuses six ports at once and then one a second (icmp(7),
icmp_ratelimit).
"""

from collections.abc import Mapping
from typing import Final, Literal

import anyio
import msgspec

from iotscan.observe.network.dial import Line
from iotscan.observe.network.failures import DialError

Knocked = Literal["answered", "refused", "silent"]
"""What came of the first words to a port. A refusal is one of the device itself: a firewall's in its name is none."""
WAIT: Final = 1.0
"""Seconds in which an answer may come before a port is asked again, and after that."""
NO_ANSWER: Final = "no answer to what is said first, sent twice: filtered, or nothing that speaks the protocol"
CLOSED: Final = "the port is closed"
_ROUNDS: Final = 2
_LAST_ROUND: Final = 5
"""With refusals in each: as many ports beyond six may be closed."""


class FirstWord(msgspec.Struct, frozen=True, kw_only=True):
    """A datagram whose answer shows that a protocol is spoken, and what makes a server forget it after the answer."""

    payload: bytes
    farewell: bytes = b""


async def knock_udp(line: Line, words: Mapping[int, tuple[FirstWord, ...]]) -> dict[int, Knocked]:
    """What came of the first words to each port; without those that could not be asked. Never raises a DialError."""
    heard: dict[int, Knocked] = {}
    unasked: set[int] = set()
    for turn in range(_LAST_ROUND):
        left = {port: said for port, said in words.items() if port not in heard and port not in unasked}
        fresh = await _ask_each(line, left, unasked)
        heard |= fresh
        if turn + 1 >= _ROUNDS and "refused" not in fresh.values():
            break
    return {port: heard.get(port, "silent") for port in words if port not in unasked}


async def _ask_each(line: Line, words: Mapping[int, tuple[FirstWord, ...]], unasked: set[int]) -> dict[int, Knocked]:
    """One round: each word once, and what came of it within the wait; ``unasked`` gains the ports that cannot be."""
    heard: dict[int, Knocked] = {}

    async def ask(port: int, several: tuple[FirstWord, ...]) -> None:
        async with anyio.create_task_group() as saying:
            for word in several:
                await line.turn()
                saying.start_soon(say, port, word, saying.cancel_scope)

    async def say(port: int, word: FirstWord, port_scope: anyio.CancelScope) -> None:
        try:
            said = await line.nudge(port, word.payload, seconds=WAIT, tries=1, farewell=word.farewell)
        except DialError:
            said = "gone"
        if said == "gone":
            unasked.add(port)
        elif said != "silent":
            heard[port] = "refused" if said == "refused" else "answered"
        if said != "silent":
            port_scope.cancel()

    async with anyio.create_task_group() as asking:
        for port, several in words.items():
            asking.start_soon(ask, port, several)
    return heard
