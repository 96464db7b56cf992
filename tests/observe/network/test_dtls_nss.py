"""A real server without cookies, and of DTLS 1.3: NSS, as browsers have it.

The NSS of Debian 12 still calls DTLS 1.3 by the number of its last draft, 43; a relay between us gives it its own.
"""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from iotscan.model.facts import CertificateChain, DtlsServer, TlsEndpoint
from iotscan.observe.network.probes import dtls, dtls_endpoint
from tests.observe.network.daemons import HOST, door, tool
from tests.observe.network.datagrams import answering, dtls_server
from tests.observe.network.tls_probes.servers import Credentials

SOURCE = Path(__file__).with_name("nss_dtls.c")
INCLUDES, LIBRARIES = ("-I/usr/include/nss", "-I/usr/include/nspr"), ("-lssl3", "-lsmime3", "-lnss3", "-lnspr4")
FINAL, DRAFT = b"\xfe\xfc", b"\x7f\x2b"
SUPPORTED_VERSIONS = b"\x00\x2b\x00"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not Path("/usr/include/nss/ssl.h").exists():
        pytest.skip("needs NSS: apt install libnss3-dev")
    made = tmp_path_factory.mktemp("nss") / "nss_dtls"
    subprocess.run([tool("gcc", "gcc"), "-o", made, SOURCE, *INCLUDES, *LIBRARIES], check=True)
    return made


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("der")
    made = Credentials(folder, rsa.generate_private_key(65537, 2048))
    key = load_pem_private_key(made.key.read_bytes(), None)
    encoded = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "cert.der").write_bytes(made.der)
    (folder / "key.der").write_bytes(encoded)
    return str(folder / "cert.der"), str(folder / "key.der")


@contextmanager
def nss(program: Path, files: tuple[str, str], folder: Path, oldest: str, newest: str) -> Iterator[int]:
    with dtls_server(folder, lambda port: (str(program), str(port), *files, oldest, newest)) as port:
        yield port


def renamed(datagram: bytes, old: bytes, new: bytes) -> bytes:
    """A hello that calls the version ``old`` in its supported_versions ``new``."""
    at = datagram.find(SUPPORTED_VERSIONS)
    return datagram if at < 0 else datagram[:at] + datagram[at:].replace(old, new, 1)


@contextmanager
def relayed(port: int) -> Iterator[int]:
    """The server behind a relay, a socket for each guest of ours as its hello says by its random."""
    with ExitStack() as stack:
        behind: dict[bytes, socket.socket] = {}
        latest: list[socket.socket] = []

        def forward(data: bytes) -> list[bytes]:
            if data[:1] == b"\x16":
                random = data[27:59]
                if random not in behind:
                    behind[random] = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    behind[random].connect((HOST, port))
                    behind[random].settimeout(0.15)
                latest[:] = [behind[random]]
            latest[0].send(renamed(data, FINAL, DRAFT))
            said: list[bytes] = []
            while data[:1] == b"\x16":
                try:
                    said.append(renamed(latest[0].recv(65535), DRAFT, FINAL))
                except OSError:
                    break
            return said

        with answering(forward) as ours:
            yield ours


def ask(port: int) -> tuple[DtlsServer, TlsEndpoint, CertificateChain | None]:
    to = door(port, "coaps", transport="udp")
    (server,) = anyio.run(dtls.PROBE.ask, to).facts
    heard = anyio.run(dtls_endpoint.PROBE.ask, to)
    endpoint, *chains = heard.facts
    assert isinstance(server, DtlsServer)
    assert isinstance(endpoint, TlsEndpoint)
    chain = chains[0] if chains else None
    assert chain is None or isinstance(chain, CertificateChain)
    return server, endpoint, chain


def accepted(endpoint: TlsEndpoint) -> dict[str, bool | None]:
    return {version: answer.known for version, answer in endpoint.versions.items()}


def test_dtls_12_without_a_cookie(program: Path, files: tuple[str, str], tmp_path: Path) -> None:
    with nss(program, files, tmp_path, "0303", "0303") as port:
        server, endpoint, chain = ask(port)
    assert (server.asks_cookie.known, server.how) == (False, "ServerHello")
    assert server.amplification > 3
    assert accepted(endpoint) == {"DTLSv1.0": False, "DTLSv1.2": True, "DTLSv1.3": False}
    assert chain is not None
    assert chain.leaf.sha256


def test_dtls_13_alone(program: Path, files: tuple[str, str], tmp_path: Path) -> None:
    with nss(program, files, tmp_path, "0304", "0304") as port, relayed(port) as ours:
        server, endpoint, chain = ask(ours)
    assert (server.asks_cookie.known, server.how) == (False, "ServerHello")
    assert accepted(endpoint) == {"DTLSv1.0": False, "DTLSv1.2": False, "DTLSv1.3": True}
    assert (endpoint.forward_secrecy.known, endpoint.without_forward_secrecy.known) == (True, False)
    assert {exchange.version for exchange in endpoint.exchanges} == {"DTLSv1.3"}
    assert chain is None


def test_dtls_13_beside_12(program: Path, files: tuple[str, str], tmp_path: Path) -> None:
    with nss(program, files, tmp_path, "0303", "0304") as port, relayed(port) as ours:
        _, endpoint, chain = ask(ours)
    assert accepted(endpoint) == {"DTLSv1.0": False, "DTLSv1.2": True, "DTLSv1.3": True}
    assert endpoint.prefers_newest.known is True
    assert chain is not None
