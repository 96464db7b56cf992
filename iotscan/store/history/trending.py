"""Run after run in numbers: what the index tells at once, and a place to keep what costs more to find out."""

import sqlite3
from collections.abc import Callable

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.history import Trend
from iotscan.model.material import TrendPoint
from iotscan.store.history.telling import runs_in
from iotscan.store.history.turning import previous_of, turns

Compare = Callable[[str, str], tuple[int, int]]
"""Folders of an earlier and a later run -> how many findings were added and how many fixed. Raises BadInput."""


def trend(
    database: sqlite3.Connection, compare: Compare, *, tool: str, command: str = "", last: int = 20, until: str = ""
) -> Trend:
    """The last runs of one command, oldest first, each against the one before it that saw a device of it.

    ``command`` is ``scan`` or ``image``; empty takes that of the newest run that judged. ``until`` is the run to end
    with. ``tool`` is the version that compares: what another found out is not relied on.
    """
    chosen = _chosen(database, command, last, until)
    points, notes = [], []
    for row in chosen:
        point, note = _point(database, row, compare, tool)
        points.append(point)
        notes += [note] if note else []
    return Trend(points=tuple(points), notes=tuple(notes))


def _chosen(database: sqlite3.Connection, command: str, last: int, until: str) -> list[int]:
    judged = "command <> 'discover'"
    end = database.execute("SELECT at, run, command FROM runs WHERE run = ?", (until,)).fetchone() if until else None
    newest = database.execute(f"SELECT command FROM runs WHERE {judged} ORDER BY at DESC, run DESC").fetchone()  # noqa: S608
    wanted = command or (end[2] if end else newest[0] if newest else "")
    rows = database.execute(
        "SELECT id FROM runs WHERE command = :command AND (:at = '' OR at < :at OR (at = :at AND run <= :run)) "
        "ORDER BY at DESC, run DESC LIMIT :last",
        {"command": wanted, "at": end[0] if end else "", "run": end[1] if end else "", "last": last},
    ).fetchall()
    return [row for (row,) in reversed(rows)]


def _point(database: sqlite3.Connection, row: int, compare: Compare, tool: str) -> tuple[TrendPoint, str]:
    (run,) = runs_in(database, "r.id = :id", id=row)
    point = TrendPoint(
        run=run.run,
        at=run.at,
        shown=run.shown,
        devices=run.devices or run.images,
        findings=run.findings,
        assessed=run.assessed,
        total=run.total,
    )
    previous = previous_of(database, row)
    if previous is None:
        return point, ""
    turned, doubtful = turns(database, row, previous)
    point = msgspec.structs.replace(point, rotated=len(turned), rotated_perhaps=len(doubtful))
    try:
        added, fixed = _counts(database, row, previous, compare, tool)
    except BadInput as error:
        return point, f"{run.run}: what is new and what was fixed is not told: {error}"
    return msgspec.structs.replace(point, added=added, fixed=fixed, is_compared=True), ""


def _counts(database: sqlite3.Connection, row: int, previous: int, compare: Compare, tool: str) -> tuple[int, int]:
    known = database.execute(
        "SELECT added, fixed FROM compared WHERE run = ? AND previous = ? AND tool = ?", (row, previous, tool)
    ).fetchone()
    if known:
        return int(known[0]), int(known[1])
    folders = dict(database.execute("SELECT id, folder FROM runs WHERE id IN (?, ?)", (row, previous)))
    added, fixed = compare(folders[previous], folders[row])
    database.execute(
        "INSERT OR REPLACE INTO compared (run, previous, tool, added, fixed) VALUES (?, ?, ?, ?, ?)",
        (row, previous, tool, added, fixed),
    )
    return added, fixed
