"""Documented pre-shared keys on real servers: OpenSSL, GnuTLS, mosquitto and libcoap, over TLS and DTLS."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import anyio
import pytest

from iotscan.data.known_psks import read_known_psks
from iotscan.model.answer import Answer
from iotscan.model.device import Service
from iotscan.model.facts import KnownPsk, TlsEndpoint
from iotscan.model.facts.tls import Suite
from iotscan.model.scope import Pace, Scope
from iotscan.model.secret import Secret
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.credentials import psk_talk, psk_trial
from iotscan.observe.network.credentials.psk_trial import likeliest
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Door, Heard, Missed
from iotscan.observe.network.probes.known_psk import PROBE, may_take_keys
from iotscan.store.ledger import Ledger
from iotscan.wire.tls.server import ClientHello, alert, server_hello, server_hello_done
from tests.observe.network.daemons import free_port, tool
from tests.observe.network.datagrams import coap_server, dtls_server

from .servers import HOST, answering, openssl, running, scripted

NO = Answer[bool].of(False)
RECORDS = {record.id: record for record in read_known_psks()}
SECRET_PSK = "secretPSK"
PLAIN = Suite(version="TLSv1.2", code=0x00A8, name="TLS_PSK_WITH_AES_128_GCM_SHA256")


def takes_keys(suite: Suite = PLAIN, *, plain: Answer[bool] = Answer[bool].of(True)) -> TlsEndpoint:
    nothing = dict.fromkeys(
        ("forward_secrecy", "prefers_forward_secrecy", "broken_ciphers", "weak_ciphers", "aead", "compression"), NO
    )
    return TlsEndpoint(
        versions={suite.version: Answer[bool].of(True)},
        selected=(suite,),
        plain_psk=plain,
        psk_forward_secrecy=NO,
        without_forward_secrecy=NO,
        secure_renegotiation=NO,
        extended_master_secret=NO,
        **nothing,
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


def door(port: int, ledger: Ledger, *, transport: str = "tcp", endpoint: TlsEndpoint | None = None) -> Door:
    pace = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1000)
    service = Service(transport=transport, port=port, protocol="tls" if transport == "tcp" else "coaps")
    return Door(
        line=Dialer(Scope(include=("127.0.0.0/8",), pace=pace)).line(HOST),
        service=service,
        known=((service.name, endpoint or takes_keys()),),
        tools={"ledger": ledger, "login_gap": 0.0},
    )


def heard(port: int, ledger: Ledger, *, transport: str = "tcp", endpoint: TlsEndpoint | None = None) -> Heard:
    return anyio.run(PROBE.ask, door(port, ledger, transport=transport, endpoint=endpoint))


def outcome(found: Heard) -> KnownPsk:
    (fact,) = found.facts
    assert isinstance(fact, KnownPsk)
    return fact


def gap(found: Heard) -> Missed:
    (gap,) = found.missed
    return gap


def keyed(hex_key: str, *words: str) -> AbstractContextManager[int]:
    return openssl("-nocert", "-tls1_2", "-psk", hex_key, "-cipher", "PSK:ECDHEPSK:DHEPSK:@SECLEVEL=0", *words)


def test_openssl_with_the_key_of_its_manual(ledger: Ledger) -> None:
    with keyed("1a2b3c4d") as port:
        found = outcome(heard(port, ledger))
    assert found == KnownPsk(tried=1, accepted="openssl-wolfssl-example", identity="Client_identity")


def test_the_hint_decides_what_is_tried_first(ledger: Ledger) -> None:
    with keyed(RECORDS["gnutls-manual"].key.reveal(), "-psk_hint", "psk_identity_hint") as port:
        found = outcome(heard(port, ledger))
    assert found == KnownPsk(tried=1, accepted="gnutls-manual", identity="psk_identity")


def test_a_key_of_its_own_is_a_refusal(ledger: Ledger) -> None:
    with keyed("77" * 16) as port:
        found = outcome(heard(port, ledger))
    assert found == KnownPsk(tried=3)


@contextmanager
def mosquitto(folder: Path, keys: str) -> Iterator[int]:
    port, psk_file, config = free_port(), folder / "keys", folder / "mosquitto.conf"
    psk_file.write_text(keys)
    config.write_text(
        f"listener {port} {HOST}\npsk_hint garden\npsk_file {psk_file}\nallow_anonymous true\nuser root\n"
    )
    with running([tool("mosquitto", "mosquitto"), "-c", str(config)], port, "mosquitto") as ready:
        yield ready


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("id:deadbeef\neasy:12345\n", KnownPsk(tried=2, accepted="mosquitto-example", identity="id")),
        ("hint:BAD123\n", KnownPsk(tried=3, accepted="esp-idf-mqtt", identity="hint")),
        ("Client_identity:00112233445566778899aabbccddeeff\n", KnownPsk(tried=3)),
        ("somebody:00112233445566778899aabbccddeeff\n", KnownPsk(tried=3)),
    ],
    ids=["its own example", "another's example", "known identity with a key of its own", "unknown identity"],
)
def test_mosquitto(ledger: Ledger, tmp_path: Path, keys: str, wanted: KnownPsk) -> None:
    with mosquitto(tmp_path, keys) as port:
        assert outcome(heard(port, ledger)) == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Client_identity:1a2b3c4d", KnownPsk(tried=1, accepted="openssl-wolfssl-example", identity="Client_identity")),
        ("Client_identity:1a2b3c4e", KnownPsk(tried=3)),
    ],
)
def test_gnutls(ledger: Ledger, tmp_path: Path, line: str, wanted: KnownPsk) -> None:
    (tmp_path / "keys").write_text(f"{line}\n")
    port = free_port()
    words = ["-q", "-p", str(port), "--pskpasswd", str(tmp_path / "keys")]
    kinds = "NORMAL:-KX-ALL:+ECDHE-PSK:+DHE-PSK:+PSK:-VERS-TLS1.3"
    with running([tool("gnutls-serv", "gnutls-bin"), *words, "--priority", kinds], port, "gnutls-bin"):
        assert outcome(heard(port, ledger)) == wanted


DTLS_PLAIN = Suite(version="DTLSv1.2", code=0xC0A8, name="TLS_PSK_WITH_AES_128_CCM_8")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback loses nothing: who is silent for a moment stays so."""
    monkeypatch.setattr(psk_talk, "WAITS", (0.5, 1.0))


