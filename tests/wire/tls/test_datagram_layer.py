"""A DTLS handshake with a key, against a server of this test's own that is fed bytes, and against any datagrams."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.secret import Secret
from iotscan.wire.tls import dtls, framing
from iotscan.wire.tls.datagram_layer import DatagramLayer
from iotscan.wire.tls.framing import Reader, vector
from iotscan.wire.tls.key_schedule import master_secret, verify_data
from iotscan.wire.tls.protection import derive
from iotscan.wire.tls.psk_handshake import FINISHED, PskHandshake, psk_offer

SUITE = 0xC0A8
COOKIE = b"crumb"
KEY = Secret("0102030405060708")
RANDOM = bytes(range(32))


class Peer:
    """A server for plain PSK, as terse as one can be: it puts no datagram together and sends nothing again."""

    def __init__(self, *, counts_verify: bool = True) -> None:
        self._transcript = b""
        self._first = 1 if counts_verify else 0
        self._client_random = b""
        self._sent = 0

    def answer(self, datagram: bytes) -> list[bytes]:
        records = list(dtls.read_records(datagram))
        (piece, *_) = dtls.read_fragments(records[0].body)
        if piece.kind == framing.CLIENT_HELLO:
            return self._greet(piece)
        return [self._prove(piece, records)]

    def _greet(self, piece: dtls.Fragment) -> list[bytes]:
        reader = Reader(piece.body)
        reader.number(2)
        self._client_random = reader.take(32)
        reader.vector(1)
        if not reader.vector(1).rest():
            body = b"\xfe\xfd" + vector(1, COOKIE)
            return [self._record(framing.HANDSHAKE, message(framing.HELLO_VERIFY_REQUEST, body, 0))]
        self._transcript = message(piece.kind, piece.body, piece.sequence)
        hello = b"\xfe\xfd" + RANDOM + vector(1, b"") + SUITE.to_bytes(2, "big") + b"\0"
        messages = [
            message(framing.SERVER_HELLO, hello, self._first),
            message(framing.SERVER_KEY_EXCHANGE, vector(2, b"garden"), self._first + 1),
            message(framing.SERVER_HELLO_DONE, b"", self._first + 2),
        ]
        self._transcript += b"".join(messages)
        return [self._record(framing.HANDSHAKE, text) for text in messages]

    def _prove(self, piece: dtls.Fragment, records: list[dtls.Record]) -> bytes:
        key = bytes.fromhex(KEY.reveal())
        master = master_secret(vector(2, bytes(len(key))) + vector(2, key), self._client_random, RANDOM, "sha256")
        keys = derive(SUITE, master, self._client_random, RANDOM)
        self._transcript += message(piece.kind, piece.body, piece.sequence)
        sealed = records[-1]
        number = (1).to_bytes(2, "big") + sealed.sequence.to_bytes(6, "big")
        plain = keys.client.open(number, sealed.kind, 0xFEFD, sealed.body)
        (finished,) = dtls.read_fragments(plain)
        assert finished.body == verify_data(master, self._transcript, "client", "sha256")
        self._transcript += plain
        proof = message(FINISHED, verify_data(master, self._transcript, "server", "sha256"), self._first + 3)
        first = (1).to_bytes(2, "big") + bytes(6)
        body = keys.server.seal(first, framing.HANDSHAKE, 0xFEFD, proof)
        return bytes([framing.HANDSHAKE]) + b"\xfe\xfd" + first + vector(2, body)

    def _record(self, kind: int, body: bytes) -> bytes:
        self._sent += 1
        return dtls.record(kind, body, sequence=self._sent - 1)


def message(kind: int, body: bytes, number: int) -> bytes:
    return dtls.fragment(kind, body, sequence=number, offset=0, length=len(body))


def in_pieces(datagrams: list[bytes]) -> list[bytes]:
    """Each message in clear as fragments of five bytes, the last first."""
    made: list[bytes] = []
    for found in (record for datagram in datagrams for record in dtls.read_records(datagram)):
        for whole in dtls.read_fragments(found.body):
            spans = range(0, max(len(whole.body), 1), 5)
            pieces = [
                dtls.fragment(
                    whole.kind, whole.body, sequence=whole.sequence, offset=at, length=min(5, len(whole.body) - at)
                )
                for at in reversed(spans)
            ]
            made += [dtls.record(found.kind, piece, sequence=n) for n, piece in enumerate(pieces)]
    return made


def talk(peer: Peer, key: Secret = KEY, *, shake: Callable[[list[bytes]], list[bytes]] = list) -> PskHandshake:
    handshake = PskHandshake(DatagramLayer(), psk_offer("DTLSv1.2"), identity="sensor", key=key)
    waiting = [handshake.begin()]
    while waiting and handshake.end is None:
        said = peer.answer(waiting.pop())
        for datagram in said if handshake.has_proved else shake(said):
            if reply := handshake.feed(datagram):
                waiting.append(reply)
    return handshake


@pytest.mark.parametrize("counts_verify", [True, False])
@pytest.mark.parametrize(
    "shake",
    [
        list,
        lambda said: list(reversed(said)),
        lambda said: [datagram for datagram in said for _ in range(2)],
        lambda said: [b"".join(said)],
        lambda said: [b"\0noise", *said, b"", said[0][:9]],
        in_pieces,
    ],
    ids=["in order", "in the wrong order", "each twice", "in one", "with noise", "in pieces"],
)
def test_a_key_is_proved_however_the_datagrams_come(
    shake: Callable[[list[bytes]], list[bytes]], counts_verify: bool
) -> None:
    end = talk(Peer(counts_verify=counts_verify), shake=shake).end
    assert end is not None
    assert (end.how, end.suite, end.hint) == ("accepted", SUITE, b"garden")


def test_a_flight_that_is_sent_again_has_new_numbers_and_the_same_messages() -> None:
    layer = DatagramLayer()
    handshake = PskHandshake(layer, psk_offer("DTLSv1.2"), identity="sensor", key=KEY)
    first, second = handshake.begin(), layer.again()
    (one,), (two,) = dtls.read_records(first), dtls.read_records(second)
    assert (one.sequence, two.sequence) == (0, 1)
    assert one.body == two.body
    peer = Peer()
    (verify,) = peer.answer(first)
    with_cookie = handshake.feed(verify)
    assert handshake.feed(verify) == b"", "the same request again is no new one"
    reply = b"".join(handshake.feed(datagram) for datagram in peer.answer(with_cookie))
    again = layer.again()
    assert [(r.kind, r.epoch) for r in dtls.read_records(again)] == [(22, 0), (20, 0), (22, 1)]
    assert not {(r.epoch, r.sequence) for r in dtls.read_records(reply)} & {
        (r.epoch, r.sequence) for r in dtls.read_records(again)
    }
    for datagram in peer.answer(again):
        handshake.feed(datagram)
    assert handshake.end is not None
    assert handshake.end.how == "accepted"


def test_a_record_under_another_key_is_passed_over() -> None:
    peer = Peer()
    handshake = PskHandshake(DatagramLayer(), psk_offer("DTLSv1.2"), identity="sensor", key=KEY)
    (verify,) = peer.answer(handshake.begin())
    proof = b"".join(handshake.feed(datagram) for datagram in peer.answer(handshake.feed(verify)))
    (finished,) = peer.answer(proof)
    assert handshake.feed(finished[:-1] + bytes([finished[-1] ^ 1])) == b""
    assert handshake.end is None
    handshake.feed(finished)
    assert handshake.end is not None
    assert handshake.end.how == "accepted"


REAL = (
    dtls.record(22, message(framing.HELLO_VERIFY_REQUEST, b"\xfe\xfd\x01x", 0), sequence=0),
    dtls.record(22, message(framing.SERVER_HELLO, b"\xfe\xfd" + RANDOM + b"\0\xc0\xa8\0", 1), sequence=1),
    dtls.record(22, message(framing.SERVER_HELLO_DONE, b"", 2), sequence=2),
    dtls.alert(2, 40, sequence=3),
)


@given(st.lists(st.one_of(st.sampled_from(REAL), st.binary(max_size=60)), max_size=8))
def test_any_datagrams_end_in_no_acceptance(datagrams: list[bytes]) -> None:
    handshake = PskHandshake(DatagramLayer(), psk_offer("DTLSv1.2"), identity="sensor", key=KEY)
    handshake.begin()
    for datagram in datagrams:
        handshake.feed(datagram)
    assert handshake.silent().how != "accepted"
