"""The words before TLS on a real connection: bounded in time and bytes, written down, and never mistaken for TLS."""

import socket
from collections.abc import Callable
from contextlib import suppress

import anyio
import pytest

from iotscan.observe.network import opening
from iotscan.observe.network.connect_proxy import connect_proxy
from iotscan.observe.network.failures import DialError, NoTls, OpeningFailed, PeerClosed, TimedOut
from iotscan.observe.network.hellos import Said, over_stream
from iotscan.observe.network.probe import Door
from iotscan.wire.tls.hello import Offer
from iotscan.wire.tls.suites import offer
from tests.observe.network.daemons import HOST, door, serving
from tests.observe.network.tls_probes.test_connect_proxy import head, talk

HELLO = Offer(versions=("TLSv1.2",), suites=offer("TLSv1.2"))


def hello(way: Door) -> Said:
    return anyio.run(lambda: over_stream(way)(HELLO))


def outcome(serve: Callable[[socket.socket], None], protocol: str) -> DialError | None:
    with serving(serve) as port:
        return hello(door(port, protocol)).error


def silence(guest: socket.socket) -> None:
    while guest.recv(4096):
        pass


def flood(guest: socket.socket) -> None:
    with suppress(OSError):
        while True:
            guest.sendall(b"220-and on it goes\r\n" * 100)


def drip(guest: socket.socket) -> None:
    with suppress(OSError):
        guest.sendall(b"2")
        silence(guest)


def hang_up(guest: socket.socket) -> None:
    guest.sendall(b"220 bye\r\n")


def reset(guest: socket.socket) -> None:
    guest.recv(1)
    guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def refuse(guest: socket.socket) -> None:
    guest.sendall(b"220 ready\r\n")
    while guest.recv(4096):
        guest.sendall(b"530 Please login with USER and PASS.\r\n")


@pytest.mark.parametrize(
    ("serve", "protocol", "error"),
    [
        (silence, "smtp", TimedOut),
        (silence, "ldap", TimedOut),
        (drip, "ftp", TimedOut),
        (flood, "smtp", OpeningFailed),
        (hang_up, "ftp", OpeningFailed),
        (reset, "postgresql", OpeningFailed),
        (refuse, "ftp", NoTls),
    ],
)
def test_who_does_not_come_to_tls(
    serve: Callable[[socket.socket], None], protocol: str, error: type[DialError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.5)
    found = outcome(serve, protocol)
    assert type(found) is error, found
    assert str(found).startswith(f"{protocol}: ")


def test_the_hello_is_the_next_word_after_the_agreement() -> None:
    said: list[bytes] = []

    def serve(guest: socket.socket) -> None:
        guest.sendall(b"220 ready\r\n")
        said.append(guest.recv(4096))
        guest.sendall(b"234 go on\r\n")
        said.append(guest.recv(4096))
        guest.sendall(b"\x15\x03\x01\x00\x02\x02\x28")

    with serving(serve) as port:
        answer = hello(door(port, "ftp"))
    assert said[0] == b"AUTH TLS\r\n"
    assert said[1][:3] == b"\x16\x03\x01"
    assert answer.stop == "whole"


def test_tls_at_once_needs_no_word_before() -> None:
    said: list[bytes] = []

    def serve(guest: socket.socket) -> None:
        said.append(guest.recv(4096))

    with serving(serve) as port:
        way = door(port, "https")
        hello(way)
    assert way.opening == ""
    assert said[0][:3] == b"\x16\x03\x01"


def through_proxy(serve: Callable[[socket.socket], None]) -> tuple[bytes, DialError | None]:
    async def go(port: int) -> tuple[bytes, DialError | None]:
        async with connect_proxy(door(port, "ftp")) as proxy:
            heard = await talk(proxy.at, head(f"{HOST}:{port}", proxy.password), b"hello")
        return heard, proxy.error

    with serving(serve) as port:
        return anyio.run(go, port)


def test_a_library_finds_tls_at_once_behind_the_proxy() -> None:
    def serve(guest: socket.socket) -> None:
        guest.sendall(b"220 ready\r\n")
        guest.recv(4096)
        guest.sendall(b"234 go on\r\n")
        guest.sendall(guest.recv(4096)[::-1])

    heard, error = through_proxy(serve)
    assert heard == b"HTTP/1.1 200 OK\r\n\r\nolleh"
    assert error is None


def test_a_library_hears_that_there_is_no_tls() -> None:
    heard, error = through_proxy(refuse)
    assert heard.startswith(b"HTTP/1.1 502")
    assert isinstance(error, NoTls)
    assert not isinstance(error, PeerClosed)
