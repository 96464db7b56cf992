"""The TLS probe on real servers: true and false answers, and none where there is none."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.facts.tls import TlsEndpoint
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network import hellos
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.tls import PROBE
from iotscan.wire.tls.hello import Offer
from iotscan.wire.tls.server import ClientHello, alert, read_client_hello, server_hello

from .servers import HOST, Credentials, answering, door, free_port, only, openssl, running, scripted

HELLO_BUDGET = 16


def ask(port: int, connections: int = 1000) -> Heard:
    return anyio.run(PROBE.ask, door(port, connections=connections))


def endpoint(port: int) -> TlsEndpoint:
    fact = only(ask(port).facts)
    assert fact.hellos <= HELLO_BUDGET
    return fact


def versions(fact: TlsEndpoint) -> dict[str, bool | None]:
    return {name: answer.known for name, answer in fact.versions.items()}


def answers(fact: TlsEndpoint, *names: str) -> tuple[bool | None, ...]:
    return tuple(getattr(fact, name).known for name in names)


SSL_TO_12 = {"SSLv2": False, "SSLv3": False, "TLSv1.0": False, "TLSv1.1": False, "TLSv1.2": True, "TLSv1.3": False}


def test_a_good_server(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_2", "-cipher", "ECDHE+AESGCM") as port:
        fact = endpoint(port)
    assert versions(fact) == SSL_TO_12
    assert answers(fact, "forward_secrecy", "prefers_forward_secrecy", "aead") == (True, True, True)
    assert answers(fact, "without_forward_secrecy", "broken_ciphers", "weak_ciphers") == (False, False, False)
    assert answers(fact, "plain_psk", "psk_forward_secrecy", "compression") == (False, False, False)
    assert answers(fact, "secure_renegotiation", "extended_master_secret") == (True, True)
    assert [s.name for s in fact.selected] == [
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    ]


def test_static_rsa_with_cbc_only(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_2", "-cipher", "AES128-SHA") as port:
        fact = endpoint(port)
    assert answers(fact, "forward_secrecy", "prefers_forward_secrecy", "aead") == (False, False, False)
    assert answers(fact, "without_forward_secrecy", "broken_ciphers", "plain_psk") == (True, False, False)


_FIRST, _LAST = "ECDHE-RSA-AES128-GCM-SHA256:AES128-GCM-SHA256", "AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"


@pytest.mark.parametrize(
    ("ciphers", "flags", "prefers"),
    [
        (_FIRST, ("-serverpref",), True),
        (_LAST, ("-serverpref",), False),
        (_LAST, (), True),  # follows its clients, and those put forward secrecy first
    ],
)
def test_whose_preference_wins(
    rsa_credentials: Credentials, ciphers: str, flags: tuple[str, ...], prefers: bool
) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_2", "-cipher", ciphers, *flags) as port:
        fact = endpoint(port)
    assert answers(fact, "forward_secrecy", "without_forward_secrecy") == (True, True)
    assert fact.prefers_forward_secrecy.known is prefers


def test_everything_openssl_still_has(rsa_credentials: Credentials) -> None:
    everything = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0", "-min_protocol", "TLSv1")
    with openssl(*rsa_credentials.arguments, *everything) as port:
        fact = endpoint(port)
    assert versions(fact) == {v: not v.startswith("SSL") for v in fact.versions}
    assert answers(fact, "broken_ciphers", "forward_secrecy", "without_forward_secrecy") == (True, True, True)


def test_an_internal_error_of_openssl_is_its_refusal_of_old_versions(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-cipher", "DEFAULT@SECLEVEL=2") as port:
        fact = endpoint(port)
    assert versions(fact) == {v: v in ("TLSv1.2", "TLSv1.3") for v in fact.versions}


def test_null_without_anything_else(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0") as port:
        fact = endpoint(port)
    assert answers(fact, "broken_ciphers", "weak_ciphers", "forward_secrecy") == (True, False, False)


def test_tls_13_alone(ec_credentials: Credentials) -> None:
    with openssl(*ec_credentials.arguments, "-tls1_3") as port:
        fact = endpoint(port)
    assert versions(fact) == {v: v == "TLSv1.3" for v in fact.versions}
    assert answers(fact, "forward_secrecy", "prefers_forward_secrecy", "aead") == (True, True, True)
    assert answers(fact, "without_forward_secrecy", "plain_psk", "psk_forward_secrecy") == (False, False, False)
    assert answers(fact, "broken_ciphers", "weak_ciphers", "compression") == (False, False, False)
    assert fact.secure_renegotiation.reason is Reason.NOT_OBSERVABLE
    assert fact.extended_master_secret.reason is Reason.NOT_OBSERVABLE


def test_a_curve_that_only_a_retry_would_meet(ec_credentials: Credentials) -> None:
    with openssl(*ec_credentials.arguments, "-tls1_3", "-groups", "P-384") as port:
        fact = endpoint(port)
    assert fact.versions["TLSv1.3"].known is True


@pytest.mark.parametrize(
    ("cipher", "plain", "ephemeral"),
    [("PSK-AES128-CCM8", True, False), ("ECDHE-PSK-AES128-CBC-SHA256", False, True), ("PSK:DHEPSK", True, True)],
)
def test_psk_only(cipher: str, plain: bool, ephemeral: bool) -> None:
    with openssl("-nocert", "-psk", "00ff", "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0") as port:
        fact = endpoint(port)
    assert versions(fact) == SSL_TO_12
    assert answers(fact, "plain_psk", "psk_forward_secrecy") == (plain, ephemeral)
    assert answers(fact, "without_forward_secrecy", "forward_secrecy") == (plain, ephemeral)


def test_a_psk_server_may_hide_tls_13() -> None:
    with openssl("-nocert", "-psk", "00ff", "-cipher", "kPSK") as port:
        fact = endpoint(port)
    assert fact.versions["TLSv1.3"].reason is Reason.NOT_OBSERVABLE
    assert answers(fact, "plain_psk", "without_forward_secrecy", "broken_ciphers") == (True, True, False)
    assert fact.forward_secrecy.reason is Reason.NOT_OBSERVABLE


def test_nginx(tmp_path: Path, rsa_credentials: Credentials) -> None:
    port = free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
        f"events {{}} http {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p;\n"
        f"fastcgi_temp_path {tmp_path}/f; uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n"
        f"server {{ listen {HOST}:{port} ssl; ssl_protocols TLSv1 TLSv1.2 TLSv1.3;\n"
        "ssl_ciphers ECDHE+AESGCM:ECDHE+AES:AES128-SHA:@SECLEVEL=0; ssl_prefer_server_ciphers on;\n"
        f"ssl_certificate {rsa_credentials.cert}; ssl_certificate_key {rsa_credentials.key}; }} }}\n"
    )
    with running(["nginx", "-e", f"{tmp_path}/first.log", "-c", str(config)], port, "nginx-light"):
        fact = endpoint(port)
    assert versions(fact) == {v: v not in ("SSLv2", "SSLv3", "TLSv1.1") for v in fact.versions}
    assert answers(fact, "without_forward_secrecy", "prefers_forward_secrecy") == (True, True)
    assert answers(fact, "broken_ciphers", "weak_ciphers", "plain_psk") == (False, False, False)


@contextlib.contextmanager
def old_server(
    credentials: Credentials, low: tuple[int, int], high: tuple[int, int], ciphers: list[str], exchanges: list[str]
) -> Iterator[int]:
    """What OpenSSL no longer is: tlslite in versions from ``low`` to ``high``."""
    api = pytest.importorskip("tlslite.api", reason="needs tlslite-ng from the test group")
    settings = api.HandshakeSettings()
    settings.minVersion, settings.maxVersion = low, high
    settings.cipherNames, settings.keyExchangeNames = ciphers, exchanges
    settings.macNames = ["sha", "md5"]
    chain = api.X509CertChain([api.X509().parse(credentials.cert.read_text())])
    key = api.parsePEMKey(credentials.key.read_text(), private=True)

    def serve(peer: socket.socket) -> None:
        with contextlib.suppress(Exception):  # each hello ends in an error on its side
            api.TLSConnection(peer).handshakeServer(certChain=chain, privateKey=key, settings=settings)

    with scripted(serve) as port:
        yield port


def test_sslv3_with_rc4(rsa_credentials: Credentials) -> None:
    with old_server(rsa_credentials, (3, 0), (3, 0), ["rc4"], ["rsa"]) as port:
        fact = endpoint(port)
    assert versions(fact) == {v: v == "SSLv3" for v in fact.versions}
    assert answers(fact, "broken_ciphers", "forward_secrecy", "weak_ciphers", "aead") == (True, False, False, False)


def test_tls_10_with_3des(rsa_credentials: Credentials) -> None:
    with old_server(rsa_credentials, (3, 1), (3, 2), ["3des"], ["rsa", "dhe_rsa"]) as port:
        fact = endpoint(port)
    assert versions(fact) == {v: v in ("TLSv1.0", "TLSv1.1") for v in fact.versions}
    assert answers(fact, "weak_ciphers", "broken_ciphers", "forward_secrecy") == (True, False, True)
    assert fact.without_forward_secrecy.known is True


def test_the_same_server_gives_the_same_fact(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments) as port:
        first, second = (msgspec.json.encode(endpoint(port)) for _ in range(2))
    assert first == second


def cooperative(hello: ClientHello, *, compression: int = 0, suite: int = 0xC02F) -> bytes:
    if "TLSv1.2" not in hello.versions:
        return alert(2, 70)
    if suite not in hello.suites:
        return alert(2, 40)
    return server_hello(version="TLSv1.2", suite=suite, compression=compression if 1 in hello.compressions else 0)


@pytest.mark.parametrize("compression", [0, 1])
def test_compression(compression: int) -> None:
    with answering(lambda hello: cooperative(hello, compression=compression)) as port:
        assert endpoint(port).compression.known is bool(compression)


def test_a_server_without_the_two_extensions() -> None:
    bare = server_hello(version="TLSv1.2", suite=0xC02F, secure_renegotiation=False, extended_master_secret=False)
    with answering(
        lambda hello: bare if 0xC02F in hello.suites and "TLSv1.2" in hello.versions else alert(2, 40)
    ) as port:
        fact = endpoint(port)
    assert answers(fact, "secure_renegotiation", "extended_master_secret") == (False, False)


def test_a_suite_that_was_not_offered_proves_nothing() -> None:
    """It selects ECDHE+GCM whatever is asked: the groups without it stay open."""
    hello = server_hello(version="TLSv1.2", suite=0xC02F)
    with answering(lambda offer: hello if "TLSv1.2" in offer.versions else alert(2, 70)) as port:
        fact = endpoint(port)
    assert fact.forward_secrecy.known is True
    for name in ("without_forward_secrecy", "broken_ciphers", "weak_ciphers", "plain_psk"):
        answer = getattr(fact, name)
        assert answer.known is None
        assert answer.reason is Reason.UNREADABLE
        assert "not offered" in answer.detail


def test_a_server_that_falls_back_answers_for_the_older_version() -> None:
    old = server_hello(version="TLSv1.0", suite=0x002F, extended_master_secret=False)

    def accepts(hello: ClientHello) -> bool:
        return "TLSv1.3" not in hello.versions and hello.version != "SSLv3" and 0x2F in hello.suites

    with answering(lambda hello: old if accepts(hello) else alert(2, 40)) as port:
        fact = endpoint(port)
    assert versions(fact) == {v: v == "TLSv1.0" for v in fact.versions}
    assert answers(fact, "without_forward_secrecy", "forward_secrecy") == (True, False)


@contextlib.contextmanager
def closing_after(hellos: int, say: Callable[[ClientHello], bytes]) -> Iterator[int]:
    """Answers the first hellos, then only accepts and closes, as a device out of connections does."""
    seen: list[ClientHello] = []

    def reply(hello: ClientHello) -> bytes:
        seen.append(hello)
        return say(hello) if len(seen) <= hellos else b""

    with answering(reply) as port:
        yield port


def test_a_device_that_runs_out_of_connections_refuses_nothing() -> None:
    with closing_after(2, cooperative) as port:
        fact = endpoint(port)
    assert (fact.versions["TLSv1.2"].known, fact.versions["TLSv1.3"].known) == (True, False)
    for version in ("SSLv3", "TLSv1.0", "TLSv1.1"):
        assert fact.versions[version].reason is Reason.UNREADABLE
    assert fact.without_forward_secrecy.known is None
    assert fact.broken_ciphers.known is None


def test_a_server_that_refuses_by_closing_does_refuse() -> None:
    def reply(hello: ClientHello) -> bytes:
        said = cooperative(hello)
        return said if said[0] == 22 else b""

    with answering(reply) as port:
        fact = endpoint(port)
    assert versions(fact) == SSL_TO_12
    assert answers(fact, "without_forward_secrecy", "broken_ciphers", "plain_psk") == (False, False, False)


def test_a_spent_budget_leaves_the_rest_open() -> None:
    with answering(cooperative) as port:
        fact = only(ask(port, connections=3).facts)
    assert fact.versions["TLSv1.2"].known is True
    assert fact.versions["TLSv1.0"].reason is Reason.BUDGET
    assert fact.without_forward_secrecy.reason is Reason.BUDGET
    assert fact.dh_bits.reason is Reason.BUDGET
    assert fact.unknown_alpn.reason is Reason.BUDGET
    assert fact.hellos == 3


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hellos, "PATIENCE", 0.2)


def swallow(peer: socket.socket) -> None:
    while peer.recv(4096):
        pass


@pytest.mark.usefixtures("_hasty")
def test_a_silent_port_is_timed_out() -> None:
    with scripted(swallow) as port:
        heard = ask(port)
    assert heard.facts == ()
    (missed,) = heard.missed
    assert (missed.need, missed.status, missed.reason) == ("tls-endpoint", AttemptStatus.TIMED_OUT, Reason.TIMEOUT)


@pytest.mark.usefixtures("_hasty")
def test_one_that_falls_silent_leaves_the_rest_open() -> None:
    seen: list[ClientHello] = []

    def serve(peer: socket.socket) -> None:
        hello = read_client_hello(peer.recv(16384))
        assert hello is not None
        seen.append(hello)
        if len(seen) <= 2:
            peer.sendall(cooperative(hello))
        else:
            swallow(peer)

    with scripted(serve) as port:
        fact = endpoint(port)
    assert (fact.versions["TLSv1.2"].known, fact.versions["TLSv1.3"].known) == (True, False)
    assert fact.versions["TLSv1.0"].reason is Reason.TIMEOUT
    assert fact.without_forward_secrecy.reason is Reason.TIMEOUT
    assert fact.hellos == 4


def test_one_that_never_ends_its_flights_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(peer: socket.socket) -> None:
        hello = read_client_hello(peer.recv(16384))
        assert hello is not None
        peer.sendall(cooperative(hello))
        swallow(peer)

    async def twice(port: int) -> list[str]:
        way = door(port)
        ask_one, offered = hellos.over_stream(way), Offer(versions=("TLSv1.2",), suites=(0xC02F,))
        monkeypatch.setattr(hellos, "PATIENCE", 0.2)
        first = await ask_one(offered)
        monkeypatch.setattr(hellos, "PATIENCE", 3600.0)
        monkeypatch.setattr(hellos, "REST_PATIENCE", 0.05)
        with anyio.fail_after(4):  # a conversation takes eight seconds at most
            second = await ask_one(offered)
        return [first.stop, second.stop]

    with scripted(serve) as port:
        assert anyio.run(twice, port) == ["silent", "silent"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", AttemptStatus.ABSENT),
        (b"\x16\x03\x03\x00\x05\x02\x00\x00\x01\x00", AttemptStatus.UNREADABLE),
        (alert(2, 40), AttemptStatus.UNREADABLE),
        (b"", AttemptStatus.UNREADABLE),
    ],
)
def test_no_hello_answered_is_no_fact(said: bytes, status: AttemptStatus) -> None:
    with answering(lambda hello: said) as port:
        heard = ask(port)
    assert heard.facts == ()
    assert [m.status for m in heard.missed] == [status]


def test_a_port_that_closed_meanwhile_is_not_absent() -> None:
    (missed,) = ask(free_port()).missed
    assert missed.status is AttemptStatus.UNREADABLE


def test_one_key_share_of_a_broken_suite_is_not_asked_for_again(rsa_credentials: Credentials) -> None:
    """Nothing but NULL is accepted: there is no handshake with forward secrecy to repeat."""
    null = ("-tls1_2", "-cipher", "ECDHE-RSA-NULL-SHA:NULL-SHA256:@SECLEVEL=0")
    with openssl(*rsa_credentials.arguments, *null) as port:
        fact = endpoint(port)
    assert answers(fact, "broken_ciphers", "forward_secrecy") == (True, False)
    assert fact.reuses_shares.reason is Reason.NOT_OBSERVABLE
