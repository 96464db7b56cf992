"""Sources of bytes that are in memory, or a part of another source."""

from iotscan.wire.signing.source import Source


class Memory:
    """Bytes that are all there."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._data)

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""
        return self._data[offset : offset + length]


class Window:
    """``length`` bytes of another source from ``start``, as far as they are there."""

    def __init__(self, whole: Source, start: int, length: int) -> None:
        self._whole = whole
        self._start = start
        self._size = max(0, min(length, whole.size - start))

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``, none beyond the window."""
        return self._whole.read_at(self._start + offset, max(0, min(length, self._size - offset)))
