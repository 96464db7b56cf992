"""What the guides for pipelines and settings say is what the program does."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from iotscan.cli.app import app
from iotscan.cli.config import OPTIONS, OTHER_VARIABLES, VARIABLES
from iotscan.data.config_file import read_config
from iotscan.shipped import PACKAGE
from tests.cli.conftest import Cli
from tests.pipeline import images

GUIDE = PACKAGE.parent / "docs" / "guide"
CI, SETTINGS = GUIDE / "ci.md", GUIDE / "configuration.md"


def rows(page: Path, first: str) -> list[list[str]]:
    """The rows of the table whose head begins with ``first``."""
    (table,) = re.findall(rf"^\| {re.escape(first)} \|.*\n\|[-|]+\|\n((?:\|.*\|\n)+)", page.read_text(), re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def options() -> dict[str, list[str]]:
    """Option name to the ways to write it, of every command."""
    commands = getattr(get_command(app), "commands", {})
    return {p.name: p.opts for c in commands.values() for p in c.params}


def test_the_exit_codes_are_those_of_the_help(cli: Cli) -> None:
    shown = cli("--help").out
    listed = shown[shown.index("Exit codes") : shown.index("Options")]
    told = {code.strip() for row in rows(CI, "exit code") for code in row[0].split(",")}
    assert told == set(re.findall(r"\b\d+\b", listed))


def test_every_key_has_its_row() -> None:
    names = {key: name for name, key in VARIABLES.items()}
    known = options()
    table = rows(SETTINGS, "key")
    assert [row[0].strip("`") for row in table] == list(OPTIONS)
    for key, variable, option in ([cell.strip("`") for cell in row] for row in table):
        assert variable == names.get(key, "")
        assert option in known[OPTIONS[key]]


def test_every_variable_is_told() -> None:
    text = SETTINGS.read_text()
    ours = {*VARIABLES, *OTHER_VARIABLES} - {"IOTSCAN_ACCEPT", "IOTSCAN_REQUIRE_LAN"}
    assert {v for v in ours if f"`{v}`" not in text} == set()


def test_the_example_is_a_file_of_settings(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(schema.*?)```", SETTINGS.read_text(), re.DOTALL)
    (tmp_path / "iotscan.yaml").write_text(example)
    assert len(read_config(tmp_path / "iotscan.yaml", confined=True).values) == len(yaml.safe_load(example))


@pytest.mark.parametrize("page", [CI, SETTINGS], ids=lambda p: p.name)
def test_every_command_is_one(cli: Cli, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images.good(tmp_path / "build/rootfs")
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    assert lines
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "iotscan"
        ended = cli(*words)
        assert ended.code == 0, (line, ended)


def test_links_lead_somewhere() -> None:
    for page in (CI, SETTINGS):
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_the_file_to_begin_with_works_where_nothing_was_ever_run(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    images.good(tmp_path / "build/rootfs")
    (tmp_path / "iotscan.yaml").write_text(cli("config", "init", "--ci").out)
    ended = cli("image", "build/rootfs", "-q")
    assert (ended.code, ended.out) == (0, "gate holds\n"), ended.err
    assert (tmp_path / "iotscan-out/iotscan.json").is_file()


def test_a_dash_is_standard_output(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    images.good(tmp_path / "build/rootfs")
    assert cli("image", "build/rootfs", "-f", "csv:-", "-qq").out.startswith('"')
    assert not (tmp_path / "-").exists()


def examples() -> list[tuple[str, str]]:
    """Every whole file of ours that a guide shows, with the guide's name."""
    shown = [
        (page.name, re.findall(r"```yaml\n(schema: .*?)```", page.read_text("utf-8"), re.DOTALL))
        for page in GUIDE.glob("*.md")
    ]
    return [(name, text) for name, texts in sorted(shown) for text in texts]


@pytest.mark.parametrize(("name", "text"), examples(), ids=lambda v: v.partition("\n")[0])
def test_every_file_that_a_guide_shows_is_valid(cli: Cli, name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(text)
    ended = cli("validate", str(file))
    assert ended.code == 0, (name, ended.err)
