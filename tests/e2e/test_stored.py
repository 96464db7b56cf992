"""A stored run, judged again or shown again, says what the scan said, and no network is needed for it."""

import json
import socket
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from iotscan.model.run import Run
from iotscan.model.vocabulary import Severity
from tests.cli.conftest import Cli, cli
from tests.e2e.conftest import Scan, Scanned
from tests.e2e.likeness import differences

__all__ = ["cli"]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoSocket(socket.socket):
        def __init__(self, *_: Any, **__: Any) -> None:
            raise AssertionError("a socket was opened")

    def no_lookup(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "socket", NoSocket)
    monkeypatch.setattr(socket, "getaddrinfo", no_lookup)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def decoded(text: str) -> Run:
    return msgspec.json.decode(text, type=Run)


def test_assess_agrees_with_the_scan(cli: Cli, scanned: Scanned) -> None:
    ended = cli("assess", scanned.folder, "-f", "json", "-qq")
    assert ended.code == scanned.code == 0
    assert differences(scanned.run, decoded(ended.out)) == []


def test_report_gives_the_stored_run(cli: Cli, scanned: Scanned) -> None:
    ended = cli("report", scanned.folder, "-f", "json")
    assert (ended.code, ended.err) == (0, "")
    assert decoded(ended.out) == scanned.run
    assert json.loads(ended.out) == json.loads((scanned.folder / "run.json").read_text())


def test_report_shows_what_the_scan_showed(cli: Cli, scanned: Scanned) -> None:
    assert cli("report", scanned.folder).out == scanned.out
    assert cli("report", scanned.folder, "-f", "text").out == scanned.out


def test_report_names_the_file_that_it_wrote(cli: Cli, scanned: Scanned, tmp_path: Path) -> None:
    ended = cli("report", scanned.folder, "-f", f"csv:{tmp_path}/r.csv")
    assert (ended.code, ended.out, ended.err) == (0, "", f"wrote {tmp_path}/r.csv\n")


def test_runs_are_found_by_path_id_and_latest(cli: Cli, scanned: Scanned) -> None:
    output = scanned.folder.parent
    for named in (scanned.folder, scanned.folder / "run.json", scanned.run.id, "latest"):
        assert cli("report", named, "-o", output, "-f", "text").out == scanned.out


def test_the_stored_run_stays_as_it_is(cli: Cli, scanned: Scanned) -> None:
    before = {p.name: p.read_bytes() for p in scanned.folder.iterdir()}
    cli("assess", scanned.folder, "--as-of", "2040-01-01", "--fail-on", "info")
    cli("gate", scanned.folder)
    cli("report", scanned.folder, "-f", "json:copy.json")
    assert {p.name: p.read_bytes() for p in scanned.folder.iterdir()} == before


@pytest.mark.parametrize("level", ["none", *Severity])
def test_gate_fails_on_findings_at_or_above(cli: Cli, scanned_politely: Scanned, level: str) -> None:
    worst = max(r.severity.rank for r in scanned_politely.run.results if r.is_finding)
    expected = int(level != "none" and worst >= Severity(level).rank)
    gate = cli("gate", scanned_politely.folder, "--fail-on", level)
    assert gate.code == expected
    assert (len(gate.out.splitlines()), gate.err) == (1, "")
    assert cli("assess", scanned_politely.folder, "--fail-on", level, "-qq").code == expected


@pytest.mark.parametrize(("severity", "codes"), [("low", (0, 0, 0, 1, 1)), ("medium", (0, 0, 1, 1, 1))])
def test_thresholds_stand_between_the_severities(
    cli: Cli, scanned: Scanned, severity: str, codes: tuple[int, ...]
) -> None:
    """A run whose worst finding is known: only thresholds at or below it fail."""
    own = [r for r in scanned.run.results if r.is_finding]
    mild = sorted({r.check for r in own if r.severity == severity} - {r.check for r in own if r.severity != severity})
    only = [word for check in mild for word in ("--check", check)]
    assert only
    levels = ("critical", "high", "medium", "low", "info")
    assert tuple(cli("gate", scanned.folder, *only, "--fail-on", one).code for one in levels) == codes


def test_gate_stops_at_high_unasked_and_assess_does_not(cli: Cli, scanned: Scanned) -> None:
    assert cli("gate", scanned.folder).code == 1
    assert cli("assess", scanned.folder, "-qq").code == 0


def test_a_required_check_without_an_answer_is_incomplete(cli: Cli, scanned: Scanned, tmp_path: Path) -> None:
    profile = tmp_path / "strict.yaml"
    profile.write_text(
        "schema: iotscan/profile@1\nid: strict\nversion: '1'\ntitle: strict\nrequired: [tls-versions]\n"
        "select: {include: [tls-versions]}\n"
    )
    lax = cli("gate", scanned.folder, "--profile", profile, "--fail-on", "none")
    assert lax.code == 3, lax
    assert "incomplete" in lax.out
    assert cli("gate", scanned.folder, "--profile", profile).code == 1, "findings go before incomplete"


def test_another_date_judges_otherwise(cli: Cli, scanned: Scanned, tmp_path: Path) -> None:
    later = tmp_path / "later.json"
    ended = cli("assess", scanned.folder, "--as-of", "2027-12-11", "-qq", "-f", f"json:{later}")
    assert ended.code == 0
    run = decoded(later.read_text())
    assert run.as_of.startswith("2027-12-11")
    expired = {r.subject.address for r in run.results if r.check == "certificate-validity" and r.is_finding}
    now = {r.subject.address for r in scanned.run.results if r.check == "certificate-validity" and r.is_finding}
    assert now < expired


def test_other_checks_judge_what_they_are(cli: Cli, scanned: Scanned) -> None:
    chosen = ("--check", "element:keys", "--skip-check", "key-age")
    checks = decoded(cli("assess", scanned.folder, *chosen, "-f", "json", "-qq").out).checks
    assert {c.element for c in checks} == {"keys"}
    assert "key-age" not in {c.id for c in checks}


def test_scan_itself_gates(scan: Scan, quick: tuple[str, ...]) -> None:
    assert scan(*quick, "--check", "telnet-*", "--fail-on", "high").code == 1
