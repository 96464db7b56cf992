"""An image is read in a process of its own, which is killed when it takes too long: what it said until then counts."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from iotscan.model.device import ImagePart
from iotscan.model.errors import BadInput
from iotscan.model.facts import PublicKey
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.given_file import GivenFile
from iotscan.observe.heard import Missed
from iotscan.observe.image.budget import Limits
from iotscan.observe.image.messages import (
    FRAME_CAP,
    Doing,
    Ended,
    Message,
    Opened,
    Refused,
    Said,
    files_as_text,
    keys_as_text,
    read,
)
from iotscan.observe.image.posture import Posture, posture
from iotscan.observe.worker_environment import environment
from iotscan.observe.worker_protocol import BadFrame

WORKER = "iotscan.observe.image.worker"
GRACE = 30.0
"""Seconds beyond the image's own limit that its process gets to end by itself."""
SAID_CAP = 2 * FRAME_CAP
"""Bytes that the process may say in all: an image of thousands of root file systems must not fill our memory."""
Told = Callable[[Doing], None]


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one image."""

    format: str
    parts: tuple[ImagePart, ...]
    posture: Posture
    files: int
    """How many were searched."""


class ImageProcess:
    """Reads one image. ``given`` are keys to try with what it holds, ``revocation`` files to judge certificates by.

    ``module`` is what is started: another one in tests.
    """

    def __init__(
        self,
        path: Path,
        image: str,
        *,
        given: Sequence[PublicKey] = (),
        revocation: Sequence[GivenFile] = (),
        limits: Limits = Limits(),
        module: str = WORKER,
    ) -> None:
        self._path = path
        self._image = image
        self._seconds = limits.seconds + GRACE
        words = (str(path), image, str(limits.seconds), keys_as_text(given), files_as_text(revocation))
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-s", "-m", module, *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment("TMPDIR"),
            start_new_session=True,
        )
        self._is_late = False
        self._is_too_much = False

    def look(self, told: Told = lambda _: None) -> Looked:
        """Wait for the end. Raises BadInput where it is no image that we read."""
        clock = threading.Timer(self._seconds, self._expire)
        clock.daemon = True
        clock.start()
        try:
            return self._listen(told)
        finally:
            clock.cancel()
            self.kill()

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _expire(self) -> None:
        self._is_late = True
        self._process.kill()

    def _listen(self, told: Told) -> Looked:
        opened: Opened | None = None
        ended: Ended | None = None
        said: list[Said] = []
        for message in self._messages():
            match message:
                case Refused(why=why):
                    raise BadInput(why)
                case Opened():
                    opened = message
                case Doing():
                    told(message)
                case Said():
                    said.append(message)
                case Ended():
                    ended = message
        lost = None if ended is not None else self._loss()
        gaps = ended.gaps if ended is not None else ()
        parts = opened.parts if opened is not None else ()
        if lost is not None and not parts:
            parts = (ImagePart(format="", role="opaque", problem=lost.detail),)
        return Looked(
            format=opened.format if opened is not None else "",
            parts=parts,
            posture=posture(said, gaps, self._image, unsaid=lost),
            files=ended.searched if ended is not None else 0,
        )

    def _messages(self) -> Iterator[Message]:
        """What it says until it closes its side, or says what is no message."""
        assert self._process.stdout is not None
        source = _Counted(self._process.stdout)
        try:
            while (message := read(source)) is not None:
                yield message
                if source.count > SAID_CAP:
                    self._is_too_much = True
                    self._process.kill()
                    return
        except BadFrame:
            # It is not to be believed any more: what it said until now was whole.
            self._process.kill()

    def _loss(self) -> Missed:
        """Why it did not come to its end: to be told of everything it did not say."""
        code = self._process.wait()
        if self._is_late:
            detail = f"reading the image took longer than {self._seconds:g} s"
            return Missed(need="", status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        if self._is_too_much:
            detail = "more was found in the image than can be kept"
            return Missed(need="", status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        detail = f"the process that reads the image died ({how})"
        return Missed(need="", status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)


class _Counted:
    """What can be read, and how many bytes were."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.count = 0

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self.count += len(data)
        return data
