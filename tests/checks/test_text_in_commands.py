"""What certificates and SSH servers say of themselves is pasted into no shell as a command."""

import copy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from tests.checks.samples import HERE, Sample, SampleLoader, judge, read_check

BREAKOUT = "';>owned;'\";>owned;\"$(>owned)"
"""Out of single quotes, of double ones and of none. A redirection makes a file without any program."""
CHECKS = ("certificate-usage", "certificate-name", "client-authentication", "revocation-status", "ssh-policy")
Place = tuple[str | int, ...]


def texts(data: object, at: Place = ()) -> Iterator[Place]:
    """Where the texts of a fact are."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from () if name == "kind" else texts(value, (*at, name))
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield from texts(value, (*at, place))
    elif isinstance(data, str):
        yield at


def lines(check_id: str) -> set[str]:
    """Commands of the check's findings, with each text of their facts ending in :data:`BREAKOUT`."""
    found: set[str] = set()
    check = read_check(check_id)
    for file in sorted((HERE / check_id).glob("fires*.yaml")):
        raw = {k: v for k, v in yaml.load(file.read_text(), SampleLoader).items() if not k.startswith("_")}
        for number, seen in enumerate(raw["seen"]):
            for at in texts(seen["fact"]):
                changed = copy.deepcopy(raw)
                place: Any = changed["seen"][number]["fact"]
                for step in at[:-1]:
                    place = place[step]
                place[at[-1]] += BREAKOUT
                try:
                    results = judge(check, msgspec.convert(changed, Sample))
                except msgspec.ValidationError:
                    continue  # a word of ours: no other is possible
                found |= {r.reproduce for r in results if ">owned" in r.reproduce}
    return found


@pytest.mark.parametrize("check_id", CHECKS)
def test_text_of_a_device_stays_text(check_id: str, tmp_path: Path) -> None:
    for line in lines(check_id):
        subprocess.run(
            ["/bin/bash", "-c", line],
            cwd=tmp_path,
            env={"PATH": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert not (tmp_path / "owned").exists(), line
