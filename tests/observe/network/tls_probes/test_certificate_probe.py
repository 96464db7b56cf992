"""The certificate probe: by sslyze through the proxy, by our own hello, and honest where there is none."""

import base64
import datetime
import errno
import socket
import subprocess
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import anyio
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_pem_x509_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import Store

from iotscan.model.answer import Unanswered
from iotscan.model.facts.certificate import CertificateChain
from iotscan.model.facts.tls import TlsHandshake
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.line import Line
from iotscan.observe.network.probe import Door, Heard, Missed
from iotscan.observe.network.probes import certificate as certificate_probe
from iotscan.observe.network.probes import tls
from iotscan.observe.network.probes.certificate import PROBE
from iotscan.observe.network.workers import sslyze_worker, trust
from iotscan.observe.network.workers.finishing import Handshakes
from iotscan.observe.network.workers.worker import Worker
from iotscan.observe.worker_protocol import Request
from iotscan.wire.tls.framing import SESSION_TICKET
from iotscan.wire.tls.server import ClientHello, alert, certificate, server_hello, server_hello_done

from .servers import HOST, Credentials, answering, door, free_port, openssl, scripted, wait_until_open


def read(port: int, *, with_worker: bool = True, asks_tls: bool = True, connections: int = 1000) -> tuple[Heard, int]:
    """What the probe says, and how many connections it took."""

    async def go() -> tuple[Heard, int]:
        known = (await tls.PROBE.ask(door(port))).facts if asks_tls else ()
        async with Worker() as worker:
            way: Door = door(port, known=known, worker=worker if with_worker else None, connections=connections)
            heard = await PROBE.ask(way)
            return heard, way.line.connections

    return anyio.run(go)


def chain(heard: Heard) -> CertificateChain:
    (fact,) = (f for f in heard.facts if isinstance(f, CertificateChain))
    return fact


def handshake(heard: Heard) -> TlsHandshake:
    (fact,) = (f for f in heard.facts if isinstance(f, TlsHandshake))
    assert fact.disagreements == ()
    return fact


def gap(heard: Heard, need: str = "certificate-chain") -> Missed:
    (missed,) = (m for m in heard.missed if m.need == need)
    return missed


def test_one_that_says_nothing_does_not_hold_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """All devices share it: a service that hangs costs its own device one conversation."""
    monkeypatch.setattr(certificate_probe, "_PATIENCE", 0.2)

    async def go(port: int) -> tuple[Heard, Worker, int]:
        async with Worker() as worker:
            way = door(port, worker=worker)
            return await PROBE.ask(way), worker, way.line.connections

    with scripted(lambda peer: peer.recv(4096) and peer.recv(4096)) as port:
        heard, worker, connections = anyio.run(go, port)
    assert connections == 1
    assert worker._last == 0
    for need in ("certificate-chain", "tls-handshake"):
        assert gap(heard, need).status is AttemptStatus.TIMED_OUT


