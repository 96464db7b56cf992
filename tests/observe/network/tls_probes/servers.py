"""TLS servers to ask: OpenSSL, nginx, mosquitto, tlslite, and scripted ones that misbehave."""

import contextlib
import ipaddress
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from iotscan.model.device import Service
from iotscan.model.facts import AnyFact
from iotscan.model.facts.tls import TlsEndpoint
from iotscan.model.scope import Pace, Scope
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Door
from iotscan.observe.network.workers.worker import Worker
from iotscan.wire.tls.framing import HANDSHAKE
from iotscan.wire.tls.server import ClientHello, read_client_hello

HOST = "127.0.0.1"
DEADLINE = 15.0


def free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def door(
    port: int,
    *,
    known: tuple[AnyFact, ...] = (),
    worker: Worker | None = None,
    connections: int = 1000,
    server_name: str = "",
) -> Door:
    pace = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=connections)
    service = Service(transport="tcp", port=port, protocol="tls")
    return Door(
        line=Dialer(Scope(include=("127.0.0.0/8",), pace=pace)).line(HOST),
        service=service,
        server_name=server_name,
        known=tuple((service.name, fact) for fact in known),
        tools={"tls_worker": worker} if worker else {},
    )


class Credentials:
    """A self-signed certificate and its key, as files."""

    def __init__(self, folder: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
        now = datetime.now(UTC)
        names = [x509.DNSName("device.local"), x509.IPAddress(ipaddress.ip_address(HOST))]
        self.certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), 77, now - timedelta(1), now + timedelta(30))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(key, hashes.SHA256())
        )
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        self.cert.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    @property
    def arguments(self) -> tuple[str, ...]:
        return "-cert", str(self.cert), "-key", str(self.key)


@contextlib.contextmanager
def running(command: list[str], port: int, apt: str) -> Iterator[int]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}: apt install {apt}")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_until_open(port, process)
        yield port
    finally:
        process.kill()
        process.communicate()


def wait_until_open(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        if process.poll() is not None:
            output = process.communicate()[0].decode(errors="replace")
            raise AssertionError(f"the server ended: {output}")
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError("the server did not start to listen")


def openssl(*arguments: str) -> contextlib.AbstractContextManager[int]:
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"{HOST}:{port}", "-quiet", *arguments]
    return running(command, port, "openssl")


@contextlib.contextmanager
def scripted(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that handles one connection after the other by ``serve``, until the block ends."""
    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(0.05)
        ended = threading.Event()

        def loop() -> None:
            while not ended.is_set():
                with contextlib.suppress(OSError):
                    peer, _ = listener.accept()
                    with peer:
                        peer.settimeout(5)
                        serve(peer)

        thread = threading.Thread(target=loop)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            ended.set()
            thread.join()


def answering(reply: Callable[[ClientHello], bytes]) -> contextlib.AbstractContextManager[int]:
    """A server that answers each ClientHello with the bytes ``reply`` makes, and closes."""

    def serve(peer: socket.socket) -> None:
        heard = b""
        while (hello := read_client_hello(heard)) is None:
            piece = peer.recv(4096)
            heard += piece
            if not piece or heard[0] != HANDSHAKE:  # an SSLv2 hello is no record of TLS
                return
        peer.sendall(reply(hello))

    return scripted(serve)


def only(facts: tuple[AnyFact, ...]) -> TlsEndpoint:
    (fact,) = facts
    assert isinstance(fact, TlsEndpoint)
    return fact
