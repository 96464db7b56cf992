"""The DTLS probes against real servers: libcoap on OpenSSL and GnuTLS, s_server, gnutls-serv; and scripted ones."""

import subprocess
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from iotscan.assess.check import Target, Verdict
from iotscan.assess.registry import load_checks
from iotscan.model.facts import CertificateChain, ClientAuthentication, DtlsServer, TlsEndpoint
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Door, Heard
from iotscan.observe.network.probes import dtls, dtls_endpoint
from iotscan.wire.tls import dtls as codec
from iotscan.wire.tls import framing
from iotscan.wire.tls.dtls_server import certificate_message, flight
from iotscan.wire.tls.server import server_hello_body
from tests.observe.network.daemons import HOST, door
from tests.observe.network.datagrams import answering, coap_server, dtls_server, free_pair
from tests.observe.network.tls_probes.servers import Credentials

PSK = ("-k", "secretPSK", "-h", "who are you")
COOKIE = "HelloVerifyRequest"


@pytest.fixture(scope="module")
def elliptic(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("ec"), ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("rsa"), rsa.generate_private_key(65537, 2048))


def to(port: int) -> Door:
    return door(port, "coaps", transport="udp")


def knock(where: Door) -> DtlsServer:
    (fact,) = anyio.run(dtls.PROBE.ask, where).facts
    assert isinstance(fact, DtlsServer)
    return fact


def interview(where: Door) -> tuple[TlsEndpoint, CertificateChain | None]:
    heard = anyio.run(dtls_endpoint.PROBE.ask, where)
    (endpoint,) = [fact for fact in heard.facts if isinstance(fact, TlsEndpoint)]
    return endpoint, next((fact for fact in heard.facts if isinstance(fact, CertificateChain)), None)


def accepted(endpoint: TlsEndpoint) -> dict[str, bool | None]:
    return {version: answer.known for version, answer in endpoint.versions.items()}


def s_server(*options: str, folder: Path, credentials: Credentials):  # type: ignore[no-untyped-def]
    words = ("openssl", "s_server", "-quiet", *credentials.arguments, *options)
    return dtls_server(folder, lambda port: (*words, "-accept", f"{HOST}:{port}"))


@pytest.mark.parametrize("library", ["openssl", "gnutls"])
@pytest.mark.parametrize("secret", ["key", "certificate"])
def test_libcoap_asks_for_a_cookie(library: str, secret: str, tmp_path: Path, elliptic: Credentials) -> None:
    files = ("-c", str(elliptic.cert), "-j", str(elliptic.key), "-n")
    with coap_server(library, tmp_path, *(PSK if secret == "key" else files)) as port:
        where = to(port + 1)
        fact = knock(where)
    assert (fact.asks_cookie.known, fact.how) == (True, COOKIE)
    assert fact.amplification < 0.5
    assert where.line.datagrams == 1


def test_libcoap_with_a_key_on_openssl(tmp_path: Path) -> None:
    with coap_server("openssl", tmp_path, *PSK) as port:
        where = to(port + 1)
        endpoint, chain = interview(where)
        missed = anyio.run(dtls_endpoint.PROBE.ask, to(port + 1)).missed
    assert accepted(endpoint) == {"DTLSv1.0": False, "DTLSv1.2": True, "DTLSv1.3": None}
    assert (endpoint.plain_psk.known, endpoint.psk_forward_secrecy.known) == (True, True)
    assert (endpoint.short_tag.known, endpoint.broken_ciphers.known, endpoint.cbc.known) == (True, False, False)
    assert endpoint.psk_hint == "who are you"
    assert chain is None
    assert ("certificate-chain", AttemptStatus.ABSENT) in [(gap.need, gap.status) for gap in missed]
    assert where.line.exchanges <= where.line.pace.tls_connections


