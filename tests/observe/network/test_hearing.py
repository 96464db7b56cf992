"""What is made of what is heard: as much as a frame bears out, of whom is in scope, and within limits."""

from collections.abc import Collection

import anyio
import pytest

from iotscan.model.scope import Scope
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery import hearing
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.hearing import ADDRESSES, REPORTS, SENDERS, Hearing
from iotscan.observe.network.discovery.passive import Passive
from iotscan.observe.network.helper.program import Unavailable
from iotscan.wire.frames import Sighting, read_frame
from tests.wire.broadcasts import DHCP_REQUEST, TUYA, ethernet, router_advertisement, udp4

LINKS = (
    Attached(interface="eth0", address="10.0.0.2", network="10.0.0.0/24"),
    Attached(interface="eth0", address="fd77::2", network="fd77::/64"),
)
SCOPE = Scope(include=("10.0.0.0/24", "fd77::/64", "fe80::/64"), exclude=("10.0.0.66/32",))
MAC, OTHER = bytes.fromhex("00408c000701"), bytes.fromhex("00408c000702")


def listener(answered: dict[str, Collection[str]] | None = None) -> Hearing:
    return Hearing(LINKS, Dialer(SCOPE).allows, lambda mac: (answered or {}).get(mac, ()))


def arp(mac: bytes, address: str, own: bytes = b"") -> Sighting:
    return Sighting(kind="arp", mac=mac.hex(":"), own_mac=(own or mac).hex(":"), source=address)


def taken(ear: Hearing, *seen: Sighting | bytes | None, interface: str = "eth0") -> list[Found]:
    several = (read_frame(each) if isinstance(each, bytes) else each for each in seen)
    return [found for each in several if each is not None for found in ear.take(each, interface)]


def test_who_speaks_for_itself_is_told_at_once_and_is_there_at_the_end() -> None:
    ear = listener()
    assert taken(ear, arp(MAC, "10.0.0.7"), arp(MAC, "10.0.0.7")) == [
        Found(address="10.0.0.7", how="passive", mac=MAC.hex(":"), link="eth0")
    ]
    assert [*ear.settle()] == [Found(address="10.0.0.7", how="heard ARP", mac=MAC.hex(":"), link="eth0")]


def test_who_is_not_in_scope_or_not_of_the_link_is_nobody() -> None:
    ear = listener()
    assert taken(ear, *(arp(MAC, address) for address in ("10.0.0.66", "10.9.9.9", "224.0.0.1", "10.0.0.2"))) == []
    assert taken(ear, arp(MAC, "10.0.0.7"), interface="eth1") == []
    assert ear.strays == 4
    assert [*ear.settle()] == []


def test_who_speaks_for_another_mac_is_not_believed() -> None:
    ear = listener()
    request = DHCP_REQUEST[:28] + OTHER + DHCP_REQUEST[34:]
    assert taken(ear, arp(MAC, "10.0.0.7", OTHER), udp4(MAC, "0.0.0.0", 67, request)) == []
    relayed = DHCP_REQUEST[:24] + bytes([10, 0, 0, 1]) + DHCP_REQUEST[28:]
    assert taken(ear, udp4(MAC, "10.0.0.1", 67, relayed)) == []
    assert ear.foreign == 3


def test_two_that_speak_as_one_address_are_told_and_neither_is_there() -> None:
    ear = listener()
    found = taken(ear, *(arp(mac, "10.0.0.7") for mac in (MAC, OTHER, b"\0\0\0\0\0\x09")))
    assert [f.mac for f in found] == [MAC.hex(":"), OTHER.hex(":")]
    assert [*ear.settle()] == []
    (remark,) = ear.notes.remarks
    assert "both speak as 10.0.0.7" in remark


def test_one_that_speaks_as_many_addresses_vouches_for_none() -> None:
    ear = listener()
    taken(ear, *(arp(MAC, f"10.0.0.{n}") for n in range(10, 11 + ADDRESSES)))
    assert [*ear.settle()] == []
    ear = listener()
    taken(ear, *(arp(MAC, f"10.0.0.{n}") for n in range(10, 10 + ADDRESSES)))
    assert len([*ear.settle()]) == ADDRESSES


