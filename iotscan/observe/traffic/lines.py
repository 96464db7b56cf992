"""Lines of text in one direction of a stream."""

from collections.abc import Iterator
from typing import Final

from iotscan.observe.traffic.conversation import Piece

LONGEST: Final = 4096


class Lines:
    """Whole lines as they come, without their ends, bounded. Behind a hole the rest of a line is left out."""

    def __init__(self) -> None:
        self._held = b""
        self._is_passing = False

    def add(self, piece: Piece) -> Iterator[bytes]:
        """The lines that are whole now."""
        if piece.gap or piece.is_doubtful:
            self._held, self._is_passing = b"", True
        if piece.is_doubtful:
            return
        *whole, rest = (self._held + piece.data).split(b"\n")
        self._held = rest
        for line in whole:
            if self._is_passing:
                self._is_passing = False
            else:
                yield line.rstrip(b"\r")
        if len(self._held) > LONGEST:
            self._held, self._is_passing = b"", True
