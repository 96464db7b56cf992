"""What the audit log keeps of a command line."""

import pytest

from iotscan.cli.caller import without_folders


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("2001:db8::/64", "2001:db8::/64"),
        ("--exclude=192.0.2.0/28", "--exclude=192.0.2.0/28"),
        ("--exclude=2001:db8::/64", "--exclude=2001:db8::/64"),
        ("192.0.2.10-40", "192.0.2.10-40"),
        ("/home/max/acme/scope.yaml", "…/scope.yaml"),
        ("/home/max mustermann/a=b,c:d/scope.yaml", "…/scope.yaml"),
        ("acme corp/scope.yaml", "…/scope.yaml"),
        ("--scope=/home/max mustermann/scope.yaml", "--scope=…/scope.yaml"),
        ("--scope=/home/a=b/scope.yaml", "--scope=…/scope.yaml"),
        ("-o/home/max/out", "…/out"),
        ("file:/home/max/targets.txt", "file:…/targets.txt"),
        ("json:/home/max/run.json", "json:…/run.json"),
        ("--format=json:/home/max/run.json", "--format=json:…/run.json"),
        ("--default-creds", "--default-creds"),
    ],
)
def test_folders_are_left_out_and_networks_stay(word: str, kept: str) -> None:
    assert without_folders(word) == kept
