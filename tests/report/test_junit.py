"""JUnit XML under both common schemas, and the traps of its readers (report-formats §5.2)."""

import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.model.result import fingerprint
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.report.junit import render

from .example import empty_run, example_run, image_run, interrupted_run
from .hostile import TRICKS, spoiled

SCHEMAS = ("junit-ant.xsd", "junit-10.xsd")
RUNS = (example_run, empty_run, interrupted_run, image_run)


@cache
def _schema(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(Path(__file__).parent / "schemas" / name))


def _cases(run: Run) -> dict[tuple[str, str], ET.Element]:
    cases = ET.fromstring(render(run)).findall(".//testcase")
    named = {(c.get("classname", "").partition(".")[2], c.get("name", "")): c for c in cases}
    assert len(named) == len(cases)
    return named


def _case(run: Run, asset: str, name: str) -> ET.Element:
    (found,) = (c for (group, n), c in _cases(run).items() if n == name and group.startswith(asset))
    return found


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("make", RUNS)
def test_both_schemas_hold(make: Any, schema: str) -> None:
    _schema(schema).validate(render(make()))


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("trick", TRICKS, ids=range(len(TRICKS)))
def test_no_device_breaks_a_schema(trick: str, schema: str) -> None:
    _schema(schema).validate(render(spoiled("x" + trick)))


@given(text=st.text(st.characters(codec="utf-8"), max_size=30))
@settings(max_examples=40, deadline=None)
def test_any_text_is_xml(text: str) -> None:
    ET.fromstring(render(spoiled("x" + text)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: root.set("tests", "1"),
        lambda root: root[0].attrib.pop("timestamp"),
        lambda root: root[0].set("timestamp", "2026-11-22T18:00:00Z"),
        lambda root: root[1][1].set("file", "x"),
        lambda root: root[0].append(root[0][0]),
    ],
)
def test_the_schemas_see_what_other_writers_do_wrong(spoil: Any) -> None:
    root = ET.fromstring(render(example_run()))
    spoil(root)
    text = ET.tostring(root, encoding="unicode")
    assert not all(_schema(name).is_valid(text) for name in SCHEMAS)


def test_counts_are_those_of_the_cases() -> None:
    for suite in ET.fromstring(render(example_run())):
        cases = suite.findall("testcase")
        for count, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(count, "")) == sum(c.find(kind) is not None for c in cases)
        assert int(suite.get("tests", "")) == len(cases)


def test_a_case_ends_in_one_way_and_a_failure_says_all_in_its_body() -> None:
    for case in _cases(example_run()).values():
        assert len(case) <= 1
        for end in case:
            assert end.get("message")
            if end.tag != "skipped":
                assert end.get("type")
                assert (end.text or "").strip()


def test_each_outcome_becomes_what_readers_expect() -> None:
    run = example_run()
    failed = _case(run, "cam-front", "telnet-service on tcp/23").find("failure")
    assert failed is not None
    assert failed.get("type") == "high"
    assert failed.get("message", "").startswith("[HIGH] cam-front tcp/23: Telnet asks for a login")
    assert "Reproduce: telnet 192.0.2.21 23" in (failed.text or "")
    waived = _case(run, "gw-edge", "tls-versions on tcp/443").find("skipped")
    assert waived is not None
    assert waived.get("message", "").startswith("WAIVED W-2026-014")
    chosen = _case(run, "gw-edge", "default-login on tcp/80").find("skipped")
    assert chosen is not None
    assert chosen.get("message", "").startswith("NOT ASSESSED: consent not given")
    forced = _case(run, "hub-1", "adb-access").find("error")
    assert forced is not None
    assert forced.get("type") == "missing_privilege"
    broken = _case(run, "hub-1", "shared-keys on tcp/8443").find("error")
    assert broken is not None
    assert broken.get("type") == "error"
    assert len(_case(run, "plug-7", "tls-versions on tcp/443")) == 0
    names = {name for (group, name) in _cases(run) if group.startswith("plug-7")}
    assert "mqtt-anonymous" not in names, "not applicable is no test"


def test_a_run_that_reached_nobody_is_not_green() -> None:
    cases = _cases(empty_run())
    assert cases["run.gate", "everything required was assessed"].find("error") is not None
    assert cases["run.gate", "the gate holds"].find("failure") is None
    unjudged = _cases(interrupted_run())
    assert unjudged["run.gate", "everything required was assessed"].find("error") is not None
    assert unjudged["run.gate", "the gate holds"].find("skipped") is not None


def test_two_findings_in_one_file_are_two_cases_whatever_their_lines() -> None:
    run = image_run()
    (first,) = (r for r in run.results if r.is_finding)

    def at(line: int) -> Run:
        more = replace(
            first,
            subject=Subject(image="img-1", path=first.subject.path, line=line),
            fingerprint=fingerprint("a", "b", "c", "d"),
        )
        return replace(run, results=(*run.results, more))

    names = {name for _, name in _cases(at(30))}
    assert {"tls-versions on etc/nginx/nginx.conf", "tls-versions on etc/nginx/nginx.conf #2"} <= names
    assert {name for _, name in _cases(at(31))} == names
