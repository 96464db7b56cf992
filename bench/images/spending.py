"""What a program spends on an image, looked at from outside."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

from bench.measure import weigh


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds on the clock and of the processors, and the most bytes held at once; all children counted."""

    wall: float
    cpu: float
    peak: float

    def shown(self) -> str:
        """``4.81 s cpu, 5.02 s clock, 121 MiB``."""
        return f"{self.cpu:.2f} s cpu, {self.wall:.2f} s clock, {self.peak / 2**20:.0f} MiB"


def spend(command: Sequence[str], env: Mapping[str, str], *, may_end: Sequence[int] = (0,)) -> Spent:
    """Run a program to its end. Another code than it may ends us, too."""
    peaks = [0]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    watcher = threading.Thread(target=weigh, args=(process, peaks), daemon=True)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in may_end:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Spent(wall=took, cpu=usage.ru_utime + usage.ru_stime, peak=peaks[0])


def middle(turns: Sequence[Spent]) -> Spent:
    """The median of each figure."""
    return Spent(**{name: median(getattr(turn, name) for turn in turns) for name in Spent.__struct_fields__})


def ours(image: str, out: str) -> tuple[str, ...]:
    """The whole posture of an image, judged and kept, as a gate has it; it may end with 0 or 1, 3 for what has gaps."""
    return (sys.executable, "-m", "iotscan", "image", image, "--fail-on", "high", "-q", "-o", out)


OURS_MAY_END = (0, 1, 3)
