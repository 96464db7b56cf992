"""Checked-in samples: compared by default, written again with ``IOTSCAN_ACCEPT=1``."""

import os
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
