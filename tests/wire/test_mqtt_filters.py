"""Which topics a filter asks for: the examples of MQTT 5.0 section 4.7, and what holds of all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.mqtt import fits_filter


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/tennis/player1/#", "sport/tennis/player2", False),
        ("sport/#", "sport", True),
        ("#", "any/thing", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/monitor/Clients", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/monitor/Clients", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("ACCOUNTS", "Accounts", False),
    ],
)
def test_as_the_standard_says(topic_filter: str, topic: str, expected: bool) -> None:
    assert fits_filter(topic, topic_filter) is expected


@given(st.lists(st.text(st.characters(exclude_characters="+#/$"), max_size=4), min_size=1, max_size=5))
def test_a_topic_fits_itself_everything_and_its_own_levels(levels: list[str]) -> None:
    topic = "/".join(levels)
    assert fits_filter(topic, topic)
    assert fits_filter(topic, "#")
    assert fits_filter(topic, "/".join("+" for _ in levels))
    assert fits_filter(topic, f"{levels[0]}/#")
    assert not fits_filter(topic, f"{topic}/+")
