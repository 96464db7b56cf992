"""Packets: headers that bear themselves out, checksums told apart, fragments put together whatever their order."""

import struct
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.wire.capture.fragments import Fragments
from iotscan.wire.capture.links import IPV4, IPV6
from iotscan.wire.capture.packets import Packet, check_sum, read_packet
from tests.wire.capture.making import CLIENT, SERVER, ipv4, ipv6, packed, pseudo, rfc1071, tcp, udp

SIX = ("2001:db8::21", "2001:db8::80")


def read4(packet: bytes) -> Packet | None:
    return read_packet(IPV4, packet, len(packet))


def test_a_packet_of_ipv4() -> None:
    packet = read4(ipv4(tcp(b"hello"), options=b"\x94\4\0\0") + b"trailer of the frame")
    assert packet is not None
    assert (packet.protocol, packet.source, packet.destination) == (6, packed(CLIENT), packed(SERVER))
    assert packet.payload == tcp(b"hello")
    assert not packet.is_cut
    assert not packet.is_fragment


def test_a_packet_of_ipv6_behind_headers_of_extensions() -> None:
    segment = tcp(b"hello", ends=SIX)
    hop, route, to_end = b"\x2b\0" + bytes(6), b"\x3c\0" + bytes(6), b"\x33\0" + bytes(6)
    authentication = b"\x2c\1" + bytes(10)
    whole = b"\6\0" + struct.pack("!HI", 0, 0)
    packet = read_packet(IPV6, ipv6(hop + route + to_end + authentication + whole + segment, protocol=0, ends=SIX), 999)
    assert packet is not None
    assert (packet.protocol, packet.payload, packet.length) == (6, segment, len(segment))
    assert check_sum(packet) == "right"


@pytest.mark.parametrize("byte", range(20))
def test_a_header_with_any_bit_turned_is_no_packet(byte: int) -> None:
    good = ipv4(tcp(b"hello"))
    for bit in range(8):
        data = bytearray(good)
        data[byte] ^= 1 << bit
        assert read4(bytes(data)) is None


def test_a_header_whose_checksum_is_left_to_the_card_is_read() -> None:
    data = bytearray(ipv4(tcp(b"hello")))
    data[10:12] = b"\0\0"
    assert read4(bytes(data)) is not None


def test_a_length_left_to_the_card_is_that_of_the_frame() -> None:
    data = bytearray(ipv4(tcp(b"x" * 900)))
    data[2:4] = data[10:12] = b"\0\0"
    packet = read_packet(IPV4, bytes(data[:200]), len(data))
    assert packet is not None
    assert packet.length == len(data) - 20
    assert packet.is_cut


def test_a_packet_beyond_the_snaplen_is_cut() -> None:
    packet = read4(ipv4(tcp(b"x" * 900))[:100])
    assert packet is not None
    assert packet.is_cut
    assert packet.length == 920
    assert check_sum(packet) == "unknown"


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 1459, 1460])
@pytest.mark.parametrize("protocol", [6, 17])
def test_checksums_are_told_apart(size: int, protocol: int) -> None:
    make = tcp if protocol == 6 else udp
    for ends, kind in ((("10.77.0.21", "203.0.113.80"), IPV4), (SIX, IPV6)):
        data = bytes(n * 7 % 256 for n in range(size))
        segment = make(data, ends=ends)
        at = 16 if protocol == 6 else 6
        partial = 0xFFFF - rfc1071(pseudo(*ends, protocol, len(segment)))
        wrong = struct.unpack_from("!H", segment, at)[0] ^ 0x0180
        fields = {"right": None, "wrong": wrong, "unknown": partial}
        for expected, check in fields.items():
            body = make(data, ends=ends, check=check)
            whole = (
                ipv4(body, protocol=protocol, ends=ends) if kind == IPV4 else ipv6(body, protocol=protocol, ends=ends)
            )
            packet = read_packet(kind, whole, len(whole))
            assert packet is not None
            assert check_sum(packet) == expected, (ends, check)
            packet = read_packet(kind, whole[:-1], len(whole))
            assert packet is not None
            assert check_sum(packet) == "unknown"


@given(data=st.binary(max_size=600), flip=st.integers(0, 10_000))
@settings(max_examples=300, deadline=None)
def test_a_bit_turned_anywhere_is_seen(data: bytes, flip: int) -> None:
    segment = bytearray(tcp(data))
    segment[flip % len(segment)] ^= 1 << flip % 8
    packet = read4(ipv4(bytes(segment)))
    assert packet is not None
    assert check_sum(packet) != "right"


def parts_of(payload: bytes, size: int, *, identity: int = 9) -> list[Packet]:
    found = []
    for start in range(0, len(payload), size):
        more = 0x2000 if start + size < len(payload) else 0
        part = read4(ipv4(payload[start : start + size], protocol=17, identity=identity, place=more | start // 8))
        assert part is not None
        assert part.is_fragment
        found.append(part)
    return found


def test_fragments_in_any_order_make_the_packet() -> None:
    payload = udp(bytes(range(200)) * 3)
    for order in permutations(parts_of(payload, 160)):
        fragments = Fragments()
        found = [whole for part in order if (whole := fragments.take(0, 0, part))]
        assert [whole.payload for whole in found] == [payload]
        assert check_sum(found[0]) == "right"
        fragments.forget_all()
        assert fragments.lost == 0


def test_fragments_of_ipv6_make_the_packet() -> None:
    payload = udp(bytes(range(200)) * 3, ends=SIX)
    fragments, found = Fragments(), []
    for start in range(0, len(payload), 160):
        head = b"\x11\0" + struct.pack("!HI", start | (start + 160 < len(payload)), 77)
        whole = ipv6(head + payload[start : start + 160], protocol=44, ends=SIX)
        part = read_packet(IPV6, whole, len(whole))
        assert part is not None
        found.append(fragments.take(0, 0, part))
    assert found[:-1] == [None] * (len(found) - 1)
    assert found[-1] is not None
    assert (found[-1].protocol, found[-1].payload) == (17, payload)


def test_fragments_that_contradict_one_another_make_nothing() -> None:
    good, other = parts_of(udp(b"a" * 600), 160), parts_of(udp(b"b" * 600), 160)
    for order in ([good[0], other[1], *good[1:]], [*good[:2], other[1], *good[2:]]):
        fragments = Fragments()
        assert not [whole for part in order if (whole := fragments.take(0, 0, part))]


def test_copies_of_fragments_are_one() -> None:
    fragments = Fragments()
    doubled = [part for part in parts_of(udp(b"a" * 600), 160) for _ in "12"]
    assert len([whole for part in doubled[:-1] if (whole := fragments.take(0, 0, part))]) == 1


def test_fragments_of_two_vlans_or_times_do_not_mix() -> None:
    first, *others = parts_of(udp(b"a" * 600), 160)
    fragments = Fragments()
    fragments.take(0, 1, first)
    fragments.take(0, 2, first)
    assert not [whole for part in others if (whole := fragments.take(10**12, 2, part))]


def test_a_flood_of_fragments_is_bounded() -> None:
    fragments = Fragments()
    for number in range(5000):
        for part in parts_of(bytes(1600 * 8), 1600 * 4, identity=number % 65_536)[:1]:
            fragments.take(number, number // 60_000, part)
    fragments.forget_all()
    assert fragments.lost == 5000
    assert fragments._bytes == 0
