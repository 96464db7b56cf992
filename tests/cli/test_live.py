"""The table of a discovery: fits any terminal, draws nothing that a device says as anything but text."""

import io

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from iotscan.cli.live import LiveList, can_draw
from iotscan.cli.output import Display
from iotscan.cli.progress import Progress
from iotscan.model.device import Device, Service
from iotscan.model.facts import Claim
from iotscan.scan.events import DeviceDone, DeviceFound, UnitDone
from tests.report.hostile import is_harmless

HOSTILE = "[bold red]x[/] \x1b]0;owned\x07\x1b[2J \u202eevil\u202c 表表表 :smile: " + "y" * 5000


def found(number: int, name: str = "") -> Device:
    claims = (Claim(what="name", value=name, how="mdns"),) if name else ()
    return Device(id=f"d{number}", addresses=(f"192.0.2.{number}",), claims=claims)


def drawn(live: LiveList, width: int, height: int = 24) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, height=height, force_terminal=True, color_system=None).print(live)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    ("judges", "said"), [(True, "1 of 1 devices done, 0 findings"), (False, "1 of 1 devices done")]
)
def test_plain_progress_counts_findings_only_where_something_is_judged(
    judges: bool, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("iotscan.cli.progress.PLAIN_SECONDS", -1.0)
    Progress(Display(), enabled=True, judges=judges)(done(found(1)))
    assert capsys.readouterr().err.strip() == said


def done(device: Device, devices: int = 1) -> DeviceDone:
    return DeviceDone(address=device.address, devices=devices, devices_done=1, device=device)


def test_a_device_shows_as_soon_as_it_is_found_and_what_it_is_when_it_is_done() -> None:
    live = LiveList(Display())
    device = found(1)
    live(DeviceFound(device=device))
    live(UnitDone(address=device.address, name="sweep", devices=1, devices_done=0))
    assert [line.split() for line in drawn(live, 100)[1:]] == [
        ["192.0.2.1", "being", "asked", "…"],
        ["0", "of", "1", "device", "done", "·", "192.0.2.1", "sweep"],
    ]
    known = replace(found(1, "hall"), services=(Service(transport="tcp", port=80, protocol="http"),))
    live(done(known))
    assert [line.split() for line in drawn(live, 100)[1:]] == [
        ["192.0.2.1", "hall", "tcp/80", "http"],
        ["1", "of", "1", "device", "done"],
    ]


@pytest.mark.parametrize("width", [1, 20, 49, 80, 200])
@pytest.mark.parametrize("ascii", [True, False])
def test_what_a_device_says_is_drawn_as_text_in_its_own_place(width: int, ascii: bool) -> None:
    live = LiveList(Display(ascii=ascii))
    for number in range(1, 4):
        live(DeviceFound(device=found(number, HOSTILE)))
    lines = drawn(live, width)
    assert all(is_harmless(line) and cell_len(line) <= width for line in lines)
    assert len(lines) == 5
    assert not ascii or all(line.isascii() for line in lines)


@pytest.mark.parametrize("height", [1, 5, 24, 400])
def test_rows_without_room_are_counted(height: int) -> None:
    live = LiveList(Display())
    for number in range(1, 251):
        live(DeviceFound(device=found(number)))
    lines = drawn(live, 80, height)
    shown = sum("being asked" in line for line in lines)
    assert shown == min(250, max(height - 4, 1))
    assert (f"{250 - shown} more above" in lines[-1]) == (shown < 250)


def test_one_that_is_not_seen_any_more_stays_beside_who_has_its_address_now() -> None:
    live = LiveList(Display())
    gone = found(1, "old")
    live.show([replace(gone, id="w2", claims=found(1, "new").claims)], [(gone, "2026-11-26T15:00:00+00:00")], "round 2")
    lines = drawn(live, 100)
    assert [line.split()[:2] for line in lines[1:3]] == [["192.0.2.1", "new"], ["192.0.2.1", "old"]]
    assert "not seen since 2026-11-26T15:00:00" in lines[2]


def test_nothing_is_drawn_where_standard_error_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert not can_draw(Display())
    assert can_draw(Display(color="always"))
