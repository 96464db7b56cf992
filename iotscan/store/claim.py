"""Who writes to a run's folder: one process at a time, or the logs of two scans are torn into one another."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from iotscan.model.errors import BadInput


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep a run's folder to this process within the block. Raises BadInput while another one has it.

    The claim ends with the process, however that ends. Where the system knows no such locks it is not held.
    """
    place = os.open(folder, os.O_RDONLY)
    try:
        if not _lock(place):
            raise BadInput(f"{folder} is being written by another iotscan: wait until that scan has ended")
        yield
    finally:
        os.close(place)


def is_claimed(folder: Path) -> bool:
    """Whether some process has claimed the folder just now."""
    place = os.open(folder, os.O_RDONLY)
    try:
        return not _lock(place)
    finally:
        os.close(place)


def _lock(place: int) -> bool:
    """False only when another process is known to hold it."""
    try:
        import fcntl

        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        # Not on Windows, nor on every network's file system.
        return True
    return True
