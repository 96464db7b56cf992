"""What is said unasked in a WebSocket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.first_words import read_first_words


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b'{"type": "auth_required", "ha_version": "2026.1"}', "asks"),
        (b'{"type": "error", "error": {"code": 401, "message": "Unauthorized"}}', "asks"),
        (b'{"event": "auth", "data": {"challenge": "x", "realm": "y", "nonce": "z"}}', "asks"),
        (b'{"auth_required": true}', "asks"),
        (b"please log in", "asks"),
        # A word among data asks for nothing.
        (b'{"devices": [{"serial": "A1", "room": "hall", "author": "x"}]}', "data"),
        (b'{"type": "devices", "devices": [{"ssid": "home", "password": "x"}]}', "data"),
        (b'[{"user": "eve", "token": "x"}]', "data"),
        # What may be either is neither.
        (b'{"type": "auth_required", "data": {"zone": "a", "rack": "b"}}', ""),
        # A token that is given to everybody is not asked for.
        (b'{"type": "hello", "token": "x"}', ""),
        (b'0{"sid": "x", "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}', ""),
        (b"", ""),
    ],
)
def test_what_it_says(payload: bytes, says: str) -> None:
    assert read_first_words(payload) == says


@given(st.binary(max_size=200))
def test_whatever_comes(payload: bytes) -> None:
    assert read_first_words(payload) in ("", "data", "asks")
