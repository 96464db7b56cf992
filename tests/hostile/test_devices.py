"""Hostile and fragile devices that need a scan of their own."""

import itertools
import socket
import threading
import time
from collections import deque
from pathlib import Path

import pytest

from iotscan.model.scope import Pace
from iotscan.wire import snmp
from tests.hostile.devices import answering
from tests.hostile.scanning import FAST, claims, not_applicable, scan
from tests.hostile.serving import ALL, EXPECTED, SSH, TELNET, WEB, Device, Talk, device, http, silence, web

SNMP = 15161
RANGE = range(16000, 16200)
UNKNOWN = answering(b"E 17: I do not understand a word\n")
NOT_FOUND = web(lambda path, head: http(b"", status="404 Not Found"))
WEB_CHECKS = {"http-cleartext-login", "security-contact", "update-signature", "update-transport", "firmware-upload"}


def granted(request: bytes) -> bytes:
    return request.replace(b"\xa0", b"\xa2", 1)


def other_request(request: bytes) -> bytes:
    at = request.index(b"\xa0") + 4
    return granted(request[:at] + bytes([request[at] ^ 0x55]) + request[at + 1 :])


def unauthorised(request: bytes) -> bytes:
    # The error status follows the request id: 02 01 00 becomes 02 01 10 (authorizationError).
    return granted(request).replace(b"\x02\x01\x00\x02\x01\x00\x30", b"\x02\x01\x10\x02\x01\x00\x30")


def other_community(request: bytes) -> bytes:
    return granted(request).replace(b"public", b"secret")


def test_an_agent_that_answers_any_community(tmp_path: Path) -> None:
    with device() as made:
        made.tcp([WEB], NOT_FOUND)
        made.udp(SNMP, granted)
        run = scan(tmp_path, made.address, ports=[WEB], expected=EXPECTED, udp={"snmp": SNMP})
    assert ("snmp-community", "any") in claims(run)
    assert ("snmp-community", "public") not in claims(run)


