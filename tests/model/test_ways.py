"""What a device says of how it was found leads to what a run says of how it looked."""

import pytest

from iotscan.model.ways import COVERED_BY, PASSIVE, open_port, way_of, way_of_send
from iotscan.observe.network.discovery import hearing, router
from iotscan.observe.network.discovery.methods import METHODS
from iotscan.observe.network.discovery.neighbours import HOW


@pytest.mark.parametrize(
    ("found_by", "send"),
    [
        ("answers ARP", ("sweep", "arp", "discovery/1")),
        ("answers neighbour solicitation", ("sweep", "ndp", "discovery/1")),
        ("answers echo to all nodes", ("multicast", "icmp", "discovery/1")),
        ("answers ICMP echo", ("datagram", "icmp", "discovery/1")),
        ("answers on tcp/80 (open)", ("knock", "tcp", "discovery/1")),
        ("answers on tcp/80 (closed)", ("knock", "tcp", "discovery/1")),
        ("answers udp/161 (snmp)", ("datagram", "udp", "discovery/1")),
        ("refuses udp/161 by ICMP", ("datagram", "udp", "discovery/1")),
        (router.HOW, ("datagram", "udp", "discovery-router/1")),
        *((m.name, ("multicast", "udp", f"discovery-{m.name}/1")) for m in METHODS),
    ],
)
def test_a_device_and_a_send_name_one_way(found_by: str, send: tuple[str, str, str]) -> None:
    assert way_of(found_by) == way_of_send(*send) != ""


@pytest.mark.parametrize(
    "send",
    [
        ("knock", "tcp", "sweep/1"),
        ("connect", "tcp", "http/1"),
        ("connect", "tcp", "discovery-ssdp/1"),
        ("datagram", "udp", "discovery-names/1"),
        ("datagram", "udp", "snmp/1"),
    ],
)
def test_questions_to_who_was_found_are_no_way_of_finding(send: tuple[str, str, str]) -> None:
    assert way_of_send(*send) == ""


def test_words_that_nobody_knows_are_ways_of_their_own() -> None:
    assert way_of("heard") == "heard"
    assert way_of(HOW) in COVERED_BY
    assert [way_of(word) for word in ("netbios", "llmnr")] == ["", ""]
    # Who was only heard may be there, and be silent: no way of looking says that he has gone.
    assert {way_of(word) for word in (hearing.PASSIVE, *hearing.PROOFS)} == {PASSIVE}
    assert PASSIVE not in COVERED_BY


@pytest.mark.parametrize(
    ("word", "port"),
    [("answers on tcp/80 (open)", 80), ("answers on tcp/80 (closed)", 0), ("answers on tcp/x (open)", 0), ("mdns", 0)],
)
def test_only_an_open_port_has_to_be_asked_again(word: str, port: int) -> None:
    assert open_port(word) == port
