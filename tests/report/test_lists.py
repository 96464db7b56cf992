"""CSV, JSON Lines and GitLab code quality."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.result import fingerprint
from iotscan.model.vocabulary import Outcome
from iotscan.report.csv import COLUMNS, FORMULA, guarded
from iotscan.report.registry import write

from .example import empty_run, example_run, image_run, interrupted_run


def _rows(run: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(write(run, "csv"), newline="")))


def test_a_table_has_every_result_and_says_what_became_of_it() -> None:
    run = example_run()
    rows = _rows(run)
    assert len(rows) == len(run.results)
    assert sum(r["outcome"] == "fail" for r in rows) == 10
    assert [r["waiver"] for r in rows if r["outcome"] == "waived"] == ["W-2026-014 until 2027-02-20 (j.doe)"]
    silent = [r for r in rows if r["address"] == "192.0.2.23"]
    assert {r["outcome"] for r in silent} == {"not_assessed"}
    assert all(r["why"] == "no answer in time: no port answered" for r in silent)
    assert {r["fingerprint"] for r in rows} == {r.fingerprint for r in run.results}
    assert [r["severity"] for r in rows[:4]] == ["critical", "critical", "high", "high"]


def test_a_table_is_quoted_and_ends_its_lines_as_rfc_4180_says() -> None:
    text = write(example_run(), "csv")
    assert text.endswith('"\r\n')
    assert text.count("\n") == text.count("\r\n") == len(example_run().results) + 1
    assert text.startswith('"outcome","severity","check"')
    names = (*(name for name, _ in COLUMNS), "redaction")
    assert write(empty_run(), "csv") == ",".join(f'"{name}"' for name in names) + "\r\n"


def test_a_place_in_an_image_has_its_line() -> None:
    (finding,) = (r for r in _rows(image_run()) if r["outcome"] == "fail")
    assert (finding["path"], finding["line"], finding["address"]) == ("etc/nginx/nginx.conf", "14", "")


@pytest.mark.parametrize("start", FORMULA)
def test_no_cell_is_a_formula(start: str) -> None:
    for text in (f"{start}cmd|' /C calc'!A0", f"  {start}1", f"'{start}1"):
        assert guarded(text) == f"'{text}"
    assert guarded(f"1{start}1") == f"1{start}1"


@given(st.text(max_size=20) | st.sampled_from(["=1", "'=1", "''=1", " =1", "'", "''", "'a"]))
def test_the_guard_can_be_undone(text: str) -> None:
    cell = guarded(text)
    assert not cell.startswith(FORMULA)
    rest = cell.removeprefix("'")
    is_guarded = cell.startswith("'") and rest.lstrip(" '").startswith(FORMULA)
    assert (rest if is_guarded else cell) == text


def test_records_stand_alone_and_end_with_the_verdict() -> None:
    run = example_run()
    records = [json.loads(line) for line in write(run, "jsonl").splitlines()]
    kinds = [r["record"] for r in records]
    order = ("run", "device", "result", "grade", "waiver", "attestation", "notice", "verdict")
    assert tuple(dict.fromkeys(kinds)) == order
    assert kinds.count("result") == len(run.results)
    assert kinds.count("grade") == 1 + len(run.devices)
    assert records[0]["schema"] == "iotscan/records@1"
    assert records[-1]["exit_code"] == 1
    worst = next(r for r in records if r["record"] == "result")
    assert (worst["label"], worst["severity"]) == ("cam-front", "critical")
    assert worst["title"] == "A documented default login is accepted"


def test_a_run_that_nobody_judged_is_not_complete_in_records() -> None:
    last = json.loads(write(interrupted_run(), "jsonl").splitlines()[-1])
    assert last == {"record": "verdict", "complete": False, "gate": "none", "summary": "the run did not end"}


@pytest.mark.parametrize("make", [example_run, empty_run, interrupted_run, image_run])
def test_gitlab_takes_every_issue(make: Any) -> None:
    issues = json.loads(write(make(), "gitlab-codequality"))
    assert isinstance(issues, list)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1
        path = issue["location"]["path"]
        assert path
        assert not path.startswith(("/", "."))
        assert ":" not in path
    marks = [i["fingerprint"] for i in issues]
    assert len(marks) == len(set(marks))


def test_gitlab_sees_severities_lines_and_no_waived_finding() -> None:
    issues = json.loads(write(example_run(), "gitlab-codequality"))
    assert [i["severity"] for i in issues[1:4]] == ["blocker", "blocker", "critical"]
    waived = {r.fingerprint for r in example_run().results if r.waiver}
    assert waived
    assert not waived & {i["fingerprint"] for i in issues}
    (issue,) = json.loads(write(image_run(), "gitlab-codequality"))
    assert issue["location"] == {"path": "gateway/etc/nginx/nginx.conf", "lines": {"begin": 14}}


def test_gitlab_sees_an_incomplete_run() -> None:
    (issue,) = json.loads(write(empty_run(), "gitlab-codequality"))
    assert "no target answered" in issue["description"]


def test_a_clean_image_is_an_empty_list() -> None:
    run = image_run()
    clean = replace(run, results=tuple(r for r in run.results if r.outcome is not Outcome.FAIL))
    assert write(clean, "gitlab-codequality") == "[]\n"


def test_findings_without_a_fingerprint_still_differ() -> None:
    run = example_run()
    bare = replace(run, results=tuple(replace(r, fingerprint="") for r in run.results))
    marks = [i["fingerprint"] for i in json.loads(write(bare, "gitlab-codequality"))]
    assert len(marks) == len(set(marks))
    assert fingerprint("a", "b", "c", "d") not in marks
