"""Standard output is the result and nothing else, whatever the terminal."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from tests.e2e.conftest import Scan, Scanned
from tests.program import PROGRAM, environment, run_iotscan

ESCAPE = "\x1b"


@pytest.fixture(scope="session")
def brief(quick: tuple[str, ...]) -> tuple[str, ...]:
    """Options of a scan that asks little."""
    return (*quick, "--check", "telnet-*")


def test_json_on_standard_output_is_one_document(scan: Scan, brief: tuple[str, ...]) -> None:
    ended = scan("-f", "json", *brief)
    run = json.loads(ended.out)
    assert run["schema"] == "iotscan/run@1"
    assert run == json.loads((ended.folder / "run.json").read_text())
    assert "found " in ended.err
    assert "verdict:" in ended.err


def test_progress_and_notices_are_on_standard_error(scanned: Scanned) -> None:
    assert "found " in scanned.err
    assert str(scanned.folder) in scanned.err
    assert str(scanned.folder) not in scanned.out
    assert not re.search(r"^found ", scanned.out, re.MULTILINE)


def test_the_scan_it_proposes_next_is_of_the_practice_network(scanned: Scanned) -> None:
    (proposed,) = re.findall(r"^next: iotscan (scan .*?)(?:  #|$)", scanned.out, re.MULTILINE)
    assert proposed == "scan --lab --intrusive"


def test_nothing_but_text_on_a_pipe(scanned: Scanned) -> None:
    assert ESCAPE not in scanned.out
    assert ESCAPE not in scanned.err
    assert "\r" not in scanned.out


def test_one_quiet_is_the_verdict_two_are_silence(scan: Scan, brief: tuple[str, ...]) -> None:
    once = scan("-q", *brief)
    assert once.out.splitlines() == [once.run.verdict.summary if once.run.verdict else ""]
    assert "found " not in once.err
    twice = scan("-qq", *brief, "--fail-on", "high")
    assert (twice.out, twice.err, twice.code) == ("", "", 1)


def test_no_progress_leaves_the_findings_out(scan: Scan, brief: tuple[str, ...]) -> None:
    assert "found " not in scan("--no-progress", *brief).err


def test_two_formats(scan: Scan, brief: tuple[str, ...], tmp_path: Path) -> None:
    ended = scan("-f", f"json:{tmp_path}/run.json", "-f", "text", *brief)
    assert json.loads((tmp_path / "run.json").read_text())["id"] == ended.run.id
    assert ended.out.startswith("iotscan ")
    assert f"wrote {tmp_path}/run.json" in ended.err


@pytest.mark.parametrize(
    "words", [("checks", "list"), ("report",), ("report", "-f", "json"), ("explain", "tls-versions")]
)
def test_a_reader_that_leaves_is_no_error(home: Path, scanned: Scanned, words: tuple[str, ...]) -> None:
    named = [str(scanned.folder)] if words[0] == "report" else []
    call = " ".join((*PROGRAM, words[0], *named, *words[1:]))
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{call} | head -1"],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == ""
    assert ended.returncode == 0
    assert len(ended.stdout.splitlines()) == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize(
    "words", [("checks", "list"), ("report", "-f", "json"), ("report",), ("gate",), ("--version",)]
)
def test_a_full_disk_is_told_and_no_success(home: Path, scanned: Scanned, words: tuple[str, ...]) -> None:
    named = [str(scanned.folder)] if words[0] in ("report", "gate") else []
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*PROGRAM, words[0], *named, *words[1:]],
            cwd=home,
            env=environment(home),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 2
    assert re.fullmatch(r"iotscan: results cannot be written .*\n", ended.stderr)


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def show(self, *words: str | Path, columns: int = 100, **env: str) -> str:
        shown = pexpect.run(
            " ".join(map(str, (*PROGRAM, *words))),
            env=environment(self._home, **{"TERM": "xterm-256color", **env}),
            cwd=str(self._home),
            dimensions=(40, columns),
            timeout=60,
            encoding="utf-8",
        )
        assert isinstance(shown, str)
        return shown.replace("\r\n", "\n")


@pytest.fixture
def terminal(home: Path) -> Terminal:
    return Terminal(home)


def colours(text: str) -> list[str]:
    """The parts of every SGR sequence that set a colour."""
    codes = [c for sequence in re.findall(r"\x1b\[([\d;]*)m", text) for c in sequence.split(";")]
    return [c for c in codes if re.fullmatch(r"3[0-8]|4[0-8]|9\d|10\d", c)]


def widest(text: str) -> int:
    """The longest line, commands left out: they stay on one line, so that they can be copied."""
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)
    return max(len(line) for line in plain.splitlines() if not line.lstrip().startswith("$ "))


def test_a_terminal_gets_colour_unless_told_otherwise(terminal: Terminal, scanned: Scanned) -> None:
    assert colours(terminal.show("report", scanned.folder))
    assert not colours(terminal.show("report", scanned.folder, NO_COLOR="1"))
    assert ESCAPE not in terminal.show("report", scanned.folder, "--color", "never")
    assert ESCAPE not in terminal.show("report", scanned.folder, TERM="dumb")


def test_always_means_always(home: Path, scanned: Scanned) -> None:
    assert ESCAPE in run_iotscan("report", scanned.folder, "--color", "always", home=home).stdout
    assert ESCAPE not in run_iotscan("report", scanned.folder, home=home).stdout


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_narrow_terminal_is_kept_to(terminal: Terminal, scanned: Scanned, columns: int) -> None:
    assert widest(terminal.show("report", scanned.folder, columns=columns)) <= columns
    assert widest(terminal.show("report", scanned.folder, "--width", str(columns), columns=120)) <= columns


def test_columns_of_the_environment(home: Path, scanned: Scanned) -> None:
    for columns in (50, 90):
        wanted = {"COLUMNS": str(columns)}
        shown = run_iotscan("report", scanned.folder, "--color", "always", home=home, env=wanted).stdout
        assert widest(shown) <= columns


def test_ascii_means_ascii(terminal: Terminal, home: Path, scanned: Scanned) -> None:
    assert terminal.show("report", scanned.folder, "--ascii", "--color", "never").isascii()
    assert terminal.show("report", scanned.folder, "--ascii").isascii()
    assert run_iotscan("report", scanned.folder, "--ascii", home=home).stdout.isascii()


def test_a_terminal_of_another_alphabet_is_no_crash(home: Path, scanned: Scanned) -> None:
    latin = {"PYTHONIOENCODING": "latin-1", "LC_ALL": "C"}
    for words in (
        ("report", scanned.folder),
        ("explain", "tls-versions"),
        ("checks", "list"),
        ("gate", scanned.folder),
    ):
        ended = run_iotscan(*words, home=home, env=latin)
        assert ended.returncode in (0, 1), ended.stderr
        assert ended.stdout
    payload = run_iotscan("report", scanned.folder, "-f", "json", home=home, env=latin)
    assert json.loads(payload.stdout) == json.loads((scanned.folder / "run.json").read_text())


def test_without_colour_the_report_is_the_same(terminal: Terminal, scanned: Scanned) -> None:
    bare = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal.show("report", scanned.folder))
    assert terminal.show("report", scanned.folder, "--color", "never") == bare


def test_passed_checks_are_shown_when_asked_for(terminal: Terminal, home: Path, scanned: Scanned) -> None:
    passed = {r.check for r in scanned.run.results if r.outcome == "pass"}
    shown = run_iotscan("report", scanned.folder, "--show-passed", home=home).stdout
    listed = shown[shown.index("passed: ") : shown.index("verdict:")]
    assert passed == set(re.findall(r"^  (\S+) \d+$", listed, re.MULTILINE))
    assert "PASSED" in terminal.show("report", scanned.folder, "--show-passed")
    assert "passed: " not in scanned.out


@pytest.fixture
def lively(home: Path, brief: tuple[str, ...]) -> Iterator[pexpect.spawn]:
    """A scan on a terminal, with progress drawn."""
    words = [*PROGRAM[1:], "scan", "--lab", *brief]
    child = pexpect.spawn(
        PROGRAM[0],
        words,
        env=environment(home, TERM="xterm-256color"),
        cwd=str(home),
        dimensions=(40, 100),
        timeout=90,
        encoding="utf-8",
    )
    yield child
    child.close(force=True)


def test_progress_on_a_terminal_leaves_the_cursor_as_it_was(lively: pexpect.spawn) -> None:
    lively.expect(pexpect.EOF)
    shown = lively.before or ""
    assert "devices done" in shown or "looking for devices" in shown
    assert shown.rfind("\x1b[?25h") >= shown.rfind("\x1b[?25l"), "the cursor stays hidden"


def test_ctrl_c_on_a_terminal(lively: pexpect.spawn) -> None:
    lively.expect("found ")
    lively.sendintr()
    lively.expect(pexpect.EOF)
    lively.wait() if lively.isalive() else None
    shown = lively.before or ""
    assert lively.exitstatus == 130, shown
    assert "Traceback" not in shown
    assert "--resume" in shown
    assert shown.rfind("\x1b[?25h") >= shown.rfind("\x1b[?25l"), "the cursor stays hidden"


@pytest.mark.parametrize("threshold", [("--fail-on", "high"), ()])
def test_a_reader_that_leaves_in_the_middle_changes_no_verdict(
    home: Path, brief: tuple[str, ...], tmp_path: Path, threshold: tuple[str, ...]
) -> None:
    words = [*PROGRAM, "scan", "--lab", *brief, *threshold, "-o", str(tmp_path / "out")]
    ended = subprocess.run(
        ["bash", "-c", f'{" ".join(words)} 2>&1 | head -1 >/dev/null; echo "${{PIPESTATUS[0]}}"'],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == (f"{int(bool(threshold))}\n", "")
    (folder,) = (p for p in (tmp_path / "out").iterdir() if p.is_dir())
    assert json.loads((folder / "run.json").read_text())["status"] == "complete"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_crash(home: Path, scanned: Scanned, closed: str) -> None:
    for words in (["gate", str(scanned.folder)], ["report", str(scanned.folder), "-f", "json"], ["checks", "list"]):
        ended = subprocess.run(
            ["bash", "-c", f"{' '.join((*PROGRAM, *words))} {closed}"],
            cwd=home,
            env=environment(home),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == int(words[0] == "gate"), ended
        assert ended.stderr == ""
