"""A customer's pipeline: images and a stored scan go through the action's own steps, and mean the same each day."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, cli
from tests.integrations.github import Job, uses
from tests.pipeline import images
from tests.report.golden import match

__all__ = ["cli"]
HERE = Path(__file__).parent
LAN = HERE / "lan-run.json"
"""A scan of the test LAN of real daemons (tests/lan), without its results: they are judged here."""
AGAIN = "IOTSCAN_ACCEPT=1 pytest tests/pipeline"
BUILDS = {"good": (images.good, 0), "regressed": (images.regressed, 1), "broken": (images.broken, 3)}
_CHANGES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[+-]\d{2}:\d{2}|Z)?"), "TIME"),
    (re.compile(r"\d{8}[Tt]\d{6}[Zz]-[0-9a-f]{6}"), "RUN"),
    (re.compile(r"\bto \d{2}:\d{2}:\d{2} UTC"), "to TIME UTC"),
    (re.compile(r'\bhostname="[^"]*"'), 'hostname="HOST"'),
)


def steady(text: str, place: Path) -> str:
    """What a run says but for its own name, its time and the folder of this test."""
    text = text.replace(str(place), "PLACE")
    for pattern, word in _CHANGES:
        text = pattern.sub(word, text)
    return text


def gate(place: Path, **given: str) -> Job:
    """The action, with this checkout as the installed program."""
    return uses(place, install="none", **given)


def without_rules(sarif: str) -> str:
    """The document without the prose of its rules, which is that of the checks; every result has its rule."""
    document = json.loads(sarif)
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"].pop("rules")]
    assert {r["ruleId"] for r in run["results"]} <= set(rules)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def keep(job: Job, name: str, place: Path) -> None:
    """Compare all that the action leaves with the golden files of one case."""
    for ending, text in (
        ("sarif", without_rules(job.file("sarif"))),
        ("junit.xml", job.file("junit")),
        ("summary.md", job.summary),
    ):
        match(HERE / "golden" / f"{name}.{ending}", steady(text, place), AGAIN)


@pytest.mark.parametrize("name", BUILDS)
def test_images(tmp_path: Path, name: str) -> None:
    build, code = BUILDS[name]
    build(tmp_path / "gateway")
    job = gate(tmp_path, command="image", target="gateway", profile="gateway-image")
    assert job.code == code, job.log
    assert job.outputs["exit-code"] == str(code)
    assert job.outputs["verdict"] == {0: "pass", 1: "fail", 3: "incomplete"}[code]
    keep(job, name, tmp_path)


def test_what_is_no_image_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gateway.tar").write_bytes(b"not a tar")
    job = gate(tmp_path, command="image", target="gateway.tar", profile="gateway-image")
    assert (job.code, job.outputs["verdict"]) == (2, "error")
    (run,) = json.loads(job.file("sarif"))["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False


def test_a_stored_scan(tmp_path: Path) -> None:
    job = gate(tmp_path, command="gate", target=str(LAN))
    assert (job.code, job.outputs["verdict"]) == (1, "fail")
    keep(job, "lan", tmp_path)


def test_a_regression_is_the_one_new_thing(tmp_path: Path) -> None:
    images.good(tmp_path / "main/gateway")
    images.regressed(tmp_path / "branch/gateway")
    before = gate(tmp_path / "a", command="image", target=str(tmp_path / "main/gateway"))
    baseline = before.outputs["json"]
    same = gate(
        tmp_path / "b", command="image", target=str(tmp_path / "main/gateway"), baseline=baseline, fail_on_new="info"
    )
    assert same.code == 0, same.log
    worse = gate(
        tmp_path / "c",
        command="image",
        target=str(tmp_path / "branch/gateway"),
        baseline=baseline,
        fail_on="none",
        fail_on_new="low",
    )
    assert worse.code == 1, worse.log
    assert "not in the baseline" in worse.log
    assert "password-hashes" in worse.log


def waived(place: Path, run: Path, cli: Cli, expires: str) -> Path:
    """A waiver file for every finding of a run that would fail the gate."""
    assert cli("assess", run, "-f", f"json:{place}/judged.json", "-qq").code == 0
    judged = json.loads((place / "judged.json").read_text())
    entries = [
        f"  - id: W-{number}\n    check: {r['check']}\n    target: {{asset: {r['subject']['device']}}}\n"
        f"    fingerprint: '{r['fingerprint']}'\n    decision: risk_accepted\n    reason: known\n    owner: jane\n"
        f"    created: '2026-11-22'\n    expires: '{expires}'\n"
        for number, r in enumerate(judged["results"])
        if r["outcome"] == "fail" and r["severity"] in ("high", "critical")
    ]
    assert len(entries) > 10
    path = place / "iotscan.waivers.yaml"
    path.write_text("schema: iotscan/waivers@1\nwaivers:\n" + "".join(entries))
    return path


def test_a_waiver_expires_by_the_date_alone(cli: Cli, tmp_path: Path) -> None:
    waivers = waived(tmp_path, LAN, cli, "2027-02-20")
    held = cli("gate", LAN, "--waivers", waivers, "--as-of", "2027-02-20T23:59:59")
    assert (held.code, held.out.splitlines()[0][:10]) == (0, "gate holds"), held
    over = cli("gate", LAN, "--waivers", waivers, "--as-of", "2027-02-21")
    assert over.code == 1
    assert "W-" in over.out + over.err
    assert "expired" in over.out + over.err
    assert cli("gate", LAN, "--waivers", waivers, "--no-waivers", "--as-of", "2026-11-25").code in (1, 2)


def alerts(job: Job) -> dict[str, tuple[str, str]]:
    """Hash by which GitHub knows an alert -> its rule and file."""
    (run,) = json.loads(job.file("sarif"))["runs"]
    found = {}
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        found[result["partialFingerprints"]["primaryLocationLineHash"]] = (result["ruleId"], place)
    assert len(found) == len(run["results"])
    return found


def test_a_dismissed_alert_stays_dismissed_across_rebuilds(tmp_path: Path) -> None:
    """Another version, another folder, other lines: the same alerts."""
    first = images.regressed(tmp_path / "build-41" / "gateway-1.4.2")
    second = images.regressed(tmp_path / "build-42" / "gateway-1.5.0-rc1")
    images.write(second, "etc/shadow", "# rebuilt\ndaemon:*:19001:0:99999:7:::\n" + images.EMPTY_ROOT, 0o600)
    before, after = (
        gate(tmp_path / place, command="image", target=str(root)) for place, root in (("a", first), ("b", second))
    )
    assert alerts(before) == alerts(after)
    assert alerts(before)


def test_a_dismissed_alert_stays_dismissed_across_addresses(tmp_path: Path) -> None:
    """DHCP gave every device another address: what has a lasting mark keeps its alerts."""
    text = LAN.read_text()
    moved = re.sub(r"\b10\.77\.0\.(\d+)\b", lambda m: f"10.78.9.{int(m[1]) % 200 + 30}", text)
    assert moved != text
    (tmp_path / "moved.json").write_text(moved)
    before, after = (
        alerts(gate(tmp_path / place, command="gate", target=str(run)))
        for place, run in (("a", LAN), ("b", tmp_path / "moved.json"))
    )
    assert len(before) == len(after) > 20
    # One machine has a MAC address of its own making (02:…) and shows no key: it is known by its address alone.
    assert sorted(before[k][0] for k in before.keys() - after.keys()) == ["telnet-service"]
    assert sorted(after[k][0] for k in after.keys() - before.keys()) == ["telnet-service"]
    kept = before.keys() & after.keys()
    assert {k: before[k] for k in kept} == {k: after[k] for k in kept}, "rule and file are part of what GitHub knows"
