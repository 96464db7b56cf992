"""nmap's opinion: the real one on real daemons through our door, and fakes for what may go wrong."""

import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.audit import Send
from iotscan.model.device import Service
from iotscan.model.errors import BadInput
from iotscan.model.facts import Announcement, Claim, ServiceOpinion
from iotscan.model.scope import Pace, Scope
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.heard import Heard
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.opinion import asking
from iotscan.observe.network.opinion.installed import Nmap, find_nmap
from iotscan.observe.network.outgoing import SendLog
from iotscan.observe.network.probe import Door
from tests.observe.network.daemons import HOST, PACE, accepts, free_port, running, serving, tool
from tests.observe.network.opinion.fakes import fake, report, writes
from tests.observe.network.test_outgoing import CLOSES, OPENS, Clock
from tests.observe.network.test_outgoing import scope as scope_file


class Log:
    """What was sent, in order."""

    def __init__(self) -> None:
        self.sends: list[Send] = []

    def note(self, send: Send) -> None:
        self.sends.append(send)


class Full:
    """A log on a disk that has no room."""

    def note(self, send: Send) -> None:
        raise BadInput("no room")


def way(
    port: int, nmap: Nmap, *, pace: Pace = PACE, log: SendLog | None = None, scope: str = HOST, announced: str = ""
) -> Door:
    """A door to an unknown service."""
    line = Dialer(Scope(include=(scope,), pace=pace), log).line(scope)
    claims = (Claim(what="name", value="x", how=announced),)
    known = (("", Announcement(claims=claims)),) if announced else ()
    return Door(line=line, service=Service(transport="tcp", port=port), known=known, tools={"nmap": nmap})


def asked(door: Door) -> Heard:
    return anyio.run(asking.ask, door)


def status(heard: Heard) -> tuple[AttemptStatus, str]:
    (gap,) = heard.missed
    assert not heard.facts
    assert gap.need == "service-opinion"
    return gap.status, gap.detail


@pytest.fixture(scope="module")
def nmap() -> Nmap:
    tool("nmap", "nmap")
    return find_nmap()


