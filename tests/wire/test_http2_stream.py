"""HTTP/2 as it passes by: heads by the table of both ends, bodies in parts, and what an attacker may make of them."""

import time
from collections.abc import Iterable

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.http2_stream import Streams
from iotscan.wire.http_stream import HEAD_CAP, End, Event, Head, Part

DATA, HEADERS, RESET, SETTINGS, PUSH, CONTINUATION = 0, 1, 3, 4, 5, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 0x20
ASKING = [(":method", "GET"), (":scheme", "http"), (":path", "/a?x=1"), (":authority", "cloud.example")]


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 1) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def read(streams: Streams, *pieces: bytes) -> list[tuple[int, Event]]:
    return [event for piece in pieces for event in streams.read(piece)]


def heads(events: Iterable[tuple[int, Event]]) -> list[Head]:
    return [event for _, event in events if isinstance(event, Head)]


def talk() -> bytes:
    """Two requests of one encoder: the second head refers to the first."""
    pack = Encoder()
    first = pack.encode([*ASKING, ("user-agent", "device/1"), ("cookie", "a=1"), ("cookie", "b=2")])
    second = pack.encode([*ASKING, ("user-agent", "device/1"), ("authorization", "Bearer secret-of-mine")])
    return b"".join(
        (
            frame(SETTINGS, bytes(6), stream=0),
            frame(HEADERS, b"\x03" + bytes(5) + first[:7] + bytes(3), flags=PADDED | PRIORITY),
            frame(CONTINUATION, first[7:], flags=END_HEADERS),
            frame(DATA, b"\x02hello\0\0", flags=PADDED),
            frame(DATA, b"", flags=END_STREAM),
            frame(HEADERS, second, flags=END_HEADERS | END_STREAM, stream=3),
            frame(RESET, bytes(4), stream=3),
        )
    )


@pytest.mark.parametrize("size", [1, 2, 5, 9, 10, 1000])
def test_heads_and_bodies_come_whole_whatever_the_pieces(size: int) -> None:
    data, streams = talk(), Streams()
    events = read(streams, *(data[at : at + size] for at in range(0, len(data), size)))
    one, two = heads(events)
    assert (one.method, one.target, one.first("host"), one.first("user-agent")) == (
        "GET",
        "/a?x=1",
        "cloud.example",
        "device/1",
    )
    assert one.all("cookie") == ("a=1; b=2",)
    assert (two.first("user-agent"), two.first("authorization")) == ("device/1", "Bearer secret-of-mine")
    assert b"".join(e.data for _, e in events if isinstance(e, Part)) == b"hello"
    assert [(stream, e.is_whole) for stream, e in events if isinstance(e, End)] == [(1, True), (3, True), (3, False)]
    assert not streams.is_lost


def test_an_answer_and_its_trailers() -> None:
    pack, streams = Encoder(), Streams()
    head = frame(HEADERS, pack.encode([(":status", "200"), ("content-type", "application/grpc")]), flags=END_HEADERS)
    trailers = frame(HEADERS, pack.encode([("grpc-status", "0")]), flags=END_HEADERS | END_STREAM)
    (_, first), (_, part), (_, end) = read(streams, head, frame(DATA, b"x"), trailers)
    assert isinstance(first, Head)
    assert (first.status, first.first("content-type")) == (200, "application/grpc")
    assert (part, end) == (Part(b"x"), End())


def test_what_a_server_promises_is_in_the_table_and_asked_by_nobody() -> None:
    pack, streams = Encoder(), Streams()
    promised = frame(PUSH, bytes(4) + pack.encode([*ASKING, ("x-own", "long-value")]), flags=END_HEADERS)
    answer = frame(HEADERS, pack.encode([(":status", "200"), ("x-own", "long-value")]), flags=END_HEADERS)
    (head,) = heads(read(streams, promised, answer))
    assert (head.status, head.first("x-own")) == (200, "long-value")


def test_a_hole_in_a_body_loses_the_body_alone() -> None:
    data, streams = talk(), Streams()
    list(streams.read(frame(DATA, bytes(100))[:20]))
    assert list(streams.skip(50)) == [(1, Part(missing=50))]
    read(streams, bytes(39))
    assert len(heads(read(streams, data))) == 2


@pytest.mark.parametrize("place", [3, 20, 30])
def test_after_a_hole_anywhere_else_no_head_is_believed(place: int) -> None:
    data, streams = talk(), Streams()
    list(streams.read(data[:place]))
    list(streams.skip(4))
    assert streams.is_lost
    assert not read(streams, data[place + 4 :], talk())


