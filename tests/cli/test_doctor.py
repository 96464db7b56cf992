"""The doctor tells what is missing, says what to do, and disturbs nothing."""

import json
import os
from pathlib import Path

import pytest

from iotscan.cli import diagnosis
from iotscan.cli.diagnosis import Finding
from iotscan.observe.network.workers import worker
from iotscan.observe.traffic import process
from tests.cli.conftest import Cli


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The worker takes a second to start: one test asks it."""
    monkeypatch.chdir(tmp_path)
    questions = tuple(q for q in diagnosis.QUESTIONS if q not in (diagnosis._worker, diagnosis._captures))
    monkeypatch.setattr(diagnosis, "QUESTIONS", questions)


def ask(cli: Cli, *words: str) -> tuple[int, dict[str, Finding]]:
    ended = cli(*words, "doctor", "--json")
    assert ended.err == ""
    found = [Finding(**row) for row in json.loads(ended.out)]
    assert len({f.name for f in found}) == len(found)
    for finding in found:
        assert finding.text, finding
        assert finding.status == "ok" or finding.next, f"{finding.name} is {finding.status} and says no next step"
    return ended.code, {f.name: f for f in found}


def test_this_machine_can_scan(cli: Cli, silent_network: list[str], tmp_path: Path) -> None:
    code, found = ask(cli)
    assert (code, silent_network) == (0, [])
    assert "fail" not in [f.status for f in found.values()], found
    assert set(found) >= {
        *("iotscan", "python", "libraries", "xml parser", "nmap", "raw frames", "networks", "ipv6", "state folder"),
        *("output folder", "disk space", "settings", "clock", "terminal", "completion", "practice network"),
    }
    assert list(tmp_path.iterdir()) == [], "the doctor left something behind"


def test_the_lines_say_the_same(cli: Cli) -> None:
    _, found = ask(cli)
    lines = cli("doctor").out.splitlines()
    for finding in found.values():
        assert any(line.startswith(finding.status) and finding.name in line for line in lines)


def test_the_worker_starts_and_answers() -> None:
    (found,) = diagnosis._worker(diagnosis.Place(output=Path()))
    assert found.status == "ok"
    assert "answers" in found.text


def test_captures_can_be_read() -> None:
    (found,) = diagnosis._captures(diagnosis.Place(output=Path()))
    assert (found.name, found.status) == ("captures", "ok")


def test_a_reader_of_captures_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = process.TrafficProcess.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "module", "iotscan.no_such_module")
    (found,) = diagnosis._captures(diagnosis.Place(output=Path()))
    assert (found.status, "died" in found.text) == ("warn", True)


def test_a_worker_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.Worker.__init__, "__defaults__", ("iotscan.no_such_module",))
    (found,) = diagnosis._worker(diagnosis.Place(output=Path()))
    assert found.status == "fail"
    assert "install iotscan again" in found.next


def test_bad_settings(cli: Cli) -> None:
    Path("iotscan.yaml").write_text("schema: iotscan/config@1\ndefault_creds: true\n")
    code, found = ask(cli)
    assert code == 3
    assert "authority" in found["settings"].text
    assert ask(cli, "--no-config")[0] == 0


def test_places_that_cannot_be(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").touch()
    monkeypatch.setenv("IOTSCAN_STATE_DIR", "file/state")
    code, found = ask(cli)
    assert (code, found["state folder"].status) == (3, "fail")
    ended = cli("doctor", "--json", "-o", "file/out")
    assert {r["name"]: r["status"] for r in json.loads(ended.out)}["output folder"] == "fail"


def test_a_state_folder_that_others_read(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("state").mkdir()
    Path("state").chmod(0o755)
    monkeypatch.setenv("IOTSCAN_STATE_DIR", "state")
    code, found = ask(cli)
    assert (code, found["state folder"].status) == (0, "warn")
    Path("state").chmod(0o700)
    assert ask(cli)[1]["state folder"].status == "ok"


def test_what_is_missing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_version", lambda name: "" if name in ("sslyze", "libpass") else "1")
    code, found = ask(cli)
    assert code == 3
    assert found["libraries"].text == "missing: sslyze"
    assert found["extra image"].status == "warn"


def test_a_clock_of_the_past(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "RELEASED", 3000)
    code, found = ask(cli)
    assert (code, found["clock"].status) == (3, "fail")


def test_a_question_that_breaks_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def _broken_thing(_: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(diagnosis, "QUESTIONS", (_broken_thing,))
    (found,) = diagnosis.diagnose(diagnosis.Place(output=Path()))
    assert (found.name, found.status, bool(found.next)) == ("broken thing", "warn", True)
    assert "hunter2" not in found.text


def test_the_state_folder_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from iotscan.cli.prepare import state_directory

    monkeypatch.setenv("IOTSCAN_STATE_DIR", str(tmp_path / "mine"))
    assert state_directory() == tmp_path / "mine"
    assert os.stat(tmp_path / "mine").st_mode & 0o777 == 0o700
