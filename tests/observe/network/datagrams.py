"""Servers over datagrams on loopback: real ones as subprocesses, scripted ones in threads."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from iotscan.wire import coap
from tests.observe.network.daemons import DEADLINE, HOST, free_port, running, tool
from tests.ports import is_held

PING = 0x7265  # a message id of our own
Answer = Callable[[bytes], Iterable[bytes]]
PACKAGES = {"coap-server-openssl": "libcoap3-bin", "coap-server-gnutls": "libcoap3-bin", "gnutls-serv": "gnutls-bin"}


@contextmanager
def answering(answer: Answer) -> Iterator[int]:
    """A UDP server that sends back all of ``answer(datagram)``; yields its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((HOST, 0))
        peer.settimeout(DEADLINE)
        ended = threading.Event()

        def serve() -> None:
            while True:
                try:
                    data, guest = peer.recvfrom(65535)
                    if not data and ended.is_set():
                        return
                    for reply in answer(data):
                        peer.sendto(reply, guest)
                except OSError:
                    if ended.is_set():
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = int(peer.getsockname()[1])
        try:
            yield port
        finally:
            ended.set()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", (HOST, port))
            thread.join(DEADLINE)


@contextmanager
def free_pair() -> Iterator[int]:
    """A UDP port that was free a moment ago, with the one above it."""
    while True:
        port = free_port(socket.SOCK_DGRAM)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as above:
                above.bind((HOST, port + 1))
        except (OSError, OverflowError):
            continue
        break
    yield port


@contextmanager
def coap_server(library: str, folder: Path, *options: str) -> Iterator[int]:
    """libcoap's server with ``openssl`` or ``gnutls``; yields its clear port, DTLS is on the one above."""
    name = f"coap-server-{library}"
    program = tool(name, PACKAGES[name])
    with free_pair() as port, running([program, "-A", HOST, "-p", str(port), *options], pinged(port), cwd=folder):
        yield port


@contextmanager
def dtls_server(folder: Path, command: Callable[[int], Sequence[str]]) -> Iterator[int]:
    """A DTLS server started by ``command(port)``."""
    port = free_port(socket.SOCK_DGRAM)
    name, *options = command(port)
    program = tool(name, PACKAGES.get(name, name)) if "/" not in name else name
    with running([program, *options], bound(port), cwd=folder):
        yield port


def pinged(port: int) -> Callable[[], bool]:
    """Whether a CoAP server answers: libcoap loses what arrives between its bind and its loop."""

    def answers() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as guest:
            guest.settimeout(0.2)
            try:
                guest.connect((HOST, port))
                guest.send(coap.ping(PING))
                return guest.recv(64) == coap.reset(PING)
            except OSError:
                return False

    return answers


def bound(port: int) -> Callable[[], bool]:
    """Whether somebody holds a UDP port."""
    return partial(is_held, "udp", port)
