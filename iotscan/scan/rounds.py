"""One discovery after the other, each a run of its own, with a pause between the end of one and the next.

Each round asks with the same pace, budgets and scope as a single discovery: what a device sees an hour follows from
the pause. ``pause`` and ``begin`` are given, so that a test drives the rounds without waiting.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Literal, Protocol

import anyio

from iotscan.model.errors import BadInput
from iotscan.model.run import Run

EVERY: Final = 900.0
"""Seconds between two rounds, unless the user says otherwise."""
LEAST: Final = 60.0
"""Seconds between two rounds at least."""


class Discovery(Protocol):
    """One round: a scan that can be cut short."""

    async def run(self) -> Run:
        """Look once; the run as it was kept."""
        ...

    def interrupt(self) -> None:
        """End with what there is."""
        ...


Pause = Callable[[float], Awaitable[None]]
Ended = Literal["rounds", "interrupted", "scope"]


class Rounds:
    """A watch in progress. Make one, then :meth:`run` it once.

    ``begin`` prepares a round by its number, the first being 1; it raises BadInput where nothing may be asked any
    more, which ends a watch that has begun. ``take`` is given each run; ``most`` is how many, 0 for no end.
    """

    def __init__(
        self,
        begin: Callable[[int], Discovery],
        take: Callable[[Run, int], None],
        *,
        every: float = EVERY,
        most: int = 0,
        pause: Pause = anyio.sleep,
    ) -> None:
        self._begin, self._take, self._pause = begin, take, pause
        self._every, self._most = every, most
        self._at_work: Discovery | None = None
        self._resting: anyio.CancelScope | None = None
        self._interrupted = False
        self.last: Run | None = None
        """The run of the last round."""
        self.why_ended = ""
        """What a refusal said, where one ended the watch."""

    def interrupt(self) -> None:
        """End now: a round under way with what there is, a pause at once."""
        self._interrupted = True
        if self._at_work is not None:
            self._at_work.interrupt()
        if self._resting is not None:
            self._resting.cancel()

    async def run(self) -> Ended:
        """Watch until the rounds are over, somebody interrupts, or the scope's window has closed."""
        number = 0
        while not self._interrupted:
            number += 1
            try:
                self._at_work = self._begin(number)
            except BadInput as refusal:
                if number == 1:
                    raise
                self.why_ended = str(refusal)
                return "scope"
            self.last = await self._at_work.run()
            self._at_work = None
            self._take(self.last, number)
            if number == self._most and not self._interrupted:
                return "rounds"
            await self._rest()
        return "interrupted"

    async def _rest(self) -> None:
        if self._interrupted:
            return
        with anyio.CancelScope() as self._resting:
            await self._pause(self._every)
        self._resting = None
