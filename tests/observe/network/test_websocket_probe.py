"""WebSockets that a web server opens to anybody, without TLS."""

import base64
import hashlib
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.model.facts import WebSocketServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes import websocket
from tests.observe.network.daemons import serving
from tests.observe.network.test_ota import swupdate
from tests.observe.network.test_web_probes import FAST, HTML, HURRIED, Page, ask, door, end, once, site

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
OPENS = (200, HTML, b"<script>new WebSocket('ws://' + location.host + '/live')</script>")


def test_the_socket_of_swupdate(tmp_path: Path) -> None:
    with swupdate(tmp_path) as port:
        way = door(port, "http", pace=FAST)
        heard = ask(websocket.PROBE, port, way=way)
    assert heard.facts == (WebSocketServer(tls=False, path="/ws"),)


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
    assert heard.facts == (WebSocketServer(tls=False, path="/"),)
    request, farewell = asked
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
