"""Known attacks: found on servers that fall for them, not on current ones, and open where nothing was said."""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import anyio
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts.tls import TlsAttacks
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probes import tls, tls_attacks
from iotscan.wire.tls import attacks, framing
from iotscan.wire.tls.attacks import PADDINGS
from iotscan.wire.tls.framing import record
from iotscan.wire.tls.server import alert, certificate, read_client_hello, server_hello, server_hello_done

from .servers import Credentials, door, openssl, scripted

STATIC_RSA = 0x002F
Turn = Callable[[int, bytes], bytes | None]
"""What a server says to one record; None to hang up."""


def attacked(port: int, *, asks_tls: bool = False, connections: int = 1000) -> TlsAttacks:
    async def go() -> TlsAttacks:
        known = (await tls.PROBE.ask(door(port))).facts if asks_tls else ()
        (fact,) = (await tls_attacks.PROBE.ask(door(port, known=known, connections=connections))).facts
        assert isinstance(fact, TlsAttacks)
        return fact

    return anyio.run(go)


def test_who_offers_no_tls_has_nothing_to_attack() -> None:
    """It was told as unreadable, and the run as one that misses something."""

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 ready\r\n")
        while peer.recv(4096):
            peer.sendall(b"530 Please login with USER and PASS.\r\n")

    with scripted(talk) as port:
        way = door(port)
        way = msgspec.structs.replace(way, service=msgspec.structs.replace(way.service, protocol="ftp"))
        heard = anyio.run(tls_attacks.PROBE.ask, way)
    assert [gap.status for gap in heard.missed] == [AttemptStatus.ABSENT]
    assert heard.facts == ()


def after_hello(credentials: Credentials, turn: Turn) -> AbstractContextManager[int]:
    """A server that shows a first flight of TLS 1.2 with static RSA, and then answers record by record."""
    flight = server_hello(version="TLSv1.2", suite=STATIC_RSA) + certificate([credentials.der]) + server_hello_done()

    def serve(peer: socket.socket) -> None:
        heard = b""
        while read_client_hello(heard) is None:
            if not (piece := peer.recv(4096)):
                return
            heard += piece
        peer.sendall(flight)
        heard = b""
        while piece := peer.recv(4096):
            heard += piece
            for kind, body in attacks.records(heard):
                heard = heard[5 + len(body) :]
                said = turn(kind, body)
                if said is None:
                    return
                peer.sendall(said)

    return scripted(serve)


def bleeding(kind: int, body: bytes) -> bytes | None:
    """OpenSSL before 1.0.1g: as many bytes as the heartbeat says, whatever it holds."""
    if kind == attacks.HEARTBEAT:
        claimed = int.from_bytes(body[1:3], "big")
        return record(attacks.HEARTBEAT, 0x0303, b"\x02" + body[1:3] + bytes(claimed + 16))
    return None


def patched(kind: int, body: bytes) -> bytes | None:
    """A heartbeat that is too short is dropped, a ChangeCipherSpec that is too early refused, every key alike."""
    if kind == attacks.HEARTBEAT:
        return b""
    return alert(2, 20) if kind == framing.HANDSHAKE else alert(2, 10)


def test_heartbleed_is_found(rsa_credentials: Credentials) -> None:
    with after_hello(rsa_credentials, bleeding) as port:
        assert attacked(port).heartbleed.known is True


def test_an_early_change_that_is_taken_is_found(rsa_credentials: Credentials) -> None:
    def taking(kind: int, body: bytes) -> bytes | None:
        return b"" if kind == attacks.CHANGE_CIPHER_SPEC else alert(2, 20)

    with after_hello(rsa_credentials, taking) as port:
        assert attacked(port).ccs_injection.known is True


