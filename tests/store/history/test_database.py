"""The file: private, refused where it is not ours, whole after whatever ends a writer."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iotscan.store.history.database import NAME, HistoryUnusable
from iotscan.store.history.folder import history_of
from iotscan.store.history.telling import everything
from tests.model.test_lasting import M1, dev, tls
from tests.program import environment

from .making import scanned, stored, told


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with history_of(tmp_path):
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes[NAME] == 0o600
    assert set(modes.values()) == {0o600}


def test_it_is_opened_with_care(tmp_path: Path) -> None:
    with history_of(tmp_path) as kept:
        asked = ("journal_mode", "foreign_keys", "trusted_schema", "synchronous", "user_version")
        said = [kept.database.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]
    assert said == ["wal", 1, 0, 1, 1]


def _text(path: Path) -> None:
    path.write_text("dear diary, " * 500)


def _torn(path: Path) -> None:
    told(path.parent, *(scanned(day, dev(1, M1), seen=(tls(1, f"k{day}"),)) for day in range(9)))
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw = path.read_bytes()
    path.write_bytes(raw[:4096] + b"\xff" * (len(raw) - 4096))


def _of_others(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE bookmarks (url TEXT)")


def _armed(path: Path) -> None:
    told(path.parent, scanned(1, dev(1, M1)))
    with sqlite3.connect(path) as database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END")


def _computing(path: Path) -> None:
    """An index that computes whenever a run is taken in."""
    told(path.parent, scanned(1, dev(1, M1)))
    with sqlite3.connect(path) as database:
        database.execute("CREATE INDEX slow ON runs (length(hex(zeroblob(1000 + 0 * id))))")


def _loose(path: Path) -> None:
    """A table that holds what ours never would."""
    told(path.parent, scanned(1, dev(1, M1)))
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name = 'runs'")


def _newer(path: Path) -> None:
    told(path.parent, scanned(1, dev(1, M1)))
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")


def _link(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    elsewhere.touch()
    path.symlink_to(elsewhere)


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_text, "is damaged"),
        (_torn, "is damaged"),
        (_of_others, "no history of iotscan"),
        (_armed, "no history of iotscan"),
        (_computing, "no history of iotscan"),
        (_loose, "no history of iotscan"),
        (_newer, "newer iotscan"),
        (_link, "cannot be opened"),
        (_folder, "cannot be opened"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(tmp_path: Path, spoil, why: str) -> None:
    path = tmp_path / NAME
    spoil(path)
    with pytest.raises(HistoryUnusable, match=why) as error:
        told(tmp_path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_it_is_made_again_from_the_run_files(tmp_path: Path) -> None:
    before = told(tmp_path, scanned(1, dev(1, M1), seen=(tls(1, "a"),)), scanned(2, dev(2, M1)))
    for path in tmp_path.glob(f"{NAME}*"):
        path.unlink()
    with history_of(tmp_path) as kept:
        assert kept.take_missing() == ()
        assert everything(kept.database) == before


TAKING = """
import sys
from pathlib import Path
from iotscan.store.history.folder import history_of
print("begin", flush=True)
with history_of(Path(sys.argv[1])) as kept:
    kept.take_missing(lambda done, of: print(done, flush=True))
"""


def _taking(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", TAKING, str(folder)], env=environment(folder), stdout=subprocess.PIPE, text=True
    )


def _many(folder: Path, runs: int = 40) -> None:
    devices = [dev(number, f"00:11:22:33:44:{number:02x}") for number in range(1, 60)]
    for day in range(runs):
        stored(folder, scanned(day, *devices, seen=tuple(tls(n, f"k{n}-{day // 3}") for n in range(1, 60))))


def test_a_kill_leaves_what_was_in_and_the_rest_comes_later(tmp_path: Path) -> None:
    _many(tmp_path)
    child = _taking(tmp_path)
    assert child.stdout is not None
    while child.stdout.readline().strip() != "7":
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    with history_of(tmp_path) as kept:
        (there,) = kept.database.execute("SELECT count(*) FROM runs").fetchone()
        assert 6 <= there < 40
        (loose,) = kept.database.execute("SELECT count(*) FROM sightings WHERE device IS NULL").fetchone()
        assert loose == 0
        assert kept.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert kept.take_missing() == ()
        found = everything(kept.database)
    assert (len(found.runs), len(found.devices), {d.runs for d in found.devices}) == (40, 59, {40})


def test_two_at_once_both_get_in(tmp_path: Path) -> None:
    """Two processes take runs in at the same time, each its own, and each finds the other's."""
    _many(tmp_path, runs=12)
    children = [_taking(tmp_path) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    for child in children:
        assert child.stdout is not None
        child.stdout.close()
    with history_of(tmp_path) as kept:
        found = everything(kept.database)
    assert (len(found.runs), len(found.devices), {d.runs for d in found.devices}) == (12, 59, {12})


def test_who_waits_for_a_writer_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from iotscan.store.history import database

    told(tmp_path, scanned(1, dev(1, M1)))
    monkeypatch.setattr(database, "PATIENCE", 0.2)
    writer = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        began = time.monotonic()
        with pytest.raises(HistoryUnusable, match="being written by another iotscan"):
            told(tmp_path, scanned(2, dev(1, M1)))
        assert time.monotonic() - began < 5
    finally:
        writer.close()
