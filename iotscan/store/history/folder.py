"""The history of one folder of runs: what it lacks is taken in from the run files, what it holds answers questions."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from iotscan.model.errors import BadInput
from iotscan.model.run import Run
from iotscan.model.sighting import Memory
from iotscan.model.text import safe_text
from iotscan.store.history.database import NAME, opened
from iotscan.store.history.intake import Intake
from iotscan.store.history.recalling import recall
from iotscan.store.runs import NAME as RUN_FILE
from iotscan.store.runs import Unwritable, decode_run, read_bytes, write_whole

LEFT_OUT: Final = "history.skip"
"""A file of this name in a run's folder keeps the run out of the history for good."""
_SAID: Final = 500
"""Characters of an error that names a path."""
Watch = Callable[[int, int], None]
"""Hears how many of how many runs are in."""


class History:
    """The history of the runs below a folder, open. Use :func:`history_of`."""

    def __init__(self, output: Path, database: sqlite3.Connection) -> None:
        self.output = output
        self.database = database
        self._intake = Intake(database)

    def take(self, run: Run, folder: Path) -> None:
        """Take in a run that was just written to ``folder``; one that is to be left out is."""
        if not (folder / LEFT_OUT).exists():
            self._intake.take(run, folder=folder.name, stamp=_stamp(folder / RUN_FILE))

    def take_missing(self, watch: Watch = lambda done, of: None) -> tuple[str, ...]:
        """Take in the runs of the folder that the history lacks, oldest first; what could not be, a line each."""
        known = dict(self.database.execute("SELECT folder, stamp FROM runs"))
        missing = [folder for folder in _folders(self.output) if known.get(folder.name) != _stamp(folder / RUN_FILE)]
        problems = []
        for number, folder in enumerate(missing):
            watch(number, len(missing))
            try:
                path = folder / RUN_FILE
                stamp = _stamp(path)
                run = decode_run(read_bytes(path), str(path))
                if not self._is_copy(run.id, folder.name):
                    self._intake.take(run, folder=folder.name, stamp=stamp)
            except OSError as error:
                problems.append(f"{safe_text(folder.name)} cannot be read ({error.strerror})")
            except BadInput as error:
                problems.append(f"{safe_text(folder.name)} is left out: {safe_text(str(error), _SAID)}")
        return tuple(problems)

    def recall(self, run: Run) -> Memory | None:
        """What the runs before ``run`` say of its devices. Raises BadInput."""
        return recall(self.database, run)

    def holds(self, run_id: str) -> bool:
        """Whether a run is in."""
        return self.database.execute("SELECT 1 FROM runs WHERE run = ?", (run_id,)).fetchone() is not None

    def leave_out(self, run_id: str) -> None:
        """Take a run out, and keep it out as long as its folder is there. Raises BadInput."""
        found = self.database.execute("SELECT folder FROM runs WHERE run = ?", (run_id,)).fetchone()
        folder = self.output / found[0] if found else None
        if folder is not None and folder.is_dir():
            leave_out(folder)
        self._intake.leave_out(run_id)

    def _is_copy(self, run_id: str, folder: str) -> bool:
        """Whether the same run is in from another folder that is still there."""
        found = self.database.execute("SELECT folder FROM runs WHERE run = ?", (run_id,)).fetchone()
        return bool(found) and found[0] != folder and (self.output / found[0] / RUN_FILE).is_file()


@contextmanager
def history_of(output: Path) -> Iterator[History]:
    """The history of the runs below ``output``, made where there is none. Raises HistoryUnusable, then and within."""
    with opened(output) as database:
        yield History(output, database)


def has_history(output: Path) -> bool:
    """Whether a history is kept below ``output``."""
    return os.path.lexists(output / NAME)


def leave_out(folder: Path) -> None:
    """Keep the run of a folder out of every history that is made of it. Raises Unwritable."""
    write_whole(folder / LEFT_OUT, b"iotscan history does not take this run in. Remove this file, and it does.\n")


def _folders(output: Path) -> list[Path]:
    """The folders of runs that are to be in, oldest first as far as their names tell."""
    found = (path.parent for path in output.glob(f"*/{RUN_FILE}"))
    return sorted(folder for folder in found if not (folder / LEFT_OUT).exists())


def _stamp(path: Path) -> str:
    """What changes with a file."""
    try:
        status = path.stat()
    except OSError as error:
        raise Unwritable(f"{path} cannot be read ({error.strerror})") from error
    return f"{status.st_size} {status.st_mtime_ns}"
