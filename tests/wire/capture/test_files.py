"""Files of captures: every kind gives the same frames, damage ends them with a reason, nothing else is one."""

import gzip
import io
import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.wire.capture import Damaged, Frame, NotACapture
from iotscan.wire.capture.files import read_capture
from iotscan.wire.capture.links import ETHERNET, RAW
from tests.wire.capture import making
from tests.wire.capture.making import START, block, enhanced, interface, pcap, section

ONE, TWO = b"first frame..", b"second"


def frames_of(data: bytes, *, chunk: int = 1 << 20) -> tuple[str, list[Frame], str]:
    """Format, frames, and why they end early."""
    stream = io.BytesIO(data)
    kind, frames = read_capture(lambda: stream.read(chunk))
    found: list[Frame] = []
    each = iter(frames)
    try:
        while (frame := next(each, None)) is not None:
            found.append(frame)
    except Damaged as damaged:
        return kind, found, str(damaged)
    return kind, found, ""


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1), (0xA1B2CD34, 1000)])
def test_every_magic_of_pcap(order: str, magic: int, unit: int) -> None:
    kind, frames, problem = frames_of(pcap(ONE, TWO, order=order, magic=magic, lengths=(1500, len(TWO))))
    at = START // unit * unit
    assert (kind, problem) == ("pcap", "")
    assert frames == [(at, ETHERNET, ONE, 1500), (at + 1_000_000, ETHERNET, TWO, len(TWO))]


def test_check_sequence_of_the_header_is_taken_off() -> None:
    """Upper bits of the link type: frames end in a check sequence of 2 x 2 bytes."""
    _, frames, _ = frames_of(pcap(ONE + b"CRC4", link=ETHERNET | 0x2400_0000))
    assert [frame[1:3] for frame in frames] == [(ETHERNET, ONE)]


@pytest.mark.parametrize("order", "<>")
def test_every_block_of_pcapng(order: str) -> None:
    micros, nanos, binary = START // 1000, START, (START << 20) // 10**9
    drops = struct.pack(order + "HHQ", 4, 8, 3) + bytes(4)
    data = b"".join((
        section(order),
        interface(order=order),
        interface(RAW, (9, b"\x09"), order=order),
        interface(RAW, (9, b"\x94"), (14, struct.pack(order + "q", 60)), order=order),
        enhanced(ONE, micros, order=order),
        enhanced(TWO, nanos, number=1, order=order, options=drops),
        enhanced(TWO, binary, number=2, order=order),
        block(3, struct.pack(order + "I", len(ONE)) + ONE, order),
        block(2, struct.pack(order + "HHIIII", 1, 0, nanos >> 32, nanos & 0xFFFFFFFF, 6, 90) + TWO, order),
        block(5, struct.pack(order + "III", 0, 0, 0) + struct.pack(order + "HHQ", 5, 8, 40) + bytes(4), order),
        block(10, b"secrets of TLS sessions are nobody's business", order),
    ))  # fmt: skip
    stream = io.BytesIO(data)
    kind, reader = read_capture(lambda: stream.read(64))
    frames = list(reader)
    assert kind == "pcapng"
    assert [frame[1:] for frame in frames] == [
        (ETHERNET, ONE, len(ONE)), (RAW, TWO, 6), (RAW, TWO, 6), (ETHERNET, ONE, len(ONE)), (RAW, TWO, 90)
    ]  # fmt: skip
    assert frames[0][0] == micros * 1000
    assert frames[1][0] == frames[4][0] == START
    assert frames[2][0] == pytest.approx(START + 60 * 10**9, abs=1000)
    assert reader.lost == 3 + 40


def test_sections_have_orders_and_interfaces_of_their_own() -> None:
    data = section("<") + interface(RAW) + section(">") + interface(order=">") + enhanced(ONE, 5, order=">")
    assert frames_of(data)[1] == [(5000, ETHERNET, ONE, len(ONE))]


