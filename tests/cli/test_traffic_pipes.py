"""A capture that comes through a pipe with a name is read as one on standard input."""

import os
import subprocess
from pathlib import Path

from iotscan.store.runs import read_run
from tests.cli.conftest import Cli
from tests.observe.traffic.small import a_capture
from tests.program import PROGRAM, environment


def test_a_pipe_is_read_whatever_its_name(tmp_path: Path) -> None:
    """``<(cat FILE)`` is a descriptor of the shell's children only, and ``mkfifo`` makes one that waits."""
    capture = a_capture(tmp_path / "lan.pcapng")
    os.mkfifo(tmp_path / "fifo")
    program = " ".join(PROGRAM)
    for words in (f"{program} traffic <(cat lan.pcapng)", f"cat lan.pcapng > fifo & {program} traffic fifo"):
        ended = subprocess.run(
            ["bash", "-c", f"{words} -q --exit-zero"],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stderr
        read = read_run("latest", tmp_path / "iotscan-out")
        assert read.status == "complete"
        assert (read.captures[0].size, read.captures[0].sha256) == (capture.stat().st_size, "")
        assert read.captures[0].source in ("fifo", "/dev/fd/63", "/dev/fd/62")


def test_two_pipes_are_refused_with_what_to_do(tmp_path: Path, cli: Cli) -> None:
    for name in ("a", "b"):
        os.mkfifo(tmp_path / name)
    ended = cli("traffic", str(tmp_path / "a"), str(tmp_path / "b"))
    assert ended.code == 2
    assert "are both pipes" in ended.err
    assert "mergecap" in ended.err
