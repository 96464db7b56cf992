"""Whatever ends a scan early: what was found is kept, and going on gives the same results."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from iotscan.model.run import Run
from iotscan.store.runs import read_run
from tests.e2e.conftest import Scan, Scanned
from tests.e2e.likeness import differences
from tests.program import PROGRAM, environment, run_iotscan

PATIENCE = 60.0
pytestmark = pytest.mark.timeout(300)


def wait_for(is_so: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Poll until ``is_so``; fail when that takes too long or ``process`` ends before."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, "waited too long"
        assert process is None or process.poll() is None, f"ended too early: {process and process.stderr.read()}"
        time.sleep(0.005)


def lines_of(output: Path) -> int:
    """Whole lines in the journal of the one run below ``output``."""
    try:
        return sum(p.read_bytes().count(b"\n") for p in output.glob("*/journal.jsonl"))
    except FileNotFoundError:
        return 0


@contextmanager
def scanning(home: Path, output: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*PROGRAM, "scan", "--lab", "-o", str(output), *words],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def same(run: Run, whole: Run) -> None:
    assert differences(whole, run) == []
    assert run.status == "complete"


@pytest.fixture(scope="module")
def whole(scan: Scan, quick: tuple[str, ...]) -> Scanned:
    return scan(*quick)


def go_on(home: Path, output: Path) -> Run:
    (folder,) = (p for p in output.iterdir() if p.is_dir())
    ended = run_iotscan("scan", "--resume", folder, "-o", output, home=home)
    assert ended.returncode == 0, ended.stderr
    assert [p for p in output.iterdir() if p.is_dir()] == [folder], "a resumed run stays where it is"
    return read_run(str(folder), output)


@pytest.mark.slow
@pytest.mark.parametrize("lines", [1, 3, 20, 50, 80])
def test_killed_at_once(home: Path, whole: Scanned, quick: tuple[str, ...], tmp_path: Path, lines: int) -> None:
    output = tmp_path / "out"
    with scanning(home, output, *quick) as process:
        wait_for(lambda: lines_of(output) >= lines, process)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(workers, timeout=15)
    assert not alive, "a worker outlived the scan"
    assert not list(output.glob("*/run.json"))
    kept = lines_of(output)
    run = go_on(home, output)
    same(run, whole.run)
    assert lines_of(output) > kept


@pytest.mark.slow
def test_killed_twice_in_the_middle_of_a_line(
    home: Path, whole: Scanned, quick: tuple[str, ...], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    with scanning(home, output, *quick) as process:
        wait_for(lambda: lines_of(output) >= 30, process)
        process.kill()
    (journal,) = output.glob("*/journal.jsonl")
    with journal.open("ab") as torn:
        torn.write(b'{"entry":"unit","address":"127.')
    resumed = subprocess.Popen(
        [*PROGRAM, "scan", "--resume", "latest", "-o", str(output)],
        cwd=home,
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if resumed.poll() is None and not list(output.glob("*/run.json")):
            wait_for(lambda: resumed.poll() is not None or lines_of(output) >= 60)
    finally:
        resumed.kill()
        _, said_on_the_way = resumed.communicate()
    assert "latest" not in said_on_the_way, said_on_the_way
    same(go_on(home, output), whole.run)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(
    home: Path, whole: Scanned, quick: tuple[str, ...], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    output = tmp_path / "out"
    with scanning(home, output, *quick) as process:
        wait_for(lambda: lines_of(output) >= 40, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    (folder,) = (p for p in output.iterdir() if p.is_dir())
    assert process.returncode == code, err
    assert f"iotscan scan --resume {folder}" in err
    assert "Traceback" not in err
    assert "PARTIAL" in out.splitlines()[0]
    cut = read_run(str(folder), output)
    assert cut.status == "interrupted"
    assert any(n.about == "partial" for n in cut.notices)
    assert len(cut.observations) > 0
    assert "PARTIAL" in run_iotscan("report", folder, home=home).stdout.splitlines()[0]
    same(go_on(home, output), whole.run)


def test_interrupted_never_passes_what_it_did_not_ask(
    home: Path, whole: Scanned, quick: tuple[str, ...], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    with scanning(home, output, *quick, "--no-progress") as process:
        wait_for(lambda: lines_of(output) >= 25, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    cut = read_run("latest", output)
    judged = {(r.subject, r.check): (r.outcome, r.variant) for r in cut.results}
    truth = {(r.subject, r.check): (r.outcome, r.variant) for r in whole.run.results}
    wrong = {key: said for key, said in judged.items() if said[0] in ("pass", "fail") and truth.get(key) != said}
    assert not wrong


def test_a_deadline_ends_it_with_what_there_is(scan: Scan) -> None:
    ended = scan("--deadline", "3")
    assert ended.run.status == "interrupted"
    assert "PARTIAL" in ended.out.splitlines()[0]
    assert "deadline" in ended.run.notices[-1].text


def test_a_run_that_ended_is_not_asked_again(home: Path, scan: Scan, quick: tuple[str, ...]) -> None:
    ended = scan(*quick)
    before = (ended.folder / "journal.jsonl").read_bytes()
    again = run_iotscan("scan", "--resume", ended.folder, home=home)
    assert again.returncode == 0, again.stderr
    assert (ended.folder / "journal.jsonl").read_bytes() == before
    same(read_run(str(ended.folder), ended.folder), ended.run)
