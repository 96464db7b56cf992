"""WebSockets that a web server opens to anybody."""

import base64
import hashlib
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage
from wsproto.frame_protocol import Opcode

from iotscan.assess.check import Target, Verdict
from iotscan.model.answer import Answer
from iotscan.model.facts import WebSocketServer
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes import websocket
from tests.checks.samples import read_check
from tests.observe.network.daemons import serving
from tests.observe.network.test_ota import swupdate
from tests.observe.network.test_web_probes import FAST, HTML, HURRIED, Page, ask, door, end, once, site

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
OPENS = (200, HTML, b"<script>new WebSocket('ws://' + location.host + '/live')</script>")


def test_the_socket_of_swupdate(tmp_path: Path) -> None:
    with swupdate(tmp_path) as port:
        way = door(port, "http", pace=FAST)
        heard = ask(websocket.PROBE, port, way=way)
    # swupdate's own program compares no Origin, and asks nobody who they are.
    assert heard.facts == (WebSocketServer(tls=False, path="/ws", foreign_origin=Answer.of(True)),)


def server(status: bytes, asked: list[bytes], *, proof: bool = True) -> Callable[[socket.socket], None]:
    """A server that says 426 to a GET and answers a request for WebSocket, as RFC 6455 has it or without the proof."""

    def talk(guest: socket.socket) -> None:
        words = guest.recv(4096)
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", words)
        if key is None:
            guest.sendall(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n")
            return
        asked.append(words)
        said = base64.b64encode(hashlib.sha1(key[1] + GUID).digest()) if proof else b"x"
        guest.sendall(b"HTTP/1.1 " + status + b"\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + said + b"\r\n\r\n")
        asked.append(guest.recv(100))

    return talk


def test_who_demands_an_upgrade_is_asked_for_one_and_left_in_good_order() -> None:
    asked: list[bytes] = []
    with serving(server(b"101 Switching Protocols", asked)) as port:
        heard = ask(websocket.PROBE, port)
    assert heard.facts == (WebSocketServer(tls=False, path="/", foreign_origin=Answer.of(True)),)
    request, farewell = asked
    assert b"\r\nOrigin: https://iotscan.invalid\r\n" in request
    assert request.startswith(b"GET / HTTP/1.1\r\n")
    assert (farewell[0], farewell[1], len(farewell)) == (0x88, 0x82, 8)


@pytest.mark.parametrize(("status", "proof"), [(b"101 Switching Protocols", False), (b"401 Unauthorized", True)])
def test_no_proof_no_socket(status: bytes, proof: bool) -> None:
    with serving(server(status, [], proof=proof)) as port:
        assert end(ask(websocket.PROBE, port)) == (AttemptStatus.UNREADABLE, Reason.NOT_OBSERVABLE)


@pytest.mark.parametrize(
    "other", [(404, {}, b""), (200, HTML, b"<p>welcome"), (400, {}, b"bad request"), (302, {"Location": "/"}, b"")]
)
def test_what_names_no_socket_is_not_asked_for_one(other: Page) -> None:
    seen: list[str] = []
    with site({}, other=lambda _: other, seen=seen) as port:
        way = door(port, "http", pace=FAST)
        assert ask(websocket.PROBE, port, way=way) == Heard()
    assert way.line.connections <= 2


def test_a_named_path_that_nobody_serves_is_absent() -> None:
    with site({"/": OPENS}) as port:
        assert ask(websocket.PROBE, port) == Heard()


@pytest.mark.parametrize(
    ("script", "is_open"), [("/app.js", False), ("/gone.js", True), ("https://cdn.example/app.js", True)]
)
def test_a_script_that_is_not_read_may_open_one(script: str, is_open: bool) -> None:
    page = f"<script src={script}></script>".encode()
    with site({"/": (200, HTML, page), "/app.js": b"let x = 1"}) as port:
        heard = ask(websocket.PROBE, port)
    assert [gap.reason for gap in heard.missed] == ([Reason.NOT_OBSERVABLE] if is_open else [])


def test_silence_is_no_absence() -> None:
    with serving(once(b"")) as port:
        assert end(ask(websocket.PROBE, port, pace=HURRIED))[0] == AttemptStatus.UNREADABLE


def talker(
    says: bytes, *, own: bytes = b"", strict: bool = False, opcode: Opcode = Opcode.TEXT
) -> Callable[[socket.socket], None]:
    """A server of a well-kept library that says something as soon as it is open; to pages of ``own`` alone if given.

    ``strict`` to who is no page, either.
    """

    def talk(guest: socket.socket) -> None:
        there = WSConnection(ConnectionType.SERVER)
        words = guest.recv(4096)
        if b"Upgrade: websocket" not in words:
            guest.sendall(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n")
            return
        there.receive_data(words)
        (event,) = there.events()
        assert isinstance(event, Request)
        origin = dict(event.extra_headers).get(b"origin", b"" if strict else own)
        if own and origin != own:
            guest.sendall(there.send(RejectConnection(status_code=403)))
            return
        guest.sendall(there.send(AcceptConnection()))
        if opcode is Opcode.CLOSE:
            guest.sendall(there.send(CloseConnection(code=1008)))
        elif says:
            guest.sendall(there.send(TextMessage(data=says.decode())))
        guest.recv(100)

    return talk


def opened(talk: Callable[[socket.socket], None]) -> WebSocketServer:
    with serving(talk) as port:
        (fact,) = ask(websocket.PROBE, port).facts
    assert isinstance(fact, WebSocketServer)
    return fact


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        (b'[{"id": 1, "temperature": 21.5, "humidity": 40}]', "data"),
        (b'{"type": "auth_required", "ha_version": "2026.1"}', "asks"),
        (b'{"type": "hello", "version": "1"}', ""),
        (b"", ""),
    ],
)
def test_what_it_says_is_told_by_its_shape(says: bytes, kind: str) -> None:
    fact = opened(talker(says))
    assert (fact.says, fact.foreign_origin.value) == (kind, True)
    assert "21.5" not in repr(fact)


def test_who_compares_the_origin_is_asked_as_no_page() -> None:
    fact = opened(talker(b"", own=b"https://gw.example"))
    assert (fact.says, fact.foreign_origin.value) == ("", False)


def test_who_opens_to_its_own_pages_alone_is_asked_as_one_of_them() -> None:
    own: list[bytes] = []

    def talk(guest: socket.socket) -> None:
        talker(b'[{"id": 1, "temperature": 21.5, "humidity": 40}]', own=own[0], strict=True)(guest)

    with serving(talk) as port:
        own.append(f"http://127.0.0.1:{port}".encode())
        (fact,) = ask(websocket.PROBE, port).facts
        assert isinstance(fact, WebSocketServer)
        assert (fact.says, fact.foreign_origin.value, fact.own_origin) == ("data", False, True)
        subject = Subject(device="d", address="127.0.0.1", service=f"tcp/{port}")
        verdict = read_check("websocket-access").question(socket=fact, target=Target(subject=subject))
        assert isinstance(verdict, Verdict)
        assert verdict.variant == "data"
        assert f"Origin: {own[0].decode()}'" in verdict.reproduce


def test_who_closes_at_once_has_not_let_anybody_in() -> None:
    assert opened(talker(b"", opcode=Opcode.CLOSE)).says == "closes"
