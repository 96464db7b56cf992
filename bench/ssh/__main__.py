"""``python -m bench.ssh``: the SSH servers alone."""

import os
import tempfile
from pathlib import Path

from bench.ssh.peers import SERVERS, TURNS, ssh_peers
from bench.table import show
from iotscan.shipped import PACKAGE

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="iotscan-bench-") as folder:
        env = {**os.environ, "XDG_STATE_HOME": folder, "PYTHONPATH": str(PACKAGE.parent)}
        show(f"one more SSH server, of {SERVERS} (median of {TURNS})", ssh_peers(env, Path(folder)))
