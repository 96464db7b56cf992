"""One direction of a stream for a reader that goes by messages: what has come of one that is not whole."""

from typing import Final

from iotscan.observe.traffic.conversation import Piece

LIMIT: Final = 64 << 10


class Half:
    """Bytes that were not read yet, bounded. After a hole nothing more is given: where a message begins is unknown."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.is_lost = False
        self._held = b""
        self._skip = 0
        self._limit = limit

    def add(self, piece: Piece) -> bytes:
        """All that was not read, with the piece behind it; nothing while something is passed over, or once lost."""
        if self.is_lost:
            return b""
        data, missing = piece.data, piece.gap
        if piece.is_doubtful:
            data, missing = b"", missing + len(piece.data)
        if missing:
            if self._held or missing > self._skip:
                self.lose()
                return b""
            self._skip -= missing
        passed = min(self._skip, len(data))
        self._skip -= passed
        held, self._held = self._held, b""
        return held + data[passed:] if held else data[passed:]

    def hold(self, rest: bytes) -> None:
        """So much of what :meth:`add` gave is not read; too much of it is taken for no message."""
        if len(rest) > self._limit:
            self.lose()
        else:
            self._held = rest

    def skip(self, count: int) -> None:
        """Pass over so many of the bytes that follow, read or not."""
        self._skip += count

    def lose(self) -> None:
        """Nothing more can be read."""
        self.is_lost, self._held, self._skip = True, b"", 0

    def find(self) -> None:
        """A message begins with the next piece."""
        self.is_lost = False
