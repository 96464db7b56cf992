"""A list of devices in the formats that a new user asks for: stable columns, nothing judged, nothing that acts."""

import csv
import io

import pytest
from msgspec.structs import replace

from iotscan.model.grade import Grades
from iotscan.model.run import Run
from iotscan.report.csv import FORMULA
from iotscan.report.registry import write

from .example import example_run, interrupted_run
from .hostile import TRICKS, is_harmless, spoiled
from .reading import read_markdown


def listing(run: Run) -> Run:
    return replace(run, command="discover", results=(), verdict=None, grades=Grades())


def test_the_columns_of_a_table_are_those_of_the_guide() -> None:
    head = write(listing(example_run()), "csv").splitlines()[0].replace('"', "").split(",")
    assert head[:11] == [
        *("address", "other addresses", "mac", "name", "kind", "vendor", "model", "software", "services"),
        *("found by", "remarks"),
    ]
    assert head[-1] == "redaction"


def test_markdown_lists_devices_and_no_grades() -> None:
    text = write(listing(example_run()), "md")
    read_markdown(text)
    assert text.startswith(f"# iotscan: devices: {len(example_run().devices)}\n")
    assert "| address | mac | name | kind | vendor | model | services | found by |" in text
    assert not {"Grades", "Verdict", "GATE", "finding"} & set(text.split())
    assert "**PARTIAL: " in write(listing(interrupted_run()), "md")


@pytest.mark.parametrize("trick", [*TRICKS, *(f"{start}1+1" for start in FORMULA)])
def test_what_a_device_says_stays_text(trick: str) -> None:
    run = listing(spoiled(trick))
    text = write(run, "md")
    assert is_harmless(text)
    read_markdown(text)
    rows = list(csv.reader(io.StringIO(write(run, "csv"))))
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows for cell in row if cell.lstrip(" '")[:1] in FORMULA and cell[:1] != "'"]


def test_a_list_that_was_cut_says_how_it_goes_on() -> None:
    run = listing(interrupted_run())
    assert f"iotscan scan --resume {run.id}" in write(run, "text").splitlines()[0]
