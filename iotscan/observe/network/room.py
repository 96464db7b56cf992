"""How many sockets this process has room for."""

from contextlib import suppress
from typing import Final

RESERVE: Final = 128
"""Files kept for what is no connection: the run's own, groups, workers, what Python opens to import."""


def room(wanted: int) -> int:
    """``wanted`` sockets, or as many as the limit on open files leaves (256 by default on macOS), at least one."""
    with suppress(ImportError):
        import resource  # not on Windows

        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit != resource.RLIM_INFINITY:
            return max(min(wanted, limit - RESERVE), 1)
    return wanted
