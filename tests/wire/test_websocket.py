import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import websocket

KEY = b"the sample nonce"
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_the_proof_of_the_specification() -> None:
    """RFC 6455 section 1.3."""
    assert websocket.proof(KEY) == ACCEPT
    asked = websocket.request("server.example.com", KEY, path="/chat", protocol="mqtt")
    assert b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" in asked
    assert asked.startswith(b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\n")
    assert asked.endswith(b"Sec-WebSocket-Protocol: mqtt\r\n\r\n")


def test_an_upgrade_has_to_be_proved() -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nSec-WebSocket-Protocol: MQTT\r\n"
    whole = head + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"
    upgrade = websocket.read_upgrade(whole + b"\x82\x00", KEY)
    assert upgrade is not None
    assert (upgrade.is_open, upgrade.protocol, upgrade.size) == (True, "mqtt", len(whole))
    other = websocket.read_upgrade(whole, b"another key of 1")
    assert other is not None
    assert (other.status, other.is_open, other.protocol) == (101, False, "")


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 426 Upgrade Required\r\nUpgrade: websocket\r\n\r\n"]
)
def test_whoever_stays_with_http_has_not_upgraded(head: bytes) -> None:
    upgrade = websocket.read_upgrade(head, KEY)
    assert upgrade is not None
    assert not upgrade.is_open


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 101 Switching\r\n", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 1x1\r\n\r\n"])
def test_what_is_no_whole_answer_is_none(data: bytes) -> None:
    assert websocket.read_upgrade(data, KEY) is None


@pytest.mark.parametrize("words", ["a b", "a\r\nX: 1", "a\nb"])
def test_a_field_cannot_break_its_line(words: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        websocket.request(words, KEY)


def test_frames_of_the_specification() -> None:
    """RFC 6455 section 5.7: "Hello" masked, and unmasked."""
    masked = bytes.fromhex("818537fa213d7f9f4d5158")
    assert websocket.frame(b"Hello", bytes.fromhex("37fa213d"), opcode=websocket.TEXT) == masked
    for data in (masked, bytes.fromhex("810548656c6c6f")):
        found = websocket.read_frame(data + b"more")
        assert found is not None
        assert (found.opcode, found.payload, found.size, found.is_final) == (websocket.TEXT, b"Hello", len(data), True)


@given(payload=st.one_of(st.binary(max_size=300), st.just(bytes(70_000))), mask=st.binary(min_size=4, max_size=4))
def test_a_frame_comes_back_and_no_less_of_it_does(payload: bytes, mask: bytes) -> None:
    data = websocket.frame(payload, mask)
    found = websocket.read_frame(data)
    assert found is not None
    assert (found.payload, found.size) == (payload, len(data))
    assert websocket.read_frame(data[:-1]) is None


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_value_or_none(data: bytes) -> None:
    websocket.read_upgrade(data, KEY)
    found = websocket.read_frame(data)
    assert found is None or found.size <= len(data)
