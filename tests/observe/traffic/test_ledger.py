"""Who is a device, whom it talks to, what it did: as far as a capture bears it out, and never more."""

from datetime import UTC, datetime
from typing import TypeVar

import pytest

from iotscan.model.device import Device, Service
from iotscan.model.errors import BadInput
from iotscan.model.facts import (
    Exposure,
    Exposures,
    Fact,
    HttpExchange,
    NameQuestion,
    ProtocolUse,
    TlsSession,
    TlsUse,
    TrafficProfile,
    UpdateContact,
    UpdateUse,
)
from iotscan.model.vocabulary import Vantage
from iotscan.observe.traffic import keeping, parties
from iotscan.observe.traffic.keeping import UNKNOWN_PERIOD
from iotscan.observe.traffic.ledger import Ledger
from iotscan.wire.frames import read_frame
from tests.observe.traffic.talking import DEVICE, OTHER, ROUTER, SECOND, START, arp, asks, conversation, hear
from tests.wire.broadcasts import DHCP_REQUEST, router_advertisement, udp4

F = TypeVar("F", bound=Fact)
CLOUD = "203.0.113.80"


def places(ledger: Ledger) -> list[tuple[str, tuple[str, ...]]]:
    return [(d.mac, d.addresses) for d in ledger.devices()]


def device(ledger: Ledger, address: str) -> Device:
    return next(d for d in ledger.devices() if address in d.addresses)


def fact(ledger: Ledger, address: str, kind: type[F]) -> F:
    wanted = device(ledger, address).id
    return next(o.fact for o in ledger.observations() if o.subject.device == wanted and isinstance(o.fact, kind))


def test_ipv4_and_ipv6_of_one_mac_are_one_device_and_a_server_beyond_is_none() -> None:
    ledger = Ledger()
    hear(ledger, conversation("192.168.1.5", CLOUD))
    hear(ledger, conversation("fe80::5", "ff02::fb", to_mac="33:33:00:00:00:fb", down=0, protocol="mdns"))
    assert places(ledger) == [(DEVICE, ("192.168.1.5", "fe80::5"))]
    assert {o.vantage for o in ledger.observations()} == {Vantage.IN_USE}


def test_a_router_is_not_the_servers_behind_it_nor_the_devices() -> None:
    ledger = Ledger()
    arp(ledger, ROUTER, "192.168.1.1")
    hear(ledger, conversation("192.168.1.5", CLOUD))
    hear(ledger, conversation("10.2.0.9", "192.168.1.5", mac=ROUTER, to_mac=DEVICE, port=80, protocol="http"))
    assert places(ledger) == [("", ("10.2.0.9",)), (ROUTER, ("192.168.1.1",)), (DEVICE, ("192.168.1.5",))]


def test_a_router_that_never_spoke_arp_has_its_only_address() -> None:
    ledger = Ledger()
    asks(ledger, "192.168.1.5", "cloud.example", CLOUD)
    hear(ledger, conversation("192.168.1.5", CLOUD))
    assert (ROUTER, ("192.168.1.1",)) in places(ledger)


def test_two_captures_before_and_behind_a_router_show_one_device() -> None:
    ledger = Ledger()
    arp(ledger, DEVICE, "10.2.0.9")
    arp(ledger, ROUTER, "192.168.1.1")
    hear(ledger, conversation("10.2.0.9", CLOUD))
    hear(ledger, conversation("10.2.0.9", "192.168.1.7", mac=ROUTER, to_mac=OTHER, port=80, down=0))
    assert places(ledger) == [(DEVICE, ("10.2.0.9",)), (ROUTER, ("192.168.1.1",))]
    assert len(fact(ledger, "10.2.0.9", TrafficProfile).talks) == 2


def test_somebody_beyond_who_is_on_the_link_is_no_device_by_his_link_local_address() -> None:
    ledger = Ledger()
    hear(ledger, conversation("192.168.1.5", CLOUD))
    hear(ledger, conversation("fe80::80", "ff02::2", mac=ROUTER, to_mac="33:33:00:00:00:02", down=0))
    assert places(ledger) == [(DEVICE, ("192.168.1.5",))]
    assert ledger.device_count == 1


