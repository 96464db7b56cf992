"""The folder of a run that may come to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from iotscan.store.runs import make_folder


@contextmanager
def kept_if_read(output: Path, run_id: str) -> Iterator[Path]:
    """The folder of a run: asked for before minutes of reading, gone again where nothing was read."""
    is_new = not output.exists()
    kept = make_folder(output, run_id)
    try:
        yield kept
    except BaseException:
        with suppress(OSError):
            kept.rmdir()
            if is_new:
                output.rmdir()
        raise
