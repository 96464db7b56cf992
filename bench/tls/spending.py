"""What a program spends, looked at from outside, and what one more server costs it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Protocol

import msgspec

from bench.measure import weigh


class Counting(Protocol):
    """Servers that know how many connections they have accepted so far."""

    def accepted(self) -> int:
        """Of all servers together."""
        ...


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds on the clock and of the processors (children counted), connections that servers saw, peak bytes."""

    wall: float
    cpu: float
    connections: float
    peak: float = 0.0

    def beyond(self, other: "Spent", servers: int) -> "Spent":
        """What each of ``servers`` more cost than ``other``."""
        return Spent(
            wall=(self.wall - other.wall) / servers,
            cpu=(self.cpu - other.cpu) / servers,
            connections=(self.connections - other.connections) / servers,
        )


def spend(
    command: Sequence[str],
    env: Mapping[str, str],
    fleet: Counting,
    *,
    may_end: Sequence[int] = (0,),
    is_weighed: bool = False,
) -> Spent:
    """Run a program to its end, and look at its memory where ``is_weighed``. Another code than it may ends us, too."""
    before, peaks = fleet.accepted(), [0]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if is_weighed:
        threading.Thread(target=weigh, args=(process, peaks), daemon=True).start()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in may_end:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return Spent(wall=took, cpu=cpu, connections=fleet.accepted() - before, peak=peaks[0])


def middle(turns: Sequence[Spent]) -> Spent:
    """The median of each figure."""
    return Spent(**{name: median(getattr(turn, name) for turn in turns) for name in Spent.__struct_fields__})
