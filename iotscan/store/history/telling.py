"""What the history holds, as it is told: runs, devices, findings."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator

import msgspec

from iotscan.model.history import AddressSpan, History, HistoryDevice, HistoryFinding, HistoryRun, MarkSpan, Sight
from iotscan.model.sighting import KeySighting
from iotscan.store.history.recalling import key_spans, moment
from iotscan.store.history.taking import SEVERITIES

ALL = "TRUE"
OF_DEVICE = "s.device = :device"
OF_RUN = "s.run = :id"


def runs_in(database: sqlite3.Connection, condition: str = ALL, **values: object) -> tuple[HistoryRun, ...]:
    """The runs ``r`` for which a condition holds, oldest first."""
    cursor = database.execute(f"SELECT r.* FROM runs r WHERE {condition} ORDER BY r.at, r.run", values)  # noqa: S608
    names = [column for column, *_ in cursor.description]
    return tuple(_run(dict(zip(names, row, strict=True))) for row in cursor)


def _run(row: dict[str, object]) -> HistoryRun:
    findings = {severity: row[severity] for severity in SEVERITIES}
    known = {field.name: row[field.name] for field in msgspec.structs.fields(HistoryRun) if field.name in row}
    return msgspec.convert({**known, "at": moment(str(row["at"])), "findings": findings}, HistoryRun)


def sights_in(database: sqlite3.Connection, condition: str, **values: object) -> Iterator[tuple[int, Sight]]:
    """(device, sight) of every sighting ``s`` for which a condition holds, oldest first."""
    rows = database.execute(
        f"""
        SELECT s.device, r.run, r.at, s.name, s.label, s.address, s.shown, s.assessed, s.total, s.known_by
        FROM sightings s JOIN runs r ON r.id = s.run WHERE {condition} ORDER BY r.at, r.run, s.id
        """,  # noqa: S608
        values,
    )
    for device, run, at, name, label, address, shown, assessed, total, known_by in rows:
        yield (
            device,
            Sight(
                run=run,
                at=moment(at),
                id=name,
                label=label,
                address=address,
                shown=shown,
                assessed=assessed,
                total=total,
                known_by=known_by,
            ),
        )


def devices_in(database: sqlite3.Connection, condition: str = ALL, **values: object) -> tuple[HistoryDevice, ...]:
    """The devices and images of which a sighting ``s`` meets a condition, in the order of their first sight."""
    sights: dict[int, list[Sight]] = defaultdict(list)
    for device, sight in sights_in(database, condition, **values):
        sights[device].append(sight)
    keys: dict[int, list[KeySighting]] = defaultdict(list)
    for device, key in key_spans(database, condition, values):
        keys[device].append(key)
    marks: dict[int, list[MarkSpan]] = defaultdict(list)
    addresses: dict[int, list[AddressSpan]] = defaultdict(list)
    kinds: dict[int, str] = dict(
        database.execute(f"SELECT s.device, s.kind FROM sightings s WHERE {condition} GROUP BY s.device", values)  # noqa: S608
    )
    for device, kind, value, runs, first, last in _marks_in(database, condition, values):
        first_at, _, first_run = first.partition(" ")
        last_at, _, last_run = last.partition(" ")
        if kind == "address":
            span = AddressSpan(address=value, first_seen=moment(first_at), last_seen=moment(last_at), runs=runs)
            addresses[device].append(span)
        else:
            marks[device].append(MarkSpan(kind=kind, value=value, first_run=first_run, last_run=last_run))
    found = []
    for device, seen in sights.items():
        name = f"{seen[0].run}/{seen[0].id}"
        held = (msgspec.structs.replace(key, device=name) for key in keys[device])
        found.append(
            HistoryDevice(
                id=name,
                kind="image" if kinds[device] == "image" else "device",
                label=seen[-1].label,
                first_seen=seen[0].at,
                last_seen=seen[-1].at,
                runs=len(seen),
                addresses=tuple(sorted(addresses[device], key=lambda a: (a.first_seen, a.address))),
                marks=tuple(marks[device]),
                keys=tuple(sorted(held, key=lambda k: (k.service, k.opening, k.kind, k.first_seen, k.key))),
                sights=tuple(seen),
            )
        )
    return tuple(sorted(found, key=lambda d: (d.first_seen, d.id)))


def _marks_in(
    database: sqlite3.Connection, condition: str, values: dict[str, object]
) -> list[tuple[int, str, str, int, str, str]]:
    return database.execute(
        f"""
        SELECT s.device, m.kind, m.value, count(*), min(r.at || ' ' || r.run), max(r.at || ' ' || r.run)
        FROM sightings s JOIN runs r ON r.id = s.run JOIN borne b ON b.sighting = s.id JOIN marks m ON m.id = b.mark
        WHERE {condition} GROUP BY s.device, b.mark ORDER BY m.kind, m.value
        """,  # noqa: S608
        values,
    ).fetchall()


def findings_in(database: sqlite3.Connection) -> tuple[HistoryFinding, ...]:
    """Every finding of every run, in the order in which they were first seen."""
    last = {run for (run,) in database.execute("SELECT max(at || ' ' || run) FROM runs GROUP BY command")}
    rows = database.execute(
        """
        SELECT f.fingerprint, f."check", count(*), min(r.at || ' ' || r.run),
               max(r.at || ' ' || r.run || ' ' || x.accepted || ' ' || x.severity)
        FROM found x JOIN runs r ON r.id = x.run JOIN findings f ON f.id = x.finding
        GROUP BY x.finding ORDER BY 4, f."check", f.fingerprint
        """
    )
    return tuple(_finding(row, last) for row in rows)


def _finding(row: tuple[str, str, int, str, str], last_runs: set[str]) -> HistoryFinding:
    fingerprint, check, runs, first, last = row
    place, accepted, severity = last.rsplit(" ", 2)
    first_at, _, first_run = first.partition(" ")
    last_at, _, last_run = place.partition(" ")
    here = "accepted" if accepted == "1" else "open"
    return HistoryFinding(
        fingerprint=fingerprint,
        check=check,
        severity=severity,
        status=here if place in last_runs else "no longer found",  # type: ignore[arg-type]  # one of the three words
        first_seen=moment(first_at),
        last_seen=moment(last_at),
        first_run=first_run,
        last_run=last_run,
        runs=runs,
    )


def first_seen(database: sqlite3.Connection, run: str) -> dict[str, str]:
    """Fingerprint of each finding of a run -> when the first run that has it began."""
    rows = database.execute(
        """
        SELECT f.fingerprint, min(r.at) FROM runs here JOIN found h ON h.run = here.id
        JOIN found x ON x.finding = h.finding JOIN runs r ON r.id = x.run JOIN findings f ON f.id = h.finding
        WHERE here.run = ? GROUP BY h.finding
        """,
        (run,),
    )
    return {fingerprint: moment(at) for fingerprint, at in rows}


def everything(database: sqlite3.Connection) -> History:
    """The whole history."""
    return History(runs=runs_in(database), devices=devices_in(database), findings=findings_in(database))


def devices_named(database: sqlite3.Connection, word: str) -> tuple[int, ...]:
    """The devices and images that a word names: an address, a MAC, a serial number, a UUID, a key's SHA-256, a name,
    or an id in a run (``dev-1a2b3c4d``, ``RUN/dev-1a2b3c4d``). An address means whoever was seen there last.
    """
    run, _, inner = word.rpartition("/")
    by_id = database.execute(
        "SELECT DISTINCT s.device FROM sightings s JOIN runs r ON r.id = s.run "
        "WHERE s.name = ? AND (? = '' OR r.run = ?)",
        (inner, run, run),
    ).fetchall()
    at_address = database.execute(
        """
        SELECT s.device, max(r.at || ' ' || r.run) FROM marks m JOIN borne b ON b.mark = m.id
        JOIN sightings s ON s.id = b.sighting JOIN runs r ON r.id = s.run WHERE m.kind = 'address' AND m.value = ?
        """,
        (word,),
    ).fetchall()
    marked = database.execute(
        """
        SELECT DISTINCT s.device FROM marks m JOIN borne b ON b.mark = m.id JOIN sightings s ON s.id = b.sighting
        WHERE m.kind <> 'address' AND lower(m.value) = lower(?)
        """,
        (word,),
    ).fetchall()
    labelled = database.execute("SELECT DISTINCT device FROM sightings WHERE label = ?", (word,)).fetchall()
    for found in (by_id, at_address, marked, labelled):
        devices = tuple(sorted({row[0] for row in found if row[0] is not None}))
        if devices:
            return devices
    return ()
