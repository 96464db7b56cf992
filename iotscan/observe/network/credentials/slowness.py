"""A lock-out that shows as a wait: refusals that come much later than those before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_TIMES: Final = 5.0
_MORE: Final = 2.0
"""Seconds: a busy device is slower at times, and a quick one soon five times as slow."""


class Slowness:
    """How long refusals took. A first one that is slow is the service's way (PAM waits 2 s after each)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0.0
        self._usual: list[float] = []

    @property
    def is_known(self) -> bool:
        """Whether a try was refused before."""
        return bool(self._usual)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """The block is one try."""
        began = self._clock()
        try:
            yield
        finally:
            self._last = self._clock() - began

    def refused(self) -> str:
        """The last try was refused; how that is a sign of a lock-out, empty when it is none."""
        slowest = max(self._usual, default=None)
        self._usual.append(self._last)
        if slowest is None or self._last <= slowest * _TIMES or self._last <= slowest + _MORE:
            return ""
        return f"a refusal took {self._last:.1f} s, those before at most {slowest:.1f} s"
