"""Settings from a file: what they may say, where a complaint points, and what never gets in."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.data.config_file import AUTHORITY, SCHEMA, read_config, read_toml
from iotscan.data.strict_yaml import BadYaml
from iotscan.model.errors import BadInput

WHOLE = """\
schema: iotscan/config@1
profile: security/branch.yaml
waivers: security/iotscan.waivers.yaml
baseline: runs/main.json
fail_on: high
warn_on: medium
fail_on_new: low
min_grade: B
incomplete: warn
output:
  dir: out/
  formats: ["json:out/iotscan.json"]
  redact: strict
network: {timeout: 3, deadline: 600, max_hosts: 256}
exclude: [192.0.2.66/32, "file:not-these.txt"]
progress: false
step_summary: false
color: never
width: 100
ascii: true
"""
TOML = """\
[build-system]
requires = ["hatchling"]

[tool.iotscan]
profile = "quick"
fail_on = "high"

[tool.iotscan.output]
formats = ["json:out/iotscan.json"]
"""


def write(tmp_path: Path, text: str, name: str = "iotscan.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def complaint(path: Path) -> str:
    """What is said against a file; empty where it is fine."""
    try:
        read_config(path, confined=True)
    except BadInput as error:
        return str(error)
    return ""


def test_a_whole_file_with_its_paths_beside_it(tmp_path: Path) -> None:
    values = read_config(write(tmp_path, WHOLE), confined=True).values
    here = tmp_path.resolve()
    assert values["profile"] == str(here / "security/branch.yaml")
    assert values["waivers"] == str(here / "security/iotscan.waivers.yaml")
    assert values["baseline"] == str(here / "runs/main.json")
    assert values["output.dir"] == str(here / "out")
    assert values["output.formats"] == [f"json:{here}/out/iotscan.json"]
    assert values["exclude"] == ["192.0.2.66/32", f"file:{here}/not-these.txt"]
    assert values["network.timeout"] == 3
    assert values["progress"] is False


def test_names_stay_names(tmp_path: Path) -> None:
    values = read_config(write(tmp_path, f"schema: {SCHEMA}\nprofile: quick\nbaseline: latest\n")).values
    assert values == {"profile": "quick", "baseline": "latest"}


def test_a_table_of_pyproject(tmp_path: Path) -> None:
    settings = read_config(write(tmp_path, TOML, "pyproject.toml"))
    formats = [f"json:{tmp_path.resolve()}/out/iotscan.json"]
    assert settings.values == {"profile": "quick", "fail_on": "high", "output.formats": formats}


@pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "[project]\nname = 'iotscan'\n", "[tool]\n", "tool = 'iotscan'"])
def test_a_pyproject_of_others_is_none_of_ours(tmp_path: Path, text: str) -> None:
    assert read_toml(write(tmp_path, text, "pyproject.toml")) is None


HEAD = f"schema: {SCHEMA}\n"
WRONG = {
    "unknown key": (HEAD + "fail-on: high\n", 2, "unknown key 'fail-on': did you mean 'fail_on'?"),
    "unknown inner key": (HEAD + "output:\n  folder: x\n", 3, "unknown key 'folder'"),
    "unknown word": (HEAD + "fail_on: hihg\n", 2, "did you mean 'high'?"),
    "too small": (HEAD + "network:\n  timeout: 0\n", 3, "Expected `float` >= 0.1"),
    "duration": (HEAD + "network: {timeout: 5s}\n", 2, "Expected `float"),
    "no schema": ("fail_on: high\n", 1, "schema must be"),
    "other schema": ("schema: iotscan/profile@1\n", 1, "schema must be"),
    "nothing": ("", 1, "a mapping is expected"),
    "format to standard output": (HEAD + "output:\n  formats:\n    - json\n", 4, "write it as json:PATH"),
    "written elsewhere": (HEAD + "output:\n  dir: ../elsewhere\n", 3, "lies outside"),
    "written at the root": (HEAD + "output: {dir: /tmp/x}\n", 2, "lies outside"),
    "format elsewhere": (HEAD + "output:\n  formats: [json:../../x]\n", 3, "lies outside"),
    "standard input": (HEAD + "exclude: ['-']\n", 2, "standard input"),
    "no path": (HEAD + 'output: {dir: ""}\n', 2, "a path is expected"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    text, line, said = WRONG[name]
    with pytest.raises(BadYaml) as error:
        read_config(write(tmp_path, text), confined=True)
    assert f"iotscan.yaml:{line}: " in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[tool.iotscan]\n\nfail_on = 'hihg'\n", 3, "did you mean 'high'?"),
        ("[tool.iotscan]\nprofil = 'x'\n", 2, "did you mean 'profile'?"),
        ("[tool.iotscan.output]\nx = 1\n[tool.iotscan.network]\ntimeout = 0\n", 2, "unknown key 'x'"),
        ("[tool.iotscan]\ndefault_creds = true\n", 2, "authority"),
        ("[tool]\niotscan = 7\n", 2, "a mapping is expected"),
        ("[tool.iotscan]\nwidth = 2026-11-25\n", 2, "Expected `int"),
        ("[tool.iotscan]\nwidth = \n", 2, "is no TOML"),
    ],
)
def test_toml_complaints_have_lines_too(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(BadYaml) as error:
        read_config(write(tmp_path, text, "pyproject.toml"))
    assert f"pyproject.toml:{line}: " in str(error.value)
    assert said in str(error.value)


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "out").symlink_to(tmp_path)
    with pytest.raises(BadYaml, match="lies outside"):
        read_config(write(project, HEAD + "output: {dir: out}\n"), confined=True)
    read_config(project / "iotscan.yaml")  # Named by the user, it may.


@pytest.mark.parametrize("key", [*sorted(AUTHORITY), "default-creds", "Default_Creds"])
@pytest.mark.parametrize("within", ["", "output", "network"])
def test_authority_is_refused_wherever_it_stands(tmp_path: Path, key: str, within: str) -> None:
    body = f"{within}:\n  '{key}': true\n" if within else f"'{key}': true\n"
    with pytest.raises(BadYaml, match=rf"iotscan\.yaml:{3 if within else 2}: '{key}' is refused: authority"):
        read_config(write(tmp_path, HEAD + body))


@pytest.mark.parametrize(("text", "name"), [(WHOLE, "iotscan.yaml"), (TOML, "pyproject.toml")])
def test_cut_and_spoilt_files_are_one_complaint(tmp_path: Path, text: str, name: str) -> None:
    whole, dice = text.encode(), random.Random(7)
    spoilt = [whole[:end] for end in range(len(whole))]
    for _ in range(200):
        at, length = dice.randrange(len(whole)), dice.randrange(4)
        spoilt.append(whole[:at] + dice.randbytes(dice.randrange(4)) + whole[at + length :])
    path = tmp_path / name
    refused = 0
    for raw in spoilt:
        path.write_bytes(raw)
        said = complaint(path)
        refused += bool(said)
        assert said == "" or str(path) in said
        assert said.isprintable(), raw
    assert refused > 50


@given(st.text(max_size=200))
def test_any_text_after_our_header_is_settings_or_a_complaint(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    # In a folder of its own: what lies above the folders of other tests would be found as their settings.
    path = tmp_path_factory.mktemp("any-text") / "pyproject.toml"
    path.write_text("[tool.iotscan]\n" + text, "utf-8", errors="ignore")
    assert complaint(path).isprintable()
