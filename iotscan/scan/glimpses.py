"""What is known so far, judged in between: by a thread of its own, the newest alone."""

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from iotscan.model.run import Run

T = TypeVar("T")
SHARE: Final = 3
"""Judging takes at most one part of so many of the time: what is judged is still being read."""


class Glimpses(Generic[T]):
    """Judges what it sees with ``judged`` and shows that. Use as a context manager.

    Seen faster than judged, what is older is left out: each glimpse stands for itself. ``show`` is called by the thread
    that judges; once the block is left nothing more is shown.
    """

    def __init__(self, judged: Callable[[T], Run], show: Callable[[Run], None]) -> None:
        self._judged, self._show = judged, show
        self._newest: T | None = None
        self._is_over = threading.Event()
        self._came = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Glimpses[T]":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._came.set()
        self._thread.join()

    def see(self, glimpse: T) -> None:
        """Take in what is known now; comes back at once."""
        self._newest = glimpse
        self._came.set()

    def _work(self) -> None:
        while self._came.wait() and not self._is_over.is_set():
            self._came.clear()
            newest, self._newest = self._newest, None
            if newest is None:
                continue
            began = time.monotonic()
            run = self._judged(newest)
            if not self._is_over.is_set():
                self._show(run)
            self._is_over.wait((time.monotonic() - began) * (SHARE - 1))
