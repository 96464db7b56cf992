"""Who vouches for a chain: the roots that a user gave, as OpenSSL would see it, and nothing that only looks right."""

import datetime
import socket
import subprocess
from pathlib import Path

import anyio
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from iotscan.assess.assessing import assess
from iotscan.assess.evidence import Evidence
from iotscan.model.device import Device
from iotscan.model.earlier import EarlierCertificate
from iotscan.model.facts.certificate import CertificateChain
from iotscan.model.observation import observe
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome
from iotscan.observe.network.probes.certificate import PROBE
from iotscan.observe.network.workers import trust
from iotscan.observe.network.workers.worker import Worker
from tests.checks.samples import read_check

from .servers import HOST, Credentials, door, openssl, scripted

NOW = datetime.datetime.now(datetime.UTC)


class Issued:
    """A certificate with its key."""

    def __init__(
        self, name: str, by: "Issued | None" = None, *, ca: bool = True, length: int | None = None, days: int = 30
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer, key = (by.name, by.key) if by else (self.name, self.key)
        begin, end = NOW - datetime.timedelta(400), NOW + datetime.timedelta(days)
        self.certificate = (
            x509.CertificateBuilder(issuer, self.name, self.key.public_key(), 7, begin, end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=length), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.der = self.certificate.public_bytes(Encoding.DER)


def store(folder: Path, *trusted: Issued | Credentials) -> list[tuple[str, str]]:
    path = folder / "acme-ca.pem"
    path.write_bytes(b"".join(t.certificate.public_bytes(Encoding.PEM) for t in trusted))
    trust._roots.cache_clear()
    return [("acme-ca.pem", str(path))]


ROOT = Issued("Acme Root")
MIDDLE = Issued("Acme Issuing", ROOT)
LEAF = Issued("device 7", MIDDLE, ca=False)


@pytest.mark.parametrize(
    ("chain", "roots", "expected"),
    [
        ((LEAF, MIDDLE), (ROOT,), True),
        ((LEAF, ROOT, MIDDLE), (ROOT,), True),  # whatever their order
        ((LEAF,), (MIDDLE,), True),
        ((LEAF,), (LEAF,), True),  # one device's certificate, pinned
        ((LEAF,), (ROOT,), False),  # the one in between is missing
        ((LEAF, MIDDLE), (Issued("Acme Root"),), False),  # the same name, another key
        ((Issued("x", LEAF, ca=False), LEAF, MIDDLE), (ROOT,), False),  # a leaf signs nobody
        ((LEAF, MIDDLE), (Issued("another"),), False),
    ],
)
def test_a_chain_leads_to_a_root_that_was_given(
    tmp_path: Path, chain: tuple[Issued, ...], roots: tuple[Issued, ...], expected: bool
) -> None:
    told = trust.judge([c.der for c in chain], store(tmp_path, *roots))
    assert (told["is_trusted"], told["is_private"]) == (expected, expected)
    assert told["by"] == (["acme-ca.pem"] if expected else [])


def test_an_expired_or_too_short_way_is_none(tmp_path: Path) -> None:
    expired = Issued("old", ROOT, days=-1)
    short = Issued("short", ROOT, length=0)
    below = Issued("below", short)
    for chain in ([Issued("leaf", expired, ca=False), expired], [Issued("leaf", below, ca=False), below, short]):
        assert trust.judge([c.der for c in chain], store(tmp_path, ROOT))["is_trusted"] is False
    straight = [Issued("leaf", short, ca=False), short]
    assert trust.judge([c.der for c in straight], store(tmp_path, ROOT))["is_trusted"] is True


def test_certificates_that_all_sign_each_other_end(tmp_path: Path) -> None:
    one = Issued("ring")
    ring = [Issued("ring", one) for _ in range(14)]
    for other in ring:
        other.key = one.key
    again = [Issued("ring", other) for other in ring]
    told = trust.judge([c.der for c in again], store(tmp_path, ROOT))
    assert told["is_trusted"] is False


def test_the_probe_says_by_whom(tmp_path: Path, rsa_credentials: Credentials) -> None:
    async def go(port: int) -> CertificateChain:
        async with Worker() as worker:
            way = door(port, worker=worker)
            way = msgspec.structs.replace(way, tools={**way.tools, "trust_stores": store(tmp_path, rsa_credentials)})
            heard = await PROBE.ask(way)
        (fact,) = (f for f in heard.facts if isinstance(f, CertificateChain))
        return fact

    with openssl(*rsa_credentials.arguments) as port:
        fact = anyio.run(go, port)
    assert (fact.trusted.known, fact.trusted_by, fact.privately_trusted.known) == (True, ("acme-ca.pem",), True)


def test_a_server_that_lacks_the_key_is_not_trusted_for_what_it_sends(
    tmp_path: Path, rsa_credentials: Credentials
) -> None:
    """Anybody can send the certificate of anybody: here everything but the signature is that of the right server."""

    async def go(port: int) -> CertificateChain:
        async with Worker() as worker:
            way = door(port, worker=worker)
            way = msgspec.structs.replace(way, tools={**way.tools, "trust_stores": store(tmp_path, rsa_credentials)})
            heard = await PROBE.ask(way)
        (fact,) = (f for f in heard.facts if isinstance(f, CertificateChain))
        return fact

    with openssl(*rsa_credentials.arguments, "-tls1_2") as right, scripted(lambda peer: bend(peer, right)) as port:
        fact = anyio.run(go, port)
    assert (fact.trusted.known, fact.trusted_by, fact.is_unproved) == (None, (), True)
    assert fact.privately_trusted.known is None
    assert fact.leaf.subject == "CN=device"


def bend(peer: socket.socket, right: int) -> None:
    """Pass on a hello and its answer, the last bit of the signature over the key exchange turned."""
    done = b"\x0e\x00\x00\x00"
    with socket.create_connection((HOST, right), timeout=5) as server:
        server.sendall(peer.recv(65536))
        flight = b""
        while not flight.endswith(done) and (piece := server.recv(65536)):
            flight += piece
        last = flight.rindex(b"\x16\x03\x03") if flight.endswith(done) else len(flight)
        peer.sendall(flight[: last - 1] + bytes([flight[last - 1] ^ 1]) + flight[last:])
        peer.recv(65536)


def test_a_changed_key_is_shown_by_the_command_that_a_person_pastes(
    tmp_path: Path, rsa_credentials: Credentials
) -> None:
    async def go(port: int) -> CertificateChain:
        async with Worker() as worker:
            heard = await PROBE.ask(door(port, worker=worker))
        (fact,) = (f for f in heard.facts if isinstance(f, CertificateChain))
        return fact

    with openssl(*rsa_credentials.arguments) as port:
        chain = anyio.run(go, port)
        where = Subject(device="d1", address="127.0.0.1", service=f"tcp/{port}")
        then = EarlierCertificate(
            device="d1",
            address=where.address,
            service=where.service,
            told_by="mac",
            run="run-1",
            seen="2026-05-01T10:00:00+00:00",
            sha256="0" * 64,
            spki_sha256="0" * 64,
            subject="CN=gw",
            issuer="CN=gw",
        )
        evidence = Evidence(
            [Device(id="d1", addresses=(where.address,))],
            [],
            [observe(chain, where, probe="t/1")],
            [],
            NOW,
            earlier=[then],
        )
        (result,) = (r for r in assess(evidence, [read_check("certificate-trust")]) if r.outcome is Outcome.FAIL)
        said = subprocess.run(["bash", "-c", result.reproduce], capture_output=True, text=True, check=False, timeout=30)
    assert result.variant == "changed"
    assert result.shows == chain.leaf.spki_sha256
    assert result.shows in said.stdout
