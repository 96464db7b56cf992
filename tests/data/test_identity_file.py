"""The file of a person's rules: what it may say, and one clear line for everything else."""

from pathlib import Path

import pytest

from iotscan.data.identity_file import read_identity
from iotscan.data.strict_yaml import BadYaml
from iotscan.model.identity_rule import IdentityRule

HEAD = "schema: iotscan/identity@1\n"


def read(tmp_path: Path, text: str) -> tuple[IdentityRule, ...]:
    path = tmp_path / "who.yaml"
    path.write_text(HEAD + text)
    return read_identity(path)


def test_what_a_file_says(tmp_path: Path):
    same, apart = read(
        tmp_path,
        """
same:
  - of: [192.168.1.20, "FD00:0::20", dev-1A2b3c4d]
    reason: NAS with two network cards
separate:
  - of: ["00-11-22-AA-BB-CC"]
    reason: repeater, whoever is behind it shows its MAC
""",
    )
    assert same == IdentityRule(
        kind="same",
        of=("192.168.1.20", "fd00::20", "dev-1a2b3c4d"),
        reason="NAS with two network cards",
        file="who.yaml",
    )
    assert (apart.kind, apart.of) == ("separate", ("00:11:22:aa:bb:cc",))


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("same: [{of: [192.0.2.1], reason: x}]", 2, "two are needed to be the same"),
        ("same: [{of: [192.0.2.1, 192.0.2.01], reason: x}]", 2, "'192.0.2.01' is no address, MAC address or id"),
        ("separate: [{of: [camera], reason: x}]", 2, "'camera' is no address, MAC address or id (dev-1a2b3c4d)"),
        ("separate: [{of: [], reason: x}]", 2, "one to 256 addresses"),
        ("separate: [{of: [192.0.2.1], reason: ' '}]", 2, "a reason is needed"),
        ("separate: [{of: [192.0.2.1]}]", 2, "reason"),
        ("together: []", 2, "together"),
        ("separate: [{of: 192.0.2.1, reason: x}]", 2, "write a list"),
        ("separate: [" + "{of: [192.0.2.1], reason: x}," * 1001 + "]", 1, "more than 1000 rules"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(tmp_path: Path, text: str, line: int, problem: str):
    with pytest.raises(BadYaml) as raised:
        read(tmp_path, text)
    assert problem in str(raised.value)
    assert f"who.yaml:{line}" in str(raised.value)
    assert "\n" not in str(raised.value)
