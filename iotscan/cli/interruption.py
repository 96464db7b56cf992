"""Work that a signal ends: asked once, it saves what there is; asked twice, it ends at once."""

import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import anyio
import anyio.abc

from iotscan.cli.pipe import tell

T = TypeVar("T")
INTERRUPTED, TERMINATED = 130, 143


async def heeding_signals(
    work: Callable[[], Awaitable[T]], stop: Callable[[], None], give_back: Callable[[], None]
) -> tuple[T, int]:
    """What ``work`` returns, and the signal that cut it short, 0 for none.

    ``stop`` makes it end with what there is, ``give_back`` gives the terminal back before we end at once.
    """
    caught = 0

    async def heed(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        nonlocal caught
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                if caught:
                    # Asked twice: the journal is on disk, there is nothing left to save.
                    give_back()
                    os._exit(INTERRUPTED)
                caught = number
                tell("stopping; once more to stop at once")
                stop()

    async with anyio.create_task_group() as group:
        await group.start(heed)
        done = await work()
        group.cancel_scope.cancel()
    return done, caught


class Caught:
    """Which signal ended a piece of work: 0 for none."""

    number = 0


@contextmanager
def ended_by_signals(stop: Callable[[], None], give_back: Callable[[], None]) -> Iterator[Caught]:
    """A block of blocking work that a signal ends: the first calls ``stop``, after which the work comes to its end.

    A second one calls ``give_back``, which gives the terminal back and ends what we started, and ends us at once.
    """
    caught = Caught()

    def heed(number: int, _: FrameType | None) -> None:
        if caught.number:
            try:
                give_back()
            finally:  # whatever was being done when the signal came, and cannot be entered twice
                os._exit(INTERRUPTED)
        caught.number = number
        stop()

    before = {number: signal.signal(number, heed) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def code_of(caught: int) -> int:
    """The exit code of work that a signal ended."""
    return INTERRUPTED if caught == signal.SIGINT else TERMINATED
