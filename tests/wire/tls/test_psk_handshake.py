"""Handshakes with a pre-shared key: known answers, every cipher against OpenSSL, and any bytes."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.secret import Secret
from iotscan.wire.tls.framing import vector
from iotscan.wire.tls.key_schedule import prf
from iotscan.wire.tls.protection import BadRecord, derive
from iotscan.wire.tls.psk_exchange import Exchange, exchange_keys
from iotscan.wire.tls.psk_handshake import PskEnd, PskHandshake, psk_offer, psk_suites
from iotscan.wire.tls.record_layer import StreamLayer
from iotscan.wire.tls.server import alert, server_hello, server_hello_done
from iotscan.wire.tls.suites import suite_name

HOST = "127.0.0.1"
IDENTITY, KEY = "sensor-7", Secret("0a0b0c0d0e0f")
STRANGER = Secret("00" * 16)
OUTSIDE_OPENSSL = {0xD001, 0xD002, 0xD003, 0xD005}
"""ECDHE_PSK with GCM and CCM (RFC 8442), which OpenSSL 3.0 does not have."""
SEALED = psk_suites("TLSv1.2")


def test_the_pseudorandom_function_gives_the_known_answer() -> None:
    """The vector for P_SHA256 that implementers exchanged on the IETF's list in 2009."""
    made = prf(
        bytes.fromhex("9bbe436ba940f017b17652849a71db35"),
        b"test label",
        bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c"),
        100,
        "sha256",
    )
    assert made.hex() == (
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af"
        "0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
    )


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """OpenSSL with one key and every pre-shared-key suite it has."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl: apt install openssl")
    with socket.create_server((HOST, 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [
            *("openssl", "s_server", "-accept", f"{HOST}:{port}", "-nocert", "-tls1_2", "-quiet"),
            *("-psk", KEY.reveal(), "-psk_hint", "garden", "-cipher", "PSK:ECDHEPSK:DHEPSK:@SECLEVEL=0"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 15
        while time.monotonic() < until:
            try:
                socket.create_connection((HOST, port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        yield port
    finally:
        process.kill()
        process.wait()


def shake(port: int, suites: tuple[int, ...] = SEALED, key: Secret = KEY) -> PskEnd:
    offer = msgspec.structs.replace(psk_offer("TLSv1.2"), suites=suites)
    handshake = PskHandshake(StreamLayer(), offer, identity=IDENTITY, key=key)
    with socket.create_connection((HOST, port), timeout=10) as peer:
        peer.sendall(handshake.begin())
        while handshake.end is None:
            heard = peer.recv(4096)
            if not heard:
                handshake.closed()
            peer.sendall(handshake.feed(heard))
    return end_of(handshake)


def end_of(handshake: PskHandshake) -> PskEnd:
    assert handshake.end is not None
    return handshake.end


@pytest.mark.parametrize("suite", [s for s in SEALED if s not in OUTSIDE_OPENSSL], ids=suite_name)
def test_the_right_key_is_taken_and_another_refused(server: int, suite: int) -> None:
    right, wrong = shake(server, (suite,)), shake(server, (suite,), STRANGER)
    assert right == PskEnd(how="accepted", detail=suite_name(suite), suite=suite, hint=b"garden")
    assert wrong == PskEnd(how="refused", detail="alert bad_record_mac", suite=suite, hint=b"garden")


def test_a_server_without_such_a_suite_is_no_refusal(server: int) -> None:
    assert shake(server, (0xD001,)).how == "unsuited"


@given(
    st.sampled_from(SEALED),
    st.binary(min_size=8, max_size=8),
    st.sampled_from((20, 21, 22, 23)),
    st.binary(max_size=64),
    st.integers(0),
)
def test_what_is_sealed_is_opened_and_a_changed_bit_is_seen(
    suite: int, sequence: bytes, kind: int, plain: bytes, at: int
) -> None:
    keys = derive(suite, bytes(48), bytes(32), bytes(range(32)))
    sealed = keys.client.seal(sequence, kind, 0x0303, plain)
    assert keys.client.open(sequence, kind, 0x0303, sealed) == plain
    place, bit = divmod(at % (8 * len(sealed)), 8)
    changed = sealed[:place] + bytes([sealed[place] ^ 1 << bit]) + sealed[place + 1 :]
    for opener, body, about in ((keys.client, changed, kind), (keys.server, sealed, kind), (keys.client, sealed, 24)):
        with pytest.raises(BadRecord):
            opener.open(sequence, about, 0x0303, body)


@given(st.sampled_from(SEALED), st.binary(max_size=80))
def test_any_bytes_are_opened_or_refused(suite: int, body: bytes) -> None:
    with pytest.raises(BadRecord):
        derive(suite, bytes(48), bytes(32), bytes(32)).server.open(bytes(8), 22, 0x0303, body)


FLIGHT = server_hello(version="TLSv1.2", suite=0x00A8) + server_hello_done()


@given(st.lists(st.one_of(st.binary(max_size=100), st.sampled_from((FLIGHT, alert(2, 20), alert(1, 0)))), max_size=6))
def test_any_bytes_end_in_no_acceptance(pieces: list[bytes]) -> None:
    handshake = PskHandshake(StreamLayer(), psk_offer("TLSv1.2"), identity=IDENTITY, key=KEY)
    handshake.begin()
    for piece in pieces:
        handshake.feed(piece)
    handshake.closed()
    assert end_of(handshake).how != "accepted"


@given(st.sampled_from(SEALED), st.one_of(st.none(), st.binary(max_size=80)))
def test_any_key_exchange_is_read_or_refused(suite: int, message: bytes | None) -> None:
    try:
        made = exchange_keys(suite, message, identity=b"id", key=b"key")
    except ValueError:
        return
    assert made.message.startswith(vector(2, b"id"))
    assert made.premaster.endswith(vector(2, b"key"))


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        (FLIGHT + alert(2, 115), "refused"),
        (FLIGHT + alert(2, 51), "refused"),
        (FLIGHT + alert(2, 80), "unclear"),
        (FLIGHT + alert(1, 0), "closed"),
        (FLIGHT, "closed"),
        (server_hello(version="TLSv1.2", suite=0x00A8), "unclear"),
        (server_hello(version="TLSv1.2", suite=0xC02F) + server_hello_done(), "unsuited"),
        (server_hello(version="TLSv1.1", suite=0x008C) + server_hello_done(), "unsuited"),
        (alert(2, 40), "unsuited"),
        (server_hello(version="TLSv1.2", suite=0xCCAC) + server_hello_done(), "unclear"),
        (b"HTTP/1.1 400 Bad Request\r\n", "unclear"),
        (FLIGHT + FLIGHT, "unclear"),
    ],
)
def test_what_an_answer_means(answer: bytes, how: str) -> None:
    handshake = PskHandshake(StreamLayer(), psk_offer("TLSv1.2"), identity=IDENTITY, key=KEY)
    handshake.begin()
    handshake.feed(answer)
    handshake.closed()
    assert end_of(handshake).how == how


def test_silence_after_the_key_is_not_silence_before_it() -> None:
    for answer, how in ((FLIGHT, "silent"), (b"", "unclear")):
        handshake = PskHandshake(StreamLayer(), psk_offer("TLSv1.2"), identity=IDENTITY, key=KEY)
        handshake.begin()
        handshake.feed(answer)
        handshake.silent()
        assert end_of(handshake).how == how


def test_a_prime_of_the_servers_own_is_bounded() -> None:
    for prime in (5, 2**9000 + 1, 2**1024):
        share = b"".join(vector(2, number.to_bytes(1200, "big")) for number in (prime, 2, 3))
        with pytest.raises(ValueError, match="bits"):
            exchange_keys(0x00AA, vector(2, b"") + share, identity=b"id", key=b"key")


def test_no_secret_is_shown() -> None:
    assert "hush" not in repr(Exchange(message=b"m", premaster=b"hush"))
