"""What a run is told of the runs before it: keys and since when, and only as sure as it is."""

from pathlib import Path

import pytest

from iotscan.model.device import Device
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.model.sighting import Memory
from iotscan.store.history.folder import history_of
from iotscan.store.history.telling import runs_in
from iotscan.store.history.turning import previous_of, turns
from tests.model.test_lasting import M1, M2, dev, ssh, tls

from .making import scanned, told


def remembered(output: Path, run: Run, *before: Run) -> Memory | None:
    told(output, *before)
    with history_of(output) as kept:
        return kept.recall(run)


def test_a_first_run_remembers_nothing(tmp_path: Path) -> None:
    assert remembered(tmp_path, scanned(1, dev(1, M1))) is None
    assert remembered(tmp_path, scanned(2, dev(9)), scanned(1, dev(1, M1))) is None


def test_keys_come_with_first_and_last_sight(tmp_path: Path) -> None:
    before = [
        scanned(1, dev(1, M1), seen=(tls(1, "old"), ssh(1, "k"))),
        scanned(2, dev(4, M1), seen=(tls(4, "old"),)),
        scanned(3, dev(4, M1), seen=(tls(4, "new"), ssh(4, "k"))),
    ]
    memory = remembered(tmp_path, scanned(4, dev(6, M1), seen=(tls(6, "new"),)), *before)
    assert memory is not None
    assert (memory.runs, memory.since[:10], memory.seen_first) == (3, "2026-11-23", {"d6": "2026-11-23T00:00:00+00:00"})
    spans = [(k.device, k.kind, k.key, k.first_run, k.last_run, k.runs, k.told_by) for k in memory.keys]
    assert spans == [
        ("d6", "ssh", "k", "run-01", "run-03", 2, "mac"),
        ("d6", "tls", "old", "run-01", "run-02", 2, "mac"),
        ("d6", "tls", "new", "run-03", "run-03", 1, "mac"),
    ]
    assert memory.keys[1].certificate == "oldold"
    assert memory.keys[1].not_before == "2026-01-01T00:00:00+00:00"


def test_later_runs_and_the_run_itself_are_no_memory(tmp_path: Path) -> None:
    run = scanned(2, dev(1, M1), seen=(tls(1, "b"),))
    memory = remembered(
        tmp_path, run, scanned(1, dev(1, M1), seen=(tls(1, "a"),)), run, scanned(3, dev(1, M1), seen=(tls(1, "c"),))
    )
    assert memory is not None
    assert [k.key for k in memory.keys] == ["a"]


def test_an_address_alone_is_told_as_that(tmp_path: Path) -> None:
    """Another key at the same address: a device whose key was replaced, or another device."""
    memory = remembered(tmp_path, scanned(2, dev(1), seen=(ssh(1, "b"),)), scanned(1, dev(1), seen=(ssh(1, "a"),)))
    assert memory is not None
    assert [(k.key, k.told_by) for k in memory.keys] == [("a", "address")]
    assert memory.seen_first == {}


def test_an_address_whose_machine_is_another_tells_nothing(tmp_path: Path) -> None:
    before = scanned(1, dev(1, M1), seen=(ssh(1, "a"),))
    assert remembered(tmp_path, scanned(2, dev(1, M2), seen=(ssh(1, "b"),)), before) is None


def test_a_device_that_moved_leaves_its_address_to_nobody(tmp_path: Path) -> None:
    """Who is at the old address now is told nothing of the device that went on to another."""
    before = scanned(1, dev(1, M1), seen=(ssh(1, "a"),))
    memory = remembered(tmp_path, scanned(2, dev(1), dev(2, M1), seen=(ssh(1, "x"),)), before)
    assert memory is not None
    assert {k.device for k in memory.keys} == {"d2"}


def turned(
    output: Path, first: tuple[Device, tuple[Observation, ...]], then: tuple[Device, tuple[Observation, ...]]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(service, kind) of the keys that are others than before: proved, and at the address."""
    told(output, scanned(1, first[0], seen=first[1]), scanned(2, then[0], seen=then[1]))
    with history_of(output) as kept:
        rows = dict(kept.database.execute("SELECT run, id FROM runs"))
        assert [r.run for r in runs_in(kept.database)] == ["run-01", "run-02"]
        previous = previous_of(kept.database, rows["run-02"])
        if previous is None:
            return [], []
        found = turns(kept.database, rows["run-02"], previous)
    proved, doubtful = ([(r.service, r.kind) for r in some] for some in found)
    return proved, doubtful


@pytest.mark.parametrize(
    ("first", "then", "proved", "doubtful"),
    [
        ((dev(1, M1), (tls(1, "a"),)), (dev(1, M1), (tls(1, "b"),)), [("tcp/443", "tls")], []),
        ((dev(1, M1), (tls(1, "a"),)), (dev(8, M1), (tls(8, "b"),)), [("tcp/443", "tls")], []),
        ((dev(1, M1), (tls(1, "a"),)), (dev(1, M1), (tls(1, "a"),)), [], []),
        # A key beside the old one, a service that is gone, and one that came: no key was replaced.
        ((dev(1, M1), (ssh(1, "a"),)), (dev(1, M1), (ssh(1, "a", "b"),)), [], []),
        ((dev(1, M1), (tls(1, "a"),)), (dev(1, M1), ()), [], []),
        ((dev(1, M1), ()), (dev(1, M1), (tls(1, "a"),)), [], []),
        ((dev(1, M1), (tls(1, "a"),)), (dev(1, M1), (tls(1, "a", port=8443),)), [], []),
        # One of two host keys was replaced, known by the other.
        ((dev(1), (ssh(1, "a"), tls(1, "t"))), (dev(1), (ssh(1, "b"), tls(1, "t"))), [("tcp/22", "ssh")], []),
        # Nothing but the address says who it is.
        ((dev(1), (ssh(1, "a"),)), (dev(1), (ssh(1, "b"),)), [], [("tcp/22", "ssh")]),
        ((dev(1, M1), (ssh(1, "a"),)), (dev(1, M2), (ssh(1, "b"),)), [], []),
    ],
)
def test_what_was_rotated(tmp_path: Path, first, then, proved, doubtful) -> None:
    assert turned(tmp_path, first, then) == (proved, doubtful)
