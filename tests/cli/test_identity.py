"""--identity on the command line: refused before anything is sent, and kept by the run."""

from pathlib import Path

import pytest

from iotscan.cli.stored import _regrouped
from iotscan.model.identity_rule import IdentityRule
from iotscan.observe.network.discovery.found import Found
from iotscan.scan.inventory import Inventory
from tests.cli.conftest import Cli, cli
from tests.scan.test_regrouping import SSH, stored

__all__ = ["cli"]
APART = "schema: iotscan/identity@1\nseparate:\n  - of: [10.77.0.31]\n    reason: a guest\n"


@pytest.mark.parametrize("command", ["discover", "scan"])
def test_a_file_that_cannot_be_used_ends_the_command(cli: Cli, tmp_path: Path, command: str) -> None:
    path = tmp_path / "who.yaml"
    path.write_text(APART.replace("10.77.0.31", "camera"))
    ended = cli(command, "192.0.2.1", "--identity", path, "-o", tmp_path / "out")
    assert ended.code == 2
    assert "who.yaml:3: 'camera' is no address, MAC address or id (dev-1a2b3c4d)" in ended.err
    assert not (tmp_path / "out").exists()


def test_a_stored_run_is_put_together_by_a_file_and_stays_as_it_is_without(tmp_path: Path) -> None:
    path = tmp_path / "who.yaml"
    path.write_text(APART)
    run = _regrouped(stored(), path)
    assert {(a,) for a in SSH} <= {d.addresses for d in run.devices}
    assert _regrouped(run, None) is run


def test_a_scan_joins_by_the_rules_that_its_run_begins_with() -> None:
    inventory = Inventory(rules=[IdentityRule(kind="same", of=("192.0.2.1", "192.0.2.2"), reason="one")])
    for last in (1, 2, 3):
        inventory.add(Found(address=f"192.0.2.{last}", how="test"))
    assert [d.addresses for d in inventory.devices()] == [("192.0.2.1", "192.0.2.2"), ("192.0.2.3",)]
