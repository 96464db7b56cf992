"""QUIC beside HTTPS: a real server, a closed port, silence, and other answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.facts import OpenService, QuicServer
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.heard import Heard
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes import quic
from iotscan.wire.quic import version_question
from tests.observe.network.daemons import HOST, door, free_port, running, tool
from tests.observe.network.starttls.services import Keys, keys

__all__ = ["keys"]


def beside(port: int, protocol: str) -> Door:
    """A door to UDP ``port`` of a device that speaks ``protocol`` on the TCP port of the same number."""
    way = door(port, "quic", transport="udp")
    return msgspec.structs.replace(way, known=((f"tcp/{port}", OpenService(protocol=protocol)),))


def ask(port: int, protocol: str = "https") -> tuple[Heard, int]:
    way = beside(port, protocol)
    return anyio.run(quic.PROBE.ask, way), way.line.datagrams


@contextmanager
def answering(answer: bytes | None) -> Iterator[int]:
    """A UDP port that gives everybody the same answer, or none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((HOST, 0))
        peer.settimeout(10)
        if answer is not None:

            def serve() -> None:
                _, guest = peer.recvfrom(2000)
                peer.sendto(answer, guest)

            threading.Thread(target=serve, daemon=True).start()
        yield int(peer.getsockname()[1])


def test_a_real_server_lists_its_versions(tmp_path: Path, keys: Keys) -> None:
    port = free_port(socket.SOCK_DGRAM)
    command = [tool("gtlsserver", "ngtcp2-server"), "-q", HOST, str(port), *keys]

    def ready() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as guest:
            guest.settimeout(0.1)
            guest.connect((HOST, port))
            try:
                guest.send(version_question(bytes(8), bytes(8)))
                return bool(guest.recv(2000))
            except OSError:
                return False

    with running(command, ready, cwd=tmp_path):
        heard, datagrams = ask(port)
    (fact,) = heard.facts
    assert isinstance(fact, QuicServer)
    assert "0x00000001" in fact.versions
    assert datagrams == 1


def test_a_closed_port_has_none() -> None:
    heard, datagrams = ask(free_port(socket.SOCK_DGRAM))
    assert [gap.status for gap in heard.missed] == [AttemptStatus.ABSENT]
    assert datagrams == 1


def test_silence_is_a_timeout_after_two_datagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quic, "_SECONDS", 0.2)
    with answering(None) as port:
        heard, datagrams = ask(port)
    assert [gap.status for gap in heard.missed] == [AttemptStatus.TIMED_OUT]
    assert datagrams == 2


@pytest.mark.parametrize("answer", [b"", b"hello", b"\xc3" + bytes(4) + b"\x00\x00" + b"\x00\x00\x00\x01"])
def test_another_answer_is_unreadable(answer: bytes) -> None:
    with answering(answer) as port:
        heard, _ = ask(port)
    assert [gap.status for gap in heard.missed] == [AttemptStatus.UNREADABLE]


@pytest.mark.parametrize("protocol", ["http", "unknown", "smtp"])
def test_a_device_without_tls_there_is_not_asked(protocol: str) -> None:
    with answering(None) as port:
        heard, datagrams = ask(port, protocol)
    assert [gap.status for gap in heard.missed] == [AttemptStatus.NOT_TRIED]
    assert datagrams == 0
