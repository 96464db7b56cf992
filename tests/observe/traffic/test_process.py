"""A process that hangs, dies or talks nonsense: each ends in words, and what was said until then counts."""

import os
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from iotscan.model.errors import BadInput
from iotscan.observe.traffic import process
from iotscan.observe.traffic.messages import Doing, Job, Snapshot
from iotscan.observe.traffic.process import Heard, TrafficProcess

SAID = """
import os, signal, sys, time
from iotscan.model.capture import Capture
from iotscan.model.device import Device
from iotscan.observe.traffic.messages import Doing, Ended, Part, Refused, Snapshot, write
out = os.fdopen(os.dup(1), "wb")
device = Device(id="dev-1", addresses=("192.168.1.5",))
write(out, Doing(source="a.pcap", frames=1))
write(out, Snapshot(devices=(device,), captures=(Capture(source="a.pcap"),)))
"""


def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, *sources: str) -> Heard:
    """What becomes of captures whose process says one thing and then does ``then``."""
    (tmp_path / "double.py").write_text(SAID + then)
    monkeypatch.syspath_prepend(tmp_path)
    return TrafficProcess(Job(sources=sources or ("a.pcap", "b.pcap")), module="double").hear()


@pytest.mark.parametrize(
    ("then", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "died (signal 11)"),
        ("sys.exit(7)", "died (exit code 7)"),
        ("out.write(b'no frame at all'); out.flush()", "died"),
        ("out.write(b'\\x7f\\xff\\xff\\xff'); out.flush(); time.sleep(60)", "died (signal 9)"),
    ],
)
def test_what_was_said_before_the_end_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, why: str
) -> None:
    found = heard(tmp_path, monkeypatch, then)
    assert [d.address for d in found.devices] == ["192.168.1.5"]
    assert [c.source for c in found.captures] == ["a.pcap", "b.pcap"]
    assert all(why in c.problem for c in found.captures)


def test_a_capture_that_was_read_before_keeps_its_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = "write(out, Snapshot(captures=(Capture(source='a.pcap', frames=9), Capture(source='b.pcap')))); sys.exit(7)"
    first, second = heard(tmp_path, monkeypatch, more).captures
    assert (first.frames, first.problem) == (9, "")
    assert "exit code 7" in second.problem


def test_devices_that_were_not_told_of_are_spoken_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = heard(tmp_path, monkeypatch, "write(out, Snapshot(devices=(device,), is_cut_off=True)); sys.exit(7)")
    assert found.notices == ("more devices were seen than were told of before reading broke off: some are missing",)
    assert not heard(tmp_path, monkeypatch, "sys.exit(7)").notices


def test_a_process_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SILENCE", 1.0)
    found = heard(tmp_path, monkeypatch, "time.sleep(600)")
    assert "said nothing for 1 s" in found.captures[0].problem
    assert found.devices


def test_a_process_that_tells_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SAID_CAP", 100_000)
    found = heard(tmp_path, monkeypatch, "while True: write(out, Part(devices=(device,) * 100))")
    assert "more was seen in it than can be kept" in found.captures[0].problem


def test_no_capture_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="is no capture"):
        heard(tmp_path, monkeypatch, "write(out, Refused(why='a.pcap is no capture'))")


def test_names_that_fit_in_no_argument_are_refused() -> None:
    with pytest.raises(BadInput, match="too many captures"):
        TrafficProcess(Job(sources=tuple(f"{'x' * 200}{n}.pcap" for n in range(1000))))
    with pytest.raises(BadInput, match="no UTF-8"):
        TrafficProcess(Job(sources=("\udcff.pcap",)))


