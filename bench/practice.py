"""A scan of the practice network, with the tarpit and without it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bench.measure import Watched, watch
from bench.table import Row, times
from iotscan.cli.prepare import LAB_PACE
from iotscan.lab import network
from iotscan.lab.state import LabState

PREFIX = "127.79.1"
"""Apart from the practice network that ``iotscan lab up`` starts."""
TARPIT = "18"
TURNS = 3


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """The fastest of a few scans, and when each of its devices was done (seconds after its first packet)."""

    watched: Watched
    devices: dict[str, float]


def practice(env: Mapping[str, str], home: Path) -> list[Row]:
    """The rows about the practice network."""
    state = network.start(home / "iotscan" / "lab", prefix=PREFIX)
    try:
        tarpit = f"{state.prefix}.{TARPIT}"
        with_it, without = [], []
        for _ in range(TURNS):
            with_it.append(_scan(env, home, state))
            without.append(_scan(env, home, state, "--exclude", tarpit))
    finally:
        network.stop(state)
    return _rows(_fastest(with_it), _fastest(without), tarpit)


def _scan(env: Mapping[str, str], home: Path, state: LabState, *words: str) -> Scanned:
    output = home / "out"
    command = (sys.executable, "-m", "iotscan", "scan", "--lab", "-o", str(output), *words)
    watched = watch(command, env, str(home))
    newest = max(output.iterdir())
    run = json.loads((newest / "run.json").read_bytes())
    devices = {d["addresses"][0]: run["costs"][d["id"]]["seconds"] for d in run["devices"]}
    return Scanned(watched=watched, devices=devices)


def _fastest(scans: list[Scanned]) -> Scanned:
    return min(scans, key=lambda s: s.watched.seconds)


def _rows(with_it: Scanned, without: Scanned, tarpit: str) -> list[Row]:
    one, other = with_it.watched, without.watched
    slowest = max(with_it.devices[a] for a in without.devices)
    slowest_without = max(without.devices.values())
    clock = LAB_PACE.device_timeout
    return [
        _compare("first finding", one.first_finding, other.first_finding, "no later"),
        _compare("slowest other device", slowest, slowest_without, "no later"),
        _compare("whole scan", one.seconds, other.seconds, f"<= +{clock:.0f} s (device clock)"),
        Row(what="  the tarpit took", measured=f"{with_it.devices[tarpit]:.2f} s", target=f"<= {clock:.0f} s"),
        Row(
            what="peak memory (RSS, children counted)",
            measured=f"{one.peak / 2**20:.0f} MiB",
            against=f"without {other.peak / 2**20:.0f} MiB",
            ratio=times(one.peak, other.peak),
        ),
    ]


def _compare(what: str, with_it: float, without: float, target: str) -> Row:
    return Row(
        what=what,
        measured=f"{with_it:.2f} s",
        against=f"without {without:.2f} s",
        ratio=times(with_it, without) if without else "",
        target=target,
    )