def oracle(credentials: Credentials, answers: Callable[[bool], bytes]) -> Turn:
    """A server that says by its alert whether it liked the padding."""
    key = load_pem_private_key(credentials.key.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()

    def turn(kind: int, body: bytes) -> bytes | None:
        if kind != framing.HANDSHAKE or body[:1] != b"\x10":
            return b""
        opened = pow(int.from_bytes(body[6:], "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")
        return answers(opened[:2] == b"\x00\x02" and opened.find(b"\x00", 2) == 256 - 49)

    return turn


def test_robot_is_found(rsa_credentials: Credentials) -> None:
    with after_hello(rsa_credentials, oracle(rsa_credentials, lambda ok: alert(2, 20 if ok else 51))) as port:
        fact = attacked(port)
    assert fact.robot.known is True
    assert fact.robot_answers[:2] == ("right padding: alert bad_record_mac", "wrong first bytes: alert decrypt_error")


def test_answers_that_change_by_themselves_are_no_oracle(rsa_credentials: Credentials) -> None:
    said = iter([20, 51, 20, 20, 20, 51, 20, 51, 20, 20])
    with after_hello(rsa_credentials, oracle(rsa_credentials, lambda ok: alert(2, next(said)))) as port:
        fact = attacked(port)
    assert (fact.robot.known, fact.robot.reason, fact.robot_answers) == (None, Reason.NOT_OBSERVABLE, ())


def test_a_patched_server_falls_for_none(rsa_credentials: Credentials) -> None:
    with after_hello(rsa_credentials, patched) as port:
        fact = attacked(port)
    assert [fact.heartbleed.known, fact.ccs_injection.known, fact.robot.known] == [False, False, False]


@pytest.mark.parametrize(
    "arguments",
    [
        ("-tls1_2", "-cipher", "AES128-SHA:AES128-GCM-SHA256:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE"),
        ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
        ("-tls1_3",),
    ],
    ids=" ".join,
)
def test_a_current_openssl_falls_for_none(rsa_credentials: Credentials, arguments: tuple[str, ...]) -> None:
    with openssl(*rsa_credentials.arguments, *arguments) as port:
        fact = attacked(port, asks_tls=True)
    assert [fact.heartbleed.known, fact.ccs_injection.known, fact.robot.known] == [False, False, False], fact


def test_a_server_that_says_nothing_settles_nothing(
    rsa_credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_attacks, "_PATIENCE", 0.3)
    monkeypatch.setattr(tls_attacks, "_EARLY", 0.1)
    with after_hello(rsa_credentials, lambda kind, body: b"") as port:
        fact = attacked(port)
    assert [fact.heartbleed.reason, fact.ccs_injection.reason] == [Reason.NOT_OBSERVABLE] * 2


def test_a_spent_budget_is_said_so(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_2") as port:
        fact = attacked(port, connections=1)
    assert (fact.heartbleed.known, fact.ccs_injection.reason, fact.robot.reason) == (
        False,
        Reason.BUDGET,
        Reason.BUDGET,
    )


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [64, 128, 256, 257])
def test_every_padding_fills_the_key(padding: attacks.Padding, size: int) -> None:
    assert len(attacks.padded(padding, size, "TLSv1.2")) == size


def test_only_one_padding_is_right() -> None:
    sealed = {p: attacks.padded(p, 256, "TLSv1.2") for p in PADDINGS}
    right = [p for p, s in sealed.items() if s[:2] == b"\x00\x02" and s[2:-46].find(b"\x00\x03\x03") == 256 - 51]
    assert right == ["right padding"]


@given(st.binary(max_size=120))
def test_no_bytes_break_the_reading(heard: bytes) -> None:
    assert attacks.first_alert(heard) is None or 0 < (attacks.first_alert(heard) or 0) < 256
    assert isinstance(attacks.answer_name(heard), str)
    assert attacks.is_leak(heard) in (True, False)
    assert attacks.rsa_key(heard) is None


def test_a_key_that_is_none_is_none(tmp_path: Path, ec_credentials: Credentials) -> None:
    assert attacks.rsa_key(ec_credentials.der) is None
