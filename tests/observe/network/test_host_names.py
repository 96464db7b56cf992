"""What a host that was found says it is called: asked of it alone, once, and whoever says nothing costs little."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import anyio
import pytest

from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery import host_names
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.host_names import ask_host_names
from iotscan.wire import llmnr, netbios
from tests.observe.network.test_dial import dialer
from tests.wire.test_discovery_codecs import labels, node_status, record

HOST = "127.0.137.7"
"""On loopback every address is ours, with every port free."""


@contextmanager
def answering(udp: Callable[[bytes], bytes] | None, tcp: Callable[[bytes], bytes] | None) -> Iterator[None]:
    """A host that answers once over UDP, and all who connect."""
    with ExitStack() as stack:
        for kind, port, reply in ((socket.SOCK_DGRAM, netbios.PORT, udp), (socket.SOCK_STREAM, llmnr.PORT, tcp)):
            if reply is None:
                continue
            own = stack.enter_context(socket.socket(socket.AF_INET, kind))
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.bind((HOST, port))
            thread = threading.Thread(target=serve, args=(own, reply), daemon=True)
            if kind == socket.SOCK_STREAM:
                own.listen()
            thread.start()
            stack.callback(thread.join, 5)
            stack.callback(own.shutdown, socket.SHUT_RDWR) if kind == socket.SOCK_STREAM else None
        yield


def serve(own: socket.socket, reply: Callable[[bytes], bytes]) -> None:
    if own.type == socket.SOCK_DGRAM:
        packet, source = own.recvfrom(999)
        own.sendto(reply(packet), source)
        return
    while True:
        try:
            peer, _ = own.accept()
        except OSError:
            return
        with peer:
            asked = peer.recv(999)
            if asked:
                peer.sendall(reply(asked))


def ask() -> tuple[tuple[Found, ...], Dialer]:
    dialed = dialer()
    return anyio.run(ask_host_names, dialed, HOST), dialed


def status(packet: bytes) -> bytes:
    return node_status(int.from_bytes(packet[:2], "big"), (b"NAS", 0, 4))


def name(asked: bytes) -> bytes:
    owner = labels("7", "137", "0", "127", "in-addr", "arpa")
    said = asked[2:4] + b"\x80\0\0\0\0\1\0\0\0\0" + record(owner, 12, labels("nas"))
    return len(said).to_bytes(2, "big") + said


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the port of NetBIOS is root's alone to answer on")


@needs_root
def test_both_are_asked() -> None:
    with answering(status, name):
        found, dialed = ask()
    assert [(f.how, c.what, c.value) for f in found for c in f.claims] == [
        ("netbios", "hostname", "NAS"),
        ("llmnr", "hostname", "nas"),
    ]
    cost = dialed.line(HOST).cost()
    assert (cost.datagrams, cost.exchanges, cost.attempts, cost.connections) == (1, 1, 1, 1)


def test_who_speaks_neither_sees_a_datagram_and_a_knock() -> None:
    found, dialed = ask()
    cost = dialed.line(HOST).cost()
    assert found == ()
    assert (cost.datagrams, cost.exchanges, cost.attempts, cost.connections) == (1, 1, 1, 0)


@needs_root
def test_nonsense_is_no_name() -> None:
    with answering(lambda packet: b"\xff" * 300, lambda asked: b"\xff" * 700):
        found, _ = ask()
    assert found == ()


def test_who_accepts_and_says_nothing_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_names, "LLMNR_SECONDS", 0.05)
    over = threading.Event()

    async def bounded() -> tuple[Found, ...]:
        with anyio.fail_after(5):
            return await ask_host_names(dialer(), HOST)

    def silent(asked: bytes) -> bytes:
        over.wait(20)
        return b""

    with answering(None, silent):
        assert anyio.run(bounded) == ()
        over.set()


def test_a_greeting_is_no_answer_that_goes_on() -> None:
    assert not llmnr.is_short(b"RFB 003.008\n")
    assert llmnr.is_short(b"\0\x20half")
