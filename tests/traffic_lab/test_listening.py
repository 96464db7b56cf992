"""``iotscan traffic --listen`` on a wire where devices talk: the run, the copy, and each way in which it ends."""

import contextlib
import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.model.facts import TrafficProfile
from iotscan.model.run import Run
from iotscan.shipped import PACKAGE
from iotscan.store.runs import decode_run
from tests.lan.conftest import place as place
from tests.lan.network import Lan, Machine, poll
from tests.lan.scanning import WITHOUT_CAPABILITIES
from tests.program import environment
from tests.traffic_lab import recording
from tests.traffic_lab.scenes import plain_web
from tests.traffic_lab.stage import Stage

pytestmark = pytest.mark.lan
GUIDE = PACKAGE.parent / "docs/guide/traffic.md"
QUIET = ("--no-history", "--no-step-summary", "-f", "json")


class Wire(msgspec.Struct, frozen=True):
    """A wire on which a device has fetched a page, and can do so again."""

    machine: Machine
    device: Machine

    def fetch(self) -> None:
        """The device talks to its server once more."""
        asked = ("curl", "-s", "-m", "5", "-H", "Host: cloud.example", "http://203.0.113.80/status")
        assert self.device.run(*asked).stdout == "fine\n"

    def start(self, folder: Path, *words: str, before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        """``iotscan traffic WORDS`` where the wire is, once it listens."""
        command = (*before, sys.executable, "-m", "iotscan", "traffic", *words, *QUIET)
        process = subprocess.Popen(
            self.machine.inside(*command, own_files=False),
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return process


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with Lan(tmp_path_factory.mktemp("wire")) as lan:
        stage = Stage(lan, lan.folder / "none.pcap")
        plain_web.play(stage)
        device = next(machine for machine in lan._machines if machine.name == "device")
        yield Wire(recording.wire_of(lan), device)


def begun(process: "subprocess.Popen[str]", name: str = "br0", most: str = "") -> None:
    """Wait until it says that it listens, and for how long at most."""
    assert process.stderr is not None
    assert process.stderr.readline() == f"listening on {name}{most}; Ctrl-C ends it and gives the report\n"


def ended(process: "subprocess.Popen[str]") -> tuple[int, Run, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, decode_run(out.encode(), "standard output"), err


def helpers(machine: Machine) -> list[str]:
    """Captures that still run on that machine's network."""
    lines = [cmdline(pid).decode() for pid in machine.residents()]
    return [line for line in lines if "raw_capture" in line or "traffic.worker" in line]


def cmdline(pid: int) -> bytes:
    """How a process was started; nothing of one that has ended meanwhile."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def test_what_is_heard_is_a_run_like_any_other_and_the_copy_gives_the_same(wire: Wire, tmp_path: Path) -> None:
    process = wire.start(tmp_path, "--listen", "br0", "--promiscuous", "--write", "heard.pcapng")
    begun(process)
    wire.fetch()
    process.send_signal(signal.SIGINT)
    code, run, said = ended(process)
    # Nothing that a gate could be held to: what is in the clear is a finding, and no more was asked for.
    assert code == (run.verdict.exit_code if run.verdict else None)
    assert run.status == "complete"
    assert [(c.source, c.format, c.sha256) for c in run.captures] == [("br0", "live", "")]
    (profile,) = [o.fact for o in run.observations if o.subject.address == "10.77.0.21" and is_profile(o.fact)]
    assert isinstance(profile, TrafficProfile)
    assert {(t.peer.address, t.port, t.protocol) for t in profile.talks} >= {("203.0.113.80", 80, "http")}
    notices = [notice.text for notice in run.notices]
    assert any(text.startswith("listened on br0 for ") for text in notices)
    assert "stopping; once more to stop at once" in said
    assert "kept " in said
    # To check a finding by, there is the copy.
    assert {c.kept for c in run.captures} == {"heard.pcapng"}
    commands = [r.reproduce for r in run.results if r.is_finding and r.reproduce.startswith("tshark ")]
    assert commands
    assert all(command.startswith("tshark -r heard.pcapng ") for command in commands)

    again = wire.start(tmp_path, "heard.pcapng")
    _, read, _ = ended(again)
    assert [d.mac for d in read.devices] == [d.mac for d in run.devices]
    assert {(o.subject, o.fact) for o in read.observations} == {(o.subject, o.fact) for o in run.observations}
    assert not helpers(wire.machine)


def is_profile(fact: object) -> bool:
    return isinstance(fact, TrafficProfile)


def test_the_time_ends_it(wire: Wire, tmp_path: Path) -> None:
    process = wire.start(tmp_path, "--listen", "br0", "--promiscuous", "--for", "2s")
    begun(process, most=" for 0:02")
    wire.fetch()
    _, run, said = ended(process)
    assert run.status == "complete"
    assert run.captures[0].frames > 0
    assert "once more" not in said


def test_twice_ends_it_at_once_and_leaves_nothing(wire: Wire, tmp_path: Path) -> None:
    process = wire.start(tmp_path, "--listen", "br0", "--promiscuous")
    begun(process)
    # The process that reads does not answer any more: nothing but the second signal ends it.
    reader = next(pid for pid in wire.machine.residents() if b"traffic.worker" in cmdline(pid))
    os.kill(reader, signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "once more" in process.stderr.readline()
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    process.communicate()
    poll("captures end", lambda: not helpers(wire.machine))


def test_a_killed_one_leaves_nothing_running(wire: Wire, tmp_path: Path) -> None:
    process = wire.start(tmp_path, "--listen", "br0")
    begun(process)
    poll("both are there", lambda: len(helpers(wire.machine)) == 2)
    process.kill()
    process.communicate()
    poll("captures end", lambda: not helpers(wire.machine))


def test_on_a_terminal_it_is_drawn_and_ctrl_c_ends_nothing_but_the_listening(wire: Wire, tmp_path: Path) -> None:
    words = (sys.executable, "-m", "iotscan", "traffic", "--listen", "br0", "--promiscuous", "--no-history")
    pid, terminal = pty.fork()
    if pid == 0:
        command = wire.machine.inside(*words, own_files=False)
        os.chdir(tmp_path)
        os.execvpe(command[0], command, {**environment(tmp_path), "TERM": "xterm-256color"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    screen = Screen(terminal)
    screen.until("Ctrl-C ends it")
    wire.fetch()
    screen.until("cloud.example")
    os.write(terminal, b"\x03")
    screen.until("putting it together")
    screen.until("exit [0-9]")
    os.waitpid(pid, 0)
    os.close(terminal)
    (run,) = tmp_path.glob("iotscan-out/*/run.json")
    assert decode_run(run.read_bytes(), "").status == "complete"


class Screen:
    """What a terminal was sent."""

    def __init__(self, terminal: int) -> None:
        self._terminal, self.said = terminal, ""

    def until(self, words: str) -> None:
        """Read until that was drawn."""

        def is_drawn() -> bool:
            ready, _, _ = select.select([self._terminal], [], [], 0.05)
            with contextlib.suppress(OSError):  # the other end has gone
                self.said += os.read(self._terminal, 65536).decode("utf-8", "replace") if ready else ""
            found = re.search(words, self.said)
            self.said = self.said[found.end() :] if found else self.said
            return found is not None

        poll(words, is_drawn)


def test_each_command_of_the_guide_listens(wire: Wire, tmp_path: Path) -> None:
    commands = re.findall(r"^iotscan traffic (--listen.*?)(?: +#.*)?$", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert len(commands) > 3
    for command in commands:
        words = [{"eth1": "br0", "10m": "1s"}.get(word, word) for word in shlex.split(command)]
        process = wire.start(tmp_path, *words, *(() if "--for" in words else ("--for", "1s")))
        _, run, _ = ended(process)
        assert (run.status, run.captures[0].source) == ("complete", "br0"), command


def test_an_interface_that_goes_down_is_told(wire: Wire, tmp_path: Path) -> None:
    for words in (
        ("add", "lone9", "type", "veth", "peer", "name", "lone8"),
        ("set", "lone8", "up"),
        ("set", "lone9", "up"),
    ):
        wire.machine.run("ip", "link", *words, check=True)
    process = wire.start(tmp_path, "--listen", "br0", "--listen", "lone9", "--promiscuous")
    begun(process, "br0+lone9")
    wire.fetch()
    wire.machine.run("ip", "link", "set", "lone9", "down", check=True)
    process.send_signal(signal.SIGINT)
    _, run, _ = ended(process)
    wire.machine.run("ip", "link", "delete", "lone9", check=True)
    assert run.status == "interrupted"
    assert any("lone9 went down meanwhile" in notice.text for notice in run.notices)


def test_who_may_not_is_told_how_to(wire: Wire, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    refusals = {
        ("--listen", "br0"): (WITHOUT_CAPABILITIES, "sudo iotscan helper install --capture"),
        ("--listen", "br9"): ((), "there is no interface 'br9' here: give one of lo, br0"),
        ("--listen", "lo"): ((), "lo is down"),
        ("--listen", "br0", "--write", "mine"): ((), "mine is there already"),
    }
    for words, (before, why) in refusals.items():
        process = wire.start(tmp_path, *words, before=before)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (2, "")
        assert why in err
        assert len(err.splitlines()) == 1
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "iotscan-out").exists()
    assert not helpers(wire.machine)
