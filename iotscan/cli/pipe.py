"""Readers of ours that leave early (``| head``) are no error: what is left to say goes nowhere."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def fall_silent() -> None:
    """Send what is still to be written to standard output nowhere: Python flushes it once more at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def tell(text: str) -> None:
    """Say a line on standard error, to whoever is still there."""
    with suppress(BrokenPipeError):
        print(text, file=sys.stderr, flush=True)


@contextmanager
def while_somebody_listens() -> Iterator[None]:
    """A block that writes to standard output and ends quietly when nobody reads it any more."""
    try:
        yield
    except BrokenPipeError:
        fall_silent()
