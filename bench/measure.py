"""Time and memory of a program from outside."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import psutil

EVERY = 0.02
"""Seconds between two looks at the memory."""
FINDING = re.compile(r"(CRITICAL|HIGH|MEDIUM|LOW|INFO)\s")
"""How the line of standard error begins that tells a finding."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a program: seconds until it ended and until its first finding (0: none), peak bytes."""

    seconds: float
    first_finding: float
    peak: int


def fastest(commands: Sequence[Sequence[str]], env: Mapping[str, str], times: int) -> list[float]:
    """The shortest time of each command, in seconds. They take turns, so that all see the same machine."""
    best = [float("inf")] * len(commands)
    for _ in range(times):
        for place, command in enumerate(commands):
            began = time.perf_counter()
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
            best[place] = min(best[place], time.perf_counter() - began)
    return best


def watch(command: Sequence[str], env: Mapping[str, str], cwd: str) -> Watched:
    """Run a scan and look at it while it runs."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    peaks = [0]
    watcher = threading.Thread(target=weigh, args=(process, peaks))
    watcher.start()
    first = 0.0
    assert process.stderr is not None
    for line in process.stderr:
        if not first and FINDING.match(line):
            first = time.perf_counter() - began
    code = process.wait()
    took = time.perf_counter() - began
    watcher.join()
    if code not in (0, 1, 3):
        sys.exit(f"{' '.join(command)} ended with {code}")
    return Watched(seconds=took, first_finding=first, peak=peaks[0])


def weigh(process: subprocess.Popen[Any], peaks: list[int]) -> None:
    """Put the most memory that a process and its children held into ``peaks[0]``, until it ends."""
    with suppress(psutil.Error):
        whole = psutil.Process(process.pid)
        while whole.status() != psutil.STATUS_ZOMBIE:  # to wait for its end is another's business
            peaks[0] = max(peaks[0], sum(_resident(p) for p in (whole, *whole.children(recursive=True))))
            time.sleep(EVERY)


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
