"""Readers of ours that leave early (``| head``) are no error: what is left to say goes nowhere."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import UnsupportedOperation


def fall_silent() -> None:
    """Send what is still to be written to standard output nowhere: Python flushes it once more at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(UnsupportedOperation):  # a stream without a file, as in a test
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def open_streams() -> None:
    """Give standard output and error a place where the caller closed them (``>&-``): Python leaves None there."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # lives as long as we do


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
