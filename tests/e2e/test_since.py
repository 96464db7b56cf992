"""A scan that goes back to an earlier one says the same, for less."""

from pathlib import Path

from iotscan.model.run import Run
from tests.e2e.conftest import Scan, Scanned
from tests.e2e.likeness import differences
from tests.program import run_iotscan


def conversations(run: Run) -> int:
    return sum(cost.conversations for cost in run.costs.values())


def test_an_unchanged_network_gives_equal_results(scanned: Scanned, scan: Scan) -> None:
    again = scan("--since", scanned.folder)
    assert differences(scanned.run, again.run) == []
    assert conversations(again.run) < conversations(scanned.run)
    (notice,) = [n.text for n in again.run.notices if n.about == "since"]
    assert f"show themselves as in {scanned.run.id}" in notice
    assert "0 added, 0 changed, 0 fixed" in again.err + again.out


def test_only_a_scan_with_its_journal_can_be_gone_back_to(scanned: Scanned, home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run.json"
    copy.write_bytes((scanned.folder / "run.json").read_bytes())
    ended = run_iotscan("scan", "--lab", "-o", tmp_path / "out", "--since", copy, home=home)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "journal.jsonl" in line