@pytest.fixture(scope="module")
def rsync(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Debian's rsync as a daemon: it greets in a protocol that is none of ours."""
    folder, port = tmp_path_factory.mktemp("rsync"), free_port()
    (folder / "conf").write_text(f"use chroot = no\naddress = {HOST}\nport = {port}\n[x]\npath = {folder}\n")
    command = (tool("rsync", "rsync"), "--daemon", "--no-detach", f"--config={folder}/conf")
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


def test_a_real_daemon_is_told_and_whatever_nmap_sent_went_through_our_door(nmap: Nmap, rsync: int) -> None:
    log = Log()
    door = way(rsync, nmap, log=log)
    heard = asked(door)
    (fact,) = heard.facts
    assert isinstance(fact, ServiceOpinion)
    assert (fact.by, fact.protocol, fact.confidence) == (nmap.name, "rsync", 10)
    assert fact.says.startswith("rsync (protocol version ")
    assert heard.excerpt == fact.says
    # Written down before it starts, with its words; then each of its conversations.
    assert log.sends[0].kind == "program"
    assert log.sends[0].argv == fact.argv
    assert {s.kind for s in log.sends[1:]} <= {"connect", "payload"}
    assert door.line.cost().attempts == 1
    assert door.line.cost().connections == sum(s.kind == "connect" for s in log.sends) >= 1


def test_what_it_opens_itself_is_one_connection_and_the_rest_is_counted(nmap: Nmap) -> None:
    """A service that no program knows: asked, answered with rubbish, and each connection is one that we know of."""
    seen: list[socket.socket] = []

    def rubbish(guest: socket.socket) -> None:
        seen.append(guest)
        guest.sendall(b"\x7fqx\n")

    with serving(rubbish) as port:
        door = way(port, nmap)
        state, detail = status(asked(door))
    assert (state, detail) == (AttemptStatus.ABSENT, f"{nmap.name} does not know it either")
    cost = door.line.cost()
    assert cost.attempts == 1
    assert len(seen) == cost.attempts + cost.connections
    assert cost.connections > 1


def test_it_gets_no_more_conversations_than_the_device_may_see(nmap: Nmap) -> None:
    with serving(lambda guest: guest.sendall(b"\x7fqx\n")) as port:
        door = way(port, nmap, pace=msgspec.structs.replace(PACE, connections=2))
        state, detail = status(asked(door))
        assert state is AttemptStatus.NOT_TRIED, detail
        assert "2 connections" in detail
        assert door.line.connections == 2
        with pytest.raises(DialError, match="too few are left"):
            asked(way(port, nmap, pace=msgspec.structs.replace(PACE, connections=1)))


def test_ipv6_has_its_own_word(nmap: Nmap) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        door = way(listener.getsockname()[1], nmap, scope="::1")

        async def go() -> Heard:
            listener.setblocking(False)

            async def serve() -> None:
                while True:
                    await anyio.wait_readable(listener)
                    guest, _ = listener.accept()
                    guests.append(guest)
                    try:
                        guest.sendall(b"@RSYNCD: 31.0\n")
                    except ConnectionError:
                        continue

            guests: list[socket.socket] = []
            async with anyio.create_task_group() as both:
                both.start_soon(serve)
                heard = await asking.ask(door)
                both.cancel_scope.cancel()
            for guest in guests:
                guest.close()
            return heard

        (fact,) = anyio.run(go).facts
    assert isinstance(fact, ServiceOpinion)
    assert "-6" in fact.argv
    assert fact.protocol == "rsync"


def test_its_words_are_ours_alone() -> None:
    nmap = Nmap(path="/usr/bin/nmap", version="7.93")
    words = asking.command(nmap, "192.0.2.7", 7, rate=0.01, seconds=30.9, proxy=9)
    for asked_for in ("-Pn", "-n", "--noninteractive", "--unprivileged", "-sT", "-sV", "-oX"):
        assert asked_for in words
    values = dict(pairwise(words))
    assert values["--max-rate"] == "0.1"
    assert values["--host-timeout"] == "30s"
    assert values["--version-intensity"] == "2"
    assert values["--max-parallelism"] == "1"
    assert values["--proxies"] == "http://127.0.0.1:9"
    assert words[-3:] == ("-p", "7", "192.0.2.7")
    assert not {"-sC", "-A", "-O", "-sU", "-sS", "--privileged"} & set(words)
    assert not any(word.startswith("--script") for word in words)


@pytest.mark.parametrize("port", [9100, 515, 631, 502, 102, 47808])
def test_ports_of_printers_and_controllers_are_never_given_to_it(port: int, tmp_path: Path) -> None:
    log = Log()
    state, detail = status(asked(way(port, fake(tmp_path, 'touch "$HERE/ran"'), log=log)))
    assert (state, log.sends, (tmp_path / "ran").exists()) == (AttemptStatus.NOT_TRIED, [], False), detail


@pytest.mark.parametrize("said", ["mdns _ipp._tcp", "mdns _pdl-datastream._tcp"])
def test_nor_is_a_device_that_says_it_is_one(said: str, tmp_path: Path) -> None:
    state, _ = status(asked(way(7, fake(tmp_path, 'touch "$HERE/ran"'), announced=said)))
    assert state is AttemptStatus.NOT_TRIED
    assert not (tmp_path / "ran").exists()


def test_nothing_starts_that_cannot_be_written_down(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no room"):
        asked(way(7, fake(tmp_path, 'touch "$HERE/ran"'), log=Full()))
    assert not (tmp_path / "ran").exists()


def test_nothing_of_ours_is_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NMAPDIR", "/nowhere")
    monkeypatch.setenv("SECRET", "x")
    asked(way(7, fake(tmp_path, 'env > "$HERE/env"; pwd >> "$HERE/env"')))
    kept = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert kept <= {"PATH", "LANG", "NMAP_UNPRIVILEGED", "PWD", "OLDPWD", "SHLVL", "_", "/"}


@pytest.mark.parametrize(
    ("script", "expected", "words"),
    [
        ("exit 3", AttemptStatus.BROKEN, "ended with code 3"),
        ("kill -9 $$", AttemptStatus.BROKEN, "ended with code -9"),
        ("yes | head -c 3000000", AttemptStatus.BROKEN, "wrote more than 1 MiB"),
        ("true", AttemptStatus.UNREADABLE, "no XML"),
        ("echo nonsense", AttemptStatus.UNREADABLE, "no XML"),
    ],
)
def test_whatever_it_does_is_a_gap(script: str, expected: AttemptStatus, words: str, tmp_path: Path) -> None:
    state, detail = status(asked(way(7, fake(tmp_path, script))))
    assert state is expected
    assert words in detail


def test_one_that_is_gone_by_then_is_a_gap() -> None:
    state, detail = status(asked(way(7, Nmap(path="/nowhere/nmap", version="7.93"))))
    assert (state, detail) == (
        AttemptStatus.BROKEN,
        "nmap 7.93: it could not be started (No such file or directory)",
    )


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def all_end(*files: Path) -> bool:
    """Whether the processes whose numbers these files hold end; the kernel takes a moment to."""
    pids = [int(file.read_text()) for file in files]
    ends = time.monotonic() + 5
    while any(map(_alive, pids)) and time.monotonic() < ends:
        time.sleep(0.005)
    return not any(map(_alive, pids))


HANGS = 'sleep 60 & echo $! > "$HERE/child"; echo $$ > "$HERE/pid"; wait'


def test_a_hang_is_ended_by_a_clock_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LONGEST", 0.2)
    monkeypatch.setattr(asking, "_GRACE", 0.2)
    state, detail = status(asked(way(7, fake(tmp_path, HANGS))))
    assert state is AttemptStatus.TIMED_OUT
    assert "killed" in detail
    assert all_end(tmp_path / "child", tmp_path / "pid")


def test_an_interruption_kills_it(tmp_path: Path) -> None:
    async def go() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(asking.ask, way(7, fake(tmp_path, HANGS)))
            with anyio.fail_after(10):
                while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                    await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    anyio.run(go)
    assert all_end(tmp_path / "child", tmp_path / "pid")


def test_a_fake_that_reports_is_believed_no_further_than_its_words(tmp_path: Path) -> None:
    (fact,) = asked(way(7, writes(tmp_path, report(7)))).facts
    assert isinstance(fact, ServiceOpinion)
    assert (fact.protocol, fact.product, fact.version) == ("acme", "Acme hub", "1.2")


def test_nothing_starts_outside_of_the_window_or_on_a_port_that_is_not_allowed(tmp_path: Path) -> None:
    """Scope is asked right before: a window that has closed since the port was found lets nothing start."""
    nmap = fake(tmp_path, 'touch "$HERE/ran"')
    log, clock = Log(), Clock()
    for number, (port, moment) in enumerate(((7, CLOSES), (8, OPENS))):
        clock.now = OPENS
        line = Dialer(scope_file(7), log, clock).line(HOST)
        clock.now = moment
        door = Door(line=line, service=Service(transport="tcp", port=port), tools={"nmap": nmap})
        state, detail = status(asked(door))
        assert state is AttemptStatus.REFUSED_BY_SCOPE, (number, detail)
    assert log.sends == []
    assert not (tmp_path / "ran").exists()


def test_a_window_that_closes_while_it_runs_stops_what_it_says(nmap: Nmap) -> None:
    clock = Clock()
    seen: list[socket.socket] = []

    def rubbish(guest: socket.socket) -> None:
        seen.append(guest)
        if len(seen) == 2:
            clock.now = CLOSES
        guest.sendall(b"\x7fqx\n")

    with serving(rubbish) as port:
        line = Dialer(scope_file(port), None, clock).line(HOST)
        door = Door(line=line, service=Service(transport="tcp", port=port), tools={"nmap": nmap})
        state, _ = status(asked(door))
    assert state is AttemptStatus.REFUSED_BY_SCOPE
    assert len(seen) == 2, "its own first connection, and the first that went through us"
