"""Those who answer a question to all on a link: whom we listen to, how much, and who is left out."""

from collections.abc import Awaitable, Callable
from typing import Final

from iotscan.observe.network.discovery.method import Round
from iotscan.observe.network.group_call import GroupCall

SOURCE_LIMIT: Final = 64
"""Answers read from one address; a flood beyond that is dropped."""
SOURCES_LIMIT: Final = 4096
"""Addresses listened to on one link: as many as a scan takes on by default."""
ANSWER_LIMIT: Final = 20_000
"""Answers read from one link."""
SOURCE_BYTES: Final = 128 * 1024
"""Of the answers of one address: what is read is kept, several times as large."""
LINK_BYTES: Final = 16 * 1024 * 1024
"""Of the answers of one link."""
Take = Callable[[bytes, str], Awaitable[bool]]
"""Reads a datagram and the address it came from; False where it is no answer."""


class Circle:
    """The answerers of one method on one link.

    An address out of scope is not listened to: whatever it says, and whoever forged it. Each address in scope has
    its own limit, so that one that floods takes nothing from the others.
    """

    def __init__(self, at_work: Round) -> None:
        self._round = at_work
        self._read: dict[str, tuple[int, int]] = {}
        self._all = self._bytes = 0

    async def hear(self, call: GroupCall, seconds: float, take: Take, *, port: int = 0) -> None:
        """Listen for ``seconds``; with ``port``, only to those who speak from it."""
        tally = self._round.tally

        async def heard(packet: bytes, source: str, from_port: int) -> None:
            if port and from_port != port:
                return
            if source not in self._read and not self._round.dialer.allows(source):
                tally.strays += 1
                return
            if not self._has_room(source, len(packet)):
                tally.left_out += 1
                return
            if await take(packet, source):
                tally.answers += 1
                tally.sources.add(source)

        await call.hear(seconds, heard)

    def _has_room(self, source: str, size: int) -> bool:
        """Count a datagram; False where it is one too many, or makes it too much."""
        if source not in self._read and len(self._read) >= SOURCES_LIMIT:
            self._round.tally.overflow("addresses answer")
            return False
        count, taken = self._read.get(source, (0, 0))
        if count >= SOURCE_LIMIT or taken + size > SOURCE_BYTES:
            return False
        if self._all >= ANSWER_LIMIT or self._bytes + size > LINK_BYTES:
            self._round.tally.overflow("answers come")
            return False
        self._read[source] = (count + 1, taken + size)
        self._all += 1
        self._bytes += size
        return True
