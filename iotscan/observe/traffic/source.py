"""A file or a stream to read a capture from, which can be told to end wherever it is."""

import io
import os
import select
from collections.abc import Callable
from typing import Any, BinaryIO

BUFFER = 1 << 20
_WAIT = 1.0


class Ending:
    """Says that whatever is read has come to its end: from a signal handler, too."""

    def __init__(self) -> None:
        self._heard, self._said = os.pipe()
        os.set_blocking(self._said, False)
        self.is_said = False

    def say(self, *_: object) -> None:
        """End it. What waits for data wakes up."""
        self.is_said = True
        os.write(self._said, b"\0")

    def fileno(self) -> int:
        """Becomes readable when it is said."""
        return self._heard


class _Endable(io.RawIOBase):
    """Bytes of a descriptor until it ends, or ``ending`` is said. ``idle`` is called each second without any."""

    def __init__(self, descriptor: int, ending: Ending, idle: Callable[[], None]) -> None:
        self._descriptor, self._ending, self._idle = descriptor, ending, idle

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def readinto(self, into: Any) -> int:
        while not self._ending.is_said:
            ready, _, _ = select.select((self._descriptor, self._ending.fileno()), (), (), _WAIT)
            if self._descriptor in ready:
                return os.readv(self._descriptor, (into,))
            if not ready:
                self._idle()
        return 0


def endable(descriptor: int, ending: Ending, idle: Callable[[], None]) -> BinaryIO:
    """A stream over a descriptor that stays the caller's to close."""
    return io.BufferedReader(_Endable(descriptor, ending, idle), BUFFER)
