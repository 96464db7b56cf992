"""Real services are known for what they speak, in the clear and inside TLS, on their ports and on odd ones."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from iotscan.observe.network.identify import Identified, identify
from iotscan.observe.network.ports import PORTS
from iotscan.observe.network.probe import HAVE_TLS, TLS_AT_ONCE
from iotscan.observe.network.questions import TWINS, order, order_inside
from tests.observe.network.daemons import door, free_port, serving
from tests.observe.network.starttls.services import SERVICES, Keys, dovecot, keys, opensmtpd, slapd, stunnel

__all__ = ["keys"]


def ask(port: int, expected: str, most: int) -> Identified:
    way = door(port, "unknown").line
    found = anyio.run(lambda: identify(way, port, expected=expected, listen=0.3))
    assert way.connections <= most
    return found


@pytest.mark.parametrize("protocol", sorted(SERVICES))
def test_known_on_its_port_at_the_first_word(protocol: str, tmp_path: Path, keys: Keys) -> None:
    with SERVICES[protocol](tmp_path, keys) as port:
        found = ask(port, protocol, 1)
    assert found.service.protocol == protocol
    assert found.missed == ()


@pytest.mark.parametrize("protocol", ["ftp", "smtp", "imap", "pop3", "mysql"])
def test_who_speaks_first_is_known_on_any_port(protocol: str, tmp_path: Path, keys: Keys) -> None:
    with SERVICES[protocol](tmp_path, keys) as port:
        assert ask(port, "", 1).service.protocol == protocol


@contextmanager
def imaps(folder: Path, keys: Keys) -> Iterator[int]:
    port = free_port()
    with dovecot(folder, keys, tls_port=port):
        yield port


@contextmanager
def pop3s(folder: Path, keys: Keys) -> Iterator[int]:
    port = free_port()
    with dovecot(folder, keys, serve="pop3", tls_port=port):
        yield port


@contextmanager
def smtps(folder: Path, keys: Keys) -> Iterator[int]:
    """OpenSMTPD 6.8 behind stunnel: on OpenSSL 3 it finishes no handshake of its own."""
    with opensmtpd(folder, None) as inner, stunnel(folder, keys, inner) as port:
        yield port


@contextmanager
def ldaps(folder: Path, keys: Keys) -> Iterator[int]:
    port = free_port()
    with slapd(folder, keys, ldaps=port):
        yield port


@contextmanager
def ftps(folder: Path, keys: Keys) -> Iterator[int]:
    with SERVICES["ftp"](folder, None) as inner, stunnel(folder, keys, inner) as port:
        yield port


def _behind(talk: Callable[[socket.socket], None]) -> Callable[[Path, Keys], object]:
    @contextmanager
    def behind(folder: Path, keys: Keys) -> Iterator[int]:
        with serving(talk) as inner, stunnel(folder, keys, inner) as port:
            yield port

    return behind


def _amqp(guest: socket.socket) -> None:
    """As RabbitMQ does, which is too heavy for this: its header to strangers, Connection.Start to AMQP."""
    while asked := guest.recv(4096):
        if asked == b"AMQP\x00\x00\x09\x01":
            guest.sendall(b"\x01\x00\x00\x00\x00\x00\x0a\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x00\xce")
        else:
            guest.sendall(b"AMQP\x00\x00\x09\x01")
            return


def _dns(guest: socket.socket) -> None:
    """As unbound does: an answer to DNS, a close to everything else."""
    asked = guest.recv(4096)
    if asked[2:4] == b"\x10\x53":
        guest.sendall(asked[:4] + b"\x80\x05" + asked[6:])
        guest.recv(4096)


def _coap(guest: socket.socket) -> None:
    """As a server of RFC 8323 does: its settings first, whatever comes."""
    guest.sendall(b"\x00\xe1")
    guest.recv(4096)


def _rtsp(guest: socket.socket) -> None:
    while guest.recv(4096):
        guest.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")


INSIDE = {
    "imaps": imaps,
    "pop3s": pop3s,
    "smtps": smtps,
    "ldaps": ldaps,
    "ftps": ftps,
    "amqps": _behind(_amqp),
    "dot": _behind(_dns),
    "coaps+tcp": _behind(_coap),
    "rtsps": _behind(_rtsp),
}


@pytest.mark.parametrize("protocol", sorted(INSIDE))
def test_known_inside_tls_on_its_port(protocol: str, tmp_path: Path, keys: Keys) -> None:
    with INSIDE[protocol](tmp_path, keys) as port:  # type: ignore[operator]
        found = ask(port, protocol, 2)
    assert found.service.protocol == protocol
    assert "; inside, " in found.service.how


@pytest.mark.parametrize("protocol", ["imaps", "pop3s", "smtps", "ftps", "amqps", "rtsps"])
def test_known_inside_tls_on_an_odd_port(protocol: str, tmp_path: Path, keys: Keys) -> None:
    with INSIDE[protocol](tmp_path, keys) as port:  # type: ignore[operator]
        assert ask(port, "", 2).service.protocol == protocol


@pytest.mark.parametrize("expected", ["", "tls", "https", "amqps", "dot", "imaps", "http", "ssh"])
def test_tls_that_keeps_to_itself_is_tls_on_any_port(expected: str, tmp_path: Path, keys: Keys) -> None:
    """RadSec and syslog: whoever has no business there hears nothing."""

    def swallow(guest: socket.socket) -> None:
        while guest.recv(4096):
            pass

    with serving(swallow) as inner, stunnel(tmp_path, keys, inner) as port:
        assert ask(port, expected, 5).service.protocol == "tls"


def test_a_port_of_tls_that_speaks_in_the_clear(tmp_path: Path) -> None:
    with SERVICES["smtp"](tmp_path, None) as port:
        assert ask(port, "smtps", 1).service.protocol == "smtp"


def test_what_the_ports_suggest_is_asked_first() -> None:
    suggested = {choice.expected for choice in PORTS}
    # TLS lives on these, at once or after a word in the clear; data stores have the same port for both, and no port
    # suggests HTTP/2 by itself.
    assert suggested | {TWINS.get(protocol, "") for protocol in suggested} >= HAVE_TLS - {"h2"}
    assert all(order(protocol)[0] == "tls" for protocol in TLS_AT_ONCE)
    assert len(order("")) == 3
    assert len(order_inside("")) == 2
    assert set(TWINS.values()) == TLS_AT_ONCE - {"tls"}
