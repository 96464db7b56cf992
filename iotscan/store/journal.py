"""The journal of a running scan: each finished unit is written down before the next begins.

Whatever ends the scan loses none; it is synced to the disk every :data:`SYNC_SECONDS`, so that a power cut costs no
more than what can be asked again. What may not be asked again, a try of a login, has a ledger of its own.

One JSON document a line. The first line is the run's header (its :class:`Run` before anything was
seen); every other line is an entry. A last line that was cut off by a crash is dropped, any other
damage is an error.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.run import SCHEMA, Run

E = TypeVar("E")
NAME = "journal.jsonl"
SYNC_SECONDS = 0.5
"""A busy disk takes hundredths of a second, in which nobody is asked: too long after each of a thousand units."""


class BadJournal(BadInput):
    """A journal that cannot be resumed: says what is wrong and what to do."""


class Journal(Generic[E]):
    """Appends entries of one type to ``journal.jsonl`` in a run's folder, each written before it returns."""

    def __init__(self, folder: Path, header: Run | None = None) -> None:
        """Open for appending; ``header`` is written when the journal is new."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        self._file = os.open(folder / NAME, flags, 0o600)
        self._synced = float("-inf")
        if header is not None:
            self._write(msgspec.json.encode(header))

    def append(self, entry: E) -> None:
        """Write one entry; on return no end of this process loses it."""
        self._write(msgspec.json.encode(entry))

    def _write(self, line: bytes) -> None:
        view = memoryview(line + b"\n")
        while view:
            view = view[os.write(self._file, view) :]
        now = time.monotonic()
        if now - self._synced >= SYNC_SECONDS:
            self._synced = now
            os.fsync(self._file)

    def close(self) -> None:
        """Sync and close the file; nothing is lost by not calling it."""
        os.fsync(self._file)
        os.close(self._file)


def read_journal(folder: Path, decoder: msgspec.json.Decoder[E]) -> tuple[Run, tuple[E, ...]]:
    """The header and all whole entries of a run's journal, read by ``decoder``. Raises :class:`BadJournal`.

    A torn last line is cut off the file, so that the next entry starts on a line of its own.
    """
    path = folder / NAME
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadJournal(f"{path} cannot be read ({error.strerror}): there is nothing to resume there") from error
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) < len(raw):
        os.truncate(path, len(whole))
    lines = whole.splitlines()
    if not lines:
        raise BadJournal(f"{path} holds no run: start the scan anew")
    return _decode_header(path, lines[0]), tuple(_decode_entries(path, lines[1:], decoder))


def _decode_header(path: Path, line: bytes) -> Run:
    try:
        header = msgspec.json.decode(line, type=Run)
    except msgspec.MsgspecError as error:
        raise BadJournal(f"{path}:1 is no run header of this version ({error}): start the scan anew") from error
    if header.schema != SCHEMA:
        raise BadJournal(f"{path}:1 is of schema '{header.schema}', this iotscan resumes {SCHEMA}")
    return header


def _decode_entries(path: Path, lines: list[bytes], decoder: msgspec.json.Decoder[E]) -> Iterator[E]:
    for number, line in enumerate(lines, start=2):
        try:
            yield decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise BadJournal(f"{path}:{number} is damaged ({error}): remove that line or start anew") from error
