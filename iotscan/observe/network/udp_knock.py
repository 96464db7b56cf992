"""Which UDP ports of a device are worth asking: the first words of all of them, before waiting for any.

A UDP port that says nothing costs the time of the wait and not of the question. One after the other, a device whose
firewall drops them all would take ten seconds; together, they take as long as one. Still paced, and each datagram is
sent twice at most unless refusals come: Linux refuses six ports at once and then one a second (icmp(7),
icmp_ratelimit), and whoever else asks the device of something closed takes of these. So where a port was refused,
those that are silent are asked again, and right behind each one that was refused, as a control: while that is not
refused either, silence says nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import anyio
import msgspec

from iotscan.observe.network.failures import DialError
from iotscan.observe.network.line import Line

Knocked = Literal["answered", "refused", "gone", "silent"]
"""What came of the first words to a port. A refusal is one of the device itself: a firewall's in its name is none.

``gone`` where it could not be asked, or the way there ends.
"""
WAIT: Final = 1.1
"""Seconds in which an answer may come before a port is asked again, and after that: longer than between refusals."""
NO_ANSWER: Final = "no answer to what is said first, sent twice: filtered, or nothing that speaks the protocol"
CLOSED: Final = "the port is closed"
_CONTROLLED: Final = 16
"""Rounds with a control, of about a second each: so many ports may be closed beyond six, on all of its addresses."""
_AT_ONCE: Final = 3
"""Ports that are asked in one of these."""
_STRIKES: Final = 3
"""How often a port is silent while its control is refused, before it counts: the refusal may be due in between."""


class FirstWord(msgspec.Struct, frozen=True, kw_only=True):
    """A datagram whose answer shows that a protocol is spoken, and what makes a server forget it after the answer."""

    payload: bytes
    farewell: bytes = b""
    is_urgent: bool = True
    """A check waits for the answer: a refusal is worth its second."""


async def knock_udp(line: Line, words: Mapping[int, tuple[FirstWord, ...]]) -> dict[int, Knocked]:
    """What came of the first words to each port; without those that could not be asked. Never raises a DialError."""
    heard: dict[int, Knocked] = {}
    urgent = [port for port, said in words.items() if any(word.is_urgent for word in said)]
    # What no check waits for comes a round later: it shall not take the refusals that the others need.
    for ports in (urgent, list(words), [port for port in words if port not in urgent]):
        heard |= await _ask_each(line, [(port, words[port]) for port in ports if port not in heard])
    strikes: Counter[int] = Counter()
    for _ in range(_CONTROLLED):
        control = next((port for port, said in heard.items() if said == "refused"), None)
        left = [port for port in urgent if port not in heard and strikes[port] < _STRIKES]
        if control is None or not left:
            break
        fresh, struck = await _ask_beside(line, left[:_AT_ONCE], control, words)
        heard |= fresh
        strikes.update(struck)
    return {port: said for port in words if (said := heard.get(port, "silent")) != "gone"}


async def _ask_beside(
    line: Line, ports: Sequence[int], control: int, words: Mapping[int, tuple[FirstWord, ...]]
) -> tuple[dict[int, Knocked], list[int]]:
    """Ask each, and right behind it the control; what came of it, and who was silent though the control was refused."""
    asked = [port for each in ports for port in (each, control)]
    heard: list[dict[int, Knocked]] = [{} for _ in asked]
    async with anyio.create_task_group() as asking:
        for place, port in enumerate(asked):
            # Two at once: a refusal that is due between the two would be the control's.
            if place % 2 == 0:
                await line.turn()
                await line.turn()
            # A closed port is refused whatever it is sent.
            asking.start_soon(_say, line, port, words[port][0], heard[place])
    pairs = zip(ports, heard[::2], heard[1::2], strict=True)
    struck = [port for port, own, beside in pairs if not own and beside.get(control) == "refused"]
    return {port: said for own in heard[::2] for port, said in own.items()}, struck


async def _ask_each(line: Line, words: Sequence[tuple[int, tuple[FirstWord, ...]]]) -> dict[int, Knocked]:
    """One round: each word once, and what came of it within the wait."""
    heard: dict[int, Knocked] = {}
    async with anyio.create_task_group() as asking:
        for port, several in words:
            asking.start_soon(_ask_port, line, port, several, heard)
    return heard


async def _ask_port(line: Line, port: int, several: tuple[FirstWord, ...], heard: dict[int, Knocked]) -> None:
    """Say each word until one tells something; that goes to ``heard``."""

    async def say(word: FirstWord) -> None:
        await _say(line, port, word, heard)
        if port in heard:
            saying.cancel_scope.cancel()

    async with anyio.create_task_group() as saying:
        for word in several:
            await line.turn()
            saying.start_soon(say, word)


async def _say(line: Line, port: int, word: FirstWord, heard: dict[int, Knocked]) -> None:
    """Say one word; what comes of it goes to ``heard``, unless that is nothing."""
    try:
        said = await line.nudge(port, word.payload, seconds=WAIT, tries=1, farewell=word.farewell)
    except DialError:
        said = "gone"
    if said != "silent":
        heard[port] = "answered" if isinstance(said, bytes) else said
