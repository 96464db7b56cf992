"""The same traffic on other links: what is told of it is what is told of the plain capture, all of it.

That our frames are what the standards draw is tshark's word: it reads of them what it reads of the plain capture.
"""

import io
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from iotscan.model.facts import AnyFact, TrafficProfile
from iotscan.observe.traffic.following import Following
from iotscan.observe.traffic.ledger import Ledger
from iotscan.observe.traffic.readers import all_choosers
from tests.lan.conftest import give_up
from tests.lan.network import Lan, Machine, why_not
from tests.traffic_lab import recording
from tests.traffic_lab.scenes import coap_clients, household
from tests.traffic_lab.stage import Stage
from tests.traffic_lab.test_mutated import invented
from tests.traffic_lab.truth_file import compare, truth_of
from tests.traffic_lab.understanding import Heard, understood
from tests.traffic_lab.wrapping import WRAPPINGS, retransmitted, wrapped

CaptureOf = Callable[[str], Path]
SCENES = ("household", "web_logins", "mqtt_clients", "coap_clients", "names_and_time", "tls_clients", "dtls_clients")
FIELDS = (
    *("dns.qry.name", "dns.a", "http.request.full_uri", "http.user_agent", "dhcp.option.hostname", "mqtt.topic"),
    *("tls.handshake.extensions_server_name", "tls.handshake.ja3", "dtls.handshake.ciphersuite", "coap.opt.uri_path"),
    *("ntp.stratum", "arp.src.proto_ipv4"),
)
NARROW = 296
"""The longest packet of a slow link (RFC 1191 section 7.1)."""

pytestmark = pytest.mark.lan


def told(data: bytes) -> list[object]:
    """Devices and all that is known of them, but how many frames it took; every frame can be read."""
    ledger = Ledger()
    following = Following(ledger, all_choosers())
    capture = following.read(io.BytesIO(data), "copy", lambda _: None)
    following.close()
    assert not following.failures
    assert not capture.problem
    assert not capture.unread_frames
    ledger.settle()
    return [*ledger.devices(), *(_without_frames(observed.fact) for observed in ledger.observations())]


def _without_frames(fact: AnyFact) -> AnyFact:
    return msgspec.structs.replace(fact, frames=0) if isinstance(fact, TrafficProfile) else fact


def _without_ends(known: object) -> object:
    """Segments that come again may be the last of their connection, or of all."""
    if not isinstance(known, TrafficProfile):
        return known
    talks = tuple(msgspec.structs.replace(talk, last=talk.first) for talk in known.talks)
    return msgspec.structs.replace(known, last=known.first, talks=talks)


def _tshark(folder: Path, data: bytes) -> Counter[str]:
    capture = folder / "copy.pcap"
    capture.write_bytes(data)
    words = [word for field in FIELDS for word in ("-e", field)]
    command = ["tshark", "-r", str(capture), "-T", "fields", *words, "-Y", "||".join(FIELDS)]
    return Counter(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("name", SCENES)
def test_on_another_link_the_same_is_told(capture_of: CaptureOf, name: str, wrapping: str) -> None:
    plain = capture_of(name).read_bytes()
    assert told(wrapped(plain, *WRAPPINGS[wrapping])) == told(plain)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_tshark_reads_our_frames_as_those_of_the_plain_capture(
    capture_of: CaptureOf, tmp_path: Path, wrapping: str
) -> None:
    plain = capture_of("household").read_bytes()
    read = _tshark(tmp_path, plain)
    assert any("cloud.example" in line for line in read)
    assert any("cam-front" in line for line in read)
    assert _tshark(tmp_path, wrapped(plain, *WRAPPINGS[wrapping])) == read


@pytest.mark.parametrize("name", SCENES)
def test_segments_that_come_again_out_of_order_say_nothing_twice(capture_of: CaptureOf, name: str) -> None:
    plain = capture_of(name).read_bytes()
    again = told(retransmitted(plain))
    assert [_without_ends(known) for known in again] == [_without_ends(known) for known in told(plain)]


class NarrowStage(Stage):
    """A stage whose machines put no packet of more than 296 bytes on the wire: IP cuts what is longer."""

    def _machine(self, name: str, address: str, mac: str, beyond: str) -> Machine:
        machine = super()._machine(name, address, mac, beyond)
        machine.run("ip", "link", "set", "eth0", "mtu", str(NARROW), check=True)
        return machine


def _need(tools: dict[str, str]) -> None:
    if reason := why_not({**recording.TOOLS, **tools}):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")


def test_what_the_kernel_cut_into_fragments_is_understood(tmp_path: Path) -> None:
    _need({**coap_clients.TOOLS, "tshark": "tshark"})
    capture = tmp_path / "narrow.pcap"
    with Lan(tmp_path) as lan, recording.recorded(recording.wire_of(lan), capture):
        coap_clients.play(NarrowStage(lan, capture))
    command = ["tshark", "-r", str(capture), "-Y", "ip.flags.mf == 1"]
    parts = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(parts) > 4
    assert not compare(understood(capture), truth_of("coap_clients"))


def test_what_tcpdump_cut_short_is_told_as_far_as_it_goes(tmp_path: Path) -> None:
    _need(household.TOOLS)
    whole, short = tmp_path / "whole.pcap", tmp_path / "short.pcap"
    with Lan(tmp_path) as lan:
        wire = recording.wire_of(lan)
        with recording.recorded(wire, whole), recording.recorded(wire, short, "-s", "96"):
            household.play(Stage(lan, whole))
    true, less = understood(whole), understood(short)
    assert not list(invented(less, true))
    # A question for a name fits into 96 bytes; how much was said is told by the headers.
    assert {said.item for said in less.all} & {said.item for said in true.all}
    assert _counts(less) == _counts(true)


def _counts(heard: Heard) -> Counter[tuple[str, int, int, int]]:
    return Counter((c.server.address, c.server.port, c.bytes_up, c.bytes_down) for c in heard.conversations)
