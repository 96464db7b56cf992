"""YAML files of every kind, cut off and spoilt: exit code 2, file, line, the nearest right word; no traceback."""

import random
import re
from functools import cache
from pathlib import Path

import pytest

from iotscan.assess import registry
from iotscan.cli.kinds import KINDS
from iotscan.data.credential_records import FOLDER
from iotscan.data.known_keys import FILE as KEYS
from iotscan.data.known_psks import FILE
from iotscan.data.remedies import FOLDER as REMEDIES
from iotscan.data.standards import FOLDER as STANDARDS
from iotscan.shipped import PACKAGE, shipped
from tests.cli.conftest import Cli, cli

__all__ = ["cli"]
SPOILT = 60
HERE = Path(__file__).parent
FILES = [
    *sorted(shipped("profiles").glob("*.yaml")),
    *sorted(FOLDER.glob("*.yaml")),
    PACKAGE / "lab" / "credentials.yaml",
    FILE,
    KEYS,
    *sorted(REMEDIES.glob("*.yaml")),
    STANDARDS / "uk-psti.yaml",
    *sorted((HERE.parent / "data").glob("sample.*.yaml")),
    *sorted((HERE / "samples").glob("*.yaml")),
]
ONE_OF_A_KIND = [
    shipped("profiles") / "gateway-image.yaml",
    FOLDER / "office.yaml",
    FILE,
    KEYS,
    REMEDIES / "nginx.yaml",
    STANDARDS / "uk-psti.yaml",
    *sorted((HERE.parent / "data").glob("sample.*.yaml")),
    *sorted((HERE / "samples").glob("*.yaml")),
]
"""Through the whole command line; readers of single kinds spoil every file of theirs in their own tests."""


@pytest.fixture(autouse=True)
def _checks_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "load_checks", cache(registry.load_checks))


def test_every_kind_of_yaml_is_among_them() -> None:
    for files in (FILES, ONE_OF_A_KIND):
        said = {word for path in files for word in re.findall(r"^schema: (\S+)", path.read_text(), re.MULTILINE)}
        assert said == {kind.schema for kind in KINDS.values() if not kind.is_open}


def complaint(cli: Cli, path: Path) -> str:
    """What is said of a file, empty where it is good."""
    ended = cli("validate", path)
    assert ended.code in (0, 2), ended
    assert "Traceback" not in ended.err
    if ended.code == 0:
        return ""
    lines = ended.err.splitlines()
    assert lines
    for line in lines:
        assert line.startswith(f"iotscan: {path}"), line
        assert line.isprintable(), line
        assert len(line) < 600, line
    return lines[0]


@pytest.mark.parametrize("given", ONE_OF_A_KIND, ids=lambda p: p.name)
def test_cut_off_and_spoilt(cli: Cli, given: Path, tmp_path: Path) -> None:
    whole, dice = given.read_bytes(), random.Random(given.name)
    path = tmp_path / given.name
    path.write_bytes(whole)
    assert complaint(cli, path) == "", "or this proves nothing"
    ends = [dice.randrange(len(whole)) for _ in range(SPOILT // 4)]
    variants = [whole[:end] for end in ends]
    for _ in range(SPOILT):
        at, length = dice.randrange(len(whole)), dice.randrange(4)
        variants.append(whole[:at] + dice.randbytes(dice.randrange(4)) + whole[at + length :])
    refused = []
    for raw in variants:
        path.write_bytes(raw)
        refused.append(complaint(cli, path))
    told = [said for said in refused if said]
    assert len(told) > SPOILT / 4
    located = [said for said in told if re.search(rf"{re.escape(path.name)}:\d+", said)]
    assert len(located) > 0.9 * len(told), sorted(set(told) - set(located))[:5]


@pytest.mark.parametrize("given", FILES, ids=lambda p: p.name)
def test_a_misspelt_key_is_told_with_the_right_one(cli: Cli, given: Path, tmp_path: Path) -> None:
    """Each top-level key with two letters exchanged."""
    lines = given.read_text().splitlines()
    path = tmp_path / given.name
    keys = {n: line.partition(":")[0] for n, line in enumerate(lines) if re.match(r"[a-z_]{4,}:", line)}
    assert keys
    for number, key in keys.items():
        if key == "schema":
            continue
        wrong = key[:1] + key[2] + key[1] + key[3:]
        if wrong == key:
            continue
        path.write_text("\n".join((*lines[:number], wrong + lines[number][len(key) :], *lines[number + 1 :])) + "\n")
        said = complaint(cli, path)
        assert f"{path}:{number + 1}: " in said, (wrong, said)
        assert f"did you mean '{key}'?" in said
