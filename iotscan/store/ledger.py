"""The ledger of login tries: how often which account of which device was tried, across runs.

One JSON object a line, appended and fsynced *before* the try it announces: whatever kills a run, no
try goes uncounted. It holds no password.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from iotscan.data.credential_records import EVERY_ACCOUNT
from iotscan.model.scope import TRIES_PER_ACCOUNT

WINDOW: Final = 24 * 3600.0
"""Seconds for which a try counts."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One intended try: seconds since the epoch, the device's address, the user name."""

    at: float
    device: str
    account: str


class Ledger:
    """Counts tries in a file at ``path``, which is made with its folders when the first try is noted.

    An account may see ``limit`` tries within the window, never more than :data:`TRIES_PER_ACCOUNT`.
    """

    def __init__(self, path: Path, *, limit: int = TRIES_PER_ACCOUNT, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._limit = min(limit, TRIES_PER_ACCOUNT)
        self._clock = clock

    def may_try(self, device: str, account: str) -> bool:
        """Whether ``account`` has seen fewer tries than it may, and the device no lock-out, in the window.

        Raises OSError when the file is there and cannot be read.
        """
        since = self._clock() - WINDOW
        recent = [e.account for e in self._entries() if e.device == device and e.at > since]
        return EVERY_ACCOUNT not in recent and recent.count(account) < self._limit

    def note(self, device: str, account: str) -> bool:
        """Write the intent to try down, durably; False, and nothing written, where another scan had the last try.

        Raises OSError when it cannot be written. Unless this returns True, do not try.
        """
        entry = msgspec.json.encode(Entry(at=self._clock(), device=device, account=account))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            _lock(descriptor)
            if account != EVERY_ACCOUNT and not self.may_try(device, account):
                return False
            # A line that a crash cut short must not swallow this one.
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            line = (b"\n" if torn else b"") + entry + b"\n"
            if os.write(descriptor, line) != len(line):
                raise OSError("the ledger was written only in part")
            os.fsync(descriptor)
            return True
        finally:
            os.close(descriptor)

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
