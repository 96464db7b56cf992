"""Copies of real captures damaged by whatever chance comes up with: none is read to say more than the whole one.

Each copy is damaged up to four times over: bits turned (so that checksums are wrong), frames cut, lost, doubled, in
another order or at another time, the file cut at any byte. No copy may crash or hold up a reader, no finding and no
service may come of one that does not come of the whole capture.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.traffic_lab.judging import judged
from tests.traffic_lab.mutating import LINK, Record, file_of, records_of
from tests.traffic_lab.test_mutated import SCENES

CaptureOf = Callable[[str], Path]
Damage = Callable[[list[Record]], list[Record]]
EXAMPLES: Final = 12
_PLACES: Final = st.floats(0, 1, exclude_max=True)
"""A place in something, whatever its length."""


def at(places: Sequence[float], length: int) -> list[int]:
    return [int(place * length) for place in places]


def turn(places: Sequence[tuple[float, float, int]]) -> Damage:
    """Bits, one a frame: two in one can make up for one another. Not in the link's head, which nothing protects."""

    def turned(records: list[Record]) -> list[Record]:
        out = list(records)
        once = {int(number * len(out)): (place, bit) for number, place, bit in places if out}
        for number, (place, bit) in once.items():
            frame = bytearray(out[number].frame)
            if len(frame) > LINK and frame[12:14] != b"\x08\x06":
                frame[LINK + int(place * (len(frame) - LINK))] ^= 1 << bit
                out[number] = msgspec.structs.replace(out[number], frame=bytes(frame))
        return out

    return turned


def drop(places: Sequence[float]) -> Damage:
    """Frames that are not there."""
    return lambda records: [each for n, each in enumerate(records) if n not in set(at(places, len(records)))]


def double(places: Sequence[float]) -> Damage:
    """Frames that are there twice."""
    return lambda records: [
        each for n, one in enumerate(records) for each in ([one, one] if n in set(at(places, len(records))) else [one])
    ]


def swap(places: Sequence[float]) -> Damage:
    """Frames in each other's place, with the time of that place."""

    def swapped(records: list[Record]) -> list[Record]:
        out = list(records)
        chosen = at(places, len(out))
        for first, second in pairwise(chosen):
            one, other = out[first], out[second]
            out[first] = msgspec.structs.replace(other, time=one.time)
            out[second] = msgspec.structs.replace(one, time=other.time)
        return out

    return swapped


def go_back(seconds: int) -> Damage:
    """Each second half of the capture is told to have been so many seconds before."""

    def gone(records: list[Record]) -> list[Record]:
        half = len(records) // 2
        return [*records[:half], *(msgspec.structs.replace(r, time=_earlier(r.time, seconds)) for r in records[half:])]

    return gone


def _earlier(time: bytes, seconds: int) -> bytes:
    return max(0, int.from_bytes(time[:4], "little") - seconds).to_bytes(4, "little") + time[4:]


def keep(most: int) -> Damage:
    """No more than the beginning of each frame."""
    return lambda records: [msgspec.structs.replace(each, frame=each.frame[:most]) for each in records]


def begin(place: float) -> Damage:
    """In the middle."""
    return lambda records: records[int(place * len(records)) :]


def _lists(of: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
    return st.lists(of, min_size=1, max_size=24)


TURNS: Final[st.SearchStrategy[Damage]] = st.builds(
    turn, st.lists(st.tuples(_PLACES, _PLACES, st.integers(0, 7)), max_size=24)
)
DAMAGE: Final[st.SearchStrategy[Damage]] = st.one_of(
    st.builds(drop, _lists(_PLACES)),
    st.builds(double, _lists(_PLACES)),
    st.builds(swap, _lists(_PLACES)),
    st.builds(go_back, st.sampled_from((1, 60, 7200, 40_000_000))),
    st.builds(keep, st.sampled_from((60, 96, 200))),
    st.builds(begin, _PLACES),
)


@pytest.mark.lan
@pytest.mark.parametrize("name", SCENES)
def test_a_damaged_copy_says_no_more(capture_of: CaptureOf, name: str) -> None:
    whole = capture_of(name).read_bytes()
    records, original = records_of(whole), judged(whole)

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(TURNS, st.lists(DAMAGE, max_size=4), st.none() | _PLACES)
    def damaged(turned: Damage, damages: list[Damage], end: float | None) -> None:
        copied = records
        for damage in (turned, *damages):
            copied = damage(copied)
        data = file_of(whole, copied)
        assert not judged(data[: int(end * len(data))] if end is not None else data).beyond(original)

    damaged()