def test_gzip_is_taken_off_members_and_filling_too() -> None:
    data = pcap(ONE, TWO)
    for packed in (
        gzip.compress(data),
        gzip.compress(data[:30]) + gzip.compress(data[30:]),
        gzip.compress(data) + bytes(9),
    ):
        kind, frames, problem = frames_of(packed, chunk=7)
        assert (kind, len(frames), problem) == ("pcap+gzip", 2, "")


def test_what_is_packed_is_unpacked_a_chunk_at_a_time() -> None:
    """A file that is 1,000 times as large unpacked is never held whole."""
    huge = pcap(*[bytes(200_000)] * 300)
    stream = io.BytesIO(gzip.compress(huge))
    _, frames = read_capture(lambda: stream.read(1 << 20))
    sizes = [len(frame[2]) for frame in frames]
    assert sizes == [200_000] * 300


@given(cut=st.integers(0, len(pcap(ONE, TWO))), chunk=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_file_cut_anywhere_gives_what_is_whole(cut: int, chunk: int) -> None:
    data = pcap(ONE, TWO)[:cut]
    if cut < 24:
        with pytest.raises(NotACapture):
            frames_of(data)
        return
    whole = 24 + 16 + len(ONE)
    expected = [ONE, TWO][: (cut >= whole) + (cut >= whole + 16 + len(TWO))]
    _, frames, problem = frames_of(data, chunk=chunk)
    assert [frame[2] for frame in frames] == expected
    assert bool(problem) == (cut not in (24, whole, len(pcap(ONE, TWO))))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pcap(ONE) + struct.pack("<IIII", 1, 1, 1 << 30, 1 << 30), "announced"),
        (section() + enhanced(ONE, 1), "not described"),
        (section() + interface() + struct.pack("<II", 6, 7), "announced"),
        (section() + interface() + block(6, struct.pack("<IIIII", 0, 0, 0, 500, 500)), "announced"),
        (section() + interface() + block(0x0A0D0D0A, b"nonsense"), "byte order"),
        (section() + interface() + enhanced(ONE, 1)[:-9], "ends inside"),
        (gzip.compress(pcap(ONE) + b"x" * 9999)[:-40], "ends early"),
        (gzip.compress(pcap(ONE, TWO)) + b"more", "follows"),
    ],
    ids=[
        "frame",
        "no-interface",
        "block",
        "packet",
        "byte-order",
        "cut",
        "gzip-cut",
        "gzip-more",
    ],  # gzip holds the time
)
def test_damage_ends_reading_and_is_named(data: bytes, why: str) -> None:
    assert why in frames_of(data + bytes(24 if why == "announced" else 0))[2]


def test_damaged_packing_is_named() -> None:
    data = bytearray(gzip.compress(pcap(*[bytes(range(256)) * 9] * 900), 1))
    data[len(data) // 2] ^= 0xFF
    assert "damaged" in frames_of(bytes(data))[2]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x1f\x8b", b"GIF89a" + bytes(40), making.section()[:20], gzip.compress(b"text" * 20)],
    ids=["empty", "gzip-magic", "image", "section-cut", "gzip-text"],  # gzip holds the time
)
def test_what_is_no_capture_is_refused(data: bytes) -> None:
    with pytest.raises(NotACapture):
        frames_of(data)


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_noise_behind_a_header_never_raises_anything_else(noise: bytes) -> None:
    for head in (pcap(), pcap(order=">"), section() + interface(), gzip.compress(pcap())[:-8]):
        with suppress(NotACapture):
            frames_of(head + noise)


def test_times_beyond_all_measure_are_kept_in_bounds() -> None:
    data = section() + interface(ETHERNET, (9, b"\x00")) + enhanced(ONE, (1 << 64) - 1)
    data += interface(ETHERNET, (9, b"\xff")) + enhanced(ONE, 5, number=1)
    data += interface(ETHERNET, (14, struct.pack("<q", -(1 << 62)))) + enhanced(ONE, 5, number=2)
    assert [frame[0] for frame in frames_of(data)[1]] == [(1 << 63) - 1, 0, 0]
