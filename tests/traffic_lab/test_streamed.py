"""``tcpdump -w - | iotscan traffic -``: Ctrl-C reaches both, and what tcpdump still held back is in the report."""

import os
import signal
import subprocess
import time
from pathlib import Path

from iotscan.store.runs import read_run
from tests.lan.conftest import give_up
from tests.lan.network import Lan, why_not
from tests.program import PROGRAM, environment
from tests.traffic_lab import recording
from tests.traffic_lab.scenes import plain_web
from tests.traffic_lab.stage import Stage


def test_what_is_held_back_until_the_end_is_read(tmp_path: Path) -> None:
    if reason := why_not({**recording.TOOLS, **plain_web.TOOLS}):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    with Lan(tmp_path) as lan:
        words = (
            "tcpdump",
            "--immediate-mode",
            "-n",
            "-i",
            "br0",
            "-w",
            "-",
        )  # not -U: a few KiB stay with tcpdump until it ends
        tcpdump = subprocess.Popen(
            recording.wire_of(lan).inside(*words, own_files=False), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with tcpdump, (tmp_path / "err").open("wb") as errors:
            reader = subprocess.Popen(
                [*PROGRAM, "traffic", "-", "-o", str(tmp_path / "out"), "-q"],
                stdin=tcpdump.stdout,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=environment(tmp_path),
                cwd=tmp_path,
            )
            time.sleep(5)  # nothing says that both are ready: what tcpdump writes stays with it
            plain_web.play(Stage(lan, tmp_path / "none"))
            for each in (reader, tcpdump):  # the reader first: it must not take the silence for the end
                each.send_signal(signal.SIGINT)
            assert reader.wait(60) in (0, 3), (tmp_path / "err").read_text()
    run = read_run("latest", tmp_path / "out")
    assert [d.address for d in run.devices] == ["10.77.0.21"]
    assert run.status == "complete"
    assert run.captures[0].frames > 5
