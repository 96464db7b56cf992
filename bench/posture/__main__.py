"""``python -m bench.posture``: the table about postures alone."""

import tempfile
from pathlib import Path

from bench.posture.posture import TURNS, posture
from bench.table import show

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="iotscan-bench-") as folder:
        show(f"posture of the test LAN (ours: median of {TURNS})", posture(Path(folder)))
