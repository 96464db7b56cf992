"""Runs go in once, in any order, and say who is who as two runs compared would."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.device import Device
from iotscan.model.history import History
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.store.history.folder import history_of
from iotscan.store.history.telling import everything
from tests.model.test_lasting import M1, M2, dev, ssh, tls
from tests.report.example import example_run

from .making import scanned, stored, told


def devices(history: History) -> list[tuple[list[str], str, str, int]]:
    """(addresses, first seen, last seen, runs) of each device."""
    return [([a.address for a in d.addresses], d.first_seen[:10], d.last_seen[:10], d.runs) for d in history.devices]


def test_a_device_that_moves_stays_one(tmp_path: Path) -> None:
    history = told(tmp_path, scanned(1, dev(1, M1)), scanned(2, dev(7, M1)), scanned(3, dev(9, M1)))
    assert devices(history) == [(["192.0.2.1", "192.0.2.7", "192.0.2.9"], "2026-11-23", "2026-11-25", 3)]


def test_a_device_is_known_after_it_was_away(tmp_path: Path) -> None:
    history = told(tmp_path, scanned(1, dev(1, M1), dev(2, M2)), scanned(2, dev(2, M2)), scanned(3, dev(5, M1)))
    assert [d[3] for d in devices(history)] == [2, 2]


def test_two_clones_stay_two(tmp_path: Path) -> None:
    """They share a key, and nothing else tells them apart but their addresses."""
    both = [dev(1), dev(2)]
    keys = (ssh(1, "k"), ssh(2, "k"))
    history = told(tmp_path, *(scanned(day, *both, seen=keys) for day in (1, 2, 3)))
    assert [(places, runs) for places, _, _, runs in devices(history)] == [(["192.0.2.1"], 3), (["192.0.2.2"], 3)]


def test_clones_with_hardware_addresses_stay_two_though_one_run_sees_one(tmp_path: Path) -> None:
    one, other = scanned(1, dev(1, M1), seen=(ssh(1, "k"),)), scanned(2, dev(2, M2), seen=(ssh(2, "k"),))
    assert len(told(tmp_path, one, other).devices) == 2


def test_an_address_that_went_to_another_device_links_nobody(tmp_path: Path) -> None:
    history = told(tmp_path, scanned(1, dev(1, M1)), scanned(2, dev(1, M2)), scanned(3, dev(4, M1), dev(1, M2)))
    assert [(places, runs) for places, _, _, runs in devices(history)] == [
        (["192.0.2.1", "192.0.2.4"], 2),
        (["192.0.2.1"], 2),
    ]


def test_a_key_that_was_rotated_away_names_nobody_any_more(tmp_path: Path) -> None:
    """The old key turns up on a stranger: it is not the device that had it once."""
    runs = (
        scanned(1, dev(1, M1), seen=(ssh(1, "old"),)),
        scanned(2, dev(1, M1), seen=(ssh(1, "new"),)),
        scanned(3, dev(9), seen=(ssh(9, "old"),)),
    )
    assert [d[3] for d in devices(told(tmp_path, *runs))] == [2, 1]


def test_the_same_run_twice_changes_nothing(tmp_path: Path) -> None:
    runs = (scanned(1, dev(1, M1), seen=(tls(1, "a"),)), scanned(2, dev(3, M1), seen=(tls(3, "b"),)))
    once = told(tmp_path, *runs)
    assert told(tmp_path, *runs, runs[0], *reversed(runs)) == once
    assert len(once.runs) == 2


def test_a_run_that_goes_on_is_taken_in_anew(tmp_path: Path) -> None:
    """An interrupted scan is in; resumed, it is in with what it found then, once."""
    cut = scanned(1, dev(1, M1), status="interrupted")
    whole = scanned(1, dev(1, M1), dev(2, M2))
    history = told(tmp_path, cut, scanned(2, dev(2, M2)), whole)
    assert [(r.run, r.status, r.devices) for r in history.runs] == [
        ("run-01", "complete", 2),
        ("run-02", "complete", 1),
    ]
    assert [d[3] for d in devices(history)] == [1, 2]


def test_what_is_not_in_yet_is_taken_in_from_the_folder(tmp_path: Path) -> None:
    from iotscan.store.history.folder import history_of

    for day in (2, 1):
        stored(tmp_path, scanned(day, dev(day, M1)))
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "run.json").write_bytes(b'{"schema": "iotscan/run@1", ')
    stored(tmp_path, scanned(1, dev(1, M1)), folder="copy-of-run-01")
    with history_of(tmp_path) as kept:
        (problem,) = kept.take_missing()
        assert problem.startswith("torn is left out")
        assert kept.database.execute("SELECT run FROM runs ORDER BY at").fetchall() == [("run-01",), ("run-02",)]


marks = st.tuples(
    st.integers(1, 5),
    st.sampled_from(["", M1, M2]),
    st.lists(st.sampled_from(["k1", "k2", "k3"]), max_size=2, unique=True),
)
networks = st.lists(marks, max_size=3, unique_by=(lambda m: m[0], lambda m: m[1] or m[0]))


def of(day: int, network: Sequence[tuple[int, str, list[str]]]) -> Run:
    seen: list[Observation] = [ssh(number, *keys) for number, _, keys in network if keys]
    here: list[Device] = [dev(number, mac) for number, mac, _ in network]
    return scanned(day, *here, seen=tuple(seen))


@settings(max_examples=60, deadline=None)
@given(st.lists(networks, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_taking_in_is_no_matter(days, random) -> None:
    runs = [of(day, network) for day, network in enumerate(days)]
    shuffled = random.sample(runs, len(runs))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        assert told(Path(one), *runs) == told(Path(other), *shuffled)


@settings(max_examples=40, deadline=None)
@given(st.lists(networks, min_size=2, max_size=5), st.data())
def test_a_run_taken_out_leaves_no_trace(days, data) -> None:
    from iotscan.store.history.folder import history_of
    from iotscan.store.history.telling import everything

    runs = [of(day, network) for day, network in enumerate(days)]
    gone = data.draw(st.sampled_from(runs))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        told(Path(one), *runs)
        with history_of(Path(one)) as kept:
            kept.leave_out(gone.id)
            assert kept.take_missing() == ()
            assert everything(kept.database) == told(Path(other), *(r for r in runs if r is not gone))
            left = kept.database.execute("SELECT count(*) FROM marks").fetchone()
        with history_of(Path(other)) as fresh:
            assert fresh.database.execute("SELECT count(*) FROM marks").fetchone() == left


@settings(max_examples=60, deadline=None)
@given(networks, networks)
def test_two_runs_are_linked_as_diff_links_them(first, second) -> None:
    from iotscan.assess.linking import link

    old, new = of(1, first), of(2, second)
    with tempfile.TemporaryDirectory() as folder:
        history = told(Path(folder), old, new)
    both = {(d.sights[0].id, d.sights[1].id) for d in history.devices if d.runs == 2}
    assert both == {(owner, found.to) for owner, found in link(old, new).items()}


@pytest.mark.parametrize("started", ["", "yesterday", "9999999-01-01"])
def test_a_run_without_a_time_is_left_out(tmp_path: Path, started: str) -> None:
    import msgspec

    from iotscan.store.history.folder import history_of

    stored(tmp_path, msgspec.structs.replace(scanned(1, dev(1)), started=started))
    with history_of(tmp_path) as kept:
        (problem,) = kept.take_missing()
    assert "is no date" in problem or "and no date" in problem


def _twice(run: Run) -> Run:
    return msgspec.structs.replace(run, devices=(*run.devices, *run.devices))


def _huge(run: Run) -> Run:
    """A count that no database holds, as a file may say it."""
    example = example_run().grades
    assert example.network is not None
    coverage = msgspec.structs.replace(example.network.coverage, assessed=10**30)
    book = msgspec.structs.replace(example.network, coverage=coverage)
    return msgspec.structs.replace(run, grades=msgspec.structs.replace(example, network=book))


@pytest.mark.parametrize("spoil", [_twice, _huge])
def test_a_run_that_contradicts_itself_is_left_out_alone(tmp_path: Path, spoil: Callable[[Run], Run]) -> None:
    stored(tmp_path, spoil(scanned(1, dev(1), id="bad")))
    stored(tmp_path, scanned(2, dev(1), id="good"))
    with history_of(tmp_path) as kept:
        (problem,) = kept.take_missing()
        assert [run.run for run in everything(kept.database).runs] == ["good"]
    assert problem.startswith("bad is left out: its file contradicts itself")


def test_a_pipe_in_place_of_a_run_keeps_nobody_waiting(tmp_path: Path) -> None:
    place = tmp_path / "run-\x1b[2J\n"
    place.mkdir()
    os.mkfifo(place / "run.json")
    with history_of(tmp_path) as kept:
        (problem,) = kept.take_missing()
    assert problem.isprintable()
    assert "is no file" in problem
