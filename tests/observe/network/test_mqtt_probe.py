import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from iotscan.model.facts import MqttBroker
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.mqtt import PROBE
from tests.observe.network.daemons import accepts, door, free_port, running, serving, tool


def ask(port: int, protocol: str = "mqtt") -> Heard:
    return anyio.run(PROBE.ask, door(port, protocol))


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[int]:
    program, port = tool("mosquitto", "mosquitto"), free_port()
    config = folder / "mosquitto.conf"
    config.write_text("\n".join((f"listener {port} 127.0.0.1", "persistence false", "user root", *lines)) + "\n")
    with running([program, "-c", str(config)], lambda: accepts(port), cwd=folder):
        yield port


def passwords(folder: Path, user: str, password: str) -> str:
    path = folder / "passwords"
    subprocess.run([tool("mosquitto_passwd", "mosquitto"), "-b", "-c", str(path), user, password], check=True)
    return str(path)


def test_anonymous_broker(tmp_path: Path) -> None:
    with mosquitto(tmp_path, "allow_anonymous true") as port:
        (fact,) = ask(port).facts
    assert isinstance(fact, MqttBroker)
    assert (fact.tls, fact.anonymous.value, fact.return_code) == (False, True, 0)


def test_broker_with_passwords(tmp_path: Path) -> None:
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords(tmp_path, 'u', 'p')}") as port:
        (fact,) = ask(port).facts
    assert isinstance(fact, MqttBroker)
    assert (fact.anonymous.value, fact.return_code) == (False, 5)


def test_broker_behind_tls(tmp_path: Path) -> None:
    openssl = tool("openssl", "openssl")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=b", "-days", "2"]
    command += ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    subprocess.run(command, check=True, capture_output=True)
    lines = ("allow_anonymous true", f"certfile {tmp_path / 'cert'}", f"keyfile {tmp_path / 'key'}")
    with mosquitto(tmp_path, *lines) as port:
        (fact,) = ask(port, "mqtts").facts
    assert isinstance(fact, MqttBroker)
    assert fact.tls
    assert fact.anonymous.value


@pytest.mark.parametrize("code", [1, 2, 3])
def test_other_refusals_leave_the_question_open(code: int) -> None:
    with serving(lambda guest: guest.sendall(bytes((0x20, 2, 0, code)))) as port:
        (fact,) = ask(port).facts
    assert isinstance(fact, MqttBroker)
    assert not fact.anonymous.is_answered
    assert fact.return_code == code


def test_it_says_goodbye_and_nothing_else() -> None:
    said: list[bytes] = []
    gone = threading.Event()

    def talk(guest: socket.socket) -> None:
        said.append(guest.recv(4096))
        guest.sendall(b"\x20\x02\x00\x00")
        while piece := guest.recv(4096):
            said.append(piece)
        gone.set()

    with serving(talk) as port:
        ask(port)
        assert gone.wait(10)
    assert said[0][0] == 0x10
    assert b"".join(said[1:]) == b"\xe0\x00"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_no_connack_is_unreadable(answer: bytes) -> None:
    with serving(lambda guest: guest.recv(4096) and guest.sendall(answer)) as port:
        heard = ask(port)
    assert heard.facts == ()
    assert (heard.missed[0].status, heard.missed[0].reason) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


def test_silence_is_a_timeout() -> None:
    def talk(guest: socket.socket) -> None:
        while guest.recv(4096):
            pass

    with serving(talk) as port:
        heard = ask(port)
    assert heard.facts == ()
    assert heard.missed[0].status is AttemptStatus.TIMED_OUT
