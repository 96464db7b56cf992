"""One direction of a connection in order: however its segments come, what is heard is what was sent, or a gap."""

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from iotscan.observe.traffic.conversation import Piece
from iotscan.observe.traffic.stream import HELD_BYTES, HELD_SEGMENTS, Budget, Stream

BUDGET = 1 << 20
SENT = bytes(n * 31 % 251 for n in range(2000))


class Heard:
    """A stream, and what came of it."""

    def __init__(self, begin: int | None = 0, budget: int = BUDGET) -> None:
        self.pieces: list[Piece] = []
        self.budget = Budget(budget)
        self.stream = Stream(self.pieces.append, self.budget, is_upward=True)
        if begin is not None:
            self.stream.begin(begin)

    @property
    def data(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)

    def placed(self) -> bytes:
        """The data where it belongs, with zeros for what is missing."""
        return b"".join(bytes(piece.gap) + piece.data for piece in self.pieces)


segments = st.lists(st.tuples(st.integers(0, 1999), st.integers(1, 400)), max_size=20)


@given(
    extra=segments,
    cuts=st.lists(st.integers(1, 1999), max_size=12),
    start=st.integers(0, (1 << 32) - 1),
    seed=st.randoms(),
)
@example(extra=[], cuts=[1000], start=(1 << 32) - 500, seed=None)
@settings(max_examples=400, deadline=None)
def test_any_order_copies_and_overlaps_give_what_was_sent(extra, cuts, start, seed) -> None:  # type: ignore[no-untyped-def]
    bounds = [0, *sorted(set(cuts)), len(SENT)]
    parts = [(at, end - at) for at, end in pairwise(bounds)] + extra
    if seed is not None:
        seed.shuffle(parts)
    heard = Heard(start)
    for at, length in parts:
        heard.stream.take(0, (start + at) % (1 << 32), SENT[at : at + length])
    assert heard.data == SENT
    assert not any(piece.gap or piece.is_doubtful for piece in heard.pieces)
    assert heard.budget.left == BUDGET


@given(lost=st.sets(st.integers(0, 19)), seed=st.randoms())
@settings(max_examples=200, deadline=None)
def test_what_is_lost_is_a_gap_of_its_size(lost, seed) -> None:  # type: ignore[no-untyped-def]
    parts = [at for at in range(20) if at not in lost]
    seed.shuffle(parts)
    heard = Heard()
    for at in parts:
        heard.stream.take(0, at * 100, SENT[at * 100 : at * 100 + 100])
    heard.stream.end()
    last = max(parts, default=-1) * 100 + 100
    expected = b"".join(bytes(100) if at in lost else SENT[at * 100 : at * 100 + 100] for at in range(20))
    assert heard.placed() == expected[:last]
    assert heard.budget.left == BUDGET


def test_what_the_other_side_has_acknowledged_is_waited_for_a_short_time_only() -> None:
    heard = Heard()
    heard.stream.take(0, 100, b"late")
    for _ in range(16):
        heard.stream.waits(104)
    assert heard.data == b""
    heard.stream.waits(104)
    assert heard.pieces == [Piece(0, True, b"late", gap=100)]


def test_what_nobody_has_acknowledged_is_waited_for() -> None:
    heard = Heard()
    heard.stream.take(0, 100, b"late")
    for _ in range(200):
        heard.stream.waits(0)
    assert heard.data == b""
    heard.stream.take(0, 0, bytes(100))
    assert heard.data == bytes(100) + b"late"


def test_bytes_beyond_the_snaplen_are_a_gap_before_what_follows() -> None:
    heard = Heard()
    heard.stream.take(0, 0, SENT[:60], missing=40)
    heard.stream.take(0, 100, SENT[100:160], missing=40)
    heard.stream.take(0, 200, SENT[200:300])
    assert [piece.gap for piece in heard.pieces] == [0, 40, 40]
    assert len(heard.placed()) == 300


def test_a_segment_of_which_nothing_was_kept_is_a_gap() -> None:
    heard = Heard()
    heard.stream.take(0, 0, b"", missing=100)
    heard.stream.take(0, 100, b"", missing=100)
    heard.stream.take(0, 200, b"then")
    assert heard.pieces == [Piece(0, True, b"then", gap=200)]


def test_a_better_copy_takes_the_place_of_a_doubtful_one() -> None:
    heard = Heard()
    heard.stream.take(0, 0, b"hellO", is_doubtful=True)
    assert heard.data == b""
    heard.stream.take(0, 0, b"hello")
    heard.stream.take(0, 5, b" there")
    assert [(piece.data, piece.is_doubtful) for piece in heard.pieces] == [(b"hello", False), (b" there", False)]


def test_a_doubtful_segment_without_a_better_copy_is_passed_on_as_doubtful() -> None:
    heard = Heard()
    heard.stream.take(0, 0, b"hellO", is_doubtful=True)
    heard.stream.take(0, 5, b" there")
    for _ in range(17):
        heard.stream.waits(11)
    assert [(piece.data, piece.is_doubtful) for piece in heard.pieces] == [(b"hellO", True), (b" there", False)]


def test_a_doubtful_copy_of_what_is_known_changes_nothing() -> None:
    heard = Heard()
    heard.stream.take(0, 0, b"hello")
    heard.stream.take(0, 0, b"HELLO", is_doubtful=True)
    heard.stream.end()
    assert heard.data == b"hello"


def test_a_probe_that_keeps_alive_says_nothing() -> None:
    heard = Heard()
    heard.stream.take(0, 0, b"hello")
    heard.stream.take(0, 4, b"\0")
    assert heard.data == b"hello"


def test_what_waits_is_bounded_a_stream_and_in_all() -> None:
    many = Heard()
    for turn in range(HELD_SEGMENTS + 1):
        many.stream.take(0, 10 + turn * 2, b"x")
    assert len(many.pieces) == 1
    large = Heard()
    for turn in range(10):
        large.stream.take(0, 10 + turn * 40_000, bytes(40_000 - 1))
    assert large.stream.held_bytes <= HELD_BYTES
    poor = Heard(budget=10)
    poor.stream.take(0, 10, bytes(20))
    assert poor.data == bytes(20)
    assert poor.budget.left == 10


def test_a_stream_without_beginning_begins_with_what_is_seen() -> None:
    heard = Heard(begin=None)
    heard.stream.take(0, 4_000_000_000, b"hello")
    assert heard.pieces == [Piece(0, True, b"hello")]


def test_a_damaged_number_makes_no_hole() -> None:
    """Of sixteen million bytes, say: the bit that was turned may be in the number."""
    heard = Heard()
    heard.stream.take(0, 0, b"hello")
    heard.stream.take(0, (1 << 24) + 5, b" there", is_doubtful=True)
    heard.stream.end()
    assert [(p.data, p.gap, p.is_doubtful) for p in heard.pieces] == [(b"hello", 0, False), (b" there", 0, True)]


def test_a_segment_with_a_damaged_number_is_the_hole_that_it_left() -> None:
    heard = Heard()
    heard.stream.take(0, 0, b"hello")
    heard.stream.take(0, (1 << 24) + 5, b" there", is_doubtful=True)
    heard.stream.take(0, 11, b", and on")
    heard.stream.end()
    assert [(p.data, p.gap) for p in heard.pieces] == [(b"hello", 0), (b", and on", 6)]
    assert heard.stream.missing == 0
