"""``--redact``: what a report tells at each level, and the map that stays with its operator."""

import stat
from pathlib import Path

import msgspec
import pytest

from iotscan.model.facts import Claim
from iotscan.model.run import Run
from iotscan.store.redaction_map import NAME, RedactionMap
from iotscan.store.runs import read_run, write_run
from tests.cli.conftest import Cli
from tests.report.example import example_run

MAC = "00:00:5e:00:53:15"


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run from elsewhere, whose writer hid nothing, in ``iotscan-out``."""
    monkeypatch.chdir(tmp_path)
    run = example_run()
    first, *others = run.devices
    claim = Claim(what="name", value="gw of Anna, password=hunter2", how="mdns")
    run = msgspec.structs.replace(run, devices=(msgspec.structs.replace(first, claims=(claim,)), *others))
    folder = tmp_path / "iotscan-out" / run.id
    folder.mkdir(parents=True)
    write_run(folder, run)
    return run


def shown(cli: Cli, level: str) -> str:
    ended = cli("report", "latest", "--redact", level)
    assert (ended.code, ended.err) == (0, "")
    return ended.out


def test_standard_hides_secrets_and_nothing_else(cli: Cli, stored: Run) -> None:
    said = shown(cli, "standard")
    assert said == cli("report", "latest").out
    assert "hunter2" not in said
    assert "Anna" in said
    assert "cam-front" in said


def test_off_hides_nothing_more_and_says_so_first(cli: Cli, stored: Run) -> None:
    said = shown(cli, "off")
    assert said.startswith("NOT REDACTED: not to be passed on\n")
    assert "hunter2" in said


def test_strict_is_fit_to_be_passed_on(cli: Cli, stored: Run) -> None:
    said = shown(cli, "strict")
    for private in ("hunter2", "Anna", "cam-front", MAC):
        assert private not in said
    assert all(r.fingerprint[:8] in said for r in stored.results if r.is_finding), "fingerprints stay"
    assert "192.0.2.21" in said, "the network stays readable"
    assert said == shown(cli, "strict"), "the same pseudonyms in every report"


def test_the_map_is_for_its_operator_alone(cli: Cli, stored: Run) -> None:
    said = shown(cli, "strict")
    path = Path("iotscan-out") / stored.id / NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = msgspec.json.decode(path.read_bytes(), type=RedactionMap)
    assert kept.key not in said
    camera = next(p for p, what in kept.pseudonyms.items() if what.value == "cam-front")
    assert camera in said


def test_reports_are_for_their_writer_alone(cli: Cli, stored: Run) -> None:
    assert cli("report", "latest", "-f", "json:out.json", "-f", "text:out.txt", "--redact", "strict").code == 0
    assert {stat.S_IMODE(Path(p).stat().st_mode) for p in ("out.json", "out.txt")} == {0o600}
    assert read_run("out.json", Path()).redaction == "strict"
    assert read_run("latest", Path("iotscan-out")) == stored, "the run itself stays as it is"


def test_a_map_that_is_broken_is_not_begun_anew(cli: Cli, stored: Run) -> None:
    path = Path("iotscan-out") / stored.id / NAME
    path.write_text("{")
    ended = cli("report", "latest", "--redact", "strict")
    assert ended.code == 2
    assert f"{path} cannot be read" in ended.err


def test_a_run_from_elsewhere_names_no_folder_outside(cli: Cli, stored: Run) -> None:
    Path("other.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(stored, id="../elsewhere")))
    ended = cli("report", "other.json", "--redact", "strict")
    assert ended.code == 2
    assert not Path("elsewhere").exists()


@pytest.mark.usefixtures("stored")
def test_a_level_that_is_none(cli: Cli) -> None:
    ended = cli("report", "latest", "--redact", "stict")
    assert ended.code == 2
    assert "did you mean 'strict'?" in ended.err
