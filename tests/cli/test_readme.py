"""Every command that the README shows is a command: each is run here, or its words are read by the program."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iotscan.cli import launch
from iotscan.shipped import PACKAGE
from tests.cli.conftest import Cli
from tests.e2e.test_update_artefacts import a_bundle
from tests.observe.traffic.small import a_capture
from tests.wire.signing.signers import a_signer

ROOT = PACKAGE.parent
README = ROOT / "README.md"
ELSEWHERE = {
    "pipx install .": "tests/packaging installs it",
    "iotscan audit verify latest": "tests/e2e/test_audit.py has a scan to verify",
    "iotscan compare latest:192.168.1.20 latest:192.168.1.21": "tests/cli/test_compare.py has a network to choose from",
}
pytestmark = pytest.mark.skipif(not README.exists(), reason="a wheel has no README")


def blocks(text: str) -> list[list[str]]:
    """The lines of each ``sh`` block, without comments."""
    found = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [[line.partition("#")[0].strip() for line in block.splitlines() if line.strip()] for block in found]


def pages() -> Iterator[Path]:
    yield README
    yield from (ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md") if (ROOT / name).exists())


def mentioned(text: str) -> set[str]:
    """Commands of ours in running text: `iotscan …` between backticks."""
    return {m.strip() for m in re.findall(r"`(iotscan [^`]+)`", text)}


class Called(Exception):
    """The scan was about to begin, with these options."""

    def __init__(self, wish: launch.Wish) -> None:
        self.wish = wish


@pytest.fixture
def _no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    def called(wish: launch.Wish, *_: Any, **__: Any) -> int:
        launch.read_formats(wish.formats, wish.output)
        raise SystemExit(0)

    monkeypatch.setattr(launch, "launch", called)


@pytest.fixture
def _a_run_and_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the README's commands find lying there: an image, an update, and a run made from the image."""
    for folder in ("etc", "bin"):
        (tmp_path / "build/rootfs" / folder).mkdir(parents=True)
    (tmp_path / "build/rootfs/etc/passwd").write_text("root:x:0:0::/:/bin/sh\n")
    root = a_signer(tmp_path, "ca", is_ca=True, days=(-100, 9000))
    a_bundle(tmp_path, a_signer(tmp_path, "release", root, days=(-50, 9000)))
    assert root.file == tmp_path / "ca.pem"
    a_capture(tmp_path / "lan.pcap")
    shutil.copy(ROOT / "tests/data/sample.waivers.yaml", tmp_path / "iotscan.waivers.yaml")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("_no_scan", "_a_run_and_an_image")
def test_every_line_of_every_block_is_a_command(cli: Cli, silent_network: list[str]) -> None:
    lines = [line for block in blocks(README.read_text("utf-8")) for line in block]
    assert len(lines) > 8
    assert cli("image", "build/rootfs", "-qq", "-f", "json:main.json").code == 0
    wrong = {}
    for line in lines:
        typed, _, target = line.partition(" > ")
        program, *words = shlex.split(typed)
        if line in ELSEWHERE:
            continue
        assert program == "iotscan", f"{line}: nobody runs this"
        ended = cli(*words)
        # These images have no findings that a threshold would mind, or they are gated on purpose; one page of traffic
        # answers nothing.
        if ended.code not in (0, 1, *((3,) if words[0] == "traffic" else ())) or "Traceback" in ended.err:
            wrong[line] = ended
        if target:
            Path(target).write_text(ended.out.replace("FILL-IN", "somebody"))
    assert not wrong
    assert silent_network == []


@pytest.mark.usefixtures("_no_scan", "_a_run_and_an_image")
def test_commands_in_running_text_are_commands(cli: Cli) -> None:
    assert cli("image", "build/rootfs", "-qq").code == 0
    (run_id,) = (p.name for p in Path("iotscan-out").iterdir() if p.is_dir())
    for page in pages():
        for text in sorted(mentioned(page.read_text("utf-8"))):
            words = shlex.split(text.replace("NAME", "a-name").replace("RUN", run_id).replace("…", ""))[1:]
            shutil.rmtree("tests", ignore_errors=True)
            shutil.rmtree("checks", ignore_errors=True)
            ended = cli(*words)
            assert ended.code in (0, 1), (page.name, text, ended)


def test_make_targets_in_running_text_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in pages():
        assert set(re.findall(r"`make ([a-z]+)", page.read_text("utf-8"))) <= targets, page.name


def test_links_lead_somewhere() -> None:
    for page in pages():
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_the_exit_codes_are_those_of_the_help(cli: Cli) -> None:
    table = dict(re.findall(r"^\| ([\d, ]+) \| (.+) \|$", README.read_text("utf-8"), re.MULTILINE))
    codes = {code.strip() for row in table for code in row.split(",")}
    shown = cli("--help").out
    listed = shown[shown.index("Exit codes") : shown.index("Options")]
    assert set(re.findall(r"\b\d+\b", listed)) == codes
