"""``iotscan discover``: who is there, and nothing more."""

import csv
import json
from pathlib import Path

import msgspec
import pytest

from iotscan.cli.output import FOR_INVENTORIES
from iotscan.lab.state import LabState
from iotscan.lab.truth import load_truth
from iotscan.model.run import Run
from iotscan.report.registry import FORMATS, write
from iotscan.store.runs import read_run
from tests.cli.conftest import Cli, cli
from tests.program import run_iotscan

__all__ = ["cli"]


@pytest.fixture(scope="module")
def discovered(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    """The run, and what was printed."""
    output = tmp_path_factory.mktemp("discover")
    ended = run_iotscan("discover", "--lab", "-o", output, home=home)
    assert ended.returncode == 0, ended.stderr
    return read_run("latest", output), ended.stdout


def test_every_device_and_service_is_listed(discovered: tuple[Run, str], practice_network: LabState) -> None:
    run, shown = discovered
    truth = {d.address: d.services for d in load_truth(practice_network.prefix).devices}
    assert {d.address: {s.name: s.protocol for s in d.services} for d in run.devices} == truth
    for address, services in truth.items():
        assert f"device: {address}" in shown
        assert all(name in shown for name in services)


def test_nothing_is_judged(discovered: tuple[Run, str]) -> None:
    run, shown = discovered
    assert not [r for r in run.results if r.outcome in ("pass", "fail")]
    assert "finding" not in shown
    assert "verdict" not in shown


def test_a_list_of_devices_never_passes_a_gate(cli: Cli, discovered: tuple[Run, str], tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(discovered[0]))
    for words in (("--fail-on", "critical"), ("--check", "mqtt-encryption"), ("--fail-on", "none")):
        ended = cli("gate", tmp_path / "run.json", *words)
        assert ended.code == 3
        assert "incomplete: the scan did not look for what" in ended.out


@pytest.mark.parametrize("format", sorted(set(FORMATS) - FOR_INVENTORIES))
def test_a_list_of_devices_is_never_told_as_all_clear(
    cli: Cli, discovered: tuple[Run, str], tmp_path: Path, format: str
) -> None:
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(discovered[0]))
    for words in (("report", tmp_path / "run.json"), ("discover", "--lab")):
        ended = cli(*words, "-f", format)
        assert (ended.code, ended.out) == (2, "")
        assert "nothing was assessed" in ended.err


def test_no_login_is_tried(discovered: tuple[Run, str]) -> None:
    run, _ = discovered
    assert run.scope.grants.default_creds is False
    assert not [o for o in run.observations if o.fact.__struct_config__.tag == "default-login"]


def test_json(home: Path, tmp_path: Path, quick: tuple[str, ...]) -> None:
    ended = run_iotscan("discover", "--lab", *quick, "-f", "json", "-o", tmp_path / "out", home=home)
    assert len(json.loads(ended.stdout)["devices"]) == 12


def test_what_a_list_holds_is_found_again(home: Path, tmp_path: Path, discovered: tuple[Run, str]) -> None:
    """As a table, and as text; the table is where another look begins."""
    run, shown = discovered
    (tmp_path / "list.csv").write_text(write(run, "csv"))
    rows = list(csv.DictReader((tmp_path / "list.csv").read_text().splitlines()))
    assert [row["address"] for row in rows] == [d.address for d in run.devices]
    assert write(run, "text") in shown
    planned = run_iotscan("plan", "--from-file", tmp_path / "list.csv", home=home)
    assert planned.returncode == 0, planned.stderr
    assert f"addresses      {len(run.devices)}: " in planned.stdout
