"""Start-up: what ``--help`` and ``--version`` cost, beside importing the two libraries they stand on."""

import resource
import subprocess
import sys
from collections.abc import Sequence

from bench.table import Figure

ROUNDS = 11
FLOOR = (sys.executable, "-c", "import typer, rich")
COMMANDS = {
    "iotscan --version": (sys.executable, "-m", "iotscan", "--version"),
    "iotscan --help": (sys.executable, "-m", "iotscan", "--help"),
    "iotscan scan --help": (sys.executable, "-m", "iotscan", "scan", "--help"),
}


def cpu_seconds(command: Sequence[str]) -> float:
    """User and system time of one run: what a busy machine does not change."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure() -> list[Figure]:
    """The least of several rounds, the commands taking turns."""
    everything = {"floor": FLOOR, **COMMANDS}
    least = dict.fromkeys(everything, float("inf"))
    for _ in range(ROUNDS):
        for name, command in everything.items():
            least[name] = min(least[name], cpu_seconds(command))
    floor = least.pop("floor")
    return [
        Figure(
            what=name,
            value=f"{seconds * 1000:.0f} ms CPU",
            beside=f"{seconds / floor:.2f}x of import typer, rich ({floor * 1000:.0f} ms)",
            target="" if "scan" in name else "at most 1.5x",
        )
        for name, seconds in least.items()
    ]
