"""Checked-in samples: compared by default, written again with ``IOTSCAN_ACCEPT=1``."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.shipped import shipped

REPORTS = shipped("reports")


def match(path: Path, text: str, again: str = "IOTSCAN_ACCEPT=1 pytest tests/report") -> None:
    """Fail unless the file holds ``text``; with ``IOTSCAN_ACCEPT=1`` write it and say so loudly."""
    if os.environ.get("IOTSCAN_ACCEPT") == "1":
        changed = not path.exists() or path.read_bytes() != text.encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        if changed:
            pytest.skip(f"ACCEPTED, NOT TESTED: {path} was written again. Read its diff before you commit it.")
        return
    assert path.exists(), f"{path} is missing; write it with: {again}"
    expected = path.read_bytes().decode()
    assert text == expected, f"{path} is no longer what is written. If the change is meant: {again}"


def match_as_read(path: Path, made: bytes, read: Callable[[Path], str], folder: Path) -> None:
    """As :func:`match`, for a file that is no text: what ``read`` sees in it is compared.

    Another version of the program that lays it out may choose other bytes for the same page.
    """
    fresh = folder / path.name
    fresh.write_bytes(made)
    is_same = path.exists() and read(path) == read(fresh)
    if os.environ.get("IOTSCAN_ACCEPT") == "1" and not is_same:
        path.write_bytes(made)
        pytest.skip(f"ACCEPTED, NOT TESTED: {path} was written again. Look at it before you commit it.")
    assert is_same, f"{path} is no longer what is written. If the change is meant: IOTSCAN_ACCEPT=1 pytest tests/report"