def bomb() -> bytes:
    """A field of 4,000 bytes, and a byte for each time that it is said again (CVE-2016-6581)."""
    return b"\x40\x01a" + b"\x7f\xa1\x1e" + bytes(4000) + b"\xbe" * 16_000


@pytest.mark.parametrize(
    "block",
    [
        bomb()[:16_000],
        b"\x3f\xff\xff\xff\xff\x0f",  # a table of 4 GiB
        b"\x3f" + b"\xff" * 60,  # a number without an end
        b"\x7f" + b"\x80" * 16_000,
        b"\xff\xff\xff\x7f",  # what is not in the table
        b"\x00\x83\xff\xff\xff\x01a",  # no Huffman code
    ],
    ids=["bomb", "table", "number", "zeros", "index", "huffman"],
)
def test_a_hostile_head_ends_it_in_little_room_and_time(block: bytes) -> None:
    streams, began = Streams(), time.process_time()
    assert not read(streams, frame(HEADERS, block, flags=END_HEADERS))
    assert streams.is_lost
    assert time.process_time() - began < 1


def test_a_head_may_be_no_longer_than_those_of_the_first_version() -> None:
    fits = frame(HEADERS, Encoder().encode([*ASKING, ("x", "~" * 9_000)]), flags=END_HEADERS)
    assert len(heads(read(Streams(), fits))) == 1
    streams = Streams()
    read(streams, frame(HEADERS, bytes(10_000)), *(frame(CONTINUATION, bytes(1_000)) for _ in range(9)))
    assert streams.is_lost
    assert HEAD_CAP < 64 << 10


@pytest.mark.parametrize(
    "pieces",
    [
        [frame(CONTINUATION, b"\x82", flags=END_HEADERS)],
        [frame(HEADERS, b"\x82"), frame(DATA, b"x")],
        [frame(HEADERS, b"\x82"), frame(CONTINUATION, b"\x84", flags=END_HEADERS, stream=3)],
        [frame(HEADERS, b"\x09\x82", flags=PADDED | END_HEADERS)],
        [frame(HEADERS, b"", flags=PADDED | END_HEADERS)],
        [frame(DATA, b"\x09x", flags=PADDED)],
    ],
)
def test_what_breaks_the_order_of_frames_is_believed_no_further(pieces: list[bytes]) -> None:
    streams = Streams()
    assert not heads(read(streams, *pieces))
    assert streams.is_lost


@pytest.mark.parametrize(
    "fields",
    [
        [(":method", "GET"), (":path", "/a"), (":path", "/b")],
        [(":method", "get me"), (":path", "/a")],
        [(":method", "GET")],
        [(":status", "2000")],
        [(":status", "200"), (":path", "/a")],
        [("host", "x")],
    ],
)
def test_a_malformed_head_says_nothing(fields: list[tuple[str, str]]) -> None:
    assert not heads(read(Streams(), frame(HEADERS, Encoder().encode(fields), flags=END_HEADERS)))


def test_a_tunnel_is_asked_for_by_authority() -> None:
    asking = Encoder().encode([(":method", "CONNECT"), (":authority", "cloud.example:443")])
    (head,) = heads(read(Streams(), frame(HEADERS, asking, flags=END_HEADERS)))
    assert (head.method, head.target) == ("CONNECT", "cloud.example:443")


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.builds(
                lambda kind, flags, stream, payload: frame(kind, payload, flags=flags, stream=stream),
                st.integers(0, 10),
                st.integers(0, 63),
                st.integers(0, 5),
                st.binary(max_size=40),
            ),
        ),
        max_size=12,
    ),
    st.lists(st.integers(0, 300), max_size=4),
)
def test_nothing_raises_whatever_comes(pieces: list[bytes], holes: list[int]) -> None:
    streams = Streams()
    for piece in [*pieces, talk()]:
        read(streams, piece)
        if holes:
            list(streams.skip(holes.pop()))


@given(st.integers(0, len(talk()) - 1), st.integers(0, 7))
def test_a_turned_bit_raises_nothing(place: int, bit: int) -> None:
    data = bytearray(talk())
    data[place] ^= 1 << bit
    read(Streams(), bytes(data))


def test_many_small_frames_in_one_piece_take_little_time() -> None:
    began = time.process_time()
    read(Streams(), frame(SETTINGS, stream=0) * 100_000)
    assert time.process_time() - began < 5
