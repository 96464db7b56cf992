"""``python -m bench.images [--turns N] [--scale]``: images alone; ``--scale`` adds 2 GB and 500,000 files (an hour)."""

import argparse
import os
import tempfile
from pathlib import Path

from bench.images.posture import SLOW_TURNS, TURNS, images
from bench.images.scale import scale
from bench.table import show
from iotscan.shipped import PACKAGE


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.images")
    parser.add_argument("--turns", type=int, default=SLOW_TURNS, help="of what takes more than a minute")
    parser.add_argument("--scale", action="store_true", help="2 GB and 500,000 files, too")
    asked = parser.parse_args()
    # Not in memory: a tmpfs would count as the peers' speed.
    with tempfile.TemporaryDirectory(prefix="iotscan-bench-", dir="/var/tmp") as folder:
        home = Path(folder)
        env = {**os.environ, "XDG_STATE_HOME": folder, "PYTHONPATH": str(PACKAGE.parent)}
        show(f"the whole posture of an image (median of {TURNS})", images(env, home, slow_turns=asked.turns))
        if asked.scale:
            show("the same, larger (one run each)", scale(env, home))


if __name__ == "__main__":
    main()
