"""What our own processes are started with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from iotscan.observe.worker_environment import environment


def test_nothing_of_ours_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "LD_PRELOAD", "IOTSCAN_PASSWORD", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "of ours")
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    assert set(environment()) == {"PATH", "LANG", "PYTHONPATH"}
    assert environment("TMPDIR")["TMPDIR"] == "/var/tmp"


def test_it_imports_from_where_we_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library on a path of ours alone, as after ``pip install --target``; a relative one stays here."""
    (tmp_path / "lent_library.py").write_text("print(__name__)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "lib", *sys.path])
    command = (sys.executable, "-P", "-s", "-c", "import lent_library, iotscan")
    ended = subprocess.run(command, env=environment(), cwd=tmp_path.parent, capture_output=True, text=True, check=True)
    assert ended.stdout == "lent_library\n"
    assert all(os.path.isabs(entry) for entry in environment()["PYTHONPATH"].split(os.pathsep))
