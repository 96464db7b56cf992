"""Who of a run is who of the runs before it: the rules of two runs (:mod:`iotscan.model.links`), over all of them.

A device is known by the marks of the last run that showed any of their kind: a key that was rotated away names nobody,
and an address belongs to whom it was seen with last. What follows depends on the order of the runs in time alone, never
on the order in which they were taken in: a run that comes late has those after it linked again.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping

from iotscan.model.identity import Key
from iotscan.model.lasting import Marks, telling
from iotscan.model.links import contradict, linked
from iotscan.store.history.taking import Place

BEFORE = "(r.at < :at OR (r.at = :at AND r.run < :run))"
"""What is true of a run ``r`` that stands before a place."""


class Known:
    """The devices of all runs before some place in time, by what they are known by there."""

    def __init__(self) -> None:
        self._marks: dict[int, dict[str, tuple[Key, ...]]] = {}
        self._names: dict[int, str] = {}
        self._holders: dict[str, int] = {}

    def links(self, marks: Marks, names: Mapping[str, str]) -> dict[str, tuple[int, str]]:
        """Id in the run -> the device that it is, and the kind of mark that says so. ``names`` are what stands for
        those without a mark of their own: their ids in the run.
        """
        before = {f"{device}": self._borne(device) for device in self._marks}
        found = linked(
            before,
            marks,
            first=_named(before, {f"{device}": name for device, name in self._names.items()}),
            then=_named(marks, names),
        )
        return {link.to: (int(device), link.by) for device, link in found.items()}

    def neighbours(self, marks: Marks, links: Mapping[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
        """Of those that are linked to nobody, who was last seen at an address of theirs and is not seen elsewhere now.

        Nothing shows it to be the same device, nor speaks against it (no two MAC addresses or serial numbers).
        """
        taken = {device for device, _ in links.values()}
        found: dict[str, tuple[int, str]] = {}
        for owner in sorted(marks.keys() - links.keys()):
            here = (self._holders.get(value) for kind, value in marks[owner] if kind == "address")
            device = next((d for d in here if d is not None and d not in taken), None)
            if device is not None and not contradict(self._borne(device), marks[owner]):
                taken.add(device)
                found[owner] = device, "address"
        return found

    def take(self, device: int, name: str, marks: tuple[Key, ...]) -> None:
        """Take in the sighting of a device; the next has to be no earlier."""
        if not marks:
            return
        kinds: dict[str, list[Key]] = defaultdict(list)
        for mark in marks:
            kinds[mark[0]].append(mark)
            if mark[0] == "address":
                self._holders[mark[1]] = device
        known = self._marks.setdefault(device, {})
        known |= {kind: tuple(borne) for kind, borne in kinds.items()}
        self._names[device] = name

    def _borne(self, device: int) -> tuple[Key, ...]:
        kinds = self._marks[device]
        proved = (mark for kind, borne in kinds.items() if kind != "address" for mark in borne)
        here = (mark for mark in kinds.get("address", ()) if self._holders[mark[1]] == device)
        return (*sorted(proved, key=_strength), *here)


_ORDER = ("mac", "serial", "uuid", "ssh", "tls", "image", "source")


def _strength(mark: Key) -> int:
    return _ORDER.index(mark[0]) if mark[0] in _ORDER else len(_ORDER)


def _named(marks: Marks, names: Mapping[str, str]) -> dict[str, str]:
    """As :func:`~iotscan.model.lasting.identities`: the strongest mark that one alone bears, else its id."""
    return {owner: " ".join(held[0]) if held else f"id {names[owner]}" for owner, held in telling(marks).items()}


def known_before(database: sqlite3.Connection, place: Place) -> Known:
    """What the history knows before a place in time."""
    # With max() alone, SQLite takes the other columns from the row that has it: the last sighting with that mark.
    rows = database.execute(
        f"""
        SELECT max(r.at || ' ' || r.run), b.place, s.device, s.name, m.kind, m.value
        FROM runs r JOIN sightings s ON s.run = r.id JOIN borne b ON b.sighting = s.id JOIN marks m ON m.id = b.mark
        WHERE s.device IS NOT NULL AND {BEFORE} GROUP BY s.device, b.mark
        """,  # noqa: S608  # words of ours
        place_values(place),
    )
    sightings: dict[tuple[str, int, str], list[Key]] = defaultdict(list)
    for last, _, device, name, kind, value in sorted(rows):
        sightings[last, device, name].append((kind, value))
    known = Known()
    for (_, device, name), marks in sightings.items():
        known.take(device, name, tuple(marks))
    return known


def place_values(place: Place) -> dict[str, str]:
    """The values for :data:`BEFORE`."""
    return {"at": place.at, "run": place.run}
