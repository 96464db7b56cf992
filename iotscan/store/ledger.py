"""The ledger of login tries: how often which account of which device was tried, across runs.

One JSON object a line, appended and fsynced *before* the try it announces: whatever kills a run, no
try goes uncounted. It holds no password.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.credential_records import EVERY_ACCOUNT
from iotscan.model.scope import TRIES_PER_ACCOUNT
from iotscan.model.tried import Tried

WINDOW: Final = 24 * 3600.0
"""Seconds for which a try counts."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One intended try: seconds since the epoch, the device's address and what lasts of it, the user name."""

    at: float
    device: str
    account: str
    lasting: str = ""
    taken: bool = False
    """No try, but what became of the one before: it was let in, which no lock counts."""


class Ledger:
    """Counts tries in a file at ``path``, which is made with its folders when the first try is noted.

    An account may see ``limit`` tries within the window, never more than :data:`TRIES_PER_ACCOUNT`.
    """

    def __init__(self, path: Path, *, limit: int = TRIES_PER_ACCOUNT, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._limit = min(limit, TRIES_PER_ACCOUNT)
        self._clock = clock

    def may_try(self, device: Tried, account: str, *, misses: int = TRIES_PER_ACCOUNT) -> bool:
        """Whether ``account`` has seen fewer tries than it may, and the device no lock-out, in the window.

        ``misses`` is how many of them may have failed: a try of which nothing was heard counts as one. Raises OSError
        when the file is there and cannot be read.
        """
        recent = list(self._recent(device))
        if any(e.account == EVERY_ACCOUNT for e in recent):
            return False
        own = [e for e in recent if e.account.casefold() == account.casefold()]  # many take Admin for admin
        tries = sum(not e.taken for e in own)
        taken = sum(e.taken for e in own)
        return tries < self._limit and tries - taken < misses

    def due_in(self, device: Tried, gap: float) -> float:
        """Seconds until ``device`` has been left alone for ``gap`` seconds, whichever service saw the last try."""
        now = self._clock()
        ages = [now - e.at for e in self._recent(device) if not e.taken and e.account != EVERY_ACCOUNT]
        # A clock that was set back tells nothing of what lies ahead of it.
        return max((gap - age for age in ages if 0 <= age < gap), default=0.0)

    def note(self, device: Tried, account: str, *, misses: int = TRIES_PER_ACCOUNT) -> bool:
        """Write the intent to try down, durably; False, and nothing written, where another scan had the last try.

        Raises OSError when it cannot be written. Unless this returns True, do not try.
        """
        with self._opened() as descriptor:
            if account != EVERY_ACCOUNT and not self.may_try(device, account, misses=misses):
                return False
            self._append(descriptor, device, account)
            return True

    def note_taken(self, device: Tried, account: str) -> None:
        """Write down that the last try of ``account`` was let in. Raises OSError."""
        with self._opened() as descriptor:
            self._append(descriptor, device, account, taken=True)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            _lock(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, device: Tried, account: str, *, taken: bool = False) -> None:
        entry = Entry(at=self._clock(), device=device.address, account=account, lasting=device.lasting, taken=taken)
        # A line that a crash cut short must not swallow this one.
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        line = (b"\n" if torn else b"") + msgspec.json.encode(entry) + b"\n"
        if os.write(descriptor, line) != len(line):
            raise OSError("the ledger was written only in part")
        os.fsync(descriptor)

    def _recent(self, device: Tried) -> Iterator[Entry]:
        """The entries of the window that may be of this device."""
        since = self._clock() - WINDOW
        return (e for e in self._entries() if e.at > since and device.is_of(e.device, e.lasting))

    def _entries(self) -> Iterator[Entry]:
        """Every whole line. A torn one announces a try that was never made."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines:
            try:
                yield msgspec.json.decode(line, type=Entry)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue


def _lock(descriptor: int) -> None:
    """Wait for other scans that count just now: two must not both take the last try of an account."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except (ImportError, OSError):
        # Not on Windows, nor on every network's file system: there two scans at once may count too low.
        return


class RehearsedLedger(Ledger):
    """The ledger of a dry run: it counts on from what is written, and writes nothing."""

    def __init__(self, path: Path, *, limit: int = TRIES_PER_ACCOUNT, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path, limit=limit, clock=clock)
        self._made_up: list[Entry] = []

    def note(self, device: Tried, account: str, *, misses: int = TRIES_PER_ACCOUNT) -> bool:
        """Count a try that would be made."""
        if account != EVERY_ACCOUNT and not self.may_try(device, account, misses=misses):
            return False
        self._add(device, account)
        return True

    def note_taken(self, device: Tried, account: str) -> None:
        """Count it as let in: the most is told that may be tried."""
        self._add(device, account, taken=True)

    def _add(self, device: Tried, account: str, *, taken: bool = False) -> None:
        told = Entry(at=self._clock(), device=device.address, account=account, lasting=device.lasting, taken=taken)
        self._made_up.append(told)

    def _entries(self) -> Iterator[Entry]:
        yield from super()._entries()
        yield from self._made_up
