import socket
import struct

import anyio
import pytest

from iotscan.model.facts import AdbServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.adb import PROBE
from iotscan.wire import adb
from tests.observe.network.daemons import door, serving


def ask(port: int) -> Heard:
    return anyio.run(PROBE.ask, door(port, "adb"))


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
        (gap,) = ask(port).missed
    assert gap.status is AttemptStatus.TIMED_OUT