def over_dtls(port: int, ledger: Ledger) -> Heard:
    return heard(port, ledger, transport="udp", endpoint=takes_keys(DTLS_PLAIN))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("library", ["openssl", "gnutls"])
@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (SECRET_PSK, KnownPsk(tried=1, accepted="tinydtls-example", identity="Client_identity")),
        ("its own key", KnownPsk(tried=3)),
    ],
)
def test_libcoap_over_dtls(ledger: Ledger, tmp_path: Path, library: str, key: str, wanted: KnownPsk) -> None:
    """Both drop a record under another key without a word, and then answer the next hello."""
    with coap_server(library, tmp_path, "-k", key, "-h", "garden") as clear:
        assert outcome(over_dtls(clear + 1, ledger)) == wanted


@pytest.mark.usefixtures("quick")
def test_the_hint_of_libcoap_leads_to_the_key_of_its_example(ledger: Ledger, tmp_path: Path) -> None:
    with coap_server("openssl", tmp_path, "-k", "secret-key", "-h", "CoAP") as clear:
        found = outcome(over_dtls(clear + 1, ledger))
    assert (found.tried, found.accepted) == (1, "esp-idf-coap-server")


@pytest.mark.usefixtures("quick")
def test_openssl_over_dtls_with_a_cookie(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves one client at a time and waits for the one with the wrong key: so the control has the right one."""
    known = RECORDS["openssl-wolfssl-example"].key.reveal()
    words = ("-quiet", "-nocert", "-psk", known, "-listen", "-dtls1_2")
    with dtls_server(tmp_path, lambda port: ["openssl", "s_server", "-accept", f"{HOST}:{port}", *words]) as port:
        monkeypatch.setattr(psk_trial, "Secret", lambda _: Secret(known))
        assert outcome(over_dtls(port, ledger)) == KnownPsk(tried=0, takes_any=True)


@pytest.mark.usefixtures("quick")
def test_a_server_that_is_gone_after_the_tries_is_no_refusal(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: Door) -> bool:
        return False

    monkeypatch.setattr("iotscan.observe.network.probes.known_psk.still_answers", gone)
    with coap_server("openssl", tmp_path, "-k", "its own key") as clear:
        found = gap(over_dtls(clear + 1, ledger))
    assert (found.status, found.reason) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)


def test_whoever_takes_a_key_that_nobody_has_takes_any(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server can: it would need the key for its own Finished. So here the stranger has the right one."""
    monkeypatch.setattr(psk_trial, "Secret", lambda _: Secret("77" * 16))
    with keyed("77" * 16) as port:
        assert outcome(heard(port, ledger)) == KnownPsk(tried=0, takes_any=True)


def test_a_service_sees_three_documented_keys_a_day_and_the_ledger_no_key(ledger: Ledger, tmp_path: Path) -> None:
    with keyed("77" * 16) as port:
        assert outcome(heard(port, ledger)) == KnownPsk(tried=3)
        again = gap(heard(port, ledger))
    assert (again.status, again.reason) == (AttemptStatus.NOT_TRIED, Reason.BUDGET)
    written = (tmp_path / "ledger").read_text()
    assert written.count("\n") == 4
    assert not any(record.key.reveal() in written for record in RECORDS.values())


def test_a_scope_that_grants_one_try_gets_no_pass(tmp_path: Path) -> None:
    with keyed("77" * 16) as port:
        found = gap(heard(port, Ledger(tmp_path / "ledger", limit=1)))
    assert (found.status, found.reason) == (AttemptStatus.NOT_TRIED, Reason.BUDGET)


FLIGHT = server_hello(version="TLSv1.2", suite=PLAIN.code, extended_master_secret=False) + server_hello_done()


@contextmanager
def saying(*answers: tuple[bytes, bytes], stays: bool = False) -> Iterator[int]:
    """A server that answers the hello, then the key, of each client in turn, and hangs up unless it ``stays``."""
    turns = iter(answers)

    def serve(peer: socket.socket) -> None:
        first, second = next(turns, answers[-1])
        peer.recv(4096)
        peer.sendall(first)
        peer.recv(4096)
        peer.sendall(second)
        if stays:
            peer.recv(4096)

    with scripted(serve) as port:
        yield port


NO_KEY, LATER, ERROR = alert(2, 20), alert(2, 40), alert(2, 80)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([(FLIGHT, NO_KEY), (LATER, b"")], Reason.LOCKED_OUT),
        ([(FLIGHT, NO_KEY), (FLIGHT, b"")], Reason.UNREADABLE),
        ([(FLIGHT, ERROR)], Reason.UNREADABLE),
        ([(LATER, b"")], Reason.NOT_OBSERVABLE),
        ([(b"HTTP/1.0 400 Bad Request\r\n\r\n", b"")], Reason.UNREADABLE),
    ],
    ids=["refuses the hello after a try", "hangs up after a try", "breaks down", "no suite", "no TLS"],
)
def test_doubt_is_no_verdict(ledger: Ledger, answers: list[tuple[bytes, bytes]], reason: Reason) -> None:
    with saying(*answers) as port:
        assert gap(heard(port, ledger)).reason is reason


