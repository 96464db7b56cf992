"""``iotscan image``: what it leaves behind, and where, when something is in its way."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iotscan.observe.image.process import ImageProcess, Looked, Told
from iotscan.scan import images
from tests.cli.conftest import Cli
from tests.observe.image.looking import a_root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    a_root(tmp_path / "root", {"etc/passwd": "root:x:0:0::/root:/bin/sh\n"})
    return tmp_path / "root"


def test_no_folder_is_left_of_what_is_no_image(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "none").write_bytes(b"nothing" * 200)
    assert cli("image", tmp_path / "none", "-o", tmp_path / "out").code == 2
    assert not (tmp_path / "out").exists()
    (tmp_path / "mine").mkdir()
    assert cli("image", tmp_path / "none", "-o", tmp_path / "mine").code == 2
    assert not list((tmp_path / "mine").iterdir())


def test_a_place_that_takes_no_results_is_refused_before_anything_is_read(
    cli: Cli, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "_look_at_all", lambda *_: pytest.fail("it was read"))
    (tmp_path / "file").touch()
    ended = cli("image", root, "-o", tmp_path / "file")
    assert (ended.code, "choose another --output-dir" in ended.err) == (2, True)


def test_names_in_messages_can_do_nothing_to_a_terminal(cli: Cli, tmp_path: Path) -> None:
    ended = cli("image", tmp_path / "no\x1b[31m\nsuch")
    assert (ended.code, "no\\x1b[31m such" in ended.err, ended.err.count("\n")) == (2, True, 1)


def test_a_report_goes_into_a_pipe(cli: Cli, tmp_path: Path, root: Path) -> None:
    """As the shell's ``>(command)`` gives one."""
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor() as pool:
        read = pool.submit((tmp_path / "pipe").read_bytes)
        ended = cli("image", root, "-o", tmp_path / "out", "-f", f"csv:{tmp_path / 'pipe'}", "-q")
        assert (ended.code, read.result()[:9]) == (0, b'"outcome"')


def test_a_signal_ends_it_without_a_trace(
    cli: Cli, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[ImageProcess] = []

    class Slow(ImageProcess):
        def look(self, told: Told = lambda _: None) -> Looked:
            begun.append(self)
            os.kill(os.getpid(), signal.SIGTERM)
            return super().look(told)

    monkeypatch.setattr(images, "ImageProcess", Slow)
    ended = cli("image", root, "-o", tmp_path / "out")
    assert (ended.code, ended.err, (tmp_path / "out").exists()) == (143, "", False)
    assert [one._process.poll() is not None for one in begun] == [True]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
