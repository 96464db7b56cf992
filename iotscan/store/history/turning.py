"""Which keys are others than in the run before: rotation, as far as the same device is proved to be the same."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from iotscan.model.history import Rotation
from iotscan.model.identity import Key
from iotscan.model.links import contradict

Place = tuple[int, str, str, str]
"""Device, service, opening, kind."""
Held = Mapping[str, str]
"""Key -> algorithm."""


def previous_of(database: sqlite3.Connection, run: int) -> int | None:
    """The last run before this one, made by the same command, that saw a device, an image or an address of it.

    None without one.
    """
    found = database.execute(
        """
        SELECT p.id FROM runs p, runs r
        WHERE r.id = :run AND p.command = r.command AND (p.at < r.at OR (p.at = r.at AND p.run < r.run))
          AND (
            EXISTS (
              SELECT 1 FROM sightings a JOIN sightings b ON b.device = a.device WHERE a.run = p.id AND b.run = r.id
            ) OR EXISTS (
              SELECT 1 FROM sightings a JOIN sightings b ON b.address = a.address
              WHERE a.run = p.id AND b.run = r.id AND a.address <> ''
            )
          )
        ORDER BY p.at DESC, p.run DESC LIMIT 1
        """,
        {"run": run},
    ).fetchone()
    return int(found[0]) if found else None


def turns(database: sqlite3.Connection, run: int, previous: int) -> tuple[tuple[Rotation, ...], tuple[Rotation, ...]]:
    """The services that show another key than before, of devices that are proved to be the same; and of whoever is at
    an address of then, where nothing but the address shows who that is.
    """
    before, after = _keys(database, previous), _keys(database, run)
    found = _rotations(database, run, before, after)
    doubtful = _by_address(database, run)
    proved = tuple(r for r in found if r.owner not in doubtful)
    strangers = _rotations(database, run, _of_strangers(database, run, previous, before), after)
    return proved, _in_order((*(r for r in found if r.owner in doubtful), *strangers))


def _by_address(database: sqlite3.Connection, run: int) -> frozenset[str]:
    rows = database.execute("SELECT name FROM sightings WHERE run = ? AND known_by = 'address'", (run,))
    return frozenset(name for (name,) in rows)


def _of_strangers(
    database: sqlite3.Connection, run: int, previous: int, keys: Mapping[Place, Held]
) -> dict[Place, Held]:
    """The keys of then as those of who is at the address now."""
    was, now = _alone(database, previous, run), _alone(database, run, previous)
    moved = {was[address]: device for address, device in now.items() if address in was}
    is_other = {a: b for a, b in moved.items() if contradict(_marks(database, previous, a), _marks(database, run, b))}
    return {
        (moved[device], service, opening, kind): held
        for (device, service, opening, kind), held in keys.items()
        if device in moved and device not in is_other
    }


def _alone(database: sqlite3.Connection, run: int, other: int) -> dict[str, int]:
    """Address -> device, of those that one run saw and another did not."""
    rows = database.execute(
        "SELECT address, device FROM sightings s WHERE run = ? AND address <> '' AND NOT EXISTS "
        "(SELECT 1 FROM sightings o WHERE o.run = ? AND o.device = s.device)",
        (run, other),
    )
    return dict(rows)


def _marks(database: sqlite3.Connection, run: int, device: int) -> tuple[Key, ...]:
    rows = database.execute(
        "SELECT m.kind, m.value FROM sightings s JOIN borne b ON b.sighting = s.id JOIN marks m ON m.id = b.mark "
        "WHERE s.run = ? AND s.device = ?",
        (run, device),
    )
    return tuple((kind, value) for kind, value in rows)


def _rotations(
    database: sqlite3.Connection, run: int, before: Mapping[Place, Held], after: Mapping[Place, Held]
) -> tuple[Rotation, ...]:
    names = dict(database.execute("SELECT device, name FROM sightings WHERE run = ?", (run,)))
    found = (
        Rotation(owner=names[device], service=service, opening=opening, kind=kind, before=old, after=new)
        for (device, service, opening, kind), now in after.items()
        for old, new in _changed(before.get((device, service, opening, kind), {}), now, kind)
    )
    return _in_order(found)


def _in_order(found: Iterable[Rotation]) -> tuple[Rotation, ...]:
    return tuple(sorted(found, key=lambda r: (r.owner, r.service, r.opening, r.kind, r.after)))


def _keys(database: sqlite3.Connection, run: int) -> Mapping[Place, Held]:
    held: dict[Place, dict[str, str]] = defaultdict(dict)
    rows = database.execute(
        "SELECT s.device, x.service, x.opening, k.kind, k.sha256, k.algorithm FROM sightings s "
        "JOIN shown x ON x.sighting = s.id JOIN keys k ON k.id = x.key WHERE s.run = ?",
        (run,),
    )
    for device, service, opening, kind, sha256, algorithm in rows:
        held[device, service, opening, kind][sha256] = algorithm
    return held


def _changed(before: Held, now: Held, kind: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What went and what came. A further key beside one that stays is no rotation.

    A server has a host key of each algorithm, and each may be replaced alone; of TLS certificates it may show now one,
    now another, so that only a service without any key of then counts.
    """
    if not before or before.keys() & now.keys() == before.keys():
        return
    if not before.keys() & now.keys():
        yield tuple(sorted(before)), tuple(sorted(now))
    elif kind == "ssh":
        for algorithm in sorted({*before.values()} & {*now.values()}):
            old, new = ({k for k, a in side.items() if a == algorithm} for side in (before, now))
            if not old & new:
                yield tuple(sorted(old)), tuple(sorted(new))
