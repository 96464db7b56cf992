"""Stored runs put together: who is who, what is refused, nothing lost."""

from datetime import UTC, datetime, timedelta

import pytest

from iotscan.model.capture import Capture
from iotscan.model.device import Device, Image
from iotscan.model.errors import BadInput
from iotscan.model.facts import PortSweep, TrafficProfile
from iotscan.model.observation import observe
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.scan.joining import join_runs

MOMENT = datetime(2026, 11, 27, 4, tzinfo=UTC)
PROFILE = TrafficProfile(first=MOMENT, last=MOMENT)


def run_of(name: str, command: str, *devices: Device, images=(), hours=0, **more) -> Run:
    moment = (MOMENT + timedelta(hours=hours)).isoformat()
    fact = PROFILE if command == "traffic" else PortSweep(open=(80,))
    return Run(
        id=name,
        tool=Tool(version="0"),
        status=more.pop("status", "complete"),
        command=command,
        started=moment,
        as_of=moment,
        targets=(name,),
        scope=Scope(include=()),
        scope_sha256="",
        profile=ProfileInfo(id="p", version="1"),
        devices=devices,
        images=images,
        observations=tuple(observe(fact, Subject(device=d.id, address=d.address), probe="t/1") for d in devices),
        **more,
    )


def device(number: int, *, mac: str = "", name: str = "") -> Device:
    return Device(id=name or f"dev-{number}", addresses=(f"192.0.2.{number}",), mac=mac)


MAC, OTHER_MAC = "00:40:8c:00:00:0a", "00:40:8c:00:00:0b"


def kinds_of(run: Run, device_id: str) -> set[str]:
    return {type(o.fact).__name__ for o in run.observations if o.subject.device == device_id}


def test_one_mac_is_one_device_wherever_it_was():
    joined = join_runs(
        [run_of("s", "scan", device(7, mac=MAC)), run_of("t", "traffic", device(9, mac=MAC), hours=500)], "j"
    )
    (one,) = joined.devices
    assert one.addresses == ("192.0.2.7", "192.0.2.9")
    assert kinds_of(joined, one.id) == {"PortSweep", "TrafficProfile"}


def test_one_address_with_two_macs_is_two_devices():
    joined = join_runs([run_of("s", "scan", device(7, mac=MAC)), run_of("t", "traffic", device(7, mac=OTHER_MAC))], "j")
    assert len(joined.devices) == 2
    assert len({d.id for d in joined.devices}) == 2
    assert all(len(kinds_of(joined, d.id)) == 1 for d in joined.devices)


@pytest.mark.parametrize(("hours", "count"), [(1, 1), (30, 2)])
def test_an_address_alone_says_who_it_is_for_a_day(hours, count):
    joined = join_runs([run_of("s", "scan", device(7)), run_of("t", "traffic", device(7), hours=hours)], "j")
    assert len(joined.devices) == count
    assert sum(len(kinds_of(joined, d.id)) for d in joined.devices) == 2


def caught(hours: int) -> Capture:
    moment = (MOMENT + timedelta(hours=hours)).isoformat()
    return Capture(source="t.pcap", first=moment, last=moment)


@pytest.mark.parametrize(("captured", "read", "count"), [(-2000, 0, 2), (1, 2000, 1)])
def test_a_capture_is_as_old_as_its_frames_and_not_as_its_reading(captured, read, count):
    traffic = run_of("t", "traffic", device(7), hours=read, captures=(caught(captured),))
    joined = join_runs([run_of("s", "scan", device(7)), traffic], "j")
    assert len(joined.devices) == count


def test_an_unfinished_run_makes_the_whole_unfinished():
    joined = join_runs([run_of("s", "scan"), run_of("t", "traffic", status="interrupted")], "j")
    assert joined.status == "interrupted"


IMAGE = Image(id="img-1", source="g.tar", format="tar", name="gateway")


def test_the_user_says_which_image_a_device_runs():
    runs = [run_of("s", "scan", device(7, mac=MAC)), run_of("i", "image", images=(IMAGE,))]
    assert join_runs(runs, "j", ["192.0.2.7=gateway"]).runs == {"dev-7": "img-1"}
    assert join_runs(runs, "j", ["00-40-8C-00-00-0A=g.tar"]).runs == {"dev-7": "img-1"}


@pytest.mark.parametrize("word", ["192.0.2.7", "=gateway", "192.0.2.8=gateway", "192.0.2.7=camera", "192.0.2.7="])
def test_a_word_that_names_nobody_is_refused(word):
    runs = [run_of("s", "scan", device(7)), run_of("i", "image", images=(IMAGE,))]
    with pytest.raises(BadInput, match="--runs"):
        join_runs(runs, "j", [word])


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ([run_of("s", "scan")], "two runs or more"),
        ([run_of("s", "scan"), run_of("d", "discover")], "both asked the network"),
        ([run_of("s", "scan"), run_of("j", "join")], "joined already"),
        ([run_of("s", "scan"), run_of("t", "traffic", redaction="strict")], "redacted"),
        ([run_of("i", "image", images=(IMAGE,)), run_of("k", "image", images=(IMAGE,))], "called 'gateway'"),
    ],
)
def test_runs_that_do_not_go_together_are_refused(runs, why):
    with pytest.raises(BadInput, match=why):
        join_runs(runs, "j")
