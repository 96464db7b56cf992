"""Kinds of files: their schemas are those of the types, and a file is read by what it says it is."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from iotscan.cli.kinds import KINDS, Kind, kind_at
from iotscan.cli.schemas import file_names, text_of
from iotscan.model.errors import BadInput
from iotscan.shipped import PACKAGE, shipped
from tests.cli.conftest import Cli
from tests.data.test_config_file import WHOLE
from tests.report import golden

FOLDER = golden.REPORTS / "schemas"
WRITTEN = {name: kind for name, kind in KINDS.items() if kind.written}


def schema_of(kind: Kind) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text_of(kind))
    return loaded


def samples() -> list[Path]:
    """Files of ours that ship. What kind each one is takes reading it: that is the tests', not the collecting's."""
    places = [*shipped("profiles").glob("*.yaml"), *(PACKAGE / "data").rglob("*.yaml")]
    return sorted([*places, PACKAGE / "lab" / "credentials.yaml", golden.REPORTS / "samples" / "run.json"])


@pytest.mark.parametrize("name", file_names())
def test_the_checked_in_schemas_are_those_of_the_types(name: str) -> None:
    golden.match(FOLDER / name, text_of(file_names()[name]), "make schema")


def test_no_schema_is_left_over() -> None:
    assert {p.name for p in FOLDER.glob("*.json")} == set(file_names())


@pytest.mark.parametrize("name", WRITTEN)
def test_a_schema_is_one_and_the_program_prints_it(cli: Cli, name: str) -> None:
    Draft202012Validator.check_schema(schema_of(WRITTEN[name]))
    ended = cli("schema", name)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == text_of(WRITTEN[name])
    assert name in cli("schema").out


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.name)
def test_what_ships_is_valid(path: Path) -> None:
    kind = kind_at(path)
    kind.check(path)
    Draft202012Validator(schema_of(kind)).validate(yaml.safe_load(path.read_text("utf-8")))


def test_schema_and_reader_agree_on_settings(tmp_path: Path) -> None:
    validator = Draft202012Validator(schema_of(KINDS["config"]))
    whole = yaml.safe_load(WHOLE)
    assert validator.is_valid(whole)
    for change in (
        {"fail_on": "hihg"},
        {"fail-on": "high"},
        {"network": {"timeout": 0}},
        {"output": {"x": 1}},
        {"schema": 1},
    ):
        spoilt = {**whole, **change}
        assert not validator.is_valid(spoilt), change
        path = tmp_path / "iotscan.yaml"
        path.write_text(json.dumps(spoilt))
        with pytest.raises(BadInput):
            KINDS["config"].check(path)


def test_a_diff_is_valid(cli: Cli, tmp_path: Path) -> None:
    run = golden.REPORTS / "samples" / "run.json"
    ended = cli("diff", run, run, "-f", "json", "--profile", "default")
    assert ended.code == 0, ended
    Draft202012Validator(schema_of(KINDS["diff"])).validate(json.loads(ended.out))
    (tmp_path / "diff.json").write_text(ended.out)
    assert cli("validate", tmp_path / "diff.json").out.endswith("iotscan/diff@1\n")
    (tmp_path / "diff.json").write_text('{"schema": "iotscan/diff@1", "old": 7}')
    assert cli("validate", tmp_path / "diff.json").code == 2


def test_unknown_kind(cli: Cli) -> None:
    ended = cli("schema", "confg")
    assert ended.code == 2
    assert "did you mean 'config'?" in ended.err


def test_validate_says_a_line_for_each_bad_file(cli: Cli, tmp_path: Path, silent_network: list[str]) -> None:
    texts = {
        "iotscan.yaml": WHOLE,
        "wrong.yaml": "schema: iotscan/config@1\nfail_onn: high\n",
        "other.yaml": "schema: iotscan/confg@1\n",
        "none.yaml": "a: b\n",
        "profile.yaml": "schema: iotscan/profile@1\nid: x\nversion: '1'\ntitle: x\nrequired: [tls-version]\n",
        "run.json": "{}",
        "pyproject.toml": "[tool.iotscan]\nprofil = 'x'\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    ended = cli("validate", *(tmp_path / name for name in texts), tmp_path / "gone.yaml", tmp_path)
    assert ended.code == 2
    assert ended.out == f"{tmp_path}/iotscan.yaml: iotscan/config@1\n"
    lines = ended.err.splitlines()
    assert len(lines) == len(texts) - 1 + 2
    for line, said in zip(
        lines,
        [
            "wrong.yaml:2: unknown key 'fail_onn': did you mean 'fail_on'?",
            "other.yaml:1: schema 'iotscan/confg@1' is none of ours: did you mean 'iotscan/config@1'?",
            "none.yaml:1: begin the file with its kind",
            "profile.yaml:5: there is no check 'tls-version': did you mean 'tls-versions'?",
            "run.json is no whole run file",
            "pyproject.toml:2: unknown key 'profil': did you mean 'profile'?",
            "gone.yaml: cannot be read",
            ": is no file",
        ],
        strict=True,
    ):
        assert line.startswith("iotscan: ")
        assert said in line
    assert silent_network == []


def test_validate_reads_settings_as_where_they_would_be_found(cli: Cli, tmp_path: Path) -> None:
    text = "schema: iotscan/config@1\noutput: {dir: ../elsewhere}\n"
    for name, code in (("iotscan.yaml", 2), ("named-on-purpose.yaml", 0)):
        (tmp_path / name).write_text(text)
        assert cli("validate", tmp_path / name).code == code
