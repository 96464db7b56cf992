"""Runs on their way into the history: each whole or not at all, the same one twice is one."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from iotscan.model.errors import BadInput
from iotscan.model.facts import Certificate
from iotscan.model.grade import Gradebook
from iotscan.model.lasting import Marks
from iotscan.model.run import Run
from iotscan.model.text import safe_text
from iotscan.store.history.database import writing
from iotscan.store.history.identities import Known, known_before
from iotscan.store.history.taking import (
    SEVERITIES,
    Place,
    TakenKey,
    TakenOwner,
    counted,
    findings_of,
    owners_of,
    place_of,
)


class Intake:
    """Takes runs in. Those that come in the order of time are cheap: what is known is kept from one to the next."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._known = Known()
        self._at: Place | None = None
        """The last run that is in :attr:`_known`; None where it is not to be relied on."""
        self._version = -1

    def take(self, run: Run, *, folder: str, stamp: str) -> None:
        """Take a run in, or again. Raises BadInput where it does not say when it was, or cannot be true."""
        place, owners = place_of(run), owners_of(run)
        try:
            with self._settling():
                self._forget(run.id, folder)
                row = self._insert_run(run, place, folder, stamp)
                self._insert_owners(row, owners)
                self._insert_findings(row, run)
                self._link_from(place)
        except (sqlite3.IntegrityError, OverflowError) as error:
            # The run's fault, not the file's: two devices with one id, a count beyond all numbers.
            raise BadInput(f"its file contradicts itself ({safe_text(str(error), 100)}): scan again") from error

    def leave_out(self, run_id: str) -> bool:
        """Take a run out; False where it is not in."""
        with self._settling():
            return self._forget(run_id, "")

    @contextmanager
    def _settling(self) -> Iterator[None]:
        """A transaction; what is known is not to be relied on where it fails."""
        try:
            with writing(self._database):
                yield
        except BaseException:
            self._at = None
            raise

    def _forget(self, run_id: str, folder: str) -> bool:
        found = self._database.execute(
            "SELECT id, at, run FROM runs WHERE run = ? OR folder = ? ORDER BY at, run", (run_id, folder)
        ).fetchall()
        for row, _, _ in found:
            self._database.execute("DELETE FROM runs WHERE id = ?", (row,))
        if found:
            self._link_from(Place(*found[0][1:]))
            self._sweep()
        return bool(found)

    def _sweep(self) -> None:
        """Drop what no run holds any more: who asks to be forgotten is."""
        for table, column, user in (
            ("marks", "mark", "borne"),
            ("keys", "key", "shown"),
            ("certificates", "certificate", "shown"),
            ("findings", "finding", "found"),
        ):
            self._database.execute(
                f"DELETE FROM {table} WHERE id NOT IN (SELECT {column} FROM {user} WHERE {column} IS NOT NULL)"  # noqa: S608
            )

    def _insert_run(self, run: Run, place: Place, folder: str, stamp: str) -> int:
        book = _book(run)
        counts = Counter(str(r.severity) for r in findings_of(run) if not r.waiver)
        row = {
            "run": run.id,
            "folder": folder,
            "stamp": stamp,
            "command": run.command,
            "at": place.at,
            "finished": run.finished,
            "status": run.status,
            "as_of": run.as_of,
            "tool": run.tool.version,
            "profile": f"{run.profile.id} {run.profile.version}".strip(),
            "profile_sha256": run.profile.sha256,
            "redaction": run.redaction,
            "shown": book.shown if book else "",
            "devices": len(run.devices),
            "images": len(run.images),
            "accepted": sum(bool(r.waiver) for r in findings_of(run)),
            **dict(zip(("assessed", "total"), counted(book.coverage) if book else (0, 0), strict=True)),
            **{severity: counts[severity] for severity in SEVERITIES},
        }
        return self._insert("runs", row)

    def _insert_owners(self, run: int, owners: Sequence[TakenOwner]) -> None:
        for owner in owners:
            shown, assessed, total = owner.grade
            sighting = self._insert(
                "sightings",
                {
                    "run": run,
                    "kind": owner.kind,
                    "name": owner.id,
                    "label": owner.label,
                    "address": owner.address,
                    "shown": shown,
                    "assessed": assessed,
                    "total": total,
                    "known_by": "",
                },
            )
            marks = [(sighting, place, self._mark(*mark)) for place, mark in enumerate(owner.marks)]
            self._database.executemany("INSERT INTO borne (sighting, place, mark) VALUES (?, ?, ?)", marks)
            self._database.executemany(
                "INSERT OR IGNORE INTO shown (sighting, service, opening, key, certificate) VALUES (?, ?, ?, ?, ?)",
                [(sighting, k.service, k.opening, self._key(k), self._certificate(k.certificate)) for k in owner.keys],
            )

    def _insert_findings(self, run: int, judged: Run) -> None:
        found = findings_of(judged)
        self._database.executemany(
            'INSERT OR IGNORE INTO findings (fingerprint, "check") VALUES (?, ?)',
            [(r.fingerprint, r.check) for r in found],
        )
        self._database.executemany(
            "INSERT INTO found (run, finding, severity, accepted) "
            "SELECT ?, id, ?, ? FROM findings WHERE fingerprint = ?",
            [(run, str(r.severity), bool(r.waiver), r.fingerprint) for r in found],
        )

    def _mark(self, kind: str, value: str) -> int:
        return self._one("marks", {"kind": kind, "value": value})

    def _key(self, key: TakenKey) -> int:
        return self._one("keys", {"kind": key.kind, "sha256": key.sha256}, {"algorithm": key.algorithm})

    def _certificate(self, certificate: Certificate | None) -> int | None:
        if certificate is None:
            return None
        says = {
            "serial": certificate.serial,
            "not_before": certificate.not_before.isoformat(),
            "not_after": certificate.not_after.isoformat(),
            "issuer": certificate.issuer,
            "subject": certificate.subject,
        }
        return self._one("certificates", {"sha256": certificate.sha256}, says)

    def _one(self, table: str, named: dict[str, str], says: dict[str, str] | None = None) -> int:
        """The row of what is held but once."""
        where = " AND ".join(f"{column} = :{column}" for column in named)
        found = self._database.execute(f"SELECT id FROM {table} WHERE {where}", named).fetchone()  # noqa: S608
        return int(found[0]) if found else self._insert(table, {**named, **(says or {})})

    def _insert(self, table: str, row: dict[str, object]) -> int:
        names, values = ", ".join(row), ", ".join(f":{column}" for column in row)
        done = self._database.execute(f"INSERT INTO {table} ({names}) VALUES ({values})", row)  # noqa: S608
        assert done.lastrowid is not None
        return done.lastrowid

    def _link_from(self, place: Place) -> None:
        """Say of every run from a place on who is who."""
        known = self._known_before(place)
        later = self._database.execute(
            "SELECT id, at, run FROM runs WHERE at > ? OR (at = ? AND run >= ?) ORDER BY at, run",
            (place.at, place.at, place.run),
        ).fetchall()
        self._at = None
        for row, at, run in later:
            self._link(row, known)
            place = Place(at, run)
        if len(later) != 1:
            self._database.execute(
                "DELETE FROM devices WHERE id NOT IN (SELECT device FROM sightings WHERE device IS NOT NULL)"
            )
        self._known, self._at, self._version = known, place, self._data_version()

    def _known_before(self, place: Place) -> Known:
        is_current = self._at is not None and self._at < place and self._version == self._data_version()
        is_last = is_current and not self._between(place)
        return self._known if is_last else known_before(self._database, place)

    def _between(self, place: Place) -> bool:
        """Whether a run stands between what is kept and a place."""
        assert self._at is not None
        rows = self._database.execute("SELECT at, run FROM runs WHERE at >= ? AND at <= ?", (self._at.at, place.at))
        return any(self._at < Place(*row) < place for row in rows)

    def _data_version(self) -> int:
        """Another number where another process has written since."""
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _link(self, run: int, known: Known) -> None:
        sightings = self._database.execute(
            "SELECT id, name FROM sightings WHERE run = ? ORDER BY name", (run,)
        ).fetchall()
        marks = self._marks_of(run, (name for _, name in sightings))
        links = known.links(marks, {name: name for _, name in sightings})
        for sighting, name in sightings:
            device, by = links.get(name) or (self._insert_device(), "")
            self._database.execute("UPDATE sightings SET device = ?, known_by = ? WHERE id = ?", (device, by, sighting))
            known.take(device, name, marks[name])

    def _insert_device(self) -> int:
        done = self._database.execute("INSERT INTO devices DEFAULT VALUES")
        assert done.lastrowid is not None
        return done.lastrowid

    def _marks_of(self, run: int, names: Iterable[str]) -> Marks:
        held: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
        rows = self._database.execute(
            "SELECT s.name, m.kind, m.value FROM sightings s JOIN borne b ON b.sighting = s.id "
            "JOIN marks m ON m.id = b.mark WHERE s.run = ? ORDER BY s.id, b.place",
            (run,),
        )
        for name, kind, value in rows:
            held[name].append((kind, value))
        return {name: tuple(marks) for name, marks in held.items()}


def _book(run: Run) -> Gradebook | None:
    """The grade of the whole: the network's, else that of the only image."""
    if run.grades.network is not None:
        return run.grades.network
    books = list(run.grades.images.values())
    return books[0] if len(books) == 1 else None
