"""A real scan of weak daemons: the report has the change of the program that answers, and of no other."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotscan.assess.proposing import propose
from iotscan.data.remedies import load_programs
from iotscan.model.run import Run
from iotscan.shipped import PACKAGE
from iotscan.store.runs import decode_run
from tests.remedies.programs import WEAK
from tests.remedies.test_remedies import lacking, names
from tests.remedies.weakness import HOST, stand

__all__ = ["names"]
pytestmark = pytest.mark.slow
WANTED = {
    "nginx": ("nginx a form in the clear", "http-cleartext-login", {"nginx-redirect"}),
    "lighttpd": ("lighttpd with a form in the clear", "http-cleartext-login", {"lighttpd-redirect"}),
    "mosquitto": ("mosquitto for everybody", "mqtt-anonymous-access", {"mosquitto-login"}),
    "openssh": ("openssh with passwords", "ssh-login-methods", {"openssh-keys-only"}),
    "dropbear": ("dropbear with passwords", "ssh-login-methods", {"dropbear-keys-only"}),
    "vsftpd": ("vsftpd without TLS", "ftp-access", {"vsftpd-tls"}),
}
"""Program -> its weak daemon, a check that it fails, and the changes that the report has to name there."""
Scanned = tuple[Run, dict[str, int], str]


@pytest.fixture(scope="module")
def scanned(names: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    """One scan of all of them: the run, the port of each program, the report as Markdown."""
    folder = tmp_path_factory.mktemp("scan")
    weak = {program: next(w for w in WEAK if w.name == name) for program, (name, _, _) in WANTED.items()}
    if reason := "; ".join(filter(None, map(lacking, weak.values()))):
        pytest.skip(reason)
    ports: dict[str, int] = {}
    every: list[int] = []
    with contextlib.ExitStack() as running:
        for program, weakness in weak.items():
            one = stand(weakness, tmp_path_factory.mktemp("weak"), names)
            running.enter_context(one.run(weakness.before))
            services = one.services(weakness.before)
            ports[program] = services[-1].port
            every += [s.port for s in services]
        checks = [word for _, check, _ in WANTED.values() for word in ("--check", check)]
        listed = ",".join(map(str, every))
        out = _iotscan(folder, "scan", HOST, "--ports", listed, *checks, "-f", "json", "-qq", "--no-progress")
    run = decode_run(out, "standard output")
    return run, ports, _iotscan(folder, "report", "latest", "-f", "md").decode()


@pytest.mark.parametrize("program", WANTED)
def test_the_change_is_of_the_program_that_answers(scanned: Scanned, program: str) -> None:
    run, ports, report = scanned
    _, check, wanted = WANTED[program]
    proposed = propose(run, load_programs())
    found = [r for r in run.results if r.is_finding and r.check == check and r.subject.port == ports[program]]
    assert found
    for result in found:
        assert {c.id for c in proposed[result.fingerprint]} == wanted
        assert {c.program for c in proposed[result.fingerprint]} == {program}
    assert f"The exact change for {program}, tried with" in report


def _iotscan(folder: Path, *words: str) -> bytes:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PACKAGE.parent),
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "LC_ALL": "C.UTF-8",
    }
    command = [sys.executable, "-m", "iotscan", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.stdout
