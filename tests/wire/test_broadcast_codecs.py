"""What devices send to all, as codecs: our own messages are read, and nothing that anybody sends makes them raise."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import Claim
from iotscan.wire import coiot, dhcp, dhcp6, frames, netbios, ssdp, switches, tuya, ws_discovery, yeelight
from tests.wire.broadcasts import (
    COIOT,
    DHCP_REQUEST,
    HELLO,
    LLDP,
    MNDP,
    NETBIOS_DATAGRAM,
    NETBIOS_REGISTRATION,
    SSDP_NOTIFY,
    TUYA_SAYS,
    YEELIGHT,
    cdp,
    dhcp6_solicit,
    ethernet,
    router_advertisement,
    tuya_newer,
    tuya_plain,
    tuya_sealed,
    udp4,
)

MAC, OTHER = bytes.fromhex("00408c000701"), bytes.fromhex("00408c000702")


def said(claims: tuple[Claim, ...] | None) -> dict[str, str]:
    assert claims is not None
    return {claim.what: claim.value for claim in claims}


def test_arp_tells_who_speaks() -> None:
    body = bytes.fromhex("0001080006040001") + OTHER + bytes([10, 0, 0, 7]) + bytes(6) + bytes([10, 0, 0, 1])
    seen = frames.read_frame(ethernet(MAC, 0x0806, body))
    assert seen == frames.Sighting(kind="arp", mac=MAC.hex(":"), own_mac=OTHER.hex(":"), source="10.0.0.7")
    # A probe of RFC 5227 has no address yet.
    assert frames.read_frame(ethernet(MAC, 0x0806, body[:14] + bytes(4) + body[18:])) is None
    assert frames.read_frame(ethernet(b"\x01" + MAC[1:], 0x0806, body)) is None, "no group sends"


def test_a_router_tells_for_which_networks() -> None:
    seen = frames.read_frame(router_advertisement(MAC, ("fd77::", 64), seconds=1800))
    assert seen is not None
    assert (seen.kind, seen.source, seen.own_mac, seen.port) == ("ndp", "fe80::1", MAC.hex(":"), 134)
    assert frames.read_prefixes(seen.payload) == (1800, ("fd77::/64",))


def test_datagrams_are_whole_and_cut_at_their_length() -> None:
    whole = udp4(MAC, "10.0.0.7", 1900, b"abc")
    seen = frames.read_frame(whole + b"padding")
    assert seen is not None
    assert (seen.source, seen.port, seen.payload) == ("10.0.0.7", 1900, b"abc")
    fragment = bytearray(whole)
    fragment[20] |= 0x20
    assert frames.read_frame(bytes(fragment)) is None


def test_a_dhcp_client_says_who_it_is() -> None:
    message = dhcp.read_message(DHCP_REQUEST)
    assert message is not None
    assert (message.is_request, message.mac, message.address) == (True, "00:40:8c:00:07:01", "10.0.0.7")
    assert said(message.claims) == {
        "hostname": "boiler-7",
        "vendor-class": "udhcp 1.36.1",
        "dhcp-fingerprint": "1,3,6,15",
        "full-name": "boiler-7.example",
        "client-id": "00:01:02:03:04:05:06:07",
    }
    assert said(dhcp6.read_claims(dhcp6_solicit())) == {
        "client-id": "00:03:00:01:00:40:8c:00:07:01",
        "dhcp6-fingerprint": "23,24",
        "vendor-class": "acme-sensor",
        "full-name": "boiler-7.example",
    }


def test_switches_name_themselves() -> None:
    neighbour = switches.read_lldp(LLDP)
    assert neighbour is not None
    assert (neighbour.address, neighbour.mac) == ("10.0.0.7", "00:40:8c:00:07:01")
    assert said(neighbour.claims) == {
        "hostname": "sw-hall",
        "description": "Acme Switch 8P",
        "role": "switch",
        "model": "SW8",
        "serial": "S-1",
    }
    neighbour = switches.read_cdp(cdp())
    assert neighbour is not None
    assert neighbour.address == "10.0.0.7"
    assert said(neighbour.claims) == {"hostname": "sw-hall", "firmware": "IOS 15", "model": "cisco WS-C2960"}
    assert said(switches.read_mndp(MNDP))["model"] == "RB4011iGS+"


@pytest.mark.parametrize("framed", [tuya_plain, tuya_sealed, tuya_newer])
def test_tuya_is_read_in_each_of_its_framings(framed: Callable[[], bytes]) -> None:
    assert said(tuya.read_broadcast(framed())) == {
        "serial": "eb0123456789abcdefghij",
        "tuya-product": "keyacme0plug0001",
        "software": "Tuya 3.3",
    }
    assert tuya.read_broadcast(framed()[:-9] + b"\1" + framed()[-8:] if framed is not tuya_plain else b"") is None


def test_tuya_of_no_device_is_none() -> None:
    for text in (b"[" * 400, b'{"gwId": 7}', b"\xff", b"{}", TUYA_SAYS[:-1]):
        assert tuya.read_broadcast(tuya_plain(text)) is None


def test_lamps_plugs_and_hosts_name_themselves() -> None:
    assert said(yeelight.read_notify(YEELIGHT)) == {
        "manufacturer": "Yeelight",
        "model": "color",
        "firmware": "18",
        "serial": "0x000000000015243f",
    }
    assert yeelight.read_notify(SSDP_NOTIFY) is None
    notify = ssdp.read_notify(SSDP_NOTIFY)
    assert notify is not None
    assert (notify.server, notify.location) == ("Linux/5.10 UPnP/1.1 AcmeTV/3", "http://10.77.0.24:5000/root.xml")
    assert ssdp.read_notify(SSDP_NOTIFY.replace(b"ssdp:alive", b"ssdp:byebye")) is None
    assert said(coiot.read_status(COIOT)) == {"manufacturer": "Shelly", "model": "SHPLG-S", "serial": "AABBCC112233"}
    assert said(netbios.read_registration(NETBIOS_REGISTRATION)) == {"hostname": "OFFICE-PC"}
    assert said(netbios.read_datagram(NETBIOS_DATAGRAM)) == {"hostname": "OFFICE-PC"}
    hello = ws_discovery.read_hello(HELLO)
    assert hello is not None
    assert said(hello.claims())["device-type"] == "NetworkVideoTransmitter"
    assert ws_discovery.read_matches(HELLO) is None


SAMPLES = [
    DHCP_REQUEST, dhcp6_solicit(), LLDP, cdp(), MNDP, tuya_plain(), tuya_sealed(), tuya_newer(), YEELIGHT, SSDP_NOTIFY,
    COIOT, NETBIOS_REGISTRATION, NETBIOS_DATAGRAM, HELLO, udp4(MAC, "10.0.0.7", 67, DHCP_REQUEST),
    router_advertisement(MAC, ("fd77::", 64)),
]  # fmt: skip
READERS: list[Callable[[bytes], Any]] = [
    frames.read_frame, frames.read_prefixes, dhcp.read_message, dhcp6.read_claims, switches.read_lldp,
    switches.read_cdp, switches.read_mndp, tuya.read_broadcast, yeelight.read_notify, ssdp.read_notify,
    coiot.read_status, netbios.read_registration, netbios.read_datagram, ws_discovery.read_hello,
]  # fmt: skip


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """One of our messages, cut, with some bytes changed."""
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    for at in draw(st.lists(st.integers(0, len(data) - 1), max_size=6)):
        data[at] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))])


@given(st.binary(max_size=400) | mangled())
@settings(max_examples=300, deadline=None)
def test_nothing_makes_them_raise(data: bytes) -> None:
    for read in READERS:
        read(data)
    for kind in (0x0800, 0x0806, 0x86DD, 0x88CC, 300):
        frames.read_frame(ethernet(MAC, kind, data))


def test_what_is_long_is_told_short() -> None:
    options = b"".join(struct.pack("BB", code, 255) + b"A" * 255 for code in (12, 60, 12, 60, 61, 55) * 4)
    message = dhcp.read_message(DHCP_REQUEST[:240] + b"\x35\1\3" + options + b"\xff")
    assert message is not None
    assert all(len(claim.value) <= 250 for claim in message.claims)
