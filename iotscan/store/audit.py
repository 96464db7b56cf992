"""The audit log of a scan: what is sent is written down first, each line holding the hash of the one before.

``audit.jsonl`` in the run's folder. A line is with the kernel before its send goes, so that whatever kills
the scan loses none; it is synced to the disk every :data:`SYNC_SECONDS` and at the end, so that a power cut
loses at most that long. Whoever changes, removes or moves a line breaks the chain; whoever cuts the end off
takes the closing entry with it. The hash of the closing entry is the log's root.
"""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from iotscan.model.audit import Begin, Caller, End, Entry, Resumed, Send
from iotscan.model.errors import BadInput
from iotscan.model.run import Run
from iotscan.model.scope import utc_now
from iotscan.store.audit_chain import read_chain

NAME = "audit.jsonl"
SCHEMA = "iotscan/audit@1"
SYNC_SECONDS = 0.1


class NotWritten(BadInput):
    """The log cannot be written, so nothing more is sent."""


class AuditLog:
    """Appends to the log of one run. Make it with :meth:`begin` or :meth:`resume`."""

    def __init__(self, path: Path, *, seq: int, previous: str, counts: Counter[str], clock: Callable[[], datetime]):
        self._path = path
        self._seq = seq
        self._previous = previous
        self._counts = counts
        self._clock = clock
        self._synced = 0.0
        self._failure = ""
        self._encoder = msgspec.json.Encoder()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    @classmethod
    def begin(cls, folder: Path, run: Run, caller: Caller, clock: Callable[[], datetime] = utc_now) -> "AuditLog":
        """The log of a run that begins. Raises :class:`NotWritten`."""
        log = cls._open(folder / NAME, seq=0, previous="", counts=Counter(), clock=clock)
        begin = Begin(
            schema=SCHEMA,
            run=run.id,
            tool=f"{run.tool.name} {run.tool.version}",
            scope_sha256=run.scope_sha256,
            scope_file_sha256=run.scope.mandate.sha256 if run.scope.mandate else "",
            profile_sha256=run.profile.sha256,
            caller=caller,
        )
        log._append(begin=begin)
        return log

    @classmethod
    def resume(cls, folder: Path, run: Run, caller: Caller, clock: Callable[[], datetime] = utc_now) -> "AuditLog":
        """The log of a run that goes on. Raises BadInput when it is gone, was changed or is of another run or scope."""
        path = folder / NAME
        chain = read_chain(path)
        if chain.fault:
            raise BadInput(f"{path}{chain.fault}: start the scan anew")
        if chain.begin is None or (chain.begin.run, chain.begin.scope_sha256) != (run.id, run.scope_sha256):
            raise BadInput(f"{path}:1 is of another run or another scope: start the scan anew")
        if chain.torn:
            os.truncate(path, chain.size)
        log = cls._open(path, seq=chain.lines, previous=chain.root, counts=Counter(chain.counts), clock=clock)
        log._append(resumed=Resumed(caller=caller, torn=chain.torn))
        return log

    @classmethod
    def _open(
        cls, path: Path, *, seq: int, previous: str, counts: Counter[str], clock: Callable[[], datetime]
    ) -> "AuditLog":
        try:
            return cls(path, seq=seq, previous=previous, counts=counts, clock=clock)
        except OSError as error:
            raise NotWritten(f"{path} cannot be written ({error.strerror}): choose another --output-dir") from error

    def note(self, send: Send) -> None:
        """Write down what is about to be sent. Raises :class:`NotWritten`, from then on every time."""
        self._append(send=send)
        self._counts[send.kind] += 1

    def end(self, status: str) -> str:
        """Close the log of a run that ended as ``status``; the root."""
        self._append(end=End(status=status, counts=dict(sorted(self._counts.items()))))
        self._sync()
        os.close(self._file)
        return self._previous

    def _append(
        self,
        *,
        begin: Begin | None = None,
        resumed: Resumed | None = None,
        send: Send | None = None,
        end: End | None = None,
    ) -> None:
        now = time.monotonic()
        entry = Entry(
            seq=self._seq,
            previous=self._previous,
            at=self._clock().isoformat(timespec="milliseconds"),
            monotonic=round(now, 6),
            begin=begin,
            resumed=resumed,
            send=send,
            end=end,
        )
        line = self._encoder.encode(entry)
        self._write(line + b"\n")
        self._seq += 1
        self._previous = hashlib.sha256(line).hexdigest()
        if now - self._synced >= SYNC_SECONDS:
            self._synced = now
            self._sync()

    def _write(self, line: bytes) -> None:
        if self._failure:
            raise NotWritten(self._failure)
        try:
            written = os.write(self._file, line)
            if written != len(line):
                os.ftruncate(self._file, os.fstat(self._file).st_size - written)
                raise OSError(0, "only a part of a line fits")
        except OSError as error:
            raise self._fail(error) from error

    def _sync(self) -> None:
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._fail(error) from error

    def _fail(self, error: OSError) -> NotWritten:
        self._failure = (
            f"{self._path} cannot be written ({error.strerror}), and nothing is sent that is not written down: "
            f"make room, then go on with: iotscan scan --resume {self._path.parent}"
        )
        return NotWritten(self._failure)


def open_log(folder: Path, run: Run, caller: Caller, *, goes_on: bool) -> AuditLog:
    """The log of a run, begun or gone on with. Raises BadInput where it cannot be, and where it was changed."""
    if goes_on:
        return AuditLog.resume(folder, run, caller)
    return AuditLog.begin(folder, run, caller)
