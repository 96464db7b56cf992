"""One direction of a TCP connection put in order (RFC 9293 §3.4, §3.10.7.4).

What a receiver would do: data that was there before is passed over, what is early waits. What the capture lacks though
the receiver had it is a gap: waiting ends when the other side has acknowledged it for some time, or too much waits.
A segment with a wrong checksum waits, too, for a better copy; it is only passed on, as doubtful, where none came.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from iotscan.observe.traffic.conversation import Piece

HELD_BYTES: Final = 256 << 10
HELD_SEGMENTS: Final = 128
_PATIENCE: Final = 16
"""Segments of the connection for which a hole may stay open although the other side has acknowledged it."""
_LONG_PATIENCE: Final = 512
_HALF, _RING = 1 << 31, 1 << 32

Held = tuple[int, bytes, int, bool]
"""When a segment was caught, its data, how many bytes the capture lacks behind them, and whether it is doubtful."""


class Budget(msgspec.Struct):
    """Bytes that may still wait in all streams together."""

    left: int


class Stream:
    """The payload of one direction, handed to ``hear`` in order."""

    __slots__ = ("_budget", "_gap", "_hear", "_held", "_unfilled", "_waited", "expected", "held_bytes", "is_upward")

    def __init__(self, hear: Callable[[Piece], None], budget: Budget, *, is_upward: bool) -> None:
        self._hear, self._budget, self.is_upward = hear, budget, is_upward
        self.expected = -1
        """Number of the next byte; negative while none is known."""
        self._held: dict[int, Held] = {}
        self.held_bytes = 0
        self._gap = 0
        self._unfilled = 0
        """Bytes of holes that were told of, less the damaged segments that may have been meant for them."""
        self._waited = 0

    def begin(self, number: int) -> None:
        """The first byte of the direction has this number."""
        if self.expected < 0:
            self.expected = number % _RING

    @property
    def missing(self) -> int:
        """Bytes that were lost behind all that was handed on."""
        return self._gap

    @property
    def is_waiting(self) -> bool:
        """Whether something came early."""
        return bool(self._held)

    def take(self, at: int, number: int, data: bytes, *, missing: int = 0, is_doubtful: bool = False) -> None:
        """A segment's data; ``missing`` bytes behind them are beyond the snaplen."""
        if self.expected < 0:
            self.expected = number
        number, data, missing = self._news_of(number, data, missing)
        if not data and not missing:
            return
        if number == self.expected and not is_doubtful:
            self._pass_on(at, data, missing)
            if self._held:
                self._drain()
        else:
            self._hold(number, (at, data, missing, is_doubtful))

    def waits(self, acknowledged: int) -> None:
        """A segment of either side went by; the other side has acknowledged everything before ``acknowledged``."""
        if not self._held:
            return
        self._waited += 1
        is_acknowledged = acknowledged >= 0 and _distance(self.expected, acknowledged) > 0
        if self._waited > _LONG_PATIENCE or (self._waited > _PATIENCE and is_acknowledged):
            self.give_up()

    def give_up(self) -> None:
        """What is missing does not come any more: pass on what waits up to the next hole."""
        if not self._held:
            return
        number = min(self._held, key=lambda each: _distance(self.expected, each))
        at, data, missing, is_doubtful = self._remove(number)
        hole = _distance(self.expected, number)
        if hole > 0 and is_doubtful and all(held[3] for held in self._held.values()):
            self._pass_on_unplaced(at, data)
            return
        if hole > 0:
            self._gap += hole
            self._unfilled += hole
            self.expected = number
        self._pass_on(at, data, missing, is_doubtful)
        self._drain()

    def _pass_on_unplaced(self, at: int, data: bytes) -> None:
        """A damaged segment behind a hole, and no sound one behind it: what is damaged may be its number.

        It fills a hole that was told of before; without one, that something is damaged is told here.
        """
        if self._unfilled >= len(data):
            self._unfilled -= len(data)
        else:
            self._pass_on(at, data, 0, is_doubtful=True)

    def end(self) -> None:
        """Nothing comes any more."""
        while self._held:
            self.give_up()

    def forget(self) -> None:
        """Nobody wants what waits."""
        self._held.clear()
        self._budget.left += self.held_bytes
        self.held_bytes = 0

    def _pass_on(self, at: int, data: bytes, missing: int, is_doubtful: bool = False) -> None:
        gap, self._gap = self._gap, missing
        self.expected = (self.expected + len(data) + missing) % _RING
        self._waited = 0
        if data:
            self._hear(Piece(at, self.is_upward, data, gap, False, is_doubtful))
        else:
            self._gap += gap

    def _hold(self, number: int, segment: Held) -> None:
        known = self._held.get(number)
        if known is not None:
            is_better = (known[3], -len(known[1])) > (segment[3], -len(segment[1]))
            if not is_better:
                return
            self._remove(number)
        self._held[number] = segment
        self.held_bytes += len(segment[1])
        self._budget.left -= len(segment[1])
        if self.held_bytes > HELD_BYTES or len(self._held) > HELD_SEGMENTS or self._budget.left < 0:
            self.give_up()

    def _remove(self, number: int) -> Held:
        segment = self._held.pop(number)
        self.held_bytes -= len(segment[1])
        self._budget.left += len(segment[1])
        return segment

    def _drain(self) -> None:
        """Pass on what has its turn now, and drop what was there before."""
        while self._held:
            number = min(self._held, key=lambda each: _distance(self.expected, each))
            early = _distance(self.expected, number)
            if early > 0 or (early == 0 and self._held[number][3]):
                return
            at, data, missing, is_doubtful = self._remove(number)
            number, data, missing = self._news_of(number, data, missing)
            if (data or missing) and not is_doubtful:
                self._pass_on(at, data, missing)

    def _news_of(self, number: int, data: bytes, missing: int) -> tuple[int, bytes, int]:
        """A segment without what was there before."""
        late = -_distance(self.expected, number)
        if late <= 0:
            return number, data, missing
        return self.expected, data[late:], max(0, missing - max(0, late - len(data)))


def _distance(start: int, number: int) -> int:
    """How far ``number`` is behind ``start`` on the ring of sequence numbers; negative where it is before it."""
    return (number - start + _HALF) % _RING - _HALF
