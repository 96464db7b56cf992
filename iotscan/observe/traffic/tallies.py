"""Frames of each source, counted together: a call to the listener for each would cost more than reading it."""

import msgspec

from iotscan.observe.traffic.conversation import Listener


class Tally(msgspec.Struct, gc=False):
    """Frames of one source that the listener has not been told of."""

    source: str
    frames: int = 0
    length: int = 0
    at: int = 0


class Tallies:
    """One tally a source, of at most ``limit``; frames of more sources than that are told of one by one."""

    def __init__(self, listener: Listener, limit: int) -> None:
        self._listener, self._limit = listener, limit
        self._known: dict[str, Tally] = {}

    def count(self, source: str, at: int, length: int) -> Tally:
        """Count a frame. The first one of a source is told at once, so that it is known from when on it spoke."""
        known = self._known.get(source)
        if known is not None:
            known.frames += 1
            known.length += length
            known.at = at
            return known
        if source:
            self._listener.frame(at, source, length)
        made = Tally(source)
        if len(self._known) < self._limit:
            self._known[source] = made
        return made

    def flush(self) -> None:
        """Tell the listener."""
        for tally in self._known.values():
            if tally.frames and tally.source:
                self._listener.frame(tally.at, tally.source, tally.length, tally.frames)
            tally.frames = tally.length = 0
