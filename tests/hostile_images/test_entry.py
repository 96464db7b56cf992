"""A selection of hostile images through the real entry: the process that reads an image, and the command."""

import re
from pathlib import Path

import pytest

from iotscan.observe.image.process import ImageProcess
from tests.cli.conftest import Cli, cli
from tests.hostile_images.case import Case, Yard
from tests.hostile_images.running import listing, mounts_below
from tests.hostile_images.tables import all_cases

__all__ = ["cli"]
CHOSEN = (
    "tar: etc/passwd is a symbolic link to the host's canary",
    "squashfs: a name that would pass for another one",
    "gzip: a wrong sum behind all files",
    "include: sshd includes itself",
)
CASES = [case for case in all_cases() if case.name in CHOSEN]


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    for name in ("case", "host", "scratch"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    canary = tmp_path / "host" / "shadow"
    canary.write_text("hostcanary:x:0:0::/hostcanary:/bin/sh\n")
    return Yard(place=tmp_path / "case", canary=canary)


def test_all_that_were_chosen_are_there() -> None:
    assert {case.name for case in CASES} == set(CHOSEN)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_process_says_the_same(case: Case, yard: Yard, tmp_path: Path) -> None:
    image = case.build(yard)
    before = listing(tmp_path / "case", tmp_path / "host")
    observations, attempts = ImageProcess(image, "img").look().posture
    assert listing(tmp_path / "case", tmp_path / "host") == before
    assert not list((tmp_path / "scratch").iterdir())
    assert not mounts_below(tmp_path)
    assert any(re.search(case.problem, a.detail) for a in attempts if a.status == "unreadable")
    assert "/hostcanary" not in repr(observations)


def test_the_command_is_no_clean_run(yard: Yard, tmp_path: Path, cli: Cli) -> None:
    """What could not be read makes a run incomplete, by its exit code too."""
    images = []
    for number, case in enumerate(CASES[:2]):
        place = yard.place / str(number)
        place.mkdir()
        images.append(case.build(Yard(place=place, canary=yard.canary)).rename(yard.place / f"image-{number}"))
    ended = cli("image", *images, "-o", tmp_path / "out", "-q")
    assert ended.code != 0
    assert "Traceback" not in ended.err
    assert "/hostcanary" not in ended.out
