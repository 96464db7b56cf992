"""Times and shares as a reader gets them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.report.audit import anchors
from iotscan.report.audit.cells import letter_tone, percent, share
from iotscan.report.audit.times import day, days, moment, stamp
from iotscan.report.words import clean


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-22T18:00:00Z", "22 November 2026, 18:00 UTC"),
        ("2026-11-22T23:30:00-02:00", "23 November 2026, 01:30 UTC"),
        ("2026-11-22", "22 November 2026"),
        ("soon", "soon"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("", ""),
    ],
)
def test_moments(text: str, said: str) -> None:
    assert moment(text) == said


def test_days() -> None:
    assert day("2026-01-02T00:00:00Z") == "2 January 2026"
    assert days("2026-11-22T18:00:00Z", "2026-11-22T19:00:00Z") == "22 November 2026"
    assert days("2026-11-22T18:00:00Z", "2026-11-24T19:00:00Z") == "22 November 2026 to 24 November 2026"
    assert days("2026-11-22T18:00:00Z", "") == "22 November 2026"
    assert stamp("2026-11-22T18:01:07Z") == "2026-11-22 18:01:07 UTC"


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_share_rounds_neither_to_all_nor_to_nothing(part: int, whole: int) -> None:
    part = min(part, whole)
    shown = percent(part, whole)
    assert (shown == "100%") == (part == whole)
    assert (shown == "0%") == (part == 0)


def test_nothing_to_share() -> None:
    assert (percent(0, 0), share(0, 0), share(999, 1000)) == ("0%", "nothing to assess", "999 of 1,000 (99%)")


def test_a_letter_and_its_tone() -> None:
    assert [letter_tone(s) for s in ("A", "≤C", "–", "", "?")] == ["a", "c", "unknown", "unknown", "unknown"]


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_two_names_share_a_place(one: str, other: str) -> None:
    assert (anchors.device(one) == anchors.device(other)) == (clean(one) == clean(other))
    assert all(c.isascii() and (c.isalnum() or c == "-") for c in anchors.observation(one))
