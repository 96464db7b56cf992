"""``iotscan helper install``: a user who is not root finds what is silent, and gets nothing else by it."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.errors import BadInput
from iotscan.model.scope import Scope
from iotscan.observe.network.helper import installing, program, status
from iotscan.observe.network.helper.capturing import Capturing, Wanted
from iotscan.observe.network.helper.client import RawHelper
from iotscan.observe.network.helper.program import CAPTURE, LISTENER, PROGRAMS, SWEEPER, Installed, Unavailable
from tests.lan.network import Machine
from tests.observe.network.helper.conftest import SILENT, Link, sweep

pytestmark = pytest.mark.lan

REPOSITORY = Path(__file__).parents[4]
PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def machine(link: Link) -> Machine:
    """Where the scanner stands, with a /usr/local and a /etc/sudoers.d of its own."""
    if reason := _why_not():
        pytest.skip(f"the installation was NOT tested: {reason}")
    for folder in ("/usr/local", str(installing.RULE.parent)):
        link.scanner.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder, check=True, own_files=True)
    return link.scanner


def _why_not() -> str:
    if problem := installing.others_can_write(Path(PYTHON)):
        return problem
    if not Path("/usr/bin/sudo").exists():
        return "missing: apt-get install sudo"
    asked = (PYTHON, "-c", "import sys; print(sys.version_info[:2])")
    theirs = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    # Ours may lie in root's home, where no user can start it.
    return "" if theirs == str(sys.version_info[:2]) else f"{PYTHON} cannot import our libraries: it is {theirs}"


def user(machine: Machine, name: str, *words: str) -> list[str]:
    """The command line of what a user runs there."""
    become = ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", "--inh-caps=-all"] if name else []
    libraries = os.pathsep.join((str(REPOSITORY), *sys.path[1:]))
    return machine.inside(*become, "env", f"PYTHONPATH={libraries}", *words)


def run(machine: Machine, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it; ``name`` is empty for root."""
    done = subprocess.run(
        user(machine, name, *words), cwd="/", capture_output=True, text=True, check=False, env=_environment()
    )
    return done


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("SUDO_USER", "PYTHONPATH")}


def iotscan(machine: Machine, name: str, *words: str) -> tuple[int, str]:
    """``iotscan helper …`` of a user: its exit code and what it printed."""
    done = run(machine, name, PYTHON, "-m", "iotscan", "helper", *words)
    return done.returncode, done.stdout + done.stderr


def test_from_nothing_to_installed_and_back(machine: Machine) -> None:
    code, said = iotscan(machine, "", "install", "--user", "daemon")
    assert (code, said.startswith("installed for daemon")) == (0, True), said
    assert _silent_is_found(machine, "daemon")
    code, said = iotscan(machine, "daemon", "status")
    assert (code, said) == (0, "allowed through the helper installed for daemon, and to listen\n")

    for other in _other_words():
        assert run(machine, "daemon", "sudo", "-n", "--", *other).returncode != 0, other
    with pytest.raises(Unavailable, match="password is required"):
        _silent_is_found(machine, "games")

    code, said = iotscan(machine, "", "remove")
    assert (code, said) == (0, "removed\n")
    assert run(machine, "", "find", "/usr/local/libexec", str(installing.RULE.parent), "-type", "f").stdout == ""
    with pytest.raises(Unavailable, match="password is required"):
        _silent_is_found(machine, "daemon")


def test_a_capture_is_had_only_where_it_was_asked_for(machine: Machine) -> None:
    words = user(machine, "daemon", "sudo", "-n", "--", *CAPTURE.rule(PYTHON))
    wanted = Wanted(interfaces=("lo",), seconds=0.1)
    iotscan(machine, "", "install", "--user", "daemon")
    with pytest.raises(Unavailable, match="password is required"):
        Capturing(wanted, words)
    code, said = iotscan(machine, "", "install", "--user", "daemon", "--capture")
    assert (code, said.splitlines()[-1]) == (0, "daemon may now record all that passes the interfaces of this machine")
    with Capturing(wanted, words) as capture:
        assert capture.stream.read().startswith(b"\x0a\x0d\x0d\x0a")
        assert not capture.result().lost
    code, said = iotscan(machine, "daemon", "status")
    assert (code, said) == (0, "allowed through the helper installed for daemon, and to listen and to capture\n")
    assert "listened on lo for 1 s" in _listened(machine, "daemon")
    iotscan(machine, "", "install", "--user", "daemon")
    assert "cannot capture: sudo iotscan helper install --capture" in _listened(machine, "daemon")
    assert not run(machine, "", "find", str(CAPTURE.installed)).stdout
    with pytest.raises(Unavailable, match="password is required"):
        Capturing(wanted, words)
    assert iotscan(machine, "", "remove") == (0, "removed\n")


