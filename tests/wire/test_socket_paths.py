import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.socket_paths import socket_paths


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (b'new WebSocket("ws://192.0.2.1:81/live")', ("/live",)),
        (b"new WebSocket('ws://' + location.host + '/ws')", ("/ws",)),
        (b"new WebSocket(`ws://${location.host}/events?x=1`)", ("/events?x=1",)),
        (b"new WebSocket(p + '//' + h + d.replace(/\\/[^\\/]*$/, '') + '/ws')", ("/ws",)),
        (b"var s=new WebSocket(url);i.src='/logo'", ("/",)),
        (b'connect("ws://camera.local:81")', ("/",)),
        (b"<p>We speak of the WebSocket protocol and https://x/</p>", ()),
        (b"", ()),
    ],
)
def test_paths_that_pages_name(text: bytes, paths: tuple[str, ...]) -> None:
    assert socket_paths(text) == paths


def test_time_grows_with_the_length_alone() -> None:
    assert len(socket_paths(b"new WebSocket('" * 60_000)) == 1
    assert socket_paths(b"ws://" * 200_000) != ()


@given(
    st.binary(max_size=80) | st.lists(st.sampled_from([b"ws://", b"WebSocket(", b"'/", b"[", b"$", b"]"])).map(b"".join)
)
def test_any_bytes_give_paths(text: bytes) -> None:
    assert all(path.startswith("/") for path in socket_paths(text))
