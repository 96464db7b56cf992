"""SARIF against its schema, and against what GitHub refuses or loses beyond it (report-formats §5.1)."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft4Validator, FormatChecker
from msgspec.structs import replace

from iotscan.model.result import CheckInfo
from iotscan.model.run import Run
from iotscan.model.waiver import WaiverUse
from iotscan.report import sarif, sarif_github
from iotscan.report.registry import write

from .example import DEVICES, empty_run, example_run, image_run, interrupted_run
from .hostile import TRICKS, spoiled

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
FORMATS = ("sarif", "sarif-github")
RUNS = (example_run, empty_run, interrupted_run, image_run)


def _log(run: Run, format: str = "sarif") -> dict[str, Any]:
    (log,) = json.loads(write(run, format))["runs"]
    return log


def _uris(log: dict[str, Any]) -> list[str]:
    places = [place for result in log["results"] for place in result["locations"]]
    return [place["physicalLocation"]["artifactLocation"]["uri"] for place in places]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("make", RUNS)
def test_the_schema_and_its_formats_hold(make: Any, format: str) -> None:
    log = json.loads(write(make(), format))
    Draft4Validator(SCHEMA, format_checker=FormatChecker()).validate(log)


@pytest.mark.parametrize("trick", TRICKS, ids=range(len(TRICKS)))
@pytest.mark.parametrize("format", FORMATS)
def test_no_device_breaks_what_github_asks(trick: str, format: str) -> None:
    log = json.loads(write(spoiled("x" + trick), format))
    Draft4Validator(SCHEMA, format_checker=FormatChecker()).validate(log)
    _assert_github_takes(log["runs"][0])


@pytest.mark.parametrize("make", RUNS)
def test_github_takes_it(make: Any) -> None:
    _assert_github_takes(_log(make(), "sarif-github"))


def _assert_github_takes(log: dict[str, Any]) -> None:
    for uri in _uris(log):
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc) == ("", ""), uri
        assert re.fullmatch(r"[a-z0-9][A-Za-z0-9._~%/-]*", uri), "empty, a space or a colon in the first segment"
    rules = log["tool"]["driver"]["rules"]
    assert len({r["id"] for r in rules}) == len(rules)
    for rule in rules:
        assert 0 < len(rule["name"]) <= 255
        assert all(0 < len(rule[key]["text"]) <= 1024 for key in ("shortDescription", "fullDescription"))
        assert rule["help"]["text"]
        assert len(rule["properties"]["tags"]) <= 10
        score = rule["properties"].get("security-severity")
        assert score is None or (isinstance(score, str) and 0.1 <= float(score) <= 10)
        assert rule["properties"]["precision"] in ("very-high", "high", "medium", "low")
    for result in log["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        (place,) = result["locations"]
        region = place["physicalLocation"]["region"]
        assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
        assert min(region.values()) >= 1
        assert set(result["partialFingerprints"]) == {"primaryLocationLineHash"}
        # DefectDojo: a name with a slash ends in its version.
        assert all(re.fullmatch(r".+/v\d+", name) for name in result["fingerprints"])


def test_a_message_starts_with_the_device_and_a_rule_names_none() -> None:
    log = _log(example_run())
    labels = [d.label for d in DEVICES]
    assert all(any(r["message"]["text"].startswith(label) for label in labels) for r in log["results"])
    rules = json.dumps(log["tool"]["driver"]["rules"])
    assert not any(d.label in rules or d.address in rules for d in DEVICES)


def test_critical_is_above_nine_and_a_rule_is_as_bad_as_its_findings() -> None:
    rules = {r["id"]: r["properties"] for r in _log(example_run())["tool"]["driver"]["rules"]}
    assert float(rules["default-login"]["security-severity"]) > 9.0
    # It could fail critically (SSLv3); here it failed highly.
    assert rules["tls-versions"]["security-severity"] == "8.0"
    assert "security-severity" not in rules["security-txt"]
    assert rules["tls-versions"]["tags"][:2] == ["security", "communication"]
    assert "RFC 9325 (2022) 3.1.1" in rules["tls-versions"]["clauses"]


def test_the_fingerprint_is_ours_and_lasts_when_an_address_changes() -> None:
    # Of plug-7 nothing but its address is known: its MAC address is made up.
    run = replace(example_run(), results=tuple(r for r in example_run().results if r.subject.device != "dev-plug"))
    log = _log(run)
    assert {r["fingerprints"]["iotscan/v1"] for r in log["results"]} == {
        r.fingerprint for r in run.results if r.is_finding
    }
    moved = replace(
        run,
        devices=tuple(replace(d, addresses=("198.51.100.7",)) for d in run.devices),
        results=tuple(replace(r, subject=replace(r.subject, address="198.51.100.7")) for r in run.results),
    )

    def identity(log: dict[str, Any]) -> set[tuple[str, ...]]:
        marks = [r["partialFingerprints"]["primaryLocationLineHash"] for r in log["results"]]
        return set(zip([r["ruleId"] for r in log["results"]], _uris(log), marks, strict=True))

    assert identity(_log(moved)) == identity(log)


def test_a_waiver_suppresses_and_github_never_sees_it() -> None:
    use = WaiverUse(
        id="W-2026-014", check="tls-versions", target="gw-edge", decision="risk_accepted", reason="VLAN 40 only",
        owner="jane", expires="2027-02-20", state="applied",
    )  # fmt: skip
    run = replace(example_run(), waivers=(use,))
    waived = [r for r in _log(run)["results"] if "suppressions" in r]
    assert [r["suppressions"] for r in waived] == [
        [{"kind": "external", "status": "accepted", "justification": "waiver W-2026-014 until 2027-02-20 (jane)"}]
    ]
    (mark,) = (r["fingerprints"]["iotscan/v1"] for r in waived)
    assert mark not in {r["fingerprints"]["iotscan/v1"] for r in _log(run, "sarif-github")["results"]}


def test_the_baseline_is_told() -> None:
    states = ("new", "known", "")
    results = tuple(
        replace(r, baseline=states[n % 3] if r.is_finding else "") for n, r in enumerate(example_run().results)
    )
    told = {r.get("baselineState") for r in _log(replace(example_run(), results=results))["results"]}
    assert told == {"new", "unchanged", None}


def test_an_incomplete_run_did_not_succeed_and_says_why() -> None:
    invocation = _log(empty_run())["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert (invocation["exitCode"], invocation["exitCodeDescription"]) == (
        3,
        "gate holds; incomplete: no target answered",
    )
    assert "no target answered" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert _log(image_run())["invocations"][0]["executionSuccessful"] is True


def test_what_was_not_assessed_is_notified_with_its_check_and_places() -> None:
    told = _log(example_run())["invocations"][0]["toolExecutionNotifications"]
    kinds = {n["descriptor"]["id"]: n["level"] for n in told}
    assert kinds["not-assessed/timeout"] == "warning"
    assert kinds["not-assessed/consent_withheld"] == "note"
    assert kinds["error"] == "error"
    consent = next(n for n in told if n["descriptor"]["id"] == "not-assessed/consent_withheld")
    assert consent["associatedRule"]["id"] == "default-login"
    assert len(consent["locations"]) == 4


def test_github_is_told_of_an_incomplete_run_where_it_looks() -> None:
    # It ignores notifications and takes a missing alert for a fixed one.
    first = _log(empty_run(), "sarif-github")["results"][0]
    assert first["ruleId"] == sarif_github.INCOMPLETE
    assert "no target answered" in first["message"]["text"]
    assert sarif_github.INCOMPLETE not in {r["ruleId"] for r in _log(image_run(), "sarif-github")["results"]}


def test_too_many_findings_are_cut_from_the_mild_end_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif_github, "SHOWN", 4)
    log = _log(example_run(), "sarif-github")
    assert [r["level"] for r in log["results"]] == ["warning", "error", "error", "error"]
    assert [r["properties"]["severity"] for r in log["results"][1:]] == ["critical", "critical", "high"]
    cut = log["invocations"][0]["toolExecutionNotifications"][0]
    assert (cut["descriptor"]["id"], log["properties"]["cut"]) == ("cut", 7)
    assert cut["message"]["text"].startswith("7 less severe findings were cut")


def test_a_file_that_github_would_not_take_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write(example_run(), "sarif-github")
    monkeypatch.setattr(sarif_github, "is_within", lambda text: len(text) < len(whole) - 2000)
    log = _log(example_run(), "sarif-github")
    assert 1 < len(log["results"]) < 11
    assert log["properties"]["cut"] == 11 - len(log["results"])


def test_two_networks_and_two_images_are_two_categories() -> None:
    def category(run: Run) -> str:
        return _log(run)["automationDetails"]["id"].rpartition("/")[0]

    run = example_run()
    assert category(replace(run, targets=("192.0.2.64/26",))) != category(run)
    assert category(replace(run, id="another", started="", finished="")) == category(run)
    assert category(image_run()) == "iotscan/gateway/home"


def test_a_message_makes_no_link_and_no_placeholder() -> None:
    assert sarif.message("[x](http://evil.example) {0}") == "[x] (http://evil.example) {{0}}"


def test_a_check_that_the_run_does_not_describe_is_a_rule_too() -> None:
    log = _log(replace(example_run(), checks=()))
    assert {r["ruleId"] for r in log["results"]} <= {r["id"] for r in log["tool"]["driver"]["rules"]}


def test_tags_and_texts_stay_within_limits() -> None:
    def long(check: CheckInfo) -> CheckInfo:
        return replace(check, tags=tuple(f"t{n}" for n in range(30)), looks_at="word " * 900, title="t " * 900)

    run = example_run()
    log = _log(replace(run, checks=tuple(long(c) for c in run.checks)), "sarif-github")
    _assert_github_takes(log)


@pytest.mark.parametrize("uri", ["192.168.1.10:1883", "no file associated"])
def test_the_validator_sees_a_bad_path(uri: str) -> None:
    # Without the extra "format-nongpl" of jsonschema this would pass, and the test above prove nothing.
    log = json.loads(write(example_run(), "sarif"))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = uri
    assert list(Draft4Validator(SCHEMA, format_checker=FormatChecker()).iter_errors(log))
