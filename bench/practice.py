"""The practice network: time to the first finding, whole scan, peak memory; with its tarpit and without."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.table import Figure
from iotscan.cli.prepare import LAB_PACE
from iotscan.lab import network
from iotscan.lab.truth import load_truth

SAMPLE_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Measured:
    first_finding: float
    whole: float
    peak: int
    devices: dict[str, float]
    """Address -> seconds until the device was done, by its own clock."""


def scan(*targets: str) -> Measured:
    """One scan by the command line; peak memory is that of the process and its children together."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "iotscan", "scan", *targets, "-o", folder, "-f", "json"]
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        peak = Peak(process.pid)
        first = 0.0
        assert process.stderr is not None
        for line in process.stderr:
            if not first and line.split(" ", 1)[0] in ("CRITICAL", "HIGH", "MEDIUM", "LOW"):
                first = time.monotonic() - began
        process.wait()
        whole = time.monotonic() - began
        (file,) = Path(folder).glob("*/run.json")
        run = json.loads(file.read_text())
    address = {d["id"]: d["addresses"][0] for d in run["devices"]}
    devices = {address[owner]: cost["seconds"] for owner, cost in run["costs"].items()}
    return Measured(first_finding=first, whole=whole, peak=peak.stop(), devices=devices)


class Peak:
    """Samples the memory of a process and its children until it is stopped."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            try:
                process = psutil.Process(self._pid)
                family = [process, *process.children(recursive=True)]
                self._peak = max(self._peak, sum(p.memory_info().rss for p in family))
            except psutil.Error:
                continue


def measure() -> list[Figure]:
    """Scan everything, then everything but the tarpit, on one running practice network."""
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state
        with network.running() as lab:
            tarpit = next(d.address for d in load_truth(lab.prefix).devices if "tarpit" in d.title.lower())
            full = scan("--lab")
            without = scan("--lab", "--exclude", tarpit)
    later = {a: full.devices[a] - s for a, s in without.devices.items()}
    slowest = max(later, key=lambda a: later[a])
    return [
        Figure(what="first finding", value=f"{full.first_finding:.1f} s", target="2 s"),
        Figure(
            what="practice network",
            value=f"{full.whole:.1f} s",
            beside=f"{without.whole:.1f} s without the tarpit ({full.whole - without.whole:+.1f} s)",
            target=f"at most its device clock longer ({LAB_PACE.device_timeout:g} s)",
        ),
        Figure(
            what="other devices",
            value=f"{later[slowest]:+.2f} s",
            beside=f"the largest delay the tarpit caused ({slowest})",
            target="none later",
        ),
        Figure(what="peak memory", value=f"{full.peak / 2**20:.0f} MiB", beside="scanner and TLS worker together"),
    ]
