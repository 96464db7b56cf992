"""The first and last bytes of what is carried: enough to tell what it is, and whether it bears a signature."""

import zlib
from collections import deque
from typing import Final

from iotscan.wire.artefact import Sample, judge_image

FIRST: Final = 16 << 10
_LONG, _TAIL = 256 << 10, 64 << 10
_PLACES: Final = 128
"""So many long ones at once, of all conversations together: 40 MiB."""
_INFLATED: Final = 64 << 10
_taken = 0


class Kept:
    """Bytes of one body as they come. Of files whose form is known more is kept than of others."""

    def __init__(self, *, is_media: bool = False) -> None:
        """``is_media``: a picture, a film, a sound; of such no more than the beginning is kept."""
        self.size = 0
        self.has_gap = False
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._limit = FIRST
        self._is_long, self._is_media = False, is_media

    @property
    def head(self) -> bytes:
        """The first bytes, up to the first gap."""
        return bytes(self._head)

    def add(self, data: bytes) -> None:
        """The next bytes."""
        self.size += len(data)
        if len(self._head) < self._limit and not self.has_gap:
            before = len(self._head)
            self._head += data[: self._limit - before]
            if before < FIRST <= len(self._head):
                self._lengthen(data[FIRST - before :])
        elif self._is_long:
            self._follow(data)

    def skip(self, count: int) -> None:
        """So many bytes are missing."""
        self.size += count
        self.has_gap = True
        self._tail.clear()
        self._tail_size = 0

    def sample(self, size: int | None) -> Sample:
        """What was kept; ``size`` is how long all of it is, None where nobody said and its end was not seen."""
        tail = b"".join(self._tail)[-_TAIL:] if self.size == size and not self.has_gap else b""
        return Sample(head=self.head, tail=tail, size=size)

    def text(self, coding: str) -> bytes:
        """The first bytes with a content coding undone; nothing for one that is not known."""
        if coding in ("", "identity"):
            return self.head
        for window in {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}.get(coding.strip().lower(), ()):
            try:
                return zlib.decompressobj(window).decompress(self.head, _INFLATED)
            except zlib.error:
                continue
        return b""

    def close(self) -> None:
        """Nothing of it is needed any more."""
        global _taken
        if self._is_long:
            _taken -= 1
        self._is_long = False
        self._head, self._tail, self._tail_size, self._limit = bytearray(), deque(), 0, 0

    def _lengthen(self, more: bytes) -> None:
        global _taken
        if self._is_media or _taken >= _PLACES or judge_image(Sample(head=self.head)) is None:
            return
        _taken += 1
        self._is_long, self._limit = True, _LONG
        room = _LONG - len(self._head)
        self._head += more[:room]
        if more[room:]:
            self._follow(more[room:])

    def _follow(self, data: bytes) -> None:
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail_size - len(self._tail[0]) >= _TAIL:
            self._tail_size -= len(self._tail.popleft())
