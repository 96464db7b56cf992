"""``iotscan history``: what it says, and what it says where it cannot."""

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest

from iotscan.model.history import History
from iotscan.model.vocabulary import Outcome
from tests.assess.making import result
from tests.model.test_lasting import M1, M2, dev, tls
from tests.store.history.making import scanned, stored

from .conftest import Cli, Ended


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two scans: one device moved and got a new key, the other stayed as it was."""
    place = tmp_path / "out"
    stored(place, scanned(1, dev(1, M1), dev(2, M2), seen=(tls(1, "aa"), tls(2, "cc"))))
    stored(place, scanned(2, dev(7, M1), dev(2, M2), seen=(tls(7, "bb"), tls(2, "cc"))))
    return place


@pytest.fixture
def ask(cli: Cli, out: Path):
    def asked(*words: str) -> Ended:
        return cli("history", *words, "-o", out)

    return asked


def test_runs_are_listed_with_their_numbers(ask) -> None:
    ended = ask("list")
    assert (ended.code, ended.err) == (0, "")
    heads, *rows = ended.out.splitlines()
    assert heads.split()[:3] == ["RUN", "STARTED", "COMMAND"]
    assert [row.split()[0] for row in rows] == ["run-01", "run-02"]
    assert [r["devices"] for r in json.loads(ask("list", "-f", "json").out)] == [2, 2]


def test_a_run_tells_who_was_there_and_which_key_was_replaced(ask) -> None:
    said = ask("show", "latest").out
    assert "keys: 1 service with another key than in run-01" in said
    assert "  rotated: 192.0.2.7 tcp/443 tls: aa -> bb" in said
    assert said == ask("show", "run-02").out
    assert "no earlier run saw any of these devices" in ask("show", "run-01").out


@pytest.mark.parametrize("word", ["192.0.2.7", "192.0.2.1", M1, M1.upper(), "run-01/d1", "d7"])
def test_a_device_is_found_by_whatever_names_it(ask, word: str) -> None:
    ended = ask("show", word)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("device: 192.0.2.7 (run-01/d1)\nseen: in 2 runs, first 2026-11-23 00:00")
    assert {"192.0.2.1", "192.0.2.7"} <= set(ended.out.split())


def test_coverage_is_told_on_request(ask) -> None:
    assert "QUESTIONS" not in ask("show", "192.0.2.7").out
    assert "QUESTIONS" in ask("show", "192.0.2.7", "--coverage").out


def test_the_trend_counts_what_was_replaced_and_compared(ask) -> None:
    ended = ask("trend")
    assert ended.code == 0, ended.err
    assert [line.split()[-3:] for line in ended.out.splitlines()[1:]] == [["–", "–", "–"], ["0", "0", "1"]]
    points = json.loads(ask("trend", "-f", "json").out)["points"]
    assert [(p["run"], p["rotated"], p["is_compared"]) for p in points] == [("run-01", 0, False), ("run-02", 1, True)]


def test_a_trend_without_the_files_says_what_it_does_not_know(ask, out: Path) -> None:
    ask("list")
    (out / "run-01" / "run.json").unlink()
    ended = ask("trend")
    assert ended.code == 0
    assert "note: run-02: what is new and what was fixed is not told" in ended.out
    assert ended.out.splitlines()[2].split()[-3:] == ["–", "–", "1"]


def test_fixed_is_what_was_asked_again(cli: Cli, tmp_path: Path) -> None:
    """Of two findings that are gone one was asked about again; of the other nothing is known."""
    place = tmp_path / "out"
    two = dev(1, M1), dev(2, M2)
    stored(place, scanned(1, *two, results=(result(device="d1"), result(device="d2"), result("c2", device="d2"))))
    stored(place, scanned(2, *two, results=(result(device="d1", outcome=Outcome.PASS), result("c2", device="d2"))))
    (_, point) = json.loads(cli("history", "trend", "-f", "json", "-o", place).out)["points"]
    assert (point["fixed"], point["added"]) == (1, 0)


def test_the_export_is_what_its_schema_says(ask, cli: Cli, tmp_path: Path) -> None:
    exported = ask("export").out
    history = msgspec.json.decode(exported, type=History)
    assert [d.id for d in history.devices] == ["run-01/d1", "run-01/d2"]
    file = tmp_path / "history.json"
    file.write_text(exported)
    assert cli("validate", file).code == 0
    heads, *rows = ask("export", "-f", "csv", "--table", "keys").out.splitlines()
    assert heads.startswith('"device","name","service"')
    assert len(rows) == 3


def test_a_run_that_was_taken_out_stays_out(ask, out: Path) -> None:
    assert ask("rm", "run-01", "--yes").out == "removed run run-01\n"
    assert (out / "run-01" / "run.json").is_file()
    assert [r["run"] for r in json.loads(ask("list", "-f", "json").out)] == ["run-02"]
    (out / "run-01" / "history.skip").unlink()
    assert len(json.loads(ask("list", "-f", "json").out)) == 2


def test_its_files_go_where_that_is_wanted(ask, out: Path) -> None:
    assert ask("rm", "run-01", "--files", "--yes").code == 0
    assert not (out / "run-01").exists()
    assert (out / "run-02").is_dir()


def test_a_link_is_not_followed_to_what_it_would_remove(ask, out: Path, tmp_path: Path) -> None:
    ask("list")
    (out / "run-01").rename(tmp_path / "precious")
    (out / "run-01").symlink_to(tmp_path / "precious")
    ended = ask("rm", "run-01", "--files", "--yes")
    assert ended.code == 2
    assert "nothing was removed" in ended.err
    assert (tmp_path / "precious" / "run.json").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "10.9.9.9"), "knows no run or device '10.9.9.9'"),
        (("show", "x\x1b[31m"), "knows no run or device"),
        (("rm", "nothing", "--yes"), "knows no run 'nothing'"),
        (("rm", "run-01"), "agree with --yes"),
        (("list", "-f", "jsom"), "did you mean 'json'?"),
        (("trend", "--command", "discover"), "scan, image"),
        (("export", "--table", "keys"), "belongs to -f csv"),
        (("export", "-f", "csv", "--table", "key"), "did you mean 'keys'?"),
    ],
)
def test_bad_input_is_one_line(ask, words: tuple[str, ...], says: str) -> None:
    ended = ask(*words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert ended.err.count("\n") == 1
    assert "\x1b" not in ended.err


def test_a_folder_that_is_not_there_is_not_made(cli: Cli, tmp_path: Path) -> None:
    ended = cli("history", "list", "-o", tmp_path / "nowhere")
    assert ended.code == 2
    assert not (tmp_path / "nowhere").exists()


def test_a_damaged_history_stops_the_question_and_no_scan(cli: Cli, ask, out: Path, tmp_path: Path) -> None:
    (out / "history.sqlite").write_text("no database at all " * 100)
    ended = ask("list")
    assert ended.code == 2
    assert "is damaged" in ended.err
    root = tmp_path / "gw"
    for name in ("etc", "bin", "lib"):
        (root / name).mkdir(parents=True)
    (root / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\n")
    image = cli("image", root, "-o", out)
    assert image.code == 0, image.err
    assert "is damaged" in image.err
    assert "the run itself is kept" in image.err


def test_an_image_goes_in_unless_it_must_not(cli: Cli, tmp_path: Path) -> None:
    root, out = tmp_path / "gw", tmp_path / "out"
    for name in ("etc", "bin", "lib"):
        (root / name).mkdir(parents=True)
    (root / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\n")
    assert cli("image", root, "-o", out).code == 0
    assert cli("image", root, "-o", out, "--no-history").code == 0
    with sqlite3.connect(out / "history.sqlite") as database:
        assert database.execute("SELECT count(*), max(images) FROM runs").fetchone() == (1, 1)
    assert len(json.loads(cli("history", "list", "-f", "json", "-o", out).out)) == 1