def test_what_a_client_says_waits_for_its_address() -> None:
    discover = DHCP_REQUEST.replace(b"\x35\1\3", b"\x35\1\1")
    ear = listener()
    assert taken(ear, udp4(MAC, "0.0.0.0", 67, discover)) == [], "it asks for no address in particular"
    (found,) = taken(ear, arp(MAC, "10.0.0.9"))
    assert {c.what: c.value for c in found.claims}["hostname"] == "boiler-7"

    ear = listener({MAC.hex(":"): ("10.0.0.9",)})
    taken(ear, udp4(MAC, "0.0.0.0", 67, discover))
    (found,) = ear.settle()
    assert (found.address, found.how) == ("10.0.0.9", "passive")
    assert "udhcp 1.36.1" in {c.value for c in found.claims}

    ear = listener()
    (found,) = taken(ear, udp4(MAC, "0.0.0.0", 67, DHCP_REQUEST))
    assert found.address == "10.0.0.7"
    assert [*ear.settle()] == [], "to ask for an address is no proof of being there"


def test_a_router_is_named_and_is_no_proof_of_its_other_addresses() -> None:
    ear = listener()
    found = taken(ear, udp4(MAC, "10.0.0.1", 6667, TUYA), router_advertisement(MAC, ("fd77::", 64)))
    assert {f.address for f in found} == {"10.0.0.1", "fe80::1%eth0"}
    assert "role" in {c.what for f in found for c in f.claims if f.address == "10.0.0.1"}
    assert {f.address: f.how for f in ear.settle()} == {"fe80::1%eth0": "heard NDP"}
    assert ear.notes.remarks == ("IPv6 router: fe80::1%eth0 (00:40:8c:00:07:01) for fd77::/64",)


def test_a_flood_of_made_up_senders_takes_no_more_than_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    known = bytes.fromhex("00408c00070f")
    ear = listener({known.hex(":"): ("10.0.0.15",)})
    flood = [arp(b"\x02" + number.to_bytes(5, "big"), f"10.0.0.{number % 200}") for number in range(3 * SENDERS)]
    twice = arp(MAC, "10.0.0.201")
    found = taken(ear, twice, twice, *flood)
    assert len(found) <= 200 * REPORTS
    assert ear.senders <= SENDERS
    # Who has answered there is heard in any case, and who spoke twice is not forgotten for who spoke once.
    (found,) = taken(ear, arp(known, "10.0.0.15"))
    assert found.mac == known.hex(":")
    assert taken(ear, twice) == []
    assert [*ear.settle()] == [], "in a flood nobody is there for having spoken"


def test_without_raw_frames_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = listen_without(monkeypatch)
    assert told[0].startswith("passive listening on lo for ")
    assert "nothing" in told[0]
    assert "DHCP, NetBIOS, LLDP and CDP not heard, for want of raw frames (raw frames need root" in told[0]


def test_who_wants_to_listen_where_no_link_is_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listen_without(monkeypatch, links=(), seconds=5) == [
        "passive listening: not done (no target is on a link of this machine)"
    ]
    assert listen_without(monkeypatch, links=()) == []


LOOPBACK = Attached(interface="lo", address="127.0.0.1", network="127.0.0.0/8")


def listen_without(
    monkeypatch: pytest.MonkeyPatch, *, links: tuple[Attached, ...] = (LOOPBACK,), seconds: float = 0.0
) -> list[str]:
    def refuse(*_: object) -> None:
        raise Unavailable("raw frames need root, or once: sudo iotscan helper install")

    monkeypatch.setattr("iotscan.observe.network.discovery.passive.listening", refuse)
    monkeypatch.setattr("iotscan.observe.network.overhearing.GROUPS", ())

    async def listen() -> list[str]:
        told: list[str] = []
        send, receive = anyio.create_memory_object_stream[Found](1)
        passive = Passive(Dialer(SCOPE), links, send, told.append, joins=links, seconds=seconds)
        passive.others_are_done()
        with send, receive:
            await passive.listen()
        return told

    return anyio.run(listen)


def test_every_port_that_passes_the_filter_is_read() -> None:
    from iotscan.observe.network.helper.raw_listener import UDP_PORTS
    from iotscan.wire import dhcp, dhcp6, mdns

    others = {dhcp.SERVER_PORT, dhcp.CLIENT_PORT, dhcp6.SERVER_PORT, mdns.PORT}
    assert set(UDP_PORTS) == others | set(hearing.READERS)


def test_a_frame_of_no_kind_is_nothing() -> None:
    assert taken(listener(), ethernet(MAC, 0x0800, b"")) == []
