"""Every hostile image ends within its budget, says what was not read, shows nothing of the host and leaves it alone."""

import re
from pathlib import Path

import pytest

from iotscan.observe.image.budget import MIB
from iotscan.observe.image.opening import open_image
from iotscan.observe.image.posture import look_at
from tests.hostile_images import folders, tables
from tests.hostile_images.case import Case, Yard
from tests.hostile_images.running import Outcome, listing, mounts_below, run, unsafe_texts

CANARY = b"hostcanary:$1$ab$k2oQq2PvkNwqMrPhMh0Yh0:0:0:hostcanary:/hostcanary:/bin/hostcanary\n"
PEAK = 400 * MIB
"""Bytes beyond those of the test's own process: two windows of the sweep, and what they are made from."""
CASES = tables.all_cases()


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    canary = tmp_path / "host" / "shadow"
    for folder in ("host", "case", "scratch", "home"):
        (tmp_path / folder).mkdir()
    canary.write_bytes(CANARY)
    return Yard(place=tmp_path / "case", canary=canary)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What every process of a case would load first is loaded once, before they are forked."""
    place = tmp_path_factory.mktemp("warm")
    yard = Yard(place=place, canary=place / "none")
    look_at(open_image(folders.root(yard)), "img", lambda message: None)


@pytest.mark.usefixtures("warm")
@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_bounded_contained_and_reported(case: Case, yard: Yard, tmp_path: Path) -> None:
    image = case.build(yard)
    watched = (tmp_path / "case", tmp_path / "host", tmp_path / "home")
    before = listing(*watched)
    outcome = run(image, case.limits, tmp_path / "scratch", tmp_path / "home")
    assert listing(*watched) == before, "the host was changed"
    assert not mounts_below(tmp_path)
    assert not list((tmp_path / "scratch").iterdir()), "something was left in TMPDIR"
    _is_contained(outcome)
    _is_reported(case, outcome)


def _is_contained(outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.errors[-3000:]
    assert "Traceback" not in outcome.errors, outcome.errors[-3000:]
    assert "hostcanary:" not in outcome.text
    assert "/hostcanary" not in outcome.text
    assert not unsafe_texts(outcome)[:3]
    assert outcome.peak < PEAK
    broken = {a.detail for a in outcome.attempts if a.status == "broken"}
    assert not broken


def _is_reported(case: Case, outcome: Outcome) -> None:
    assert case.refused or case.problem or case.finds, "a case says what must be said of it"
    assert bool(case.refused) == bool(outcome.refused), outcome.refused or "it was not refused"
    assert re.search(case.refused, outcome.refused), outcome.refused
    if case.problem:
        said = sorted(set(outcome.gaps))
        assert any(re.search(case.problem, gap) for gap in said), f"not among: {said[:12]}"
    parts = [(p.format, p.role, p.problem) for p in outcome.parts.parts] if outcome.parts else []
    assert re.search(case.finds, outcome.observed), f"not found in {parts[:5]}; unread: {sorted(set(outcome.gaps))[:5]}"
    assert not case.never or not re.search(case.never, outcome.text)
    if case.is_whole:
        assert not outcome.gaps


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert len(names) >= 120