def test_of_a_crowd_it_is_told_about_how_many_they_are() -> None:
    ledger = Ledger()
    for n in range(600):
        mac = f"02:00:00:00:{n // 256:02x}:{n % 256:02x}"
        hear(ledger, conversation(f"10.1.{n // 250}.{n % 250 + 1}", "10.2.0.1", mac=mac, to_mac=OTHER, down=0))
    assert ledger.device_count == len(ledger.devices()) == 600


def test_who_is_only_asked_is_nobody() -> None:
    ledger = Ledger()
    hear(ledger, conversation("192.168.1.5", "192.168.1.99", to_mac=OTHER, down=0))
    hear(ledger, conversation("192.168.1.5", "192.168.1.255", to_mac="ff:ff:ff:ff:ff:ff", down=0))
    assert places(ledger) == [(DEVICE, ("192.168.1.5",))]


def test_public_addresses_are_devices_where_the_user_says_so() -> None:
    ledger = Ledger()
    hear(ledger, conversation(CLOUD, "198.51.100.1"))
    assert not ledger.devices()
    assert any("--local" in notice for notice in ledger.notices())
    told = Ledger(("203.0.113.0/24",))
    hear(told, conversation(CLOUD, "198.51.100.1"))
    assert places(told) == [(DEVICE, (CLOUD,))]
    with pytest.raises(BadInput, match="is no network"):
        Ledger(("203.0.113.0/40",))


def test_an_ipv6_network_that_is_announced_later_was_here_before() -> None:
    ledger = Ledger()
    hear(ledger, conversation("2600:1::5", "2600:9::80"))
    hear(ledger, conversation("2600:1::5", "2600:1::6", to_mac=OTHER, port=80, protocol="http"))
    assert not ledger.devices()
    seen = read_frame(router_advertisement(bytes.fromhex(ROUTER.replace(":", "")), ("2600:1::", 64)))
    assert seen is not None
    ledger.sighted(START, seen)
    assert [a for _, a in places(ledger)] == [("2600:1::5",), ("2600:1::6",), ("fe80::1",)]
    talks = fact(ledger, "2600:1::5", TrafficProfile).talks
    assert {(t.peer.address, t.peer.is_local) for t in talks} == {("2600:9::80", False), ("2600:1::6", True)}


def test_peers_are_named_by_what_they_were_called_then_by_what_was_asked_for() -> None:
    ledger = Ledger()
    asks(ledger, "192.168.1.5", "cloud.example", CLOUD)
    hear(ledger, conversation("192.168.1.5", CLOUD))
    hear(ledger, conversation("192.168.1.5", CLOUD, name="API.example"))
    hear(ledger, conversation("192.168.1.6", CLOUD, mac=OTHER))
    beyond = [t.peer for t in fact(ledger, "192.168.1.5", TrafficProfile).talks if t.is_outbound]
    assert sorted((p.name, p.named_by) for p in beyond) == [("api.example", "sni"), ("cloud.example", "dns")]
    (alone,) = fact(ledger, "192.168.1.6", TrafficProfile).talks
    assert (alone.peer.label, alone.peer.named_by) == (CLOUD, "")  # what another asked for names nothing of its own


def test_equal_things_are_one_with_count_and_times() -> None:
    ledger = Ledger()
    for at in (0, 60, 30):
        said = conversation("192.168.1.5", CLOUD, at=at)
        hear(ledger, said, TlsSession(server_name="cloud.example", version="TLS 1.2"))
    (session,) = fact(ledger, "192.168.1.5", TlsUse).sessions
    assert (session.count, session.port, session.transport, session.role) == (3, 443, "tcp", "client")
    assert session.first == datetime.fromtimestamp(START / SECOND, UTC)
    assert session.last == datetime.fromtimestamp(START / SECOND + 60, UTC)
    profile = fact(ledger, "192.168.1.5", TrafficProfile)
    (talk,) = profile.talks
    assert (talk.count, talk.bytes_sent, talk.bytes_received) == (3, 300, 600)
    assert (profile.encrypted_bytes, profile.cleartext_bytes, profile.frames, profile.minutes) == (900, 0, 3, 2)


def test_what_is_not_over_yet_is_told_once_and_as_it_is_now() -> None:
    ledger, talk = Ledger(), conversation("192.168.1.5", CLOUD, up=10, down=20)
    for _ in range(3):
        talk.bytes_up += 5
        ledger.going_on((talk,))
    seen = fact(ledger, "192.168.1.5", TrafficProfile)
    assert [(t.count, t.bytes_sent, t.bytes_received) for t in seen.talks] == [(1, 25, 20)]
    ledger.going_on(())
    ledger.ended(talk)
    assert [(t.count, t.bytes_sent) for t in fact(ledger, "192.168.1.5", TrafficProfile).talks] == [(1, 25)]


