"""Golden samples, hostile text, and the formats by name."""

import json
from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.facts import Claim
from iotscan.model.run import Run
from iotscan.report import inventory, plain
from iotscan.report import json as run_json
from iotscan.report.registry import FORMATS, UnknownFormat, write

from . import golden
from .example import empty_run, example_run, image_run, interrupted_run
from .hostile import TRICKS, is_harmless, spoiled
from .reading import READ_BACK

TEXTS = (*sorted(FORMATS), "md")
"""Formats that are text, the document that is among them."""
RUNS = (example_run, interrupted_run, image_run)
SAMPLES = {
    "html": "report.html",
    "json": "run.json",
    "text": "report.txt",
    "csv": "report.csv",
    "cyclonedx": "devices.cdx.json",
    "jsonl": "records.jsonl",
    "md": "report.md",
    "github-summary": "github-summary.md",
    "junit": "junit.xml",
    "sarif": "report.sarif",
    "sarif-github": "github.sarif",
    "gitlab-codequality": "gl-code-quality-report.json",
}


@pytest.mark.parametrize("format", TEXTS)
def test_the_sample_is_what_is_written(format: str) -> None:
    golden.match(golden.REPORTS / "samples" / SAMPLES[format], write(example_run(), format))


@pytest.mark.parametrize("format", TEXTS)
def test_a_run_that_found_nobody_is_written_too(format: str) -> None:
    written = write(empty_run(), format)
    assert written.endswith("\n")
    said = "no device answered" if format == "md" else "no target answered"
    assert said in written or format == "csv", "silence must never look like a pass"


@pytest.mark.parametrize("make", RUNS)
def test_a_run_survives_json(make: object) -> None:
    run = make()  # type: ignore[operator]
    assert msgspec.json.decode(run_json.render(run), type=Run) == run


def test_json_is_stable_and_indented() -> None:
    text = run_json.render(example_run())
    assert text == run_json.render(msgspec.json.decode(text, type=Run))
    assert text.startswith('{\n  "schema": "iotscan/run@1",\n  "id"')
    assert text.endswith("}\n")
    run = example_run()
    turned = dict(reversed(run.grades.devices.items()))
    assert run_json.render(replace(run, grades=replace(run.grades, devices=turned))) == text


@pytest.mark.parametrize("format", TEXTS)
@pytest.mark.parametrize("trick", TRICKS, ids=range(len(TRICKS)))
def test_a_trick_stays_text(format: str, trick: str) -> None:
    _assert_harmless(format, "x" + trick)


@pytest.mark.parametrize("format", TEXTS)
@given(text=st.text(max_size=40))
@settings(max_examples=40, deadline=None)
def test_any_text_stays_text(format: str, text: str) -> None:
    _assert_harmless(format, "x" + text)


def _assert_harmless(format: str, text: str) -> None:
    written = write(spoiled(text), format)
    assert is_harmless(written.replace("\r\n", "\n") if format == "csv" else written)
    assert written.endswith("\n")
    plain_lines = write(spoiled("x"), format).count("\n")
    assert written.count("\n") == len(written.splitlines()) == plain_lines
    if format == "json":
        assert msgspec.json.decode(written, type=Run) == spoiled(text)
        assert json.loads(written)["notices"][0]["text"] == text
    if format in READ_BACK:
        READ_BACK[format](written)


@given(text=st.text(max_size=40) | st.sampled_from(TRICKS))
@settings(max_examples=40, deadline=None)
def test_an_inventory_stays_text(text: str) -> None:
    written = inventory.inventory(spoiled("x" + text))
    assert is_harmless(written)
    assert written.count("\n") == inventory.inventory(spoiled("x")).count("\n")


def test_plain_text_is_greppable() -> None:
    lines = plain.render(example_run()).splitlines()
    assert sum(line.startswith("finding: critical  ") for line in lines) == 2
    assert sum(line.startswith("device: ") for line in lines) == 6
    assert "element: communication  F  14/20 assessed" in lines
    assert not any("─" in line or "│" in line for line in lines)
    assert sum(line.startswith("verdict: ") for line in lines) == 1


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(UnknownFormat, match="did you mean 'json'") as caught:
        write(example_run(), "jsno")
    assert caught.value.nearest == "json"
    with pytest.raises(UnknownFormat, match=r"Known: csv, cyclonedx, .*, text"):
        write(example_run(), "\x1b[2Jnonsense")


@pytest.mark.parametrize("name", ["csv", "json", "jsonl", "junit", "sarif"])
@pytest.mark.parametrize("level", ["strict", "off"])
def test_a_file_for_programs_has_the_level_of_redaction(name: str, level: Literal["strict", "off"]) -> None:
    assert f'"{level}"' in write(msgspec.structs.replace(example_run(), redaction=level), name)
    assert f'"{level}"' not in write(example_run(), name)


@pytest.mark.parametrize("name", ["text", "github-summary"])
def test_none_is_said_of_what_was_assessed_alone(name: str) -> None:
    (line,) = (row for row in write(example_run(), name).splitlines() if "0/11" in row)
    assert "nothing assessed" in line
    assert "none" not in line


@pytest.mark.parametrize("name", ["text", "md", "html", "sarif"])
def test_two_devices_of_one_name_are_told_apart(name: str) -> None:
    run = example_run()
    (first, second) = ((d.id, d.address) for d in run.devices if d.label in ("hub-1", "cam-front"))
    named = Claim(what="name", value="Plug P1", how="mdns")
    told = replace(run, devices=tuple(replace(d, claims=(named,)) for d in run.devices))
    text = write(told, name)
    assert all(f"Plug P1 ({address})" in text for _, address in (first, second))


@pytest.mark.parametrize("name", ["text", "md", "github-summary", "html"])
def test_a_page_that_is_not_redacted_says_so(name: str) -> None:
    run = example_run()
    assert "not redacted" in write(msgspec.structs.replace(run, redaction="off"), name).lower()
    assert "<strong>not redacted" not in write(run, name).lower()
