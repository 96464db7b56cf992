"""Where what outlives a run is kept: counters of login tries."""

import os
from pathlib import Path


def state_path() -> Path:
    """``$IOTSCAN_STATE_DIR``, ``$XDG_STATE_HOME/iotscan`` or ``~/.local/state/iotscan``; it may not be there yet.

    Raises RuntimeError where there is no home folder.
    """
    own, root = os.environ.get("IOTSCAN_STATE_DIR", ""), os.environ.get("XDG_STATE_HOME", "")
    if own:
        return Path(own).absolute()
    return (Path(root) if os.path.isabs(root) else Path.home() / ".local" / "state") / "iotscan"
