"""What somebody else's handshake shows to who only listens: the certificates and the staple, up to TLS 1.2.

A relay on loopback keeps what the server sends, as a capture would hold it once its segments are put in order.
"""

import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from iotscan.wire.tls.flight import FlightReader
from tests.observe.network.daemons import serving
from tests.pki_lab.pki import Pki
from tests.pki_lab.serving import HOST, Shown, nginx


def recorded(port: int, *words: str) -> bytes:
    """All that a server says to OpenSSL's client, from the hello to the end of a request over TLS."""
    kept = bytearray()

    def relay(guest: socket.socket) -> None:
        with socket.create_connection((HOST, port)) as server:
            back = threading.Thread(target=_pass, args=(guest, server))
            back.start()
            with suppress(OSError):
                while piece := server.recv(4096):
                    kept.extend(piece)
                    guest.sendall(piece)
            back.join()

    with serving(relay) as through:
        command = ["openssl", "s_client", "-connect", f"{HOST}:{through}", "-status", "-ign_eof", *words]
        said = subprocess.run(command, input=b"GET / HTTP/1.0\r\n\r\n", capture_output=True, timeout=20)
    assert b"Server: nginx" in said.stdout, said.stdout
    return bytes(kept)


def _pass(guest: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while piece := guest.recv(4096):
            server.sendall(piece)
        server.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("size", [1, 1400, 1 << 20])
def test_a_recorded_handshake_shows_chain_and_staple(pki: Pki, tmp_path: Path, size: int) -> None:
    leaf, staple = pki.leaf("good-rsa"), pki.ocsp("good", "good-rsa")
    with nginx({"one": Shown(leaf=leaf, staple=staple.file)}, tmp_path) as ports:
        said = recorded(ports["one"])
    reader = FlightReader()
    for at in range(0, len(said), size):
        if reader.feed(said[at : at + size]):
            break
    assert reader.flight.end == "whole"
    assert (reader.flight.certificates, reader.flight.staple) == (leaf.ders, staple.der)


def test_in_tls_1_3_nothing_of_it_is_seen(pki: Pki, tmp_path: Path) -> None:
    with nginx({"one": Shown(leaf=pki.leaf("good"), version="TLSv1.3")}, tmp_path) as ports:
        said = recorded(ports["one"])
    reader = FlightReader()
    assert reader.feed(said)
    assert reader.flight.end == "whole"
    assert (reader.flight.certificates, reader.flight.staple) == ((), b"")
