"""A stream that is read by somebody else while a copy of it is kept in a file."""

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from iotscan.model.errors import BadInput

_CHUNK: Final = 1 << 18


class KeptCopy:
    """Copies ``source`` into a new file while it goes on: ``stream`` is what is read in its place.

    The file is only for its owner: it holds what others say. A disk that is full ends the copy and not the reading, and
    who stops reading does not end the copy. Raises BadInput where there is such a file, or none can be made.
    """

    def __init__(self, source: IO[bytes], path: Path) -> None:
        self.size, self.problem = 0, ""
        self._source, self._hash = source, hashlib.sha256()
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise BadInput(f"{path} is there already: give the capture another name") from error
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no such path"
            raise BadInput(f"{path} cannot be written ({why}): choose another place") from error
        self._file = os.fdopen(handle, "wb", buffering=0)
        reading, writing = os.pipe()
        self.stream: IO[bytes] = os.fdopen(reading, "rb", buffering=0)
        self._onward: IO[bytes] | None = os.fdopen(writing, "wb", buffering=0)
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    @property
    def sha256(self) -> str:
        """Of what is in the file."""
        return self._hash.hexdigest()

    def close(self, seconds: float = 10.0) -> None:
        """Wait until the source has ended and everything is written; the source has to end first."""
        with suppress(OSError):
            self.stream.close()
        self._thread.join(seconds)

    def _copy(self) -> None:
        with suppress(OSError, ValueError):  # closed by whoever made it
            while chunk := self._source.read(_CHUNK):
                self._keep(chunk)
                self._pass_on(chunk)
        with suppress(OSError):
            self._file.close()
        self._end()

    def _keep(self, chunk: bytes) -> None:
        if self.problem:
            return
        left = memoryview(chunk)
        try:
            while left:
                written = self._file.write(left) or 0
                self._hash.update(left[:written])
                self.size += written
                left = left[written:]
        except OSError as error:
            self.problem = error.strerror or str(error)

    def _pass_on(self, chunk: bytes) -> None:
        left = memoryview(chunk)
        try:
            while left and self._onward is not None:
                left = left[self._onward.write(left) or 0 :]
        except OSError:  # nobody reads any more
            self._end()

    def _end(self) -> None:
        onward, self._onward = self._onward, None
        if onward is not None:
            with suppress(OSError):
                onward.close()
