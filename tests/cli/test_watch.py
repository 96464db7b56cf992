"""``iotscan discover --watch`` on real sockets, driven from round to round without waiting."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.cli.launch import Wish, launch
from iotscan.cli.output import Display
from iotscan.cli.watch import Pacing
from iotscan.model.watching import WatchEvent
from iotscan.observe.network.pace import Pacer
from iotscan.scan.rounds import EVERY
from iotscan.store.runs import read_run
from tests.cli.conftest import Cli
from tests.hostile.serving import SSH, WEB, Device, device, http, web
from tests.program import PROGRAM, environment

PORTS = f"{WEB},{SSH}"


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Device]:
    """A device with a web page."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("iotscan.observe.network.line.Pacer", lambda rate: Pacer(1e6))  # ours: it bears any pace
    with device() as made:
        made.tcp([WEB], web(lambda path, head: http(b"<title>Plug of the hall</title>")))
        yield made


def between(*deeds: Callable[[], object]) -> tuple[Pacing, list[float]]:
    """Rounds between which these things are done, and the rests that were asked for."""
    rests: list[float] = []
    waiting = iter(deeds)

    async def pause(seconds: float) -> None:
        rests.append(seconds)
        next(waiting)()

    return Pacing(rounds=len(deeds) + 1, pause=pause), rests


def wish(plug: Device, tmp_path: Path, **more: object) -> Wish:
    return msgspec.structs.replace(
        Wish(command="discover", targets=(plug.address,), ports=PORTS, output=tmp_path / "out", timeout=0.5), **more
    )


def events(text: str) -> list[WatchEvent]:
    return [msgspec.json.decode(line, type=WatchEvent) for line in text.splitlines()]


