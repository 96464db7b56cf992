"""The view of an interface that is listened to: it fits any terminal, and draws what devices say as text alone."""

import io
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from iotscan.cli import live_traffic
from iotscan.cli.live_traffic import Count, LiveTraffic, clock
from iotscan.cli.output import Display
from iotscan.model.device import Device
from iotscan.model.facts import Claim, Peer, Talk, TrafficProfile
from iotscan.model.observation import Observation
from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Element, Outcome, Severity
from tests.report.example import empty_run
from tests.report.hostile import is_harmless

HOSTILE = "[bold red]x[/] \x1b]0;owned\x07\x1b[2J \u202eevil\u202c 表表表 :smile: " + "y" * 5000
NOW = datetime(2026, 11, 27, tzinfo=UTC)


def device(number: int, name: str = "") -> Device:
    claims = (Claim(what="name", value=name, how="mdns"),) if name else ()
    return Device(id=f"d{number}", addresses=(f"192.0.2.{number}",), claims=claims)


def seen(number: int, *peers: str, clear: int = 0, encrypted: int = 0) -> Observation:
    talks = tuple(Talk(peer=Peer(address="203.0.113.1", name=name), protocol="tls") for name in peers)
    profile = TrafficProfile(
        first=NOW, last=NOW, frames=3, talks=talks, cleartext_bytes=clear, encrypted_bytes=encrypted
    )
    return Observation(id=f"o{number}", subject=Subject(device=f"d{number}"), fact=profile)


def finding(number: int, severity: Severity, summary: str = "sends a password in the clear") -> Result:
    return Result(
        check="cleartext-logins",
        element=Element.COMMUNICATION,
        outcome=Outcome.FAIL,
        subject=Subject(device=f"d{number}"),
        severity=severity,
        summary=summary,
        fingerprint=f"{number}-{severity}",
    )


def run(*observations: Observation, devices: tuple[Device, ...], results: tuple[Result, ...] = ()) -> Run:
    return replace(empty_run(), devices=devices, observations=observations, results=results)


def drawn(live: LiveTraffic, width: int = 120, height: int = 24) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, height=height, force_terminal=True, color_system=None).print(live)
    return out.getvalue().splitlines()


def test_it_shows_who_talks_to_whom_and_the_worst_before_the_rest() -> None:
    live = LiveTraffic(Display(), "eth0", 600)
    live.count(Count(frames=12_345, bytes=3 << 20, devices=2, peers=1))
    live.show(
        run(
            seen(2, "cloud.example", "ntp.example", clear=100, encrypted=900),
            devices=(device(1, "hall"), device(2)),
            results=(finding(1, Severity.LOW), finding(2, Severity.HIGH)),
        )
    )
    lines = [" ".join(line.split()) for line in drawn(live)]
    assert lines == [
        "device name talks to in clear",
        "192.0.2.2 cloud.example, ntp.example 10%",
        "192.0.2.1 hall",
        "worst so far where what",
        "HIGH 192.0.2.2 cleartext-logins: sends a password in the clear",
        "LOW hall cleartext-logins: sends a password in the clear",
        "eth0 for 0:00 of 10:00 · 2 findings · 2 devices · 1 server beyond · 12,345 frames · 3 MiB",
        "Ctrl-C ends it and gives the report",
    ]
    live.ending()
    assert "putting it together" in drawn(live)[-1]


@pytest.mark.parametrize("width", [80, 120])
def test_whom_it_talks_to_gives_way_and_nothing_that_is_looked_for(width: int) -> None:
    """A device with many peers pushed the share in the clear off the screen, and its own name to a dot."""
    live = LiveTraffic(Display(), "eth0", 600)
    live.count(Count(frames=12_345_678, bytes=3 << 30, devices=2, peers=17))
    peers = tuple(f"server-{n}.of.a.cloud.example" for n in range(20))
    live.show(
        run(
            seen(1, *peers, clear=1, encrypted=9),
            devices=(device(1, "cam-front"),),
            results=(finding(1, Severity.HIGH, "it sent data to forged.example"),),
        )
    )
    lines = drawn(live, width)
    head, first = lines[0], lines[1]
    assert head.rstrip().endswith("in clear")
    assert "192.0.2.1" in first
    assert "cam-front" in first
    assert first.rstrip().endswith("10%")
    assert "it sent data to forged.example" in "".join(lines)
    assert "1 finding" in lines[-2]
    assert all(cell_len(line) <= width for line in lines)


def test_where_nothing_can_be_drawn_it_says_for_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    with LiveTraffic(Display(), "eth0", 600):
        pass
    assert capsys.readouterr().err == "listening on eth0 for 10:00; Ctrl-C ends it and gives the report\n"


@pytest.mark.parametrize(("width", "height"), [(30, 6), (80, 24), (120, 10), (200, 60)])
@pytest.mark.parametrize("ascii", [False, True])
def test_it_fits_whatever_is_said(width: int, height: int, ascii: bool) -> None:
    live = LiveTraffic(Display(ascii=ascii), "eth0")
    many = tuple(device(number, HOSTILE) for number in range(1, 60))
    live.show(
        run(
            *(seen(number, HOSTILE, "b", clear=1) for number in range(1, 60)),
            devices=many,
            results=tuple(finding(number, Severity.HIGH, HOSTILE) for number in range(1, 60)),
        )
    )
    lines = drawn(live, width, height)
    assert len(lines) < max(height, 9)
    assert all(cell_len(line) <= width for line in lines)
    assert all(is_harmless(line) for line in lines)
    assert not ascii or "".join(lines).isascii()


def test_where_nothing_can_be_drawn_each_finding_is_one_line_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(live_traffic, "PLAIN_SECONDS", -1.0)
    worst = run(devices=(device(1),), results=(finding(1, Severity.HIGH),))
    with LiveTraffic(Display(), "eth0") as live:
        live.show(worst)
        live.show(worst)
        live.count(Count(frames=1, devices=1))
    assert capsys.readouterr().err.splitlines() == [
        "listening on eth0; Ctrl-C ends it and gives the report",
        "HIGH     192.0.2.1  cleartext-logins: sends a password in the clear",
        "eth0 for 0:00 · 1 finding · 1 device · 0 servers beyond · 1 frame · 0 bytes",
    ]
    with LiveTraffic(Display(quiet=1), "eth0") as live:
        live.show(worst)
    assert capsys.readouterr().err == ""


def test_a_share_is_never_rounded_to_what_it_is_not() -> None:
    shares = {(0, 5): "none", (5, 0): "all", (1, 999): "under 1 %", (0, 0): ""}
    for (clear, encrypted), said in shares.items():
        live = LiveTraffic(Display(), "eth0")
        live.show(run(seen(1, "a", clear=clear, encrypted=encrypted), devices=(device(1),)))
        assert " ".join(drawn(live)[1].split()) == f"192.0.2.1 a {said}".strip()


def test_a_clock() -> None:
    assert [clock(seconds) for seconds in (0, 59.9, 187, 3600, 90_061)] == [
        "0:00",
        "0:59",
        "3:07",
        "1:00:00",
        "25:01:01",
    ]
