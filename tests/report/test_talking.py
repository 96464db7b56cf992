"""What a reader is told of traffic: shares that never round to nothing or all, back ends by how many share them."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from iotscan.model.capture import Capture
from iotscan.model.device import Device
from iotscan.model.facts import TrafficProfile
from iotscan.model.facts.traffic import Peer, Protection, Talk
from iotscan.model.observation import Observation, observe
from iotscan.model.run import Part, ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.report.audit.assembly import document
from iotscan.report.document import words_of
from iotscan.report.plain import render
from iotscan.report.talk_rows import Traffic
from iotscan.report.talking import traffic

WHEN = datetime(2026, 11, 27, tzinfo=UTC)


def talk(name: str, *, address: str = "203.0.113.80", size: int = 100, protection: Protection = "encrypted") -> Talk:
    peer = Peer(address=address, name=name, named_by="sni" if name else "")
    sent = size // 2
    return Talk(
        peer=peer,
        transport="tcp",
        port=443,
        protocol="tls",
        protection=protection,
        bytes_sent=sent,
        bytes_received=size - sent,
    )


def seen(device: str, *talks: Talk, clear: int = 0, encrypted: int = 100, unknown: int = 0) -> Observation:
    fact = TrafficProfile(
        first=WHEN,
        last=WHEN + timedelta(minutes=75),
        talks=talks,
        cleartext_bytes=clear,
        encrypted_bytes=encrypted,
        unknown_bytes=unknown,
    )
    return observe(fact, Subject(device=device, address=f"10.0.0.{device[-1]}"), probe="traffic/1")


def run(*observations: Observation, captures: tuple[Capture, ...] = ()) -> Run:
    devices = {o.subject.device: o.subject.address for o in observations}
    return Run(
        id="r",
        tool=Tool(version="1"),
        status="complete",
        command="traffic",
        started=WHEN.isoformat(),
        finished=WHEN.isoformat(),
        as_of=WHEN.isoformat(),
        targets=("lan.pcap",),
        scope=Scope(include=(), authority="captured traffic: nothing is sent"),
        scope_sha256="",
        profile=ProfileInfo(id="default", version="2"),
        devices=tuple(Device(id=d, addresses=(a,)) for d, a in devices.items()),
        observations=observations,
        captures=captures,
    )


def told(*observations: Observation) -> Traffic:
    found = traffic(run(*observations))
    assert found is not None
    return found


def test_a_run_without_traffic_has_no_word_of_it() -> None:
    assert traffic(run()) is None
    assert "capture:" not in render(run())


@pytest.mark.parametrize(
    ("clear", "encrypted", "unknown", "words"),
    [
        (0, 0, 0, "no payload"),
        (0, 9, 0, "0% in the clear"),
        (1, 999_999, 0, "under 1% in the clear"),
        (999_999, 1, 0, "99% in the clear"),
        (9, 0, 0, "100% in the clear"),
        (50, 25, 25, "50% in the clear, 25% not recognised"),
    ],
)
def test_shares_round_neither_to_nothing_nor_to_all(clear: int, encrypted: int, unknown: int, words: str) -> None:
    (row,) = told(seen("d1", clear=clear, encrypted=encrypted, unknown=unknown)).devices
    assert (row.clear, row.seen) == (words, "1 h 15 min")


def test_back_ends_are_told_by_how_many_share_them() -> None:
    found = told(
        seen("d1", talk("own.example", size=9000), talk("shared.example")),
        seen("d2", talk("shared.example", protection="cleartext"), talk("", address="198.51.100.7")),
    )
    assert [(b.name, b.devices) for b in found.backends] == [
        ("shared.example", ("10.0.0.1", "10.0.0.2")),
        ("own.example", ("10.0.0.1",)),
        ("198.51.100.7", ("10.0.0.2",)),
    ]
    assert (found.backends[0].protection, found.shared) == ("partly encrypted", 1)


def test_a_connection_that_came_to_nothing_is_of_the_only_server_of_its_address() -> None:
    (row,) = told(seen("d1", talk("cloud.example"), talk("", size=0))).devices
    assert [(p.peer, p.conversations, p.protection) for p in row.peers] == [("cloud.example", 2, "encrypted")]
    (row,) = told(seen("d1", talk("a.example"), talk("b.example"), talk("", size=0))).devices
    assert {p.peer for p in row.peers} == {"a.example", "b.example", "203.0.113.80"}
    (row,) = told(seen("d1", talk("cloud.example"), talk("", size=5))).devices
    assert {p.peer for p in row.peers} == {"cloud.example", "203.0.113.80"}  # what was said may be for another name


def test_the_audit_report_has_a_section_of_it() -> None:
    capture = Capture(source="lan.pcap", format="pcap", frames=9, problem="it ends in a frame")
    made = document(run(seen("d1", talk("cloud.example")), captures=(capture,)))
    (section,) = [s for s in made.sections if s.id == "traffic"]
    assert {"traffic-devices", "traffic-backends"} <= {getattr(b, "id", "") for b in section.blocks}
    (scope,) = [s for s in made.sections if s.id == "scope"]
    words = " ".join(words_of(b.spans) for b in scope.blocks if hasattr(b, "spans"))
    assert "Nothing was sent to any device" in words
    text = render(run(seen("d1", talk("cloud.example")), captures=(capture,)))
    assert "capture: lan.pcap (pcap): 9 frames; not read to its end: it ends in a frame" in text
    assert "back end: cloud.example" in text


def test_how_much_anybody_can_read_of_all_devices_is_told_first() -> None:
    told = traffic(run(seen("d1", talk("a.example"), clear=100), seen("d2", talk("a.example"))))
    assert told is not None
    assert told.clear == "33% in the clear"


def summary_of(told: Run) -> str:
    (summary,) = [s for s in document(told).sections if s.id == "summary"]
    return " ".join(words_of(b.spans) for b in summary.blocks if hasattr(b, "spans"))


def test_one_device_is_examined_by_what_it_was_seen_to_say() -> None:
    words = summary_of(run(seen("d1", talk("a.example"))))
    assert "by what it was seen to say in recorded traffic, without asking it anything" in words


def test_what_was_joined_was_not_asked_over_the_network() -> None:
    heard = run(seen("d1", talk("a.example")))
    part = Part(
        id="r1",
        command="traffic",
        tool=heard.tool,
        status=heard.status,
        started=heard.started,
        scope=heard.scope,
        profile=heard.profile,
    )
    joined = msgspec.structs.replace(
        heard, command="join", parts=(part, msgspec.structs.replace(part, command="image"))
    )
    words = summary_of(joined)
    assert "by what recorded traffic and firmware images showed, judged together" in words
    assert "over the network, without logging in" not in words
