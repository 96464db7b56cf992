"""The file ``history.sqlite``: opened safely, brought to the schema of this version, refused where it is not ours.

What is in it may be made again from the run files, so a file that cannot be used costs nobody a result.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Final

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text

NAME: Final = "history.sqlite"
APPLICATION: Final = 0x696F7473
"""``iots``: whose file it is (``PRAGMA application_id``)."""
PATIENCE: Final = 30.0
"""Seconds to wait for another process that writes."""


class HistoryUnusable(BadInput):
    """The history cannot be used: says why and what to do."""


@contextmanager
def opened(output: Path) -> Iterator[sqlite3.Connection]:
    """The history of the runs below ``output``, made where there is none. Raises HistoryUnusable, then and within."""
    path = output / NAME
    try:
        _make(path)
        with closing(_connect(path)) as database:
            yield database
    except sqlite3.OperationalError as error:
        raise _unwritable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error


def _make(path: Path) -> None:
    """See to it that there is a file that only its owner reads, and no link to one elsewhere."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
    except OSError as error:
        raise HistoryUnusable(
            f"the history {path} cannot be opened ({error.strerror}): it has to be a file of your own in a folder "
            f"that you may write to"
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA foreign_keys = ON")
        _require_ours(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _require_ours(database: sqlite3.Connection, path: Path) -> None:
    # In one look: another process may be making the tables.
    database.execute("BEGIN")
    application, version = _number(database, "application_id"), _number(database, "user_version")
    kinds = {kind for (kind,) in database.execute("SELECT type FROM sqlite_schema")}
    there = _tables(database)
    database.execute("COMMIT")
    # Tables and indices do nothing; a trigger or a view of somebody else's would.
    is_foreign = bool(kinds - {"table", "index"} or (kinds and application != APPLICATION))
    if not is_foreign and version > len(_migrations()):
        raise HistoryUnusable(
            f"the history {path} was written by a newer iotscan (version {version} of its tables): use that one, or "
            f"move the file away, and it is made anew from the run files"
        )
    # A table may compute, too: in a default, a check, a generated column, the expression of an index.
    if is_foreign or there != _tables_of(version):
        raise HistoryUnusable(f"{path} is no history of iotscan: move it away, and it is made anew from the run files")


def _tables(database: sqlite3.Connection) -> set[tuple[str, str]]:
    """Every table and index, and the words by which it was made. What SQLite counts by ANALYZE is nobody's."""
    rows = database.execute("SELECT name, ifnull(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat_'")
    return set(rows)


def _tables_of(version: int) -> set[tuple[str, str]]:
    """What our own scripts make up to a version."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        for script in _migrations()[: max(version, 0)]:
            for statement in _statements(script):
                database.execute(statement)
        return _tables(database)


def _migrate(database: sqlite3.Connection) -> None:
    scripts = _migrations()
    if _number(database, "user_version") == len(scripts):
        return
    with writing(database):
        # Another process may have been first.
        for number in range(_number(database, "user_version"), len(scripts)):
            for statement in _statements(scripts[number]):
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {len(scripts)}")


def _migrations() -> list[str]:
    """The scripts that ship with us, in the order of their numbers."""
    found = (entry for entry in files(__package__).iterdir() if entry.name.endswith(".sql"))
    return [entry.read_text("utf-8") for entry in sorted(found, key=lambda entry: entry.name)]


def _statements(script: str) -> Iterator[str]:
    """One by one, for ``executescript`` would end the transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def writing(database: sqlite3.Connection) -> Iterator[None]:
    """A block that is kept whole or not at all, whatever ends it; it waits for another writer first."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _number(database: sqlite3.Connection, pragma: str) -> int:
    (value,) = database.execute(f"PRAGMA {pragma}").fetchone()
    return int(value)


def _unwritable(path: Path, error: sqlite3.Error) -> HistoryUnusable:
    if "locked" in str(error):
        return HistoryUnusable(
            f"the history {path} is being written by another iotscan for more than {PATIENCE:.0f} s: try again later"
        )
    if "no such" in str(error) or "malformed" in str(error):
        return _damaged(path, error)
    return HistoryUnusable(f"the history {path} cannot be used ({_said(error)}): make room, or see who may write there")


def _damaged(path: Path, error: sqlite3.Error) -> HistoryUnusable:
    return HistoryUnusable(
        f"the history {path} is damaged ({_said(error)}): move it away, and it is made anew from the run files"
    )


def _said(error: sqlite3.Error) -> str:
    return safe_text(str(error), 100)