def test_both_ends_here_tell_what_was_said_each_in_its_role() -> None:
    ledger = Ledger()
    said = conversation("192.168.1.5", "192.168.1.6", to_mac=OTHER, port=80, protocol="http")
    hear(ledger, said, HttpExchange(host="cam", method="GET", path="/", server="thttpd"))
    (asked,) = fact(ledger, "192.168.1.5", ProtocolUse).http
    (served,) = fact(ledger, "192.168.1.6", ProtocolUse).http
    assert (asked.role, asked.peer.address) == ("client", "192.168.1.6")
    assert (served.role, served.peer.address) == ("server", "192.168.1.5")
    assert device(ledger, "192.168.1.6").services == (
        Service(transport="tcp", port=80, protocol="http", how="seen in traffic"),
    )


@pytest.mark.parametrize(
    ("moments", "seconds"),
    [
        ((0, 60), None),
        ((0, 1, 2), None),
        ((0, 60, 120, 190), 60),
        ((0, 0.5, 3600, 7200), 3600),
        ((0, 11, 3600), None),
        ((0, 11, 22, 3600), None),
        ((0, 60, 120, 180, 240, 9000), 60),
    ],
)
def test_a_period_needs_three_looks(moments: tuple[float, ...], seconds: int | None) -> None:
    ledger = Ledger()
    for at in moments:
        said = conversation("192.168.1.5", CLOUD, at=at)
        item = UpdateContact(kind="poll", host="up.example", size=round(at), period=UNKNOWN_PERIOD)
        hear(ledger, said, item)
    (contact,) = fact(ledger, "192.168.1.5", UpdateUse).contacts
    assert contact.period.known == seconds
    assert (contact.count, contact.size) == (len(moments), round(max(moments)))


def test_what_is_said_to_the_link_is_in_the_clear_and_beyond_it_a_port_says_nothing() -> None:
    ledger = Ledger()
    for target, mac in (("192.168.1.1", ROUTER), (CLOUD, ROUTER)):
        said = conversation("192.168.1.5", target, to_mac=mac, port=67, protocol="unknown", transport="udp", down=0)
        said.protection = "unknown"
        hear(ledger, said)
    profile = fact(ledger, "192.168.1.5", TrafficProfile)
    assert {(t.peer.address, t.protocol, t.protection) for t in profile.talks} == {
        ("192.168.1.1", "dhcp", "cleartext"),
        (CLOUD, "unknown", "unknown"),
    }
    assert (profile.cleartext_bytes, profile.unknown_bytes) == (100, 100)


def test_a_secret_stands_in_nothing_that_is_told_of_either_end() -> None:
    ledger = Ledger()
    said = conversation("192.168.1.5", "192.168.1.6", to_mac=OTHER, port=80, protocol="http")
    items = (
        HttpExchange(path="/v1/zq81-horse-77/state", user_agent="cam zq81-horse-77"),
        Exposure(kind="password", protocol="http", what="HTTP Basic password of user admin"),
    )
    hear(ledger, said, *items, secrets=("zq81-horse-77",))
    hear(ledger, conversation("192.168.1.5", CLOUD, port=80), HttpExchange(path="/other/zq81-horse-77"))
    assert not any("zq81" in repr(o) for o in ledger.observations())
    (shown,) = fact(ledger, "192.168.1.6", Exposures).exposures
    assert shown.what == "HTTP Basic password of user admin"


@pytest.mark.parametrize("word", ["admin", "password"])
def test_a_secret_that_anybody_would_try_takes_no_evidence_away(word: str) -> None:
    ledger = Ledger()
    said = conversation("192.168.1.5", CLOUD, port=80, protocol="http")
    item = Exposure(kind="password", protocol="http", what="HTTP Basic password of user admin")
    hear(ledger, said, item, secrets=(word,))
    assert fact(ledger, "192.168.1.5", Exposures).exposures[0].what == item.what