def test_a_service_that_comes_and_one_that_goes_are_told_when_they_do(
    plug: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def come() -> None:
        plug.tcp([SSH], lambda guest: guest.sendall(b"SSH-2.0-dropbear_2022.83\r\n"))

    pacing, rests = between(lambda: None, come, plug.stop)
    code = launch(wish(plug, tmp_path, formats=("jsonl",)), Display(), progress=True, pacing=pacing)
    out, err = capsys.readouterr()
    told = events(out)
    assert (code, rests) == (0, [EVERY] * 3)
    assert told[0].schema == "iotscan/watch@1"
    assert [(e.round, e.event) for e in told] == [
        *((0, "began"), (1, "present"), (1, "round"), (2, "round")),
        *((3, "changed"), (3, "round"), (4, "changed"), (4, "round"), (4, "ended")),
    ]
    assert [[(s.before, s.after, s.note) for s in e.shifts] for e in told if e.shifts] == [
        [("", f"tcp/{SSH} ssh", "")],
        [(f"tcp/{SSH} ssh", "", "closed"), (f"tcp/{WEB} http", "", "closed")],
    ]
    assert told[1].label == "Plug of the hall"
    assert "kept as a run" in err
    # Each round is a run like any other: whole, its own audit chain, and the evidence of its events.
    runs = [read_run(e.run, tmp_path / "out") for e in told if e.event == "round"]
    assert [r.status for r in runs] == ["complete"] * 4
    assert [r.ways for r in runs] == [{"connect": ""}] * 4
    assert len({r.audit_root for r in runs} | {r.id for r in runs}) == 8
    assert len({msgspec.json.encode(r.scope) for r in runs}) == 1


def test_text_is_for_a_person_and_each_event_a_line(
    plug: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pacing, _ = between(plug.stop)
    kept = tmp_path / "events.jsonl"
    launch(wish(plug, tmp_path, formats=(f"jsonl:{kept}",)), Display(quiet=1), progress=True, pacing=pacing)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[2] for line in lines] == [
        f"present: {plug.address}  Plug of the hall  tcp/{WEB} http",
        f"changed: {plug.address}  Plug of the hall  service: tcp/{WEB} http: closed",
        "ended: all rounds are done",
    ]
    assert len(events(kept.read_text())) == 6
    assert kept.stat().st_mode & 0o777 == 0o600


def test_what_an_earlier_run_has_is_not_told_again(
    plug: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    launch(wish(plug, tmp_path, formats=(f"csv:{tmp_path / 'then.csv'}",)), Display(quiet=2), progress=False)
    for since in ("latest", str(tmp_path / "then.csv")):
        pacing, _ = between()
        asked = wish(plug, tmp_path, formats=("jsonl",), since=since)
        launch(asked, Display(), progress=False, pacing=pacing)
        assert [e.event for e in events(capsys.readouterr().out)] == ["began", "round", "ended"]
    with device() as other:
        launch(wish(other, tmp_path, since="latest"), Display(), progress=False)
    said = capsys.readouterr().out
    assert "diff: 1 new, 0 not seen, 0 changed, 1 not looked for, 0 the same\n" in said
    assert f"  why: not looked for before: {other.address} is not in scope\n" in said
    assert f"device: not looked for  Plug of the hall  {plug.address}\n" in said
    plug.stop()
    launch(wish(plug, tmp_path, since=str(tmp_path / "then.csv")), Display(), progress=False)
    said = capsys.readouterr().out
    assert "diff: 0 new, 0 not seen, 1 changed, 0 not looked for, 0 the same\n" in said
    assert f"  service: tcp/{WEB} http: closed\n" in said


@pytest.mark.parametrize(("more", "lines"), [({}, 1), ({"quiet": 1}, 0), ({"progress": False}, 0)])
def test_each_newcomer_is_a_line_where_there_is_no_terminal(
    plug: Device, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: dict[str, int], lines: int
) -> None:
    launch(wish(plug, tmp_path), Display(quiet=more.get("quiet", 0)), progress=bool(more.get("progress", True)))
    err = capsys.readouterr().err
    assert err.count(f"found {plug.address} (answers on tcp/{WEB} (open))\n") == lines


def test_a_reader_that_leaves_ends_the_watch(plug: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Leaver:
        def __getattr__(self, name: str) -> object:
            raise BrokenPipeError

        def isatty(self) -> bool:
            return False

    async def pause(seconds: float) -> None:
        raise AssertionError("nobody listens: there is nothing to wait for")

    monkeypatch.setattr("sys.stdout", Leaver())
    monkeypatch.setattr("iotscan.cli.events.fall_silent", lambda: None)
    asked = wish(plug, tmp_path, formats=("jsonl",))
    assert launch(asked, Display(), progress=False, pacing=Pacing(pause=pause)) == 0


def test_ctrl_c_ends_a_rest_at_once_with_all_that_was_told(plug: Device, tmp_path: Path) -> None:
    words = ("discover", plug.address, "--ports", PORTS, "--timeout", "0.5", "--watch", "-f", "jsonl")
    with subprocess.Popen(
        [*PROGRAM, *words], cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        lines: list[bytes] = []
        while not lines or json.loads(lines[-1])["event"] != "round":
            lines.append(program.stdout.readline())
        os.kill(program.pid, signal.SIGINT)
        rest, err = program.communicate(timeout=60)
    assert program.returncode == 130
    assert b"stopping; once more to stop at once" in err
    assert [json.loads(line)["event"] for line in rest.splitlines()] == ["ended"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--every", "60"), "--every and --rounds belong to --watch"),
        (("--rounds", "2"), "--every and --rounds belong to --watch"),
        (("--watch", "--every", "5"), "60"),
        (("--watch", "-f", "csv"), "-f jsonl or text, not csv"),
        (("--watch", "--redact", "strict"), "--redact strict"),
        (("--since", "nowhere"), "there is no run 'nowhere'"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_sent(
    cli: Cli, silent_network: list[str], words: tuple[str, ...], why: str, tmp_path: Path
) -> None:
    ended = cli("discover", "127.0.0.9", "-o", tmp_path, *words)
    assert (ended.code, ended.out, silent_network) == (2, "", [])
    assert why in ended.err
    assert list(tmp_path.iterdir()) == []
