"""How fast: one slot after another."""

import time

import anyio


class Pacer:
    """Hands out turns at most ``rate`` a second, evenly spaced, in the order they are asked for."""

    def __init__(self, rate: float) -> None:
        self._gap = 1.0 / rate
        self._next = 0.0

    async def turn(self) -> None:
        """Return when it is this caller's turn; each call takes one slot."""
        now = time.monotonic()
        mine = max(now, self._next)
        self._next = mine + self._gap
        if mine > now:
            await anyio.sleep(mine - now)

    def spend(self) -> None:
        """Take a slot after the fact: whoever comes next waits the longer."""
        self._next = max(time.monotonic(), self._next) + self._gap

    async def ready(self) -> None:
        """Return when the slots taken so far have passed, without taking one."""
        while (wait := self._next - time.monotonic()) > 0:
            await anyio.sleep(wait)
