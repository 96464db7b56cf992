"""A job's page, and the formats that ``-f`` names."""

import json
import os
from pathlib import Path

import pytest

from iotscan.cli.output import FOR_INVENTORIES
from iotscan.report.json import render
from iotscan.report.registry import FORMATS, known
from tests.cli.conftest import Cli
from tests.report.example import example_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "run.json"
    path.write_text(render(example_run()), encoding="utf-8")
    return path


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


@pytest.mark.parametrize("command", ["assess", "gate"])
def test_a_judged_run_is_appended_to_the_jobs_page(cli: Cli, run: Path, page: Path, command: str) -> None:
    page.write_text("# before\n", encoding="utf-8")
    cli(command, run)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# before\n# iotscan: ")
    assert text.endswith("\n\n")


def test_an_image_is_appended_too(cli: Cli, tmp_path: Path, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("etc", "bin", "usr"):
        (tmp_path / "rootfs" / folder).mkdir(parents=True)
    (tmp_path / "rootfs" / "etc" / "shadow").write_text("root::19000:0:99999:7:::\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    cli("image", "rootfs", "-qq")
    assert page.read_text(encoding="utf-8").startswith("# iotscan: ")


@pytest.mark.parametrize("words", [("assess", "--no-step-summary"), ("gate", "--no-step-summary"), ("report",)])
def test_nothing_is_appended_where_nobody_asks(cli: Cli, run: Path, page: Path, words: tuple[str, ...]) -> None:
    cli(words[0], run, *words[1:])
    assert not page.exists()


@pytest.mark.parametrize("path", ["no/such/folder/summary.md", ".", "a\0b"])
def test_a_page_that_takes_nothing_costs_a_line_and_no_result(
    cli: Cli, run: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    expected = cli("assess", run, "-f", "json")
    monkeypatch.setattr("os.environ", {**os.environ, "GITHUB_STEP_SUMMARY": path})
    ended = cli("assess", run, "-f", "json")
    assert (ended.code, json.loads(ended.out)) == (expected.code, json.loads(expected.out))
    (line,) = (line for line in ended.err.splitlines() if line.startswith("the step summary was not written"))
    assert "--no-step-summary" in line


def test_a_page_that_is_a_pipe_without_a_reader_does_not_block(cli: Cli, run: Path, page: Path, tmp_path: Path) -> None:
    os.mkfifo(page)
    assert "the step summary was not written" in cli("gate", run).err


@pytest.mark.parametrize("command", ["scan", "image", "assess", "report", "discover"])
def test_the_help_names_every_format(cli: Cli, command: str) -> None:
    words = " ".join(cli(command, "--help").out.split())
    named = words.partition("FMT[:PATH]")[2].partition("to PATH or standard output")[0]
    offered = FOR_INVENTORIES if command == "discover" else known()
    assert sorted(named.replace(" or ", ", ").replace(" ", "").strip(",").split(",")) == sorted(offered)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_every_format_goes_to_standard_output_as_it_goes_to_a_file(
    cli: Cli, run: Path, tmp_path: Path, format: str
) -> None:
    shown = cli("report", run, "-f", format)
    written = cli("report", run, "-f", f"{format}:{tmp_path / 'out'}")
    assert (shown.code, written.code, written.out) == (0, 0, "")
    assert (tmp_path / "out").read_bytes().decode() == shown.out
