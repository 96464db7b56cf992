"""Link layers: whatever a packet travels in, it is the same packet, and who sent it is known where the link tells."""

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.wire.capture import links
from iotscan.wire.capture.links import carried_by, is_silent, link_name
from tests.wire.capture.making import CLIENT_MAC, SERVER_MAC, ethernet, ipv4, tcp

PACKET = ipv4(tcp(b"hello"))
ACCESS_POINT = bytes.fromhex("0277000000aa")
SNAP = b"\xaa\xaa\x03\0\0\0\x08\0"


def wifi(flags: int, body: bytes, *, kind: int = 0x08, quality: bytes = b"", more: bytes = b"") -> bytes:
    """A data frame from the client to the server: addresses as the flags for the distribution system tell."""
    addresses = {
        0: (SERVER_MAC, CLIENT_MAC, ACCESS_POINT),
        1: (ACCESS_POINT, CLIENT_MAC, SERVER_MAC),
        2: (SERVER_MAC, ACCESS_POINT, CLIENT_MAC),
        3: (ACCESS_POINT, ACCESS_POINT, SERVER_MAC),
    }[flags & 3]
    head = bytes([kind, flags, 0, 0]) + b"".join(addresses) + b"\0\0"
    return head + (CLIENT_MAC if flags & 3 == 3 else b"") + quality + more + body


def radiotap(frame: bytes, *, flags: int = 0, crc: bool = False) -> bytes:
    """TSFT and flags, behind two words of presence: the clock is aligned to eight bytes."""
    head = struct.pack("<BBHII", 0, 0, 25, 0x80000003, 0) + bytes(4) + bytes(8) + bytes([flags | (0x10 if crc else 0)])
    return head + frame + (zlib.crc32(frame).to_bytes(4, "little") if crc else b"")


def aggregate(*bodies: bytes) -> bytes:
    out = b""
    for body in bodies:
        part = SERVER_MAC + CLIENT_MAC + struct.pack("!H", len(body) + 8) + SNAP + body
        out += part + bytes(-len(part) % 4)
    return out


TAGS = {
    "plain": ethernet(PACKET),
    "vlan": ethernet(b"\x20\x2a\x08\0" + PACKET, kind=0x8100),
    "qinq": ethernet(b"\0\x2a\x81\0\0\x07\x08\0" + PACKET, kind=0x88A8),
    "pppoe": ethernet(struct.pack("!BBHHH", 0x11, 0, 5, len(PACKET) + 2, 0x21) + PACKET + b"trailer", kind=0x8864),
    "mpls": ethernet(b"\0\x01\0\x40\0\x02\x01\x40" + PACKET, kind=0x8847),
    "llc-snap": ethernet(SNAP + PACKET, kind=len(SNAP + PACKET)),
}


@pytest.mark.parametrize("name", TAGS)
def test_ethernet_with_all_that_wraps_a_packet(name: str) -> None:
    (carried,) = carried_by(links.ETHERNET, TAGS[name])
    assert (carried.kind, carried.body, carried.source, carried.destination) == (0x0800, PACKET, CLIENT_MAC, SERVER_MAC)
    assert carried.vlan == (0x2A if name in ("vlan", "qinq") else 0)


@pytest.mark.parametrize(
    ("link", "frame", "has_mac"),
    [
        (links.NULL, b"\2\0\0\0" + PACKET, False),
        (links.NULL, b"\0\0\0\2" + PACKET, False),
        (links.LOOP, b"\0\0\0\2" + PACKET, False),
        (links.RAW, PACKET, False),
        (228, PACKET, False),
        (links.PPP, b"\xff\x03\0\x21" + PACKET, False),
        (links.PPP, b"\0\x21" + PACKET, False),
        (links.SLL, struct.pack("!HHH6sHH", 0, 1, 6, CLIENT_MAC, 0, 0x0800) + PACKET, True),
        (links.SLL, struct.pack("!HHH8sH", 0, 65534, 0, b"", 0x0800) + PACKET, False),
        (links.SLL2, struct.pack("!HHIHBB6sxx", 0x0800, 0, 3, 1, 0, 6, CLIENT_MAC) + PACKET, True),
        (links.WIFI, wifi(0, SNAP + PACKET), True),
        (links.WIFI, wifi(1, SNAP + PACKET), True),
        (links.WIFI, wifi(2, SNAP + PACKET), True),
        (links.WIFI, wifi(3, SNAP + PACKET), True),
        (links.WIFI, wifi(1, SNAP + PACKET, kind=0x88, quality=b"\0\0"), True),
        (links.WIFI, wifi(0x81, SNAP + PACKET, kind=0x88, quality=b"\0\0", more=bytes(4)), True),
        (links.RADIOTAP, radiotap(wifi(1, SNAP + PACKET)), True),
        (links.RADIOTAP, radiotap(wifi(1, SNAP + PACKET), crc=True), True),
        (links.RADIOTAP, radiotap(wifi(1, SNAP + PACKET, kind=0x88, quality=b"\0\0\0\0"), flags=0x20), True),
    ],
)
def test_every_other_link(link: int, frame: bytes, has_mac: bool) -> None:
    (carried,) = carried_by(link, frame)
    assert (carried.kind, carried.body) == (0x0800, PACKET)
    assert carried.source == (CLIENT_MAC if has_mac else b"")
    assert not link_name(link).startswith("link type")


def test_aggregated_wifi_holds_several_packets() -> None:
    other = ipv4(tcp(b"more to say"))
    frame = wifi(1, aggregate(PACKET, other), kind=0x88, quality=b"\x80\0")
    found = carried_by(links.WIFI, frame)
    assert [carried.body for carried in found] == [PACKET, other]
    assert {(carried.source, carried.destination) for carried in found} == {(CLIENT_MAC, SERVER_MAC)}


@pytest.mark.parametrize(
    ("frame", "is_nothing"),
    [
        (wifi(0x41, SNAP + PACKET), False),  # encrypted
        (bytes([0x80, 0]) + bytes(30), True),  # a beacon
        (wifi(1, b"", kind=0x48), True),  # a data frame without data
    ],
)
def test_wifi_that_cannot_be_read(frame: bytes, is_nothing: bool) -> None:
    assert carried_by(links.WIFI, frame) == ()
    assert is_silent(links.WIFI, frame) is is_nothing
    assert is_silent(links.RADIOTAP, radiotap(frame)) is is_nothing


def test_a_frame_that_the_card_knows_to_be_damaged_is_not_read() -> None:
    assert carried_by(links.RADIOTAP, radiotap(wifi(1, SNAP + PACKET), flags=0x40)) == ()


def test_tags_without_end_end() -> None:
    assert carried_by(links.ETHERNET, ethernet(b"\0\1\x81\0" * 20 + PACKET, kind=0x8100)) == ()


@given(link=st.sampled_from([0, 1, 9, 12, 50, 101, 105, 108, 113, 127, 276, 9999]), frame=st.binary(max_size=120))
@settings(max_examples=500, deadline=None)
def test_noise_never_raises(link: int, frame: bytes) -> None:
    carried_by(link, frame)
    is_silent(link, frame)