# A reader of frames that knows one line of text each: "MAC ADDRESS SERVER"; what it says of a file that holds none.
READER = """
import collections, sys, types
from iotscan.model.capture import Capture
from iotscan.model.errors import BadInput
from iotscan.observe.traffic.conversation import Conversation, Endpoint
fake = types.ModuleType("iotscan.observe.traffic.following")
class Progress:
    bytes = 0
class Following:
    def __init__(self, listener, choosers): self.listener = listener
    failures = collections.Counter()
    def close(self): pass
    def going_on(self): return ()
    def read(self, stream, source, told):
        count = 0
        for line in stream:
            if line.startswith(b"crash"): raise RuntimeError("a bug")
            if not line.startswith(b"00:"): raise BadInput(f"{source} is no capture")
            mac, address, server = line.decode().split()
            count += 1
            self.listener.frame(count * 10**9, mac, 60)
            self.listener.ended(Conversation(transport="tcp", client=Endpoint(mac, address, 40000),
                server=Endpoint("00:00:5e:00:01:01", server, 443), first=count, last=count, bytes_up=5, bytes_down=5))
            told(Progress())
        return Capture(source=source, frames=count)
fake.Following, fake.Progress = Following, Progress
sys.modules[fake.__name__] = fake
from iotscan.observe.traffic.worker import main
main()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "reading.py").write_text(READER)
    monkeypatch.syspath_prepend(tmp_path)
    return "reading"


def test_files_one_after_the_other_are_one_ledger(tmp_path: Path, module: str) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.pcap").write_text(f"00:40:8c:00:00:01 192.168.1.{number} 203.0.113.80\n")
    (tmp_path / "notes").write_text("nothing\n")
    names = tuple(str(tmp_path / name) for name in ("1.pcap", "notes", "2.pcap"))
    found = TrafficProcess(Job(sources=names), module=module).hear()
    assert [d.addresses for d in found.devices] == [("192.168.1.1", "192.168.1.2")]
    assert [c.frames for c in found.captures] == [1, 0, 1]
    assert "is no capture" in found.captures[1].problem


@pytest.mark.parametrize("name", ["notes", "missing", "."])
def test_what_is_no_capture_alone_is_bad_input(tmp_path: Path, module: str, name: str) -> None:
    (tmp_path / "notes").write_text("nothing\n")
    with pytest.raises(BadInput):
        TrafficProcess(Job(sources=(str(tmp_path / name),)), module=module).hear()


def test_a_bug_in_the_middle_leaves_what_was_read(tmp_path: Path, module: str) -> None:
    (tmp_path / "1.pcap").write_text("00:40:8c:00:00:01 192.168.1.1 203.0.113.80\ncrash\n")
    found = TrafficProcess(Job(sources=(str(tmp_path / "1.pcap"),)), module=module).hear()
    assert [d.address for d in found.devices] == ["192.168.1.1"]
    assert found.captures[0].problem == "reading broke off: RuntimeError"


def test_a_stream_tells_how_far_it_is_and_ends_when_it_is_told(module: str) -> None:
    """Silence of who captures is no hang; what was read until it is ended is the result."""
    reading, writing = os.pipe()
    job = Job(sources=("-",), stream_name="br0", snapshot_seconds=0.1)
    said: list[Doing | Snapshot] = []
    worker = TrafficProcess(job, stream=reading, module=module)
    os.close(reading)
    os.write(writing, b"00:40:8c:00:00:01 192.168.1.1 203.0.113.80\n")

    def finish() -> None:
        deadline = time.monotonic() + 30
        while not any(isinstance(s, Snapshot) and s.devices for s in said) and time.monotonic() < deadline:
            time.sleep(0.05)
        worker.finish()

    threading.Thread(target=finish).start()
    found = worker.hear(said.append)
    os.close(writing)
    assert [d.address for d in found.devices] == ["192.168.1.1"]
    assert (found.captures[0].source, found.captures[0].problem) == ("br0", "")
    assert any(isinstance(s, Doing) and s.frames == 1 and s.peers == 1 and s.source == "br0" for s in said)


def test_a_stream_that_ends_is_read_to_its_end(module: str) -> None:
    with subprocess.Popen(["printf", "00:40:8c:00:00:01 192.168.1.1 203.0.113.80\\n"], stdout=subprocess.PIPE) as said:
        found = TrafficProcess(Job(sources=("-",)), stream=said.stdout, module=module).hear()
    assert len(found.devices) == 1


def test_a_stream_that_is_ended_before_anything_came_is_said_to_be_nothing_else() -> None:
    reading, writing = os.pipe()
    worker = TrafficProcess(Job(sources=("-",)), stream=reading)
    os.close(reading)
    with pytest.raises(BadInput, match=r"^- is no capture \(it ended before anything came\): "):
        worker.hear(lambda _: worker.finish())
    os.close(writing)


def test_a_file_that_was_left_before_its_end_is_not_said_to_be_damaged_or_known(tmp_path: Path) -> None:
    """Nor is one that was not begun said to be no capture."""
    for name in ("a.pcap", "b.pcap"):
        # A pcap file of a million empty frames.
        (tmp_path / name).write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + bytes(16_000_000))
    worker = TrafficProcess(Job(sources=(str(tmp_path / "a.pcap"), str(tmp_path / "b.pcap"))))
    found = worker.hear(lambda said: worker.finish() if isinstance(said, Doing) else None)
    first, second = found.captures
    assert (first.problem, second.problem) == ("reading was ended before the end of it",) * 2
    assert (first.sha256, second.sha256) == ("", "")