def test_a_server_that_hangs_up_on_a_wrong_key_refuses_it(ledger: Ledger) -> None:
    with saying((FLIGHT, b"")) as port:
        assert outcome(heard(port, ledger)) == KnownPsk(tried=3)


def test_silence_over_a_stream_is_no_refusal(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psk_talk, "PATIENCE", 0.3)
    with saying((FLIGHT, b""), stays=True) as port:
        found = gap(heard(port, ledger))
    assert (found.status, found.reason) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)


def test_a_sign_of_lock_out_leaves_the_device_alone_for_the_day(ledger: Ledger) -> None:
    with saying((FLIGHT, NO_KEY), (LATER, b"")) as port:
        heard(port, ledger)
        assert gap(heard(port, ledger)).reason is Reason.BUDGET


def test_who_takes_no_keys_is_not_asked() -> None:
    assert may_take_keys(takes_keys())
    assert not may_take_keys(takes_keys(plain=NO))


def test_where_it_is_not_settled_whether_keys_are_taken_nothing_is_sent(ledger: Ledger) -> None:
    unsettled = takes_keys(plain=Answer[bool].missing(Reason.TIMEOUT, "no answer"))
    assert may_take_keys(unsettled)

    def never(_: ClientHello) -> bytes:
        raise AssertionError("it was asked")

    with answering(never) as port:
        found = gap(heard(port, ledger, endpoint=unsettled))
    assert (found.status, found.reason) == (AttemptStatus.NOT_TRIED, Reason.TIMEOUT)


def test_keys_of_older_versions_are_not_tried(ledger: Ledger) -> None:
    old = takes_keys(Suite(version="TLSv1.0", code=0x008C, name="TLS_PSK_WITH_AES_128_CBC_SHA"))
    with keyed("1a2b3c4d") as port:
        assert gap(heard(port, ledger, endpoint=old)).reason is Reason.NOT_OBSERVABLE


def test_at_most_three_records_are_chosen_hints_before_marks_before_the_order_of_the_file() -> None:
    records = tuple(RECORDS.values())
    usual = likeliest(records, transport="dtls", hint="", known=())
    assert [r.id for r in usual] == ["tinydtls-example", "openssl-wolfssl-example", "esp-idf-coap-server"]
    hinted = likeliest(records, transport="dtls", hint="Pion DTLS Server", known=())
    assert [r.id for r in hinted][:2] == ["pion-example", "tinydtls-example"]