@pytest.mark.parametrize("answer", [other_request, unauthorised, other_community, lambda request: b"\x30\x82\xff\xff"])
def test_agents_that_grant_nothing(answer, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    request = snmp.get_request("public", 77)
    assert answer(request) != granted(request)
    with device() as made:
        made.udp(SNMP, answer)
        made.tcp([WEB], NOT_FOUND)
        run = scan(tmp_path, made.address, ports=[WEB], expected=EXPECTED, udp={"snmp": SNMP})
    assert "snmp-community" not in {check for check, _ in claims(run)} | not_applicable(run)


@pytest.mark.parametrize("talk", [silence, lambda guest: None], ids=["silent", "closing"])
def test_a_host_that_accepts_on_every_port(talk: Talk, tmp_path: Path) -> None:
    with device() as made:
        made.tcp(RANGE, talk)
        run = scan(tmp_path, made.address, ports=RANGE)
    assert (claims(run), not_applicable(run)) == (set(), set())
    (cost,) = run.costs.values()
    assert cost.connections <= FAST.connections
    assert cost.attempts <= 2 * len(RANGE)


def test_the_port_beyond_those_that_are_asked_may_speak_anything(tmp_path: Path) -> None:
    pace = Pace(attempts_per_second=2000, accepted_per_second=500, connections=1000, device_timeout=100)
    ports = range(16000, 16066)
    with device() as made:
        made.tcp(ports[:-1], lambda guest: guest.sendall(b"220 nothing that iotscan knows\r\n"))
        made.tcp(ports[-1:], answering(b"\xff\xfd\x18\xff\xfd\x20cam login: ", unasked=True))
        run = scan(tmp_path, made.address, ports=ports, pace=pace)
    assert (claims(run), not_applicable(run)) == (set(), set())


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
@pytest.mark.parametrize("end", ["closed", "silent", "reset"])
def test_a_device_that_dies_in_the_middle(count: int, end: str, tmp_path: Path) -> None:
    talked = itertools.count()

    def page(path: str, head: bytes) -> bytes:
        return http(b"<title>Acme</title><form><input type=password></form>" if path == "/" else b"", status="200 OK")

    def talk(guest: socket.socket) -> None:
        opening = guest.recv(1, socket.MSG_PEEK)
        if not opening or next(talked) < count:
            web(page)(guest)
        elif end == "silent":
            silence(guest)
        elif end == "reset":
            guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        else:
            made.stop()

    with device() as made:
        made.tcp([WEB], talk)
        run = scan(tmp_path, made.address, ports=ALL, expected=EXPECTED)
    whole = {("security-contact", "absent"), ("unauthenticated-disclosure", "pass")}
    assert claims(run) <= {("http-cleartext-login", "cleartext"), *whole}
    if count < 5:
        assert not claims(run) & whole
    assert not not_applicable(run) & WEB_CHECKS


class Fragile:
    """Serves one guest at a time and five a second; anything more, and it never answers again."""

    def __init__(self) -> None:
        self.is_dead = False
        self.served = 0
        self._guests = 0
        self._times: deque[float] = deque(maxlen=6)
        self._lock = threading.Lock()

    def talk(self, guest: socket.socket) -> None:
        with self._lock:
            self._guests += 1
            self._times.append(time.monotonic())
            is_rush = len(self._times) == 6 and self._times[-1] - self._times[0] < 1.0
            self.is_dead = self.is_dead or self._guests > 1 or is_rush
        try:
            if self.is_dead:
                silence(guest)
            else:
                NOT_FOUND(guest)
                self.served += 1
        finally:
            with self._lock:
                self._guests -= 1


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_fragile_device_survives_the_default_pace(tmp_path: Path) -> None:
    fragile = Fragile()
    with device() as made:
        made.tcp([WEB], fragile.talk)
        run = scan(tmp_path, made.address, ports=ALL, expected=EXPECTED, pace=Pace())
    assert not fragile.is_dead
    assert fragile.served > 10
    # Every path is answered 404: so there is no contact, and nothing of itself is shown.
    assert claims(run) == {("security-contact", "absent"), ("unauthenticated-disclosure", "pass")}


def any_login(made: Device) -> None:
    """An Acme IPCam by name: whoever gives credentials is let in, on the web and on telnet."""

    def page(path: str, head: bytes) -> bytes:
        if b"\r\nauthorization:" in head.lower():
            return http(b"<title>Acme IPCam 100</title>welcome")
        return http(b"", 'WWW-Authenticate: Basic realm="Acme IPCam 100"', status="401 Unauthorized")

    def shell(guest: socket.socket) -> None:
        guest.sendall(b"\xff\xfd\x18Acme IPCam 100\r\nlogin: ")
        for reply in (b"Password: ", b"\r\nWelcome\r\n/ # "):
            while b"\n" not in guest.recv(256):
                pass
            guest.sendall(reply)
        silence(guest)

    made.tcp([WEB], web(page))
    made.tcp([TELNET], shell)


def every_page_is_in(made: Device) -> None:
    """An Acme IPCam by name, whose every page says that the login was a success."""
    made.tcp([WEB], web(lambda path, head: http(b"<title>Acme IPCam 100</title>Login successful. Logout")))
    made.tcp([SSH], answering(b"SSH-2.0-Acme\r\nLogin successful\r\n# ", unasked=True))


def everybody_is_let_in(made: Device) -> None:
    """A telnet service that asks for a name, takes it, and shows a shell."""

    def shell(guest: socket.socket) -> None:
        guest.sendall(b"\xff\xfd\x18Acme IPCam 100\r\nlogin: ")
        while b"\n" not in guest.recv(256):
            pass
        guest.sendall(b"\r\n~ # ")
        silence(guest)

    made.tcp([TELNET], shell)


@pytest.mark.parametrize("rogue", [any_login, every_page_is_in, everybody_is_let_in])
def test_a_device_that_takes_every_login_has_no_default_login(rogue, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pace = Pace(attempts_per_second=2000, accepted_per_second=500, connections=200, connect_timeout=0.5)
    with device() as made:
        rogue(made)
        run = scan(tmp_path, made.address, ports=ALL, expected=EXPECTED, default_creds=True, pace=pace)
    said = {variant for check, variant in claims(run) if check == "default-credentials"}
    assert said <= {"accepts-any"}
    assert rogue is every_page_is_in or said == {"accepts-any"}
