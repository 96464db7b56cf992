"""What ``iotscan history show`` means by a word: a run or a device."""

from pathlib import Path

from iotscan.model.errors import BadInput
from iotscan.model.history import HistoryDevice, RunDetail
from iotscan.report.words import clean, listed
from iotscan.store.history.folder import History
from iotscan.store.history.telling import OF_DEVICE, OF_RUN, devices_in, devices_named, runs_in, sights_in
from iotscan.store.history.turning import previous_of, turns


def run_row(history: History, word: str) -> int | None:
    """The row of the run that a word names: an id, a folder or ``latest``; None where it names none."""
    if word == "latest":
        found = history.database.execute("SELECT id FROM runs ORDER BY at DESC, run DESC LIMIT 1").fetchone()
    else:
        name = Path(word).name if Path(word).is_dir() else word
        found = history.database.execute("SELECT id FROM runs WHERE run = ? OR folder = ?", (word, name)).fetchone()
    return int(found[0]) if found else None


def run_shown(history: History, word: str) -> RunDetail | None:
    """A run and what changed since the one before; None where the word names none."""
    row = run_row(history, word)
    if row is None:
        return None
    database = history.database
    (run,) = runs_in(database, "r.id = :id", id=row)
    sights = tuple(sight for _, sight in sights_in(database, OF_RUN, id=row))
    previous = previous_of(database, row)
    if previous is None:
        return RunDetail(run=run, sights=sights)
    (before,) = runs_in(database, "r.id = :id", id=previous)
    proved, doubtful = turns(database, row, previous)
    return RunDetail(run=run, sights=sights, previous=before.run, rotations=proved, at_addresses=doubtful)


def devices_shown(history: History, word: str) -> tuple[HistoryDevice, ...]:
    """The device that a word names. Raises BadInput where it names none, or several."""
    found = devices_named(history.database, word)
    shown = clean(word, 60)
    if not found:
        raise BadInput(
            f"the history knows no run or device '{shown}': see iotscan history list, or name a device by its address, "
            f"MAC, serial number or name"
        )
    devices = tuple(device for row in found for device in devices_in(history.database, OF_DEVICE, device=row))
    if len(devices) > 1:
        ids = listed([clean(device.id, 60) for device in devices], 5)
        raise BadInput(f"'{shown}' names {len(devices)} devices: name one by its id, {ids}")
    return devices