def test_libcoap_with_a_certificate_on_openssl(tmp_path: Path, elliptic: Credentials) -> None:
    files = ("-c", str(elliptic.cert), "-j", str(elliptic.key), "-n")
    with coap_server("openssl", tmp_path, *files) as port:
        endpoint, chain = interview(to(port + 1))
    assert accepted(endpoint) == {"DTLSv1.0": False, "DTLSv1.2": True, "DTLSv1.3": False}
    assert (endpoint.plain_psk.known, endpoint.psk_forward_secrecy.known) == (False, False)
    assert (endpoint.forward_secrecy.known, endpoint.without_forward_secrecy.known) == (True, False)
    assert endpoint.signatures == ("ecdsa_secp256r1_sha256",)
    assert chain is not None
    assert (chain.leaf.subject, chain.engine, chain.trusted.reason) == ("CN=device", "hello", Reason.MISSING_TOOL)


def test_libcoap_on_gnutls_drops_what_it_will_not_have_and_nothing_is_read_into_that(
    tmp_path: Path, elliptic: Credentials
) -> None:
    files = ("-c", str(elliptic.cert), "-j", str(elliptic.key), "-n")
    with coap_server("gnutls", tmp_path, *files) as port:
        endpoint, chain = interview(to(port + 1))
    assert accepted(endpoint) == {"DTLSv1.0": True, "DTLSv1.2": True, "DTLSv1.3": False}
    assert (endpoint.forward_secrecy.known, endpoint.aead.known) == (True, True)
    assert (endpoint.plain_psk.reason, endpoint.without_forward_secrecy.reason) == (Reason.UNREADABLE,) * 2
    assert "asked for another cookie" in endpoint.plain_psk.detail
    assert chain is not None


@pytest.mark.parametrize("options", [(), ("-listen",)])
def test_s_server_with_dtls_12(options: tuple[str, ...], tmp_path: Path, classic: Credentials) -> None:
    with s_server("-dtls1_2", *options, folder=tmp_path, credentials=classic) as port:
        fact = knock(to(port))
        endpoint, chain = interview(to(port))
    assert (fact.asks_cookie.known, fact.how) == (True, COOKIE)
    assert accepted(endpoint) == {"DTLSv1.0": False, "DTLSv1.2": True, "DTLSv1.3": False}
    assert (endpoint.without_forward_secrecy.known, endpoint.plain_psk.known) == (True, False)
    assert chain is not None


def test_s_server_with_dtls_10_and_anonymous_suites(tmp_path: Path, classic: Credentials) -> None:
    options = ("-dtls1", "-cipher", "ALL:@SECLEVEL=0")
    with s_server(*options, folder=tmp_path, credentials=classic) as port:
        endpoint, chain = interview(to(port))
    assert accepted(endpoint) == {"DTLSv1.0": True, "DTLSv1.2": False, "DTLSv1.3": False}
    assert (endpoint.broken_ciphers.known, endpoint.aead.known) == (True, False)
    assert chain is not None


def test_gnutls_serv_answers_until_it_refuses_once(tmp_path: Path, classic: Credentials) -> None:
    """It spins at the first hello without a suite for it: what was said before stands, the rest stays open."""
    files = ("--x509certfile", str(classic.cert), "--x509keyfile", str(classic.key))
    with dtls_server(tmp_path, lambda port: ("gnutls-serv", "--udp", "--echo", "-p", str(port), *files)) as port:
        fact = knock(to(port))
        endpoint, chain = interview(to(port))
    assert fact.asks_cookie.known is True
    assert (endpoint.versions["DTLSv1.2"].known, endpoint.forward_secrecy.known) == (True, True)
    assert endpoint.broken_ciphers.known is None
    assert chain is not None


def ended(heard: Heard) -> tuple[AttemptStatus, Reason | None]:
    assert not heard.facts
    return heard.missed[0].status, heard.missed[0].reason


def test_a_closed_port_is_absent_after_one_datagram() -> None:
    with free_pair() as port:
        where = to(port)
    assert ended(anyio.run(dtls.PROBE.ask, where)) == (AttemptStatus.ABSENT, None)
    assert where.line.datagrams == 1


def test_a_silent_port_costs_two_datagrams() -> None:
    asked: list[bytes] = []
    with answering(lambda data: asked.append(data) or []) as port:
        where = to(port)
        assert ended(anyio.run(dtls.PROBE.ask, where)) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)
    assert (where.line.datagrams, len(asked)) == (2, 2)
    assert len(asked[0]) < 350 < len(asked[1])


