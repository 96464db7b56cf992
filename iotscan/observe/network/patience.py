"""Waiting for a device: the time in which we ourselves were held up is not counted against it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import anyio

_SLICES: Final = 8
_LONGEST: Final = 5
"""How many times as long as asked for a wait may take, however much we are held up."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise TimeoutError when the block has waited ``seconds`` in which this process was there to hear an answer.

    A clock that only looks at the time calls a device silent whose answer came while a busy machine did not let
    us run. Time is counted in slices; one that ends late by more than its own length is not counted.
    """
    with anyio.CancelScope(deadline=anyio.current_time() + _LONGEST * seconds) as scope:
        clock = _Clock(scope, seconds / _SLICES)
        try:
            yield
        finally:
            clock.stop()
    if scope.cancelled_caught:
        raise TimeoutError


class _Clock:
    """Cancels a scope after so many slices."""

    def __init__(self, scope: anyio.CancelScope, length: float) -> None:
        self._scope = scope
        self._length = length
        self._left = _SLICES
        self._loop = asyncio.get_running_loop()
        self._begin()

    def _begin(self) -> None:
        self._due = self._loop.time() + self._length
        self._handle = self._loop.call_at(self._due, self._end)

    def _end(self) -> None:
        if self._loop.time() - self._due <= self._length:
            self._left -= 1
        if self._left:
            self._begin()
        else:
            self._scope.cancel()

    def stop(self) -> None:
        self._handle.cancel()
