"""Traffic is read in a process of its own, which is ended when it hangs: what it said until then counts."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO

import msgspec

from iotscan.model.capture import Capture
from iotscan.model.device import Device
from iotscan.model.errors import BadInput
from iotscan.model.observation import Observation
from iotscan.observe.traffic.messages import (
    Doing,
    Ended,
    Job,
    Message,
    Part,
    Refused,
    Snapshot,
    Told,
    read,
)
from iotscan.observe.worker_environment import environment
from iotscan.observe.worker_protocol import BadFrame

WORKER = "iotscan.observe.traffic.worker"
SILENCE = 120.0
"""Seconds without a word after which the process is taken to hang: it says how far it is each second."""
ARGUMENT_CAP = 120 * 1024
"""Bytes of one argument: Linux takes 128 KiB."""
SAID_CAP = 512 * 1024 * 1024
"""Bytes that it may say of devices at its end."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What became of some captures. Where reading broke off, :attr:`Capture.problem` says why."""

    captures: tuple[Capture, ...]
    devices: tuple[Device, ...]
    observations: tuple[Observation, ...]
    notices: tuple[str, ...] = ()
    is_whole: bool = True
    """False where the process that read them did not come to its end: there may have been more."""


class TrafficProcess:
    """Reads captures. Its standard input is ``stream``: a file or descriptor for the source ``-``, else nothing.

    The caller closes its own copy of the descriptor. ``module`` is what is started: another one in tests. Raises
    BadInput for a job that no argument can hold.
    """

    def __init__(self, job: Job, *, stream: int | IO[bytes] | None = None, module: str = WORKER) -> None:
        self._job = job
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-s", "-m", module, _as_argument(job)),
            stdin=subprocess.DEVNULL if stream is None else stream,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment("TMPDIR"),
            start_new_session=True,
        )
        self._is_silent = False
        self._is_too_much = False
        self._watchdog: threading.Timer | None = None

    def hear(self, told: Told = lambda _: None) -> Heard:
        """Wait for the end. Raises BadInput where nothing of it is a capture."""
        try:
            return self._listen(told)
        finally:
            self.kill()

    def finish(self) -> None:
        """Take what was read until now for all there is: :meth:`hear` then comes to its end. From any thread."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._rest()
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None and not self._process.stdout.closed:
            self._process.stdout.close()

    def _listen(self, told: Told) -> Heard:
        latest = Snapshot()
        parts: list[Part] = []
        ended: Ended | None = None
        for message in self._messages():
            match message:
                case Refused(why=why):
                    raise BadInput(why)
                case Doing():
                    told(message)
                case Snapshot():
                    latest = message
                    told(message)
                case Part():
                    parts.append(message)
                case Ended():
                    ended = message
        if ended is None:
            return self._broken_off(latest)
        return Heard(
            captures=ended.captures,
            devices=tuple(d for part in parts for d in part.devices),
            observations=tuple(o for part in parts for o in part.observations),
            notices=ended.notices,
            is_whole=ended.is_whole,
        )

    def _messages(self) -> Iterator[Message]:
        """What it says until it closes its side, or says what is no message."""
        assert self._process.stdout is not None
        source = _Counted(self._process.stdout)
        said = 0
        try:
            while (message := self._next(source)) is not None:
                said += source.taken() if isinstance(message, Part) else 0
                source.forget()
                if said > SAID_CAP:
                    self._is_too_much = True
                    self._process.kill()
                    return
                yield message
        except BadFrame:
            # It is not to be believed any more: what it said until now was whole.
            self._process.kill()

    def _next(self, source: "_Counted") -> Message | None:
        self._watchdog = threading.Timer(SILENCE, self._give_up)
        self._watchdog.daemon = True
        self._watchdog.start()
        try:
            return read(source)
        finally:
            self._rest()

    def _rest(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()

    def _give_up(self) -> None:
        self._is_silent = True
        self._process.kill()

    def _broken_off(self, latest: Snapshot) -> Heard:
        """What its last snapshot tells, and of each capture that it was not done with, why."""
        why = self._why()
        done = {c.source: c for c in latest.captures}
        captures = [done.get(name) or Capture(source=name) for name in self._names()]
        # All but the last that it spoke of were read to their end.
        begun = len(latest.captures)
        captures = [c if i < begun - 1 else _unfinished(c, why) for i, c in enumerate(captures)]
        left_out = "more devices were seen than were told of before reading broke off: some are missing"
        return Heard(
            captures=tuple(captures),
            devices=latest.devices,
            observations=latest.observations,
            notices=(left_out,) if latest.is_cut_off else (),
            is_whole=False,
        )

    def _names(self) -> tuple[str, ...]:
        return tuple(self._job.stream_name if s == "-" else s for s in self._job.sources)

    def _why(self) -> str:
        code = self._process.wait()
        if self._is_silent:
            return f"the process that reads it hung: it said nothing for {SILENCE:g} s"
        if self._is_too_much:
            return "more was seen in it than can be kept"
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"the process that reads it died ({how})"


def _as_argument(job: Job) -> str:
    try:
        text = msgspec.json.encode(job).decode()
    except UnicodeEncodeError as error:
        raise BadInput("the name of a capture is no UTF-8: give it another one") from error
    if len(text.encode()) > ARGUMENT_CAP:
        raise BadInput("these are too many captures at once: give some of them, or join them with mergecap")
    return text


def _unfinished(capture: Capture, why: str) -> Capture:
    return msgspec.structs.replace(capture, problem=why)


class _Counted:
    """What can be read, and how many bytes were."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._count = 0

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self._count += len(data)
        return data

    def taken(self) -> int:
        """Bytes since :meth:`forget`."""
        return self._count

    def forget(self) -> None:
        self._count = 0
