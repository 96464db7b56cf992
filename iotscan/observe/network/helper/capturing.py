"""Capturing through the privileged program: one process, a pcapng stream that another one reads. Nothing is sent."""

import fcntl
import select
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.network.helper.program import CAPTURE, Unavailable
from iotscan.observe.worker_environment import environment
from iotscan.observe.worker_protocol import Request, pack

INTERFACES: Final = 4
"""Interfaces that are captured at once."""
LONGEST: Final = 604_800.0
"""Seconds of a capture: a week."""
_STARTING, _ENDING = 10.0, 5.0
_LINE_CAP, _PIPE = 4096, 1 << 20


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is captured.

    ``seconds`` is how long at most, ``snap`` how many bytes of a frame are kept (0: all). ``without`` are ends of
    conversations, address and port (0: all its ports), of which nothing is kept. Unless ``is_promiscuous`` the card
    hands over what is meant for this machine, and what is meant for many.
    """

    interfaces: tuple[str, ...]
    seconds: float = LONGEST
    snap: int = 0
    is_promiscuous: bool = False
    without: tuple[tuple[str, int], ...] = ()


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: frames handed on and left out, for how long; ``lost``: there was no room for others."""

    frames: int = 0
    left_out: int = 0
    lost: bool = False
    seconds: float = 0.0


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    begun: bool = False
    refused: str = ""
    frames: int = 0
    left_out: int = 0
    lost: bool = False
    seconds: float = 0.0


class Capturing:
    """A capture that has begun. Use as a context manager; ``stream`` is what another process reads.

    It is in a session of its own: Ctrl-C on the terminal does not reach it, :meth:`stop` ends it. ``words`` is how it
    is started; found out where not given. Raises Unavailable where it cannot be done.
    """

    def __init__(self, wanted: Wanted, words: Sequence[str] | None = None) -> None:
        try:
            self._process = subprocess.Popen(
                words if words is not None else CAPTURE.command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"the capture cannot be started ({error})") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stream: IO[bytes] = self._process.stdout
        with suppress(OSError, AttributeError):  # room for a burst, where the system gives it
            fcntl.fcntl(self.stream, fcntl.F_SETPIPE_SZ, _PIPE)
        self._said, self._words = bytearray(), b""
        try:
            self._begin(wanted)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Capturing":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def stop(self) -> None:
        """That is enough: what was caught until now still comes, then the stream ends."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def result(self) -> Captured:
        """What came of it, once the stream has ended. Raises Unavailable where it ended before its time."""
        if (line := self._line(_ENDING)) is None:
            raise Unavailable(f"the capture ended early ({self._last_words()})")
        return Captured(frames=line.frames, left_out=line.left_out, lost=line.lost, seconds=line.seconds)

    def close(self) -> None:
        """End it, whatever it does: nobody listens to it any more."""
        self.stop()
        self.stream.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING)
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # started through sudo it is not ours to kill
                self._process.kill()
                self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _begin(self, wanted: Wanted) -> None:
        job = {
            "do": "capture",
            "interfaces": wanted.interfaces,
            "snap": wanted.snap,
            "promiscuous": wanted.is_promiscuous,
            "without": wanted.without,
        }
        assert self._process.stdin is not None
        with suppress(OSError):  # what it says before it goes is worth more
            self._process.stdin.write(pack(Request(id=1, seconds=wanted.seconds, job=job)))
        line = self._line(_STARTING)
        if line is None:
            raise Unavailable(f"the capture did not begin ({self._last_words()})")
        if not line.begun:
            raise Unavailable(f"the capture was refused: {safe_text(line.refused, 200)}")

    def _line(self, seconds: float) -> _Line | None:
        """Its next line, past what sudo says before; None where none comes in that time."""
        until = time.monotonic() + seconds
        assert self._process.stderr is not None
        while True:
            line, end, rest = self._said.partition(b"\n")
            if end:
                self._said = rest
                with suppress(msgspec.DecodeError, UnicodeDecodeError):
                    return msgspec.json.decode(line, type=_Line)
                self._words = bytes(line)
                continue
            ready, _, _ = select.select([self._process.stderr], [], [], max(until - time.monotonic(), 0))
            more = self._process.stderr.read(_LINE_CAP) if ready and len(self._said) < _LINE_CAP else b""
            if not more:
                return None
            self._said += more

    def _last_words(self) -> str:
        """Its own words, or those of what should have started it."""
        return safe_text(bytes(self._said) or self._words, 200) or "it said nothing"
