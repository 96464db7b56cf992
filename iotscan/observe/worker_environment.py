"""What a process of our own is started with: where our code lies, and nothing else of ours."""

import os
import sys
from pathlib import Path

import iotscan


def environment(*kept: str) -> dict[str, str]:
    """No proxies, no keys, no preloaded code; of our own variables those that ``kept`` names, where set.

    The process imports what we import, from where we do: a tool installed with ``--target``, by a build system or
    beside a borrowed environment has its libraries on no path that Python finds by itself.
    """
    root = str(Path(iotscan.__file__).parent.parent)
    searched = dict.fromkeys((root, *(entry for entry in sys.path if os.path.isabs(entry))))
    ours = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(searched), **ours}
