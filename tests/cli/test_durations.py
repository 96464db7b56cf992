"""Times as a person writes them."""

import pytest

from iotscan.cli.durations import read_duration
from iotscan.model.errors import BadInput


def test_what_is_read() -> None:
    written = {"90": 90, "90s": 90, "10m": 600, " 2H ": 7200, "1d": 86_400}
    assert {text: read_duration("--for", text, 604_800) for text in written} == written


@pytest.mark.parametrize("text", ["", "0", "0m", "-1", "1.5h", "ten", "8d", "1w", "999999999999", "٣m"])
def test_what_is_not(text: str) -> None:
    with pytest.raises(BadInput, match="--for"):
        read_duration("--for", text, 604_800)
