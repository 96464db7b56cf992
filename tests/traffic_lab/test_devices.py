"""From frames on a wire to a report: who is a device, what it is called, whom it talks to."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.model.facts import AnyFact, ProtocolUse, TrafficProfile
from iotscan.model.run import Run
from iotscan.report.talking import traffic
from iotscan.store.runs import read_run
from tests.program import run_iotscan

CaptureOf = Callable[[str], Path]


def told(*words: str | Path, home: Path) -> Run:
    """The run that ``iotscan traffic`` makes of captures."""
    ended = run_iotscan("traffic", *words, "-o", home / "out", home=home)
    assert ended.returncode in (0, 3), ended.stderr
    assert "Traceback" not in ended.stderr
    return read_run("latest", home / "out")


def fact(run: Run, address: str, kind: type[AnyFact]) -> AnyFact:
    device = next(d for d in run.devices if address in d.addresses)
    return next(o.fact for o in run.observations if o.subject.device == device.id and isinstance(o.fact, kind))


def test_devices_and_what_they_say(capture_of: CaptureOf, tmp_path: Path) -> None:
    run = told(capture_of("household"), home=tmp_path)
    assert {d.address: (d.mac, d.claimed("hostname")) for d in run.devices} == {
        "10.77.0.1": ("02:77:00:00:00:01", ""),
        "10.77.0.21": ("02:77:00:00:00:15", "cam-front"),
        "10.77.0.22": ("02:77:00:00:00:16", "meter-7"),
        "10.77.0.23": ("02:77:00:00:00:17", ""),
    }
    seen = traffic(run)
    assert seen is not None
    (cloud,) = [b for b in seen.backends if b.devices]
    assert (cloud.name, cloud.addresses, cloud.devices) == (
        "cloud.example",
        ("203.0.113.80",),
        ("cam-front", "meter-7"),
    )
    assert cloud.protection == "not recognised"
    profile = fact(run, "10.77.0.21", TrafficProfile)
    assert isinstance(profile, TrafficProfile)
    beyond = [t for t in profile.talks if t.is_outbound and t.bytes_sent]
    assert [(t.peer.name, t.peer.named_by, t.port, t.protocol, t.count) for t in beyond] == [
        ("cloud.example", "dns", 7000, "unknown", 1)
    ]
    assert (beyond[0].bytes_sent, beyond[0].bytes_received) == (8, 9)
    panel = fact(run, "10.77.0.23", ProtocolUse)
    assert isinstance(panel, ProtocolUse)
    assert {h.role for h in panel.http} == {"server"}
    assert {(s.name, s.protocol) for d in run.devices for s in d.services} == {
        ("tcp/80", "http"),
        ("udp/53", "dns"),
    }


def test_packed_streamed_and_with_frames_missing_it_is_the_same_or_less(capture_of: CaptureOf, tmp_path: Path) -> None:
    whole = capture_of("household")
    packed = tmp_path / "house.pcap.gz"
    packed.write_bytes(gzip.compress(whole.read_bytes()))
    run = told(packed, home=tmp_path)
    assert len(run.devices) == 4
    assert run.captures[0].format == "pcap+gzip"
    with whole.open("rb") as stream:
        ended = subprocess.run(
            [sys.executable, "-m", "iotscan", "traffic", "-", "-o", str(tmp_path / "streamed"), "-qq"],
            stdin=stream,
            check=False,
            capture_output=True,
        )
    assert ended.returncode in (0, 3), ended.stderr
    streamed = read_run("latest", tmp_path / "streamed")
    assert [o.fact for o in streamed.observations] == [o.fact for o in run.observations]
    half = tmp_path / "half.pcap"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    less = told(half, home=tmp_path)
    assert {d.mac for d in less.devices} <= {d.mac for d in run.devices}
    assert less.captures[0].problem
    assert less.captures[0].problem in " ".join(n.text for n in less.notices)


def test_an_inventory_names_the_devices(capture_of: CaptureOf, tmp_path: Path) -> None:
    table = tmp_path / "devices.csv"
    table.write_text(
        "address,mac,name\n10.77.0.21,02:77:00:00:00:15,Front door\n10.77.0.99,02:77:00:00:00:99,Asleep\n"
        "10.77.0.22,02:77:00:00:00:fe,Another\n"
    )
    run = told(capture_of("household"), "--devices", table, home=tmp_path)
    names = {d.address: d.label for d in run.devices}
    assert names["10.77.0.21"] == "Front door"
    assert names["10.77.0.22"] == "meter-7"  # another MAC has that address now
    said = " ".join(n.text for n in run.notices)
    assert "2 were not heard: 10.77.0.99, 10.77.0.22" in said
    assert "taken for two devices" in said


def test_all_formats_tell_it(capture_of: CaptureOf, tmp_path: Path) -> None:
    formats = [word for name in ("html", "md", "json", "text", "csv", "sarif") for word in ("-f", f"{name}:r.{name}")]
    told(capture_of("household"), *formats, home=tmp_path)
    for name in ("html", "md", "json", "text"):
        assert "cloud.example" in (tmp_path / f"r.{name}").read_text(), name
    assert "back end: cloud.example" in (tmp_path / "r.text").read_text()


def test_what_is_passed_on_names_no_server(capture_of: CaptureOf, tmp_path: Path) -> None:
    told(capture_of("household"), "--redact", "strict", "-f", "json:r.json", "-f", "html:r.html", home=tmp_path)
    for name in ("r.json", "r.html"):
        assert "cloud.example" not in (tmp_path / name).read_text(), name


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("missing.pcap",), "cannot be read"),
        ((".",), "is a folder"),
        (("notes.txt",), "notes.txt"),
        (("empty.pcap",), "empty.pcap"),
        (("a.pcap", "./a.pcap"), "given twice"),
        (("a.pcap", "--local", "300.0.0.0/8"), "is no network"),
        (("a.pcap", "--devices", "nowhere"), "nowhere"),
        (("a.pcap", "--trust-store", "notes.txt"), "no certificates"),
        (("-",), "-"),
    ],
)
def test_bad_input_is_one_line(capture_of: CaptureOf, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    (tmp_path / "notes.txt").write_text("no capture\n" * 9)
    (tmp_path / "empty.pcap").touch()
    (tmp_path / "a.pcap").write_bytes(capture_of("plain_web").read_bytes())
    ended = run_iotscan("traffic", *words, "-o", tmp_path / "out", home=tmp_path)
    assert ended.returncode == 2, ended.stdout
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert not (tmp_path / "out").exists()