@pytest.mark.parametrize("word", ["password", "personal", "http", "session"])
def test_a_secret_that_is_a_word_of_ours_breaks_nothing(word: str) -> None:
    ledger = Ledger()
    said = conversation("192.168.1.5", CLOUD, port=80, protocol="http")
    kinds = [Exposure(kind=kind, protocol="http") for kind in ("password", "personal", "session")]
    hear(ledger, said, *kinds, secrets=(word,))
    assert len(fact(ledger, "192.168.1.5", Exposures).exposures) == 3


def test_names_are_taken_from_what_is_said_to_all() -> None:
    ledger = Ledger()
    mac = bytes.fromhex("00408c000701")
    seen = read_frame(udp4(mac, "0.0.0.0", 67, DHCP_REQUEST))
    assert seen is not None
    ledger.sighted(START, seen)
    hear(ledger, conversation("192.168.1.5", CLOUD, mac=mac.hex(":")))
    ledger.settle()
    assert device(ledger, "192.168.1.5").claims


def test_the_machine_that_captures_is_marked() -> None:
    ledger = Ledger(own=(DEVICE,))
    hear(ledger, conversation("192.168.1.5", CLOUD))
    assert device(ledger, "192.168.1.5").claimed("role") == "the machine that captured"


def test_a_frame_from_the_end_of_time_hurts_nothing() -> None:
    ledger = Ledger()
    ledger.frame(2**63, DEVICE, 60)
    hear(ledger, conversation("192.168.1.5", CLOUD))
    ledger.frame(-1, DEVICE, 60)
    profile = fact(ledger, "192.168.1.5", TrafficProfile)
    assert profile.minutes <= 3


def test_a_forger_fills_neither_memory_nor_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parties, "PARTIES", 50)
    monkeypatch.setattr(keeping, "EACH", 20)
    ledger = Ledger()
    hear(ledger, conversation("192.168.1.5", CLOUD))
    for number in range(500):
        place = f"10.0.{number // 250}.{number % 250 + 1}"
        mac = f"02:00:00:00:{number // 250:02x}:{number % 250:02x}"
        hear(ledger, conversation(place, CLOUD, mac=mac))
        hear(ledger, conversation("192.168.1.5", place, to_mac=mac, port=number + 1, down=0))
    assert len(ledger.devices()) <= 50
    profile = fact(ledger, "192.168.1.5", TrafficProfile)
    assert profile.is_cut_off
    assert len(profile.talks) == 20
    assert profile.encrypted_bytes == 300 + 500 * 100
    assert any("some devices are missing" in n for n in ledger.notices())


def test_mac_addresses_that_a_capture_does_not_hold_are_no_one_device() -> None:
    ledger = Ledger()
    hear(ledger, conversation("192.168.1.5", CLOUD, mac="", to_mac=""))
    hear(ledger, conversation("192.168.1.6", CLOUD, mac="", to_mac=""))
    nobody = "00:00:00:00:00:00"
    hear(ledger, conversation("127.0.0.1", "127.0.0.9", mac=nobody, to_mac=nobody))
    assert places(ledger) == [
        ("", ("127.0.0.1",)),
        ("", ("127.0.0.9",)),
        ("", ("192.168.1.5",)),
        ("", ("192.168.1.6",)),
    ]


def test_of_several_names_of_an_address_the_last_one_before_counts() -> None:
    ledger = Ledger()
    for at, name in ((0, "early.example"), (100, "late.example")):
        asked = conversation("192.168.1.5", "192.168.1.1", at=at, port=53, protocol="dns", transport="udp")
        hear(ledger, asked, NameQuestion(name=name, kind="A", answers=(CLOUD,)))
    for at, port in ((50, 443), (150, 8883)):
        hear(ledger, conversation("192.168.1.5", CLOUD, at=at, port=port))
    talks = fact(ledger, "192.168.1.5", TrafficProfile).talks
    assert {t.port: t.peer.name for t in talks if t.is_outbound} == {443: "early.example", 8883: "late.example"}


def test_what_was_missed_of_talks_is_told_with_them() -> None:
    ledger = Ledger()
    for missed in (0, 7, 5):
        said = conversation("192.168.1.5", CLOUD, port=80, protocol="http")
        said.bytes_missed = missed
        hear(ledger, said)
    (talk,) = fact(ledger, "192.168.1.5", TrafficProfile).talks
    assert (talk.count, talk.bytes_missed) == (3, 12)
