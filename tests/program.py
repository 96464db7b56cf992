"""Run the program as its user does: another process, a folder of its own, nothing of this one's state."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from iotscan.shipped import PACKAGE

PROGRAM = (sys.executable, "-m", "iotscan")
SECONDS = 120.0


def environment(home: Path, **more: str) -> dict[str, str]:
    """A plain environment: state below ``home``, this very checkout, no terminal's wishes."""
    unwanted = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "TERM", "CI", "GITHUB_STEP_SUMMARY")
    kept = {k: v for k, v in os.environ.items() if k not in unwanted and not k.startswith(("IOTSCAN_", "_TYPER"))}
    return {**kept, "XDG_STATE_HOME": str(home), "PYTHONPATH": str(PACKAGE.parent), **more}


def run_iotscan(
    *words: str | Path,
    home: Path,
    cwd: Path | None = None,
    given: str = "",
    env: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run ``iotscan WORDS``; ``home`` holds its state and, without ``cwd``, is where it runs."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)],
        cwd=cwd or home,
        env=environment(home, **(env or {})),
        input=given,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=seconds,
        check=False,
    )
