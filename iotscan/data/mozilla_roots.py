"""Roots that Mozilla's programme trusts for TLS servers, or did: a dated list of fingerprints beside this module."""

import functools
from datetime import date
from pathlib import Path
from typing import Final, Literal

FILE: Final = Path(__file__).with_name("mozilla_roots.tsv")
DATED: Final = date(2026, 10, 19)
"""The release of the newest list in the file."""
State = Literal["current", "former", "distrusted"]
_STATES: Final[dict[str, State]] = {"current": "current", "former": "former", "distrusted": "distrusted"}


@functools.cache
def mozilla_roots() -> dict[str, State]:
    """SHA-256 of a root certificate, 64 hex digits -> what Mozilla says of it."""
    found: dict[str, State] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if not line.startswith(("#", "sha256\t")) and len(fields) == 4:
            found[fields[0]] = _STATES[fields[1]]
    return found
