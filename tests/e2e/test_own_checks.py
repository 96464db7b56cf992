"""The README's way to a check of one's own, walked."""

from pathlib import Path

from iotscan.shipped import shipped
from iotscan.store.runs import read_run
from tests.program import run_iotscan


def test_a_new_check_runs_as_the_readme_says(home: Path, quick: tuple[str, ...], tmp_path: Path) -> None:
    made = run_iotscan("checks", "new", "door-open", "--element", "keys", home=home, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert [Path(line).name for line in made.stdout.splitlines()] == [
        "door_open.py",
        "fires.yaml",
        "silent.yaml",
        "unknown.yaml",
    ]
    ended = run_iotscan(
        "scan", "--lab", "--checks", "checks/keys", "--check", "door-open", *quick, home=home, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    run = read_run("latest", tmp_path / "iotscan-out")
    assert {r.check for r in run.results} == {"door-open"}
    assert {r.outcome for r in run.results} >= {"pass", "not_assessed"}
    assert {c.pack for c in run.checks} == {"keys"}


def test_a_new_check_of_that_name_is_not_written_over(home: Path, tmp_path: Path) -> None:
    words = ("checks", "new", "door-open", "--element", "keys", "--dir", tmp_path)
    assert run_iotscan(*words, home=home).returncode == 0
    again = run_iotscan(*words, home=home)
    assert (again.returncode, again.stdout) == (2, "")
    assert "exists already" in again.stderr


def test_naming_our_own_folder_again_changes_nothing(home: Path) -> None:
    """In a checkout ``checks new`` writes among ours, and the README goes on with ``--checks checks/keys``."""
    plain = run_iotscan("checks", "list", home=home)
    named = run_iotscan("checks", "list", "--checks", shipped("checks") / "keys", home=home)
    assert (named.returncode, named.stdout) == (0, plain.stdout)