HELLO = (framing.SERVER_HELLO, server_hello_body(version="DTLSv1.2", suite=0xC02F))
DONE = (framing.SERVER_HELLO_DONE, b"")


def test_a_server_without_a_cookie_shows_what_its_answer_costs() -> None:
    answer = flight([HELLO, certificate_message([b"leaf" * 300]), DONE], first=0)
    with answering(lambda data: answer) as port:
        fact = knock(to(port))
    assert (fact.asks_cookie.known, fact.how) == (False, "ServerHello")
    assert fact.amplification == round(sum(map(len, answer)) / 320, 2)


def test_a_cookie_of_dtls_13_is_one() -> None:
    body = server_hello_body(version="DTLSv1.3", suite=0x1301, retry_cookie=b"again")
    with answering(lambda data: flight([(framing.SERVER_HELLO, body)], first=0)) as port:
        fact = knock(to(port))
    assert (fact.asks_cookie.known, fact.how) == (True, "HelloRetryRequest")


@pytest.mark.parametrize("suite", [0xC02F, 0x1301, 0x0005])
def test_what_was_never_offered_proves_nothing(suite: int) -> None:
    version = "DTLSv1.2" if suite == 0x0005 else "TLSv1.2"
    body = server_hello_body(version=version, suite=suite)
    with answering(lambda data: flight([(framing.SERVER_HELLO, body), DONE], first=0)) as port:
        heard = anyio.run(dtls.PROBE.ask, to(port))
        (gap, *_) = anyio.run(dtls_endpoint.PROBE.ask, to(port)).missed
    assert suite == 0x0005 or ended(heard) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)
    assert suite != 0x0005 or gap.need == "tls-endpoint"


def test_a_refusal_settles_nothing_of_the_cookie() -> None:
    with answering(lambda data: [codec.alert(2, 40, sequence=0)]) as port:
        fact = knock(to(port))
        (gap, chain, *_) = anyio.run(dtls_endpoint.PROBE.ask, to(port)).missed
    assert (fact.asks_cookie.reason, fact.how) == (Reason.NOT_OBSERVABLE, "alert handshake_failure")
    assert (gap.status, chain.status) == (AttemptStatus.UNREADABLE, AttemptStatus.UNREADABLE)


@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request", bytes(100)], ids=["http", "zeros"])
def test_another_protocol_is_no_absence(reply: bytes) -> None:
    with answering(lambda data: [reply]) as port:
        assert ended(anyio.run(dtls.PROBE.ask, to(port))) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)
        for gap in anyio.run(dtls_endpoint.PROBE.ask, to(port)).missed:
            assert gap.status is AttemptStatus.UNREADABLE


@pytest.mark.parametrize(
    ("more", "requested", "variant"),
    [(("-n",), False, "open"), (("-C", "OWN"), True, ""), (PSK, False, "")],
    ids=["nobody", "a certificate", "a key"],
)
def test_whom_libcoap_wants_to_know(
    tmp_path: Path, elliptic: Credentials, more: tuple[str, ...], requested: bool, variant: str
) -> None:
    """Whether it insists shows in a finished handshake alone: asked for is all that is told."""
    files = () if more == PSK else ("-c", str(elliptic.cert), "-j", str(elliptic.key))
    words = tuple(word.replace("OWN", str(elliptic.cert)) for word in more)
    check = next(c for c in load_checks().checks if c.info.id == "client-authentication")
    with coap_server("openssl", tmp_path, *files, *words) as port:
        heard = anyio.run(dtls_endpoint.PROBE.ask, to(port + 1))
        (fact,) = (f for f in heard.facts if isinstance(f, ClientAuthentication))
        subject = Subject(device="d", address=HOST, service=f"udp/{port + 1}")
        said = check.question(fact, Target(subject=subject))
        assert isinstance(said, Verdict)
        if said.reproduce:
            done = subprocess.run(["bash", "-c", said.reproduce], capture_output=True, text=True, timeout=20)
            assert said.shows in done.stdout
    assert (fact.requested.known, fact.required.known) == (requested, None if requested else False)
    assert (said.variant, said.kind) == (variant, "bad" if variant else "unknown" if requested else "good")
    if requested:
        assert fact.request is not None
        assert fact.request.authorities == ("CN=device",)