def test_waiting_for_the_worker_is_off_the_devices_clock(
    rsa_credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs holds the worker, and must not cost the other devices their answers."""
    waits: list[Line] = []

    def held_up(line: Line) -> AbstractContextManager[None]:
        waits.append(line)
        return nullcontext()

    monkeypatch.setattr(Line, "held_up", held_up)
    with openssl(*rsa_credentials.arguments, "-tls1_3") as port:
        heard, connections = read(port)
    assert handshake(heard).resumes.known is True
    assert len(waits) == connections + 1  # each handshake, and the question whom the chain leads to


def test_a_machine_without_a_socket_for_the_proxy_is_said_so(
    rsa_credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(**_: object) -> None:
        raise OSError(errno.EMFILE, "none")

    async def go(port: int) -> Heard:
        async with Worker() as worker:
            return await PROBE.ask(door(port, worker=worker))

    monkeypatch.setattr(anyio, "create_tcp_listener", none)
    with openssl(*rsa_credentials.arguments) as port:
        heard = anyio.run(go, port)
    for need in ("certificate-chain", "tls-handshake"):
        assert (gap(heard, need).status, "EMFILE" in gap(heard, need).detail) == (AttemptStatus.NOT_TRIED, True)


@pytest.mark.parametrize(("version", "connections"), [("-tls1_2", 2), ("-tls1_3", 2), ("", 3)])
def test_sslyze_reads_it_with_few_connections(rsa_credentials: Credentials, version: str, connections: int) -> None:
    with openssl(*rsa_credentials.arguments, *filter(None, [version])) as port:
        heard, needed = read(port)
    fact, shaken = chain(heard), handshake(heard)
    assert (fact.engine, needed) == ("sslyze", connections)
    assert fact.leaf.sha256 == rsa_credentials.certificate.fingerprint(hashes.SHA256()).hex()
    assert fact.leaf.names == ("device.local", "127.0.0.1")
    assert (fact.trusted.known, fact.trusted_by, fact.privately_trusted.reason) == (False, (), Reason.NOT_ASKED)
    assert fact.ocsp_stapled.known is False
    assert "signed by itself" in fact.trust_detail
    assert shaken.version == ("TLSv1.2" if version == "-tls1_2" else "TLSv1.3")
    assert (shaken.resumes.known, shaken.client_certificate.known) == (True, False)
    assert (shaken.ticket_lifetime.known, shaken.early_data.known) == (7200, 0)
    assert shaken.client_renegotiation.known is False
    assert {"version", "suite"} <= set(shaken.compared)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-tls1_3", "-early_data"), {"early_data": 16384}),
        (("-tls1_3", "-num_tickets", "0"), {"tickets": None, "early_data": None, "resumes": None}),
        (("-tls1_2", "-client_renegotiation"), {"client_renegotiation": True, "early_data": 0}),
        (("-tls1_2", "-no_ticket"), {"tickets": False, "ticket_lifetime": None, "resumes": True}),
        (("-tls1_2", "-no_ticket", "-no_cache"), {"resumes": False, "client_renegotiation": False}),
        (("-tls1_2", "-no_ticket", "-no_cache", "-client_renegotiation"), {"client_renegotiation": True}),
        (("-tls1_2", "-verify", "1"), {"client_certificate": True, "ticket_lifetime": 7200}),
        (("-tls1_3", "-verify", "1"), {"client_certificate": True, "ticket_lifetime": 7200}),
        (("-tls1_2", "-Verify", "1"), {"client_certificate": True, "ticket_lifetime": None, "resumes": None}),
        (("-tls1_3", "-Verify", "1"), {"client_certificate": True, "early_data": None}),
        (("-tls1", "-cipher", "ALL:@SECLEVEL=0", "-client_renegotiation"), {"client_renegotiation": True}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_finished_handshake_shows(
    rsa_credentials: Credentials, arguments: tuple[str, ...], expected: dict[str, object]
) -> None:
    with openssl(*rsa_credentials.arguments, *arguments) as port:
        fact = handshake(read(port)[0])
    assert {name: getattr(fact, name).known for name in expected} == expected


@pytest.mark.parametrize("versions", ["-no_tls1_3", "-no_tls1_1"])
def test_who_lets_nobody_in_was_asked_nothing(rsa_credentials: Credentials, versions: str) -> None:
    with openssl(*rsa_credentials.arguments, versions, "-Verify", "1") as port:
        asked = handshake(read(port)[0]).client_renegotiation
    assert (asked.reason, asked.detail) == (
        Reason.NOT_OBSERVABLE,
        "the server finishes no handshake without a client certificate",
    )


def test_who_hangs_up_anyhow_refuses_no_renegotiation(rsa_credentials: Credentials) -> None:
    port = free_port()
    words = ("-accept", f"{HOST}:{port}", "-tls1_2", "-client_renegotiation", "-quiet", *rsa_credentials.arguments)
    # s_server ends each connection once its own standard input has come to an end.
    server = subprocess.Popen(["openssl", "s_server", *words], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_open(port, server)
        asked = handshake(read(port)[0]).client_renegotiation
    finally:
        server.kill()
        server.wait()
    assert (asked.reason, asked.known) == (Reason.NOT_OBSERVABLE, None)
    assert "already ended" in asked.detail


def test_a_budget_that_ends_in_between_is_said_so(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_3") as port:
        heard, connections = read(port, asks_tls=False, connections=2)  # a hello, and one handshake
    fact = handshake(heard)
    assert (fact.ticket_lifetime.known, fact.resumes.reason, connections) == (7200, Reason.BUDGET, 2)


def test_it_needs_no_tls_fact_before(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_2") as port:
        assert chain(read(port, asks_tls=False)[0]).engine == "sslyze"


def test_a_server_that_demands_a_client_certificate_still_shows_its_own(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-Verify", "1", "-CAfile", str(rsa_credentials.cert)) as port:
        assert chain(read(port)[0]).leaf.key_type == "rsa"


def test_old_tls_is_no_hindrance(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1", "-cipher", "ALL:@SECLEVEL=0") as port:
        assert chain(read(port)[0]).leaf.key_bits == 2048


def test_without_the_worker_our_own_hello_reads_it(ec_credentials: Credentials) -> None:
    with openssl(*ec_credentials.arguments, "-tls1_2") as port:
        heard, connections = read(port, with_worker=False)
    fact = chain(heard)
    assert (fact.engine, connections) == ("hello", 1)
    assert fact.leaf.sha256 == ec_credentials.certificate.fingerprint(hashes.SHA256()).hex()
    assert fact.trusted.reason is Reason.MISSING_TOOL
    assert fact.ocsp_stapled.known is False


def test_without_the_worker_tls_13_keeps_its_secret(ec_credentials: Credentials) -> None:
    with openssl(*ec_credentials.arguments, "-tls1_3") as port:
        missed = gap(read(port, with_worker=False)[0])
    assert (missed.status, missed.reason) == (AttemptStatus.UNREADABLE, Reason.MISSING_TOOL)


def unfinished(*chain_of: bytes) -> AbstractContextManager[int]:
    """A server that shows a chain to our hello alone: sslyze's asks for a ticket."""

    def reply(hello: ClientHello) -> bytes:
        if "TLSv1.2" not in hello.versions:
            return alert(2, 70)
        if 0x002F not in hello.suites or SESSION_TICKET in hello.extensions:
            return alert(2, 40)
        return server_hello(version="TLSv1.2", suite=0x002F) + certificate(chain_of) + server_hello_done()

    return answering(reply)


def test_where_sslyze_fails_our_hello_reads_and_the_worker_judges(rsa_credentials: Credentials) -> None:
    with unfinished(rsa_credentials.der) as port:
        fact = chain(read(port)[0])
    assert (fact.engine, fact.trusted.known) == ("hello", False)


def test_a_damaged_certificate_is_read_as_far_as_it_goes(rsa_credentials: Credentials) -> None:
    with unfinished(rsa_credentials.der[:-9]) as port:
        fact = chain(read(port)[0])
    assert fact.certificates[0].defects == ("it is cut short",)
    assert fact.certificates[0].key_type == "rsa"
    assert fact.trusted.reason is Reason.UNREADABLE


def test_one_malformed_certificate_costs_no_other(rsa_credentials: Credentials) -> None:
    with unfinished(rsa_credentials.der, b"junk", rsa_credentials.der) as port:
        fact = chain(read(port)[0])
    assert [position for position, _ in fact.placed] == [0, 2]
    assert [malformed.position for malformed in fact.malformed] == [1]
    with pytest.raises(Unanswered):
        fact.require_all()


def test_a_malformed_leaf_leaves_no_other_in_its_place(rsa_credentials: Credentials) -> None:
    with unfinished(rsa_credentials.der.replace(b"\x17\x0d", b"\x17\x0c"), rsa_credentials.der) as port:
        heard, _ = read(port)
    fact = chain(heard)
    assert (fact.certificates, fact.trusted.known) == ((), None)
    assert "rsa 2048" in fact.malformed[0].read
    assert "cannot be read" in heard.excerpt
    with pytest.raises(Unanswered):
        _ = fact.leaf


def test_a_psk_server_has_no_certificate() -> None:
    with openssl("-nocert", "-psk", "00ff", "-tls1_2") as port:
        heard, connections = read(port)
    missed = gap(heard)
    assert (missed.need, missed.status, connections) == ("certificate-chain", AttemptStatus.ABSENT, 1)


def test_a_server_that_prefers_psk_still_has_its_certificate(rsa_credentials: Credentials) -> None:
    ciphers = ("-cipher", "PSK-AES128-CBC-SHA:DHE-PSK-AES128-CBC-SHA:AES128-SHA", "-serverpref")
    with openssl(*rsa_credentials.arguments, "-psk", "00ff", "-tls1_2", *ciphers) as port:
        assert chain(read(port)[0]).leaf.key_type == "rsa"


def test_a_silent_server_is_timed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate_probe, "_PATIENCE", 0.2)

    def swallow(peer: socket.socket) -> None:
        while peer.recv(4096):
            pass

    with scripted(swallow) as port:
        missed = gap(read(port, with_worker=False, asks_tls=False)[0])
    assert (missed.status, missed.reason) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)


