import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.facts import AdbServer
from iotscan.model.scope import Pace
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.adb import PROBE
from iotscan.wire import adb
from tests.observe.network.daemons import HOST, PACE, accepts, door, free_port, running, serving, tool


def ask(port: int, pace: Pace = PACE) -> Heard:
    return anyio.run(PROBE.ask, door(port, "adb", pace=pace))


def message(command: bytes, data: bytes = b"") -> bytes:
    magic = int.from_bytes(command, "little") ^ 0xFFFFFFFF
    return struct.pack("<4s5I", command, 0x01000000, 4096, len(data), 0, magic) + data


@pytest.mark.parametrize(
    ("reply", "fact"),
    [
        (
            message(b"CNXN", b"device::ro.product.model=TV\x00"),
            AdbServer(needs_key=False, banner="device::ro.product.model=TV"),
        ),
        (message(b"AUTH", b"\x01" * 20), AdbServer(needs_key=True)),
        (message(b"STLS"), AdbServer(needs_key=True, tls=True)),
    ],
)
def test_daemons(reply: bytes, fact: AdbServer) -> None:
    said: list[bytes] = []

    def talk(guest: socket.socket) -> None:
        said.append(guest.recv(4096))
        guest.sendall(reply[:10])
        guest.sendall(reply[10:])
        while piece := guest.recv(4096):
            said.append(piece)

    with serving(talk) as port:
        assert ask(port).facts == (fact,)
    assert b"".join(said) == adb.connect_message()


def test_junk_is_unreadable() -> None:
    with serving(lambda guest: guest.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        (gap,) = ask(port).missed
    assert (gap.status, gap.reason) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


def test_silence_is_a_timeout() -> None:
    def talk(guest: socket.socket) -> None:
        while guest.recv(4096):
            pass

    with serving(talk) as port:
        (gap,) = ask(port, msgspec.structs.replace(PACE, conversation_timeout=0.3)).missed
    assert gap.status is AttemptStatus.TIMED_OUT


@contextmanager
def adbd(kind: str, folder: Path) -> Iterator[int]:
    port = free_port()
    script = str(Path(__file__).with_name("adb_daemon.py"))
    with running([sys.executable, "-I", script, kind, HOST, str(port)], lambda: accepts(port), cwd=folder):
        yield port


@pytest.mark.parametrize(
    ("kind", "needs_key", "tls"), [("open", False, False), ("keyed", True, False), ("wireless", True, True)]
)
def test_the_answers_of_adbd(tmp_path: Path, kind: str, needs_key: bool, tls: bool) -> None:
    with adbd(kind, tmp_path) as port:
        (fact,) = ask(port).facts
    assert isinstance(fact, AdbServer)
    assert (fact.needs_key, fact.tls) == (needs_key, tls)
    assert ("TV Box" in fact.banner) == (kind == "open")
    assert "offence" not in (tmp_path / "daemon.log").read_text()


def test_the_client_of_android_takes_them_for_a_device(tmp_path: Path) -> None:
    """So they are what adbd says."""
    client = [tool("adb", "adb"), "-P", str(free_port())]

    def told(*words: str) -> str:
        home = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        return subprocess.run([*client, *words], env=home, capture_output=True, text=True, check=False).stdout

    with adbd("open", tmp_path) as port:
        try:
            assert f"connected to {HOST}:{port}" in told("connect", f"{HOST}:{port}")
            assert "model:TV_Box" in told("devices", "-l")
        finally:
            told("kill-server")
