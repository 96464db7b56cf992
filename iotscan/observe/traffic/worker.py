"""The process that reads captures. Started by :mod:`.process` with a :class:`Job` for its argument; it answers on
stdout, in the frames of :mod:`.messages`. SIGTERM means: take what was read for all there is.

A capture is hostile: whatever makes a reader hang, grow or crash ends this process and no other.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from iotscan.model.capture import Capture
from iotscan.model.device import Device
from iotscan.model.errors import BadInput
from iotscan.model.observation import Observation
from iotscan.model.text import safe_text
from iotscan.observe.traffic.ledger import Ledger
from iotscan.observe.traffic.messages import STREAM, Doing, Ended, Job, Part, Refused, Snapshot, write
from iotscan.observe.traffic.source import Ending, endable
from iotscan.observe.worker_protocol import BadFrame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iotscan.observe.traffic.following import Following, Progress

MEMORY: Final = 2 << 30
"""Bytes of data that this process may hold."""
TOLD_EVERY: Final = 0.5
SHARE: Final = 20
"""A snapshot is made so seldom that it takes no more than one part of so many of the time."""
SNAPSHOT_DEVICES: Final = 1024
PART_DEVICES: Final = 64
_PR_SET_PDEATHSIG = 1
_ENDED: Final = "reading was ended before the end of it"


class Work:
    """One job at work."""

    def __init__(self, job: Job, sink: BinaryIO, ending: Ending) -> None:
        self._job, self._sink, self._ending = job, sink, ending
        self._ledger = Ledger(job.local, own=job.own, known=job.known)
        self._captures: list[Capture] = []
        self._refusals: list[str] = []
        self._is_whole = True
        self._name = ""
        self._bytes = self._bytes_before = 0
        self._told_at = 0.0
        self._next_snapshot = time.monotonic() + job.snapshot_seconds
        self._following = self._follow()

    def _follow(self) -> "Following":
        from iotscan.observe.traffic.following import Following
        from iotscan.observe.traffic.readers import all_choosers

        return Following(self._ledger, all_choosers(self._job.given))

    def run(self) -> None:
        """Read all, say all."""
        for source in self._job.sources:
            self._name = self._shown(source)
            self._bytes_before = self._bytes
            self._captures.append(self._cut(source) if self._is_cut(source) else self._read(source))
            self._tell()
        if len(self._refusals) == len(self._job.sources):
            write(self._sink, Refused(why=self._refusals[0]))
            return
        self._following.close()
        self._ledger.settle()
        lost = self._say_all(self._ledger.devices(), self._ledger.observations())
        notices = (*self._ledger.notices(), *lost, *self._faults())
        write(self._sink, Ended(captures=tuple(self._captures), notices=notices, is_whole=self._is_whole))

    def _shown(self, source: str) -> str:
        return self._job.stream_name if source == STREAM else safe_text(source, 400)

    def _read(self, source: str) -> Capture:
        try:
            with _opened(source, self._ending, self._idle) as stream:
                capture = self._following.read(stream, self._name, self._progress)
                if self._is_cut(source) and capture.size < os.fstat(stream.fileno()).st_size:
                    # Of the whole file nothing is known, and it may be in order.
                    return msgspec.structs.replace(capture, sha256="", problem=_ENDED)
                return capture
        except BadInput as refusal:
            if self._is_cut(source):
                return self._cut(source)
            why = safe_text(str(refusal), 400)
        except OSError as error:
            why = f"{self._name} cannot be read ({error.strerror or type(error).__name__}): give a capture"
        except Exception as bug:
            # The type only: the text may hold what a device said. What was understood before is whole.
            self._is_whole = False
            self._following = self._follow()
            return Capture(source=self._name, problem=f"reading broke off: {type(bug).__name__}")
        self._refusals.append(why)
        return Capture(source=self._name, problem=why)

    def _is_cut(self, source: str) -> bool:
        """Whether a file was, or would be, left before its end: that is how a stream ends."""
        return source != STREAM and self._ending.is_said

    def _cut(self, source: str) -> Capture:
        return Capture(source=self._shown(source), problem=_ENDED)

    def _faults(self) -> tuple[str, ...]:
        """Readers of ours that failed: what they had understood counts, and there may have been more."""
        failures = self._following.failures
        if not failures:
            return ()
        self._is_whole = False
        named = ", ".join(f"{name} ({count:,})" for name, count in failures.most_common(5))
        return (f"conversations that were not read to their end by a fault of ours: {named}",)

    def _progress(self, progress: "Progress") -> None:
        self._bytes = self._bytes_before + progress.bytes
        self._idle()

    def _idle(self) -> None:
        now = time.monotonic()
        if now - self._told_at < TOLD_EVERY:
            return
        self._told_at = now
        self._tell()
        if now >= self._next_snapshot:
            self._snapshot()
            took = time.monotonic() - now
            self._next_snapshot = time.monotonic() + max(self._job.snapshot_seconds, took * SHARE)

    def _tell(self) -> None:
        ledger = self._ledger
        write(
            self._sink,
            Doing(
                source=self._name,
                frames=ledger.frames,
                bytes=self._bytes,
                seconds=ledger.seconds,
                devices=ledger.device_count,
                peers=ledger.peer_count,
            ),
        )

    def _snapshot(self) -> None:
        self._ledger.going_on(self._following.going_on())
        every = self._ledger.devices()
        devices = every[:SNAPSHOT_DEVICES]
        shown = {d.id for d in devices}
        seen = tuple(o for o in self._ledger.observations() if o.subject.device in shown)
        self._ledger.going_on(())
        captures = (*self._captures, Capture(source=self._name))
        is_cut = len(devices) < len(every)
        try:
            write(self._sink, Snapshot(devices=devices, observations=seen, captures=captures, is_cut_off=is_cut))
        except BadFrame:
            write(self._sink, Snapshot(devices=devices, captures=captures, is_cut_off=True))

    def _say_all(self, devices: Sequence[Device], observations: Sequence[Observation]) -> tuple[str, ...]:
        """Say everything, some devices at a time; notices of what no message can hold."""
        by_device: dict[str, list[Observation]] = {d.id: [] for d in devices}
        for seen in observations:
            by_device[seen.subject.device].append(seen)
        lost: list[str] = []
        for start in range(0, len(devices), PART_DEVICES):
            some = devices[start : start + PART_DEVICES]
            if not _said(self._sink, some, by_device):
                lost += [d.address for d in some if not _said(self._sink, (d,), by_device)]
        return tuple(f"more was seen of {address} than can be told" for address in lost)


def _said(sink: BinaryIO, some: Sequence[Device], by_device: dict[str, list[Observation]]) -> bool:
    try:
        write(sink, Part(devices=tuple(some), observations=tuple(o for d in some for o in by_device[d.id])))
    except BadFrame:
        return False
    return True


@contextmanager
def _opened(source: str, ending: Ending, idle: Callable[[], None]) -> "Iterator[BinaryIO]":
    if source == STREAM:
        yield endable(0, ending, idle)
        return
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield endable(descriptor, ending, idle)
    finally:
        os.close(descriptor)


def confine() -> None:
    """Die with the parent, leave no core, hold no more than :data:`MEMORY`."""
    if sys.platform != "linux":
        return
    import resource

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))


def main() -> None:
    """Answer and end."""
    confine()
    ending = Ending()
    signal.signal(signal.SIGTERM, ending.say)
    # Whatever a library prints must not get between our frames.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Work(msgspec.json.decode(sys.argv[1], type=Job), sink, ending).run()


if __name__ == "__main__":
    main()
