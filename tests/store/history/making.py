"""Runs of a small network, stored as a scan stores them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from iotscan.model.device import Device
from iotscan.model.history import History
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.store.history.folder import History as Kept
from iotscan.store.history.folder import history_of
from iotscan.store.history.telling import everything
from iotscan.store.runs import write_run
from tests.assess.comparisons import run_of
from tests.assess.making import AS_OF


def scanned(day: int, *devices: Device, seen: tuple[Observation, ...] = (), **more: Any) -> Run:
    """The scan of one day, called ``run-05``."""
    at = (AS_OF + timedelta(days=day)).isoformat()
    run = run_of(*more.pop("results", ()), devices=devices, seen=seen, id=more.pop("id", f"run-{day:02}"), **more)
    return msgspec.structs.replace(run, started=at, finished=at, as_of=at)


def stored(output: Path, run: Run, folder: str = "") -> Path:
    place = output / (folder or run.id)
    place.mkdir(parents=True, exist_ok=True)
    write_run(place, run)
    return place


def told(output: Path, *runs: Run) -> History:
    """The history after these runs were taken in, one by one."""
    with history_of(output) as kept:
        for run in runs:
            take(kept, run)
        return everything(kept.database)


def take(kept: Kept, run: Run) -> None:
    kept.take(run, stored(kept.output, run))
