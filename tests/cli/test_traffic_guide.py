"""What the guide to traffic says: each of its commands is run on a capture, its limits are those of the code."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iotscan.observe.traffic import keeping, parties, summing
from iotscan.shipped import PACKAGE
from tests.cli.conftest import Cli
from tests.observe.traffic.small import a_capture
from tests.program import environment
from tests.wire.signing.signers import a_signer

GUIDE = PACKAGE.parent / "docs/guide/traffic.md"
pytestmark = pytest.mark.skipif(not GUIDE.exists(), reason="a wheel has no guide")


def lines() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that the commands name."""
    capture = a_capture(tmp_path / "lan.pcapng")
    for name in ("monday", "tuesday"):
        shutil.copy(capture, tmp_path / f"{name}.pcap.gz")
    (tmp_path / "inventory.csv").write_text("address,name\n192.168.1.5,Front door\n")
    a_signer(tmp_path, "ca", is_ca=True, days=(-100, 9000))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_every_command_is_one(cli: Cli, silent_network: list[str]) -> None:
    ran = 0
    for line in lines():
        program, *words = shlex.split(line)
        if program != "iotscan" or "--listen" in words:
            continue  # what listens has tests of its own
        ended = cli(*words)
        assert ended.code in (0, 1, 3), (line, ended)
        assert "Traceback" not in ended.err
        ran += 1
    assert ran > 5
    assert silent_network == []
    assert "cloud.example" in Path("traffic.html").read_text()


def test_what_is_captured_now_is_read_as_it_comes(folder: Path) -> None:
    (line,) = [line for line in lines() if line.endswith("iotscan traffic -")]
    assert line.startswith("tcpdump ")
    with (folder / "lan.pcapng").open("rb") as stream:
        ended = subprocess.run(
            [sys.executable, "-m", "iotscan", "traffic", "-", "-q"],
            stdin=stream,
            capture_output=True,
            text=True,
            check=False,
            env=environment(folder),
        )
    assert ended.returncode in (0, 3), ended.stderr


def test_the_limits_are_those_of_the_code() -> None:
    text = GUIDE.read_text("utf-8")
    for limit in (parties.PARTIES, keeping.EACH, summing.LISTED):
        assert f"{limit:,}" in text
