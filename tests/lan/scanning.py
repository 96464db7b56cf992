"""The real command line, run in the scanner's namespace, and what it left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import msgspec

from iotscan.model.run import Run
from iotscan.store.journal import NAME as JOURNAL
from iotscan.store.runs import decode_run
from tests.lan.devices import Traffic
from tests.lan.network import Machine, poll

LONGEST = 120.0
WITHOUT_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
"""Root in name, and nothing that the kernel would not let any user do."""


class Finished(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A command that has ended, and the run that it printed, where it did."""

    exit_code: int
    out: str
    err: str
    folder: Path
    traffic: Traffic

    @cached_property
    def run(self) -> Run:
        """The run on standard output."""
        assert self.out, f"exit code {self.exit_code}, nothing on standard output: {self.err}"
        return decode_run(self.out.encode(), "standard output")

    @property
    def run_file(self) -> Path:
        """The file of the one run that was made."""
        (path,) = self.folder.glob("iotscan-out/*/run.json")
        return path


class CountedLan(Protocol):
    """A LAN with a machine to scan from (``scanner``) that counts what is sent."""

    machines: dict[str, Machine]

    def forget_traffic(self) -> None:
        """Begin to count anew."""

    def traffic(self) -> Traffic:
        """What was counted since."""


class Scanner:
    """Runs ``python -m iotscan`` beside the devices, each time with a home and a state of its own."""

    def __init__(self, lan: CountedLan, folder: Path) -> None:
        self._lan = lan
        self._machine = lan.machines["scanner"]
        self._folder = folder
        self._count = 0

    def __call__(self, *words: str, within: Path | None = None) -> Finished:
        """Run a command to its end; ``within`` is the folder of an earlier one to go on in."""
        folder = within or self._make_folder()
        self._lan.forget_traffic()
        done = subprocess.run(
            self._command(*words),
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        traffic = self._lan.traffic()
        return Finished(exit_code=done.returncode, out=done.stdout, err=done.stderr, folder=folder, traffic=traffic)

    def kill_in_the_middle(self, *words: str, entries: int) -> Path:
        """Start a command and SIGKILL it and all its helpers once its journal holds ``entries``; the run's folder."""
        folder = self._make_folder()
        with subprocess.Popen(
            self._command(*words),
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                poll("half a scan", lambda: process.poll() is not None or _entries(folder) >= entries, LONGEST)
                assert process.poll() is None, f"it ended before it could be killed: {process.communicate()[0]!r}"
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        (run,) = folder.glob("iotscan-out/*")
        return run

    def _make_folder(self) -> Path:
        # What an earlier scan has learnt of its neighbours, this one has to find by itself.
        self._machine.run("ip", "neigh", "flush", "dev", "eth0", check=True)
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder

    def _command(self, *words: str) -> list[str]:
        return self._machine.inside(sys.executable, "-m", "iotscan", *words, own_files=False)


def command_line(
    scanner: Machine, folder: Path, *words: str, become: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run ``iotscan`` in ``folder`` where a scanner stands, with a home and a state there, through ``become``."""
    return subprocess.run(
        scanner.inside(*become, sys.executable, "-m", "iotscan", *words, own_files=False),
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def environment(folder: Path) -> dict[str, str]:
    """What a command line finds around it: a home and a state in ``folder``, and this repository's code."""
    repository = str(Path(__file__).parents[2])
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": repository,
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "LC_ALL": "C.UTF-8",
    }


def _entries(folder: Path) -> int:
    return sum(p.read_bytes().count(b"\n") for p in folder.glob(f"iotscan-out/*/{JOURNAL}"))
