"""MQTT in the clear: sessions, topics, logins; connections that were joined late."""

import pytest

from iotscan.model.facts import Exposure, MqttSession, TokenUse, UpdateContact
from iotscan.observe.traffic.conversation import Piece
from iotscan.observe.traffic.readers import http
from iotscan.observe.traffic.readers.mqtt import CHOOSE
from iotscan.wire.mqtt import Version, connect_message, subscribe_message
from iotscan.wire.websocket import frame
from tests.observe.traffic.speaking import AT, Said, conversation, cut, items, play


def publish(topic: str, message: bytes, version: Version = 4, qos: int = 0) -> bytes:
    body = (
        len(topic).to_bytes(2, "big")
        + topic.encode()
        + (b"\0\7" if qos else b"")
        + (b"\0" if version == 5 else b"")
        + message
    )
    length, size = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        size.append(digit | 0x80 if length else digit)
        if not length:
            return bytes((0x30 | qos << 1,)) + bytes(size) + body


def session(version: Version, code: int = 0) -> list[Said]:
    ack = b"\x20\x03\0" + bytes((code,)) + b"\0" if version == 5 else b"\x20\x02\0" + bytes((code,))
    return [
        (">", connect_message("dev-1", user="ada", password="S3cret-Value", version=version)),
        ("<", ack),
        (">", subscribe_message(1, ["cmd/dev-1/#"], version=version)),
        (">", publish("state/dev-1", b'{"ssid": "Attic"}', version)),
        (">", publish("state/dev-1", b'{"ssid": "Attic"}', version, qos=1)),
        ("<", publish("cmd/dev-1/x", b"on", version)),
    ]


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("size", [3, 1000])
def test_a_session(version: Version, size: int) -> None:
    told = play(CHOOSE, conversation(port=1884), cut(session(version), size))
    (found,) = items(told, MqttSession)
    assert found == MqttSession(
        version="3.1.1" if version == 4 else "5",
        client_id="dev-1",
        has_user=True,
        has_password=True,
        return_code=0,
        published=("state/dev-1",),
        subscribed=("cmd/dev-1/#",),
    )
    assert [(e.kind, e.what, e.accepted) for e in items(told, Exposure)] == [
        ("password", "MQTT password of user ada", True),
        ("personal", "the name of a wireless network in the message of state/dev-1", None),
    ]
    assert {s for t in told for s in t.secrets} == {"S3cret-Value", "Attic"}
    assert "S3cret-Value" not in repr([t.item for t in told])


def test_a_refused_login_and_one_without_an_answer() -> None:
    assert [e.accepted for e in items(play(CHOOSE, conversation(), session(4, 5)[:2]), Exposure)] == [False]
    told = play(CHOOSE, conversation(), session(4)[:1])
    assert [e.accepted for e in items(told, Exposure)] == [None]
    assert [s.return_code for s in items(told, MqttSession)] == [-1]


def test_joined_late_on_its_port_only() -> None:
    said = session(4)[3:]
    assert items(play(CHOOSE, conversation(port=1883, has_beginning=False), said), MqttSession)[0].published == (
        "state/dev-1",
    )
    assert not play(CHOOSE, conversation(port=1883), said)
    assert not play(CHOOSE, conversation(port=1234, has_beginning=False), said)


def test_after_a_hole_it_goes_on_where_packets_fit() -> None:
    said = [
        *session(4)[:2],
        Piece(AT + 5_000_000, True, publish("state/dev-1", b"x" * 300)[50:], gap=50),
        Piece(AT + 6_000_000, True, publish("alive/dev-1", b"1")),
    ]
    assert items(play(CHOOSE, conversation(), said), MqttSession)[0].published == ("alive/dev-1",)


def test_a_long_message_is_passed_over_and_a_firmware_in_it_seen() -> None:
    image = b"\x27\x05\x19\x56" + b"\1" * 100_000
    said = [*session(4)[:2], *cut([("<", publish("fw/dev-1", image))], 1400), (">", publish("done", b"1"))]
    told = play(CHOOSE, conversation(), said)
    (update,) = items(told, UpdateContact)
    assert (update.kind, update.protocol, update.path, update.format) == ("firmware", "mqtt", "fw/dev-1", "uimage")
    assert items(told, MqttSession)[0].published == ("done",)


def test_in_a_websocket() -> None:
    key = b"\1\2\3\4"
    said: list[Said] = [
        (">", b"GET /mqtt HTTP/1.1\r\nHost: b.example\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"),
        ("<", b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"),
        *((who, frame(data, key) if who == ">" else frame(data, b"\0\0\0\0")) for who, data in session(4)),
    ]
    talk = conversation()
    told = play(http.CHOOSE, talk, said)
    (found,) = items(told, MqttSession)
    assert found.is_websocket
    assert found.published == ("state/dev-1",)
    assert talk.protocol == "mqtt"
    assert items(told, Exposure)[0].what == "MQTT password of user ada"


def test_a_token_as_password() -> None:
    claims = "eyJzdWIiOiJkZXYiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0"
    jwt = f"eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
    told = play(CHOOSE, conversation(), [(">", connect_message("d", user="u", password=jwt)), ("<", b"\x20\2\0\0")])
    (use,) = items(told, TokenUse)
    assert (use.place, use.token.format, use.token.lifetime.value) == ("mqtt password", "jwt", 3600)


@pytest.mark.parametrize(
    "data", [b"\x10\x0c\x00\x04HTTP\x04\x02\0\x1e\0\0", b"\x30\x05\0\3a#b", bytes(40), b"\xff" * 40]
)
def test_what_is_none(data: bytes) -> None:
    assert not play(CHOOSE, conversation(port=1883, has_beginning=False), [(">", data)])