def _listened(machine: Machine, name: str) -> str:
    """What a user is told who listens to the loopback for a second."""
    words = (PYTHON, "-m", "iotscan", "traffic", "--listen", "lo", "--for", "1s", "--no-history", "-o")
    said = run(machine, name, "sh", "-c", f"d=$(mktemp -dp /tmp); {' '.join(words)} $d; rm -r $d")
    return said.stdout + said.stderr


def _other_words() -> Iterator[tuple[str, ...]]:
    yield (PYTHON, "-c", "print(1)")
    yield (*SWEEPER.rule(PYTHON), "more")
    yield SWEEPER.rule(PYTHON)[:-1]
    yield (PYTHON, str(SWEEPER.installed))
    yield (*LISTENER.rule(PYTHON), "more")
    yield ("PYTHONPATH=/tmp", *SWEEPER.rule(PYTHON))


def _silent_is_found(machine: Machine, name: str) -> bool:
    async def ask() -> bool:
        words = user(machine, name, "sudo", "-n", "--", *SWEEPER.rule(PYTHON))
        async with RawHelper(Scope(include=("10.77.0.0/24",)), "0" * 64, words) as helper:
            _, heard = await sweep(helper, "arp", (SILENT, SILENT))
        return heard.addresses == {SILENT}

    return anyio.run(ask)


def test_who_cannot_install_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, why in (("", "--user NAME"), ("no-such-user", "no user"), ("root", "root needs no rule")):
        with pytest.raises(BadInput, match=why):
            installing.install(name)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for change in (lambda: installing.install("daemon"), installing.remove):
        with pytest.raises(BadInput, match="only root can do that"):
            change()


def test_without_it_the_next_step_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "may_open_raw", lambda: False)
    monkeypatch.setattr(status, "may_open_raw", lambda: False)
    monkeypatch.setattr(program, "installed", lambda: None)
    monkeypatch.setattr(status, "installed", lambda: None)
    found = status.look()
    assert not found.works
    for path, words in (
        (None, "sudo iotscan helper install"),
        ("/usr/bin/iotscan", "sudo iotscan helper install"),
        ("/home/me/.local/bin/iotscan", "sudo /home/me/.local/bin/iotscan helper install"),
    ):
        monkeypatch.setattr(status.shutil, "which", lambda _, path=path: path)
        assert status.look().next == words


def test_a_program_that_was_changed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (*PROGRAMS, CAPTURE):
        (tmp_path / each.file).write_bytes(each.source.read_bytes())
    monkeypatch.setattr(program, "FOLDER", tmp_path)
    monkeypatch.setattr(installing, "others_can_write", lambda _: "")
    right = [hashlib.sha256(each.source.read_bytes()).hexdigest() for each in PROGRAMS]
    record = Installed(user="me", python=PYTHON, sha256=right[0], listener_sha256=right[1])
    assert [*installing.problems(record)] == []
    (said,) = installing.problems(msgspec.structs.replace(record, listener_sha256=""))
    assert "did not listen" in said
    (tmp_path / LISTENER.file).write_text("")
    (said,) = installing.problems(record)
    assert f"{LISTENER.file} is not what was installed" in said
    *_, said = installing.problems(msgspec.structs.replace(record, capture_sha256="0"))
    assert f"{CAPTURE.file} is not what was installed: sudo iotscan helper install --capture" in said
    older = hashlib.sha256(b"").hexdigest()
    (said,) = installing.problems(msgspec.structs.replace(record, listener_sha256=older))
    assert "another version" in said


def test_what_others_can_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_to_all, python = tmp_path / "open", tmp_path / "open" / "python3"
    open_to_all.mkdir()
    python.symlink_to(sys.executable)
    open_to_all.chmod(0o777)
    assert "can be written by others" in installing.others_can_write(python)
    monkeypatch.setattr(installing, "PYTHONS", (str(python),))
    with pytest.raises(BadInput, match="no Python that root alone can change"):
        installing.trusted_python()
