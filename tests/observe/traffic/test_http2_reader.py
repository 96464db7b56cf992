"""HTTP/2 in the clear: which answer belongs to which request, what is told of it, and what no more after a hole."""

from typing import Final

import msgspec
import pytest
from hpack import Encoder

from iotscan.model.facts import Exposure, HttpExchange, OtherTalk, TokenUse
from iotscan.observe.traffic.conversation import Piece
from iotscan.observe.traffic.readers.http import CHOOSE
from iotscan.wire.http2_stream import PREFACE
from tests.observe.traffic.speaking import AT, Said, conversation, cut, items, play
from tests.wire.test_http2_stream import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    RESET,
    SETTINGS,
    frame,
)

TOKEN: Final = "tok-9f8e7d6c5b4a39281706"
OPENING: Final = (">", PREFACE + frame(SETTINGS, stream=0))


class End:
    """One end of a connection, with the table of its heads."""

    def __init__(self, direction: str) -> None:
        self._pack, self._direction = Encoder(), direction

    def says(self, stream: int, *fields: tuple[str, str], body: bytes | None = None, is_open: bool = False) -> Said:
        last = 0 if body is not None or is_open else END_STREAM
        said = frame(HEADERS, self._pack.encode(fields), flags=END_HEADERS | last, stream=stream)
        more = b"" if body is None else frame(DATA, body, flags=0 if is_open else END_STREAM, stream=stream)
        return self._direction, said + more

    def asks(self, stream: int, path: str, *more: tuple[str, str], **how: object) -> Said:
        head = ((":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "cloud.example:80"))
        return self.says(stream, *head, ("user-agent", "gateway/2"), *more, **how)  # type: ignore[arg-type]  # fields by name, of several types

    def answers(self, stream: int, status: int, *more: tuple[str, str], **how: object) -> Said:
        return self.says(stream, (":status", str(status)), *more, **how)  # type: ignore[arg-type]  # fields by name, of several types


def told(said: list[Said | Piece]) -> list[tuple[str, int]]:
    return [(e.path, e.status) for e in items(play(CHOOSE, conversation(), said), HttpExchange)]


@pytest.mark.parametrize("size", [30, 100, 100_000])
def test_answers_are_paired_by_their_streams(size: int) -> None:
    client, server, talk = End(">"), End("<"), conversation()
    said = [
        OPENING,
        client.asks(1, "/a", ("authorization", f"Bearer {TOKEN}")),
        client.asks(3, "/b", body=b'{"password": "Sesame-4711"}'),
        ("<", frame(SETTINGS, stream=0)),
        server.answers(3, 403, ("server", "s/1")),
        server.answers(1, 200, ("server", "s/1"), body=b'{"a": 1}'),
    ]
    heard = play(CHOOSE, talk, cut(said, size) if size < 1000 else said)
    exchanges = items(heard, HttpExchange)
    assert [(e.host, e.path, e.status, e.user_agent, e.server) for e in exchanges] == [
        ("cloud.example", "/b", 403, "gateway/2", "s/1"),
        ("cloud.example", "/a", 200, "gateway/2", "s/1"),
    ]
    assert [(t.protocol, t.words) for t in items(heard, OtherTalk)] == [("http2", ("prior knowledge",))]
    assert {(e.kind, e.what, e.accepted) for e in items(heard, Exposure)} == {
        ("token", "Bearer token sent to /a", True),
        ("password", "password in the body of /b", None),
    }
    assert {secret for s in heard for secret in s.secrets} == {TOKEN, "Sesame-4711"}
    assert (talk.protocol, talk.protection, talk.server_name) == ("http2", "cleartext", "cloud.example")


def test_what_is_not_answered_is_told_at_the_end() -> None:
    client, server = End(">"), End("<")
    said = [OPENING, client.asks(1, "/watch"), server.answers(1, 200, body=b"x", is_open=True), client.asks(3, "/b")]
    assert told(said) == [("/watch", 200), ("/b", 0)]


def test_a_request_that_is_taken_back_has_no_answer() -> None:
    client, server = End(">"), End("<")
    taken_back = (">", frame(RESET, bytes(4), stream=1))
    assert told([OPENING, client.asks(1, "/a"), taken_back, server.answers(1, 200)]) == [("/a", 0)]


@pytest.mark.parametrize(("lost", "expected"), [(">", [("/a", 200), ("", 404)]), ("<", [("/a", 0), ("/b", 0)])])
def test_after_a_hole_in_heads_one_end_alone_is_understood(lost: str, expected: list[tuple[str, int]]) -> None:
    client, server = End(">"), End("<")
    hole = Piece(AT, lost == ">", b"", gap=5)
    said = [OPENING, client.asks(1, "/a"), hole, client.asks(3, "/b")]
    assert sorted(told([*said, server.answers(1, 200), server.answers(3, 404)])) == sorted(expected)


def test_of_many_at_once_the_first_are_told_without_their_answer() -> None:
    client = End(">")
    said = [OPENING, *(client.asks(2 * n + 1, f"/{n}") for n in range(40))]
    assert told(said) == [(f"/{n}", 0) for n in range(40)]


@pytest.mark.parametrize(("status", "accepted"), [("16", False), ("7", False), ("0", None), ("", None)])
def test_grpc_says_by_a_field_of_its_own_whether_it_took_a_login(status: str, accepted: bool | None) -> None:
    client, server = End(">"), End("<")
    went = (("grpc-status", status),) if status else ()
    heard = play(
        CHOOSE,
        conversation(),
        [
            OPENING,
            client.asks(1, "/fleet.v1.Telemetry/Report", ("authorization", f"Bearer {TOKEN}")),
            server.answers(1, 200, ("content-type", "application/grpc"), *went),
        ],
    )
    assert [e.accepted for e in items(heard, Exposure)] == [accepted]


@pytest.mark.parametrize("together", [True, False])
def test_a_request_that_asks_for_an_upgrade_is_answered_on_the_first_stream(together: bool) -> None:
    server, client = End("<"), End(">")
    asking = (
        b"GET /a HTTP/1.1\r\nHost: h.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"Authorization: Bearer " + TOKEN.encode() + b"\r\n\r\n"
    )
    switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    settings, answer = frame(SETTINGS, stream=0), server.answers(1, 204)[1]
    down = [("<", switched + settings + answer)] if together else [("<", switched), ("<", settings), ("<", answer)]
    said = [(">", asking), *down, OPENING, client.asks(3, "/b"), server.answers(3, 404)]
    heard = play(CHOOSE, conversation(), said)
    assert [(e.path, e.status) for e in items(heard, HttpExchange)] == [("/a", 204), ("/b", 404)]
    assert len(items(heard, TokenUse)) == 1


def test_a_client_that_upgrades_and_begins_otherwise_is_not_understood() -> None:
    switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
    said = [
        (">", b"GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n"),
        ("<", switched),
        (">", b"GET /b HTTP/1.1\r\n"),
    ]
    assert told(said) == [("/a", 0)]


def test_a_flood_of_heads_that_never_end_keeps_little() -> None:
    client = End(">")
    said = [OPENING, client.asks(1, "/a"), (">", frame(HEADERS, b"\x82", stream=3))]
    said += [(">", frame(CONTINUATION, bytes(999), stream=3))] * 100
    assert told(said) == [("/a", 0)]


@pytest.mark.parametrize("direction", ["<", ">"])
def test_what_is_not_understood_is_not_taken_for_what_was_not_said(direction: str) -> None:
    client, talk = End(">"), conversation()
    play(CHOOSE, talk, [OPENING, client.asks(1, "/a")])
    assert not talk.bytes_missed
    play(
        CHOOSE,
        talk,
        [OPENING, client.asks(1, "/a"), (direction, frame(HEADERS, b"\xff\xff\xff\x7f", flags=END_HEADERS))],
    )
    assert talk.bytes_missed


def test_doubtful_bytes_are_as_good_as_missing() -> None:
    client, talk, heard = End(">"), conversation(), []
    reader = CHOOSE(talk, Piece(1, True, OPENING[1]), heard.append)
    assert reader is not None
    reader.take(Piece(1, True, OPENING[1]))
    reader.take(Piece(2, True, client.asks(1, "/a")[1], is_doubtful=True))
    reader.take(Piece(3, True, client.asks(3, "/a")[1]))
    reader.end(4)
    assert not items(heard, HttpExchange)
    assert not msgspec.json.encode([s.item for s in heard]).count(b"/a")
