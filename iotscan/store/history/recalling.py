"""What the history knows of the devices of a run from the runs before it: its memory."""

import json
import sqlite3
from collections.abc import Iterator, Mapping

import msgspec

from iotscan.model.run import Run
from iotscan.model.sighting import KeySighting, Memory
from iotscan.store.history.identities import BEFORE, known_before, place_values
from iotscan.store.history.taking import owners_of, place_of


def recall(database: sqlite3.Connection, run: Run) -> Memory | None:
    """The keys that the devices of ``run`` showed before it, and since when each device is known; None for a run
    of whose devices and addresses no earlier one knows. Raises BadInput where the run does not say when it was.
    """
    place = place_of(run)
    owners = [owner for owner in owners_of(run) if owner.kind == "device"]
    marks = {owner.id: owner.marks for owner in owners}
    known = known_before(database, place)
    proved = known.links(marks, {name: name for name in marks})
    links = proved | known.neighbours(marks, proved)
    if not links:
        return None
    at = {**place_values(place), "devices": json.dumps([device for device, _ in links.values()])}
    ours = "s.device IN (SELECT value FROM json_each(:devices))"
    seen = f"FROM runs r JOIN sightings s ON s.run = r.id WHERE {ours} AND {BEFORE}"
    runs, since = database.execute(f"SELECT count(DISTINCT r.id), min(r.at) {seen}", at).fetchone()
    first = dict(database.execute(f"SELECT s.device, min(r.at) {seen} GROUP BY s.device", at))
    home = {device: (name, by) for name, (device, by) in links.items()}
    keys = (
        msgspec.structs.replace(key, device=home[device][0], told_by=home[device][1])
        for device, key in key_spans(database, f"{ours} AND {BEFORE}", at)
    )
    return Memory(
        runs=runs,
        since=moment(since),
        keys=tuple(sorted(keys, key=lambda k: (k.device, k.service, k.opening, k.kind, k.first_seen, k.key))),
        seen_first={name: moment(first[device]) for name, (device, _) in sorted(proved.items())},
    )


def key_spans(
    database: sqlite3.Connection, condition: str, values: Mapping[str, object]
) -> Iterator[tuple[int, KeySighting]]:
    """Every key at every service of every device for which a condition on ``r`` (run) and ``s`` (sighting) holds."""
    rows = database.execute(
        f"""
        SELECT s.device, x.service, x.opening, k.kind, k.algorithm, k.sha256, count(DISTINCT r.id),
               min(r.at || ' ' || r.run), max(r.at || ' ' || r.run || ' ' || ifnull(x.certificate, ''))
        FROM sightings s JOIN runs r ON r.id = s.run JOIN shown x ON x.sighting = s.id JOIN keys k ON k.id = x.key
        WHERE {condition} GROUP BY s.device, x.service, x.opening, x.key
        """,  # noqa: S608  # conditions are words of ours
        values,
    ).fetchall()
    for device, service, opening, kind, algorithm, sha256, runs, first, last in rows:
        first_at, _, first_run = first.partition(" ")
        last_at, _, rest = last.partition(" ")
        last_run, _, certificate = rest.rpartition(" ")
        serial, not_before, not_after, digest = _certificate(database, certificate)
        yield (
            device,
            KeySighting(
                device="",
                service=service,
                opening=opening,
                kind=kind,
                algorithm=algorithm,
                key=sha256,
                first_seen=moment(first_at),
                last_seen=moment(last_at),
                first_run=first_run,
                last_run=last_run,
                runs=runs,
                certificate=digest,
                serial=serial,
                not_before=not_before,
                not_after=not_after,
            ),
        )


def _certificate(database: sqlite3.Connection, row: str) -> tuple[str, str, str, str]:
    if not row:
        return "", "", "", ""
    serial, not_before, not_after, sha256 = database.execute(
        "SELECT serial, not_before, not_after, sha256 FROM certificates WHERE id = ?", (int(row),)
    ).fetchone()
    return serial, not_before, not_after, sha256


def moment(at: str) -> str:
    """A time of the index as a run has it: to the second."""
    return at.replace(".000000", "")
