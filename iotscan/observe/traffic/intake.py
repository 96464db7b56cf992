"""The bytes of a capture as they come in: counted, hashed where they are a file's, a chunk at a time."""

import hashlib
import os
import stat
from collections.abc import Callable
from typing import BinaryIO

from iotscan.wire.capture.files import CHUNK


class Intake:
    """Reads ``stream``; ``between`` is called before each chunk: all frames of those before it have been followed."""

    def __init__(self, stream: BinaryIO, between: Callable[[], None]) -> None:
        self._between = between
        # A pipe gives what it has; waiting for a whole chunk would hold a live view back.
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self._digest = hashlib.sha256() if _is_file(stream) else None
        self.size = 0
        self.problem = ""

    def take(self) -> bytes:
        """The next bytes; none at the end, or where reading fails."""
        self._between()
        try:
            data = self._read(CHUNK)
        except OSError as error:
            self.problem = f"reading failed: {error.strerror or 'unknown reason'}"
            return b""
        self.size += len(data)
        if self._digest is not None:
            self._digest.update(data)
        return data

    def rest(self) -> None:
        """Read what follows damage, for the hash of the whole file only."""
        while self._digest is not None and self.take():
            pass

    @property
    def is_file(self) -> bool:
        """False for a stream: it has as much as whoever writes it."""
        return self._digest is not None

    @property
    def sha256(self) -> str:
        """Of everything that was read; empty for what is no file."""
        return self._digest.hexdigest() if self._digest is not None else ""


def _is_file(stream: BinaryIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:  # bytes in memory have no descriptor
        return True