@pytest.mark.parametrize("with_worker", [True, False])
def test_a_spent_budget_is_said_so(rsa_credentials: Credentials, with_worker: bool) -> None:
    with openssl(*rsa_credentials.arguments) as port:
        missed = gap(read(port, with_worker=with_worker, connections=0)[0])
    assert (missed.status, missed.reason) == (AttemptStatus.NOT_TRIED, Reason.BUDGET)


def test_the_same_server_gives_the_same_fact(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments) as port:
        first, second = (msgspec.json.encode(chain(read(port)[0])) for _ in range(2))
    assert first == second


def public_chain(folder: Path, days: int) -> tuple[list[bytes], Path]:
    """A leaf under a root of our own, and the store with that root."""
    now = datetime.datetime.now(datetime.UTC)
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    begin = now - datetime.timedelta(400)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    root = (
        x509.CertificateBuilder(root_name, root_name, root_key.public_key(), 1, begin, now + datetime.timedelta(900))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        x509.CertificateBuilder(root_name, leaf_name, leaf_key.public_key(), 2, begin, now + datetime.timedelta(days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.device.example")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    folder.mkdir()
    store = folder / "roots.pem"
    store.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return [leaf.public_bytes(serialization.Encoding.DER)], store


@pytest.mark.parametrize("days", [30, -30])
def test_a_chain_to_a_public_root_is_trusted_whatever_its_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    leaf, roots = public_chain(tmp_path / "ours", days)
    others = public_chain(tmp_path / "others", days)[1]
    monkeypatch.setattr(trust, "system_file", lambda: "")
    monkeypatch.setattr(trust, "_mozilla", lambda: Store(load_pem_x509_certificates(others.read_bytes())))
    assert trust.judge(leaf, [])["is_trusted"] is False
    monkeypatch.setattr(trust, "_mozilla", lambda: Store(load_pem_x509_certificates(roots.read_bytes())))
    told = trust.judge(leaf, [])
    assert (told["is_trusted"], told["by"], told["is_private"], told["is_anchored"]) == (True, ["Mozilla"], None, True)
    assert told["detail"] == "leads to a root of Mozilla"


def test_a_root_that_was_withdrawn_vouches_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaf, roots = public_chain(tmp_path / "ours", 30)
    monkeypatch.setattr(trust, "system_file", lambda: "")
    monkeypatch.setattr(trust, "_mozilla", lambda: Store(load_pem_x509_certificates(roots.read_bytes())))
    monkeypatch.setattr(trust, "refusal", lambda sha256, issued: f"withdrawn {len(sha256)}")
    told = trust.judge(leaf, [])
    assert (told["is_trusted"], told["detail"]) == (False, "leads to no root of a known store: withdrawn 64")


@pytest.mark.parametrize(("state", "name"), [("current", "system"), ("former", "system"), ("", "this machine")])
def test_a_root_that_was_added_to_this_machine_is_no_public_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, name: str
) -> None:
    leaf, roots = public_chain(tmp_path / "ours", 30)
    (root,) = load_pem_x509_certificates(roots.read_bytes())
    listed = {root.fingerprint(hashes.SHA256()).hex(): state} if state else {}
    monkeypatch.setattr(trust, "system_file", lambda: str(roots))
    monkeypatch.setattr(trust, "mozilla_roots", lambda: listed)
    monkeypatch.setattr(trust, "_mozilla", lambda: Store(load_pem_x509_certificates(_any_root(tmp_path))))
    told = trust.judge(leaf, [])
    assert (told["by"], told["is_trusted"], told["is_private"]) == ([name], True, None)


def _any_root(folder: Path) -> bytes:
    return public_chain(folder / "others", 30)[1].read_bytes()


def test_no_verdict_on_what_cannot_be_read() -> None:
    assert trust.judge([b"junk"], [])["is_trusted"] is None
    request = Request(id=1, seconds=1, job={"do": "trust", "certificates": [base64.b64encode(b"x").decode()]})
    assert sslyze_worker.work(request, Handshakes()).result == {"trust": trust.judge([b"x"], [])}
