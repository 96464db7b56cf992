"""Going on: in the same scope, in one process, from however little there was."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from iotscan.store.audit_verify import verify
from iotscan.store.claim import claimed
from iotscan.store.journal import NAME as JOURNAL
from iotscan.store.runs import read_run
from tests.cli.conftest import Cli
from tests.observe.network.test_dial import closed_port

HERE = "127.0.0.9"


@pytest.fixture
def ended(cli: Cli, tmp_path: Path) -> Path:
    """The folder of a scan of a device without a single open port."""
    scanned = cli("scan", HERE, "--ports", closed_port(), "-o", tmp_path, "--exclude", "127.0.0.66", "-qq")
    (folder,) = (p for p in tmp_path.iterdir() if p.is_dir())
    assert scanned.code == 0
    return folder


def cut(folder: Path, lines: int) -> None:
    """As if the scan had been killed when its journal held so many lines."""
    journal = folder / JOURNAL
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:lines]))


def test_a_scan_killed_before_it_found_anything_goes_on_and_on(cli: Cli, ended: Path) -> None:
    whole = read_run(str(ended), ended)
    for _ in range(2):
        cut(ended, 1)
        went_on = cli("scan", "--resume", ended, "-qq")
        assert went_on.code == 0, went_on.err
    assert cli("scan", "--resume", ended, "-qq").code == 0, "its journal holds one header"
    run = read_run(str(ended), ended)
    assert run.devices == whole.devices
    assert verify(ended, root=run.audit_root).is_whole


def test_a_log_that_was_removed_is_not_begun_anew(cli: Cli, ended: Path) -> None:
    cut(ended, 1)
    (ended / "audit.jsonl").unlink()
    refused = cli("scan", "--resume", ended)
    assert refused.code == 2
    assert "audit.jsonl cannot be read" in refused.err


def test_a_device_that_answered_before_is_not_knocked_on_again(cli: Cli, ended: Path) -> None:
    before = verify(ended).counts
    assert cli("scan", "--resume", ended, "-qq").code == 0
    assert verify(ended).counts == before


def test_two_do_not_write_to_one_run(cli: Cli, ended: Path, silent_network: list[str]) -> None:
    log = (ended / "audit.jsonl").read_bytes()
    with claimed(ended):
        refused = cli("scan", "--resume", ended)
    assert refused.code == 2
    assert "being written by another iotscan" in refused.err
    assert (ended / "audit.jsonl").read_bytes() == log


def test_a_running_scan_holds_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    silent = "import socket, subprocess, sys; s = socket.socket(); s.bind(('127.0.0.9', 0)); s.listen()"
    words = (
        f"p = subprocess.Popen([sys.executable, '-m', 'iotscan', 'scan', '{HERE}', '--ports', str(s.getsockname()[1])"
    )
    # The one who listens says nothing, so that the scan is still there when it is asked about.
    code = f"{silent}; {words}, '-o', {str(tmp_path / 'out')!r}, '-qq']); print(p.pid, flush=True); p.wait()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        try:
            while not list((tmp_path / "out").glob("*/audit.jsonl")):
                assert process.poll() is None
            (folder,) = (p for p in (tmp_path / "out").iterdir() if p.is_dir())
            told = cli("audit", "verify", folder)
            again = cli("scan", "--resume", folder)
        finally:
            os.kill(pid, signal.SIGKILL)
    assert told.code == 2
    assert "still being written" in told.err
    assert again.code == 2
    assert "another iotscan" in again.err


@pytest.mark.parametrize(("network", "code"), [(HERE, 2), ("127.0.0.0/24", 2), ("127.0.0.66", 0), ("10.0.0.0/8", 0)])
def test_what_the_settings_exclude_only_now_is_not_touched(
    cli: Cli, ended: Path, monkeypatch: pytest.MonkeyPatch, network: str, code: int
) -> None:
    cut(ended, 1)
    monkeypatch.chdir(ended.parent)
    Path("iotscan.yaml").write_text(f"schema: iotscan/config@1\nexclude: [{network}]\n")
    again = cli("scan", "--resume", ended, "-qq")
    assert again.code == code
    assert ("was not excluded when the run was begun" in again.err) == bool(code)


def test_a_scope_that_was_edited_is_refused(cli: Cli, ended: Path, silent_network: list[str]) -> None:
    journal = ended / JOURNAL
    header, *entries = journal.read_text().splitlines()
    said = json.loads(header)
    said["scope"]["exclude"] = []
    journal.write_text("\n".join([json.dumps(said), *entries, ""]))
    refused = cli("scan", "--resume", ended)
    assert refused.code == 2
    assert "another scope than the run was begun in" in refused.err
