"""A handshake with a pre-shared key, finished far enough to know whether the server has that key.

A class that is fed bytes and gives bytes; it ends when the server's Finished proves that both have the key, or when
the server says no. TLS 1.2 and DTLS 1.2. Source: RFC 4279, RFC 5489, RFC 5246 section 7.3, RFC 6347 section 4.2.
"""

import hmac
from os import urandom
from typing import Literal

import msgspec

from iotscan.model.secret import Secret
from iotscan.wire.tls import framing
from iotscan.wire.tls.alerts import HANDSHAKE_FAILURE, REFUSALS, alert_name
from iotscan.wire.tls.answer import ServerAnswer, read_server_hello
from iotscan.wire.tls.framing import Malformed, Reader
from iotscan.wire.tls.hello import NOISE, Offer, hello_body
from iotscan.wire.tls.key_schedule import extended_master_secret, master_secret, verify_data
from iotscan.wire.tls.protection import BadRecord, can_protect, derive, prf_hash
from iotscan.wire.tls.psk_exchange import GROUPS, Unsuitable, exchange_keys
from iotscan.wire.tls.record_layer import CHANGE_CIPHER_SPEC, Layer, Piece
from iotscan.wire.tls.suites import SUITES, offer, suite_name

CLIENT_KEY_EXCHANGE, FINISHED, NEW_SESSION_TICKET = 16, 20, 4
_KEY_EXCHANGES = ("PSK", "ECDHE_PSK", "DHE_PSK", "PSK_DHE")
_CLOSE_NOTIFY, _WARNING, _FATAL = 0, 1, 2
_REFUSALS = frozenset({20, 40, 47, 51, 115})
"""bad_record_mac, handshake_failure, illegal_parameter, decrypt_error, unknown_psk_identity."""
_PIECES = 64
"""Alerts and messages of one handshake that we look at."""

How = Literal["accepted", "refused", "closed", "silent", "unclear", "unsuited"]


class PskEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a handshake ended.

    ``accepted``: the server's Finished shows that it has the key. ``refused``: it said no after it had seen our
    proof. ``closed`` and ``silent``: no word after that. ``unsuited``: it took none of what can be finished here.
    ``unclear``: anything else. ``detail`` are words for a report; neither identity nor key is among them.
    """

    how: How
    detail: str = ""
    suite: int = 0
    hint: bytes = b""


def psk_suites(version: str) -> tuple[int, ...]:
    """The pre-shared-key suites of TLS 1.2 or DTLS 1.2 whose handshake can be finished here.

    Those that cost a small device least come first: nothing that we say needs forward secrecy.
    """
    found = offer(version, lambda suite: suite.key_exchange in _KEY_EXCHANGES and can_protect(suite))
    return tuple(sorted(found, key=lambda code: _KEY_EXCHANGES.index(SUITES[code].key_exchange)))


def psk_offer(version: str, *, server_name: str = "") -> Offer:
    """A hello that offers nothing else."""
    return Offer(versions=(version,), suites=psk_suites(version), groups=GROUPS, server_name=server_name)


class PskHandshake:
    """One handshake with an identity and its key (hex digits) over a layer."""

    def __init__(self, layer: Layer, offer: Offer, *, identity: str, key: Secret) -> None:
        self._layer = layer
        self._offer = offer
        self._identity = identity.encode()
        self._key = key
        self._noise = urandom(NOISE)
        self._transcript = b""
        self._hello: ServerAnswer | None = None
        self._server_part: bytes | None = None
        self._master = b""
        self._pieces = 0
        self._has_cookie = False
        self.end: PskEnd | None = None
        """How it ended; None while it goes on."""

    @property
    def has_proved(self) -> bool:
        """True once our proof of the key is on its way."""
        return bool(self._master)

    def begin(self) -> bytes:
        """The ClientHello."""
        return self._say_hello(b"")

    def feed(self, data: bytes) -> bytes:
        """The next bytes of the server; what is to be sent then. Never raises."""
        said = b""
        try:
            for piece in self._layer.take(data):
                self._pieces += 1
                if self._pieces > _PIECES:
                    raise Malformed("a handshake without an end")
                said += self._hear(piece)
                if self.end is not None:
                    return said
        except Malformed as error:
            self._stop("unclear", f"breaks the rules of TLS: {error}")
        except BadRecord:
            self._stop("unclear", "its answer is under keys that are not ours")
        except Unsuitable as error:
            self._stop("unsuited", f"wants {error}")
        return said

    def farewell(self) -> bytes:
        """An alert by which the server need not wait: close_notify under keys that both have, else a fatal one."""
        if self.end is not None and self.end.how == "accepted":
            return self._layer.send(framing.ALERT, bytes([_WARNING, _CLOSE_NOTIFY]))
        return self._layer.send(framing.ALERT, bytes([_FATAL, HANDSHAKE_FAILURE]), in_clear=True)

    def closed(self) -> PskEnd:
        """The server ended the conversation; how the handshake ended, maybe before that."""
        if self.has_proved:
            return self._stop("closed", "closed without a word after the key")
        return self._stop("unclear", "closed before a key was asked for")

    def silent(self) -> PskEnd:
        """The server has said nothing for as long as we wait; how the handshake ended, maybe before that."""
        if self.has_proved:
            return self._stop("silent", "no word after the key")
        return self._stop("unclear", "silent before a key was asked for")

    def _hear(self, piece: Piece) -> bytes:
        if piece.content == framing.ALERT:
            self._alert(piece.body)
            return b""
        if piece.content != framing.HANDSHAKE or piece.kind == framing.HELLO_REQUEST:
            return b""
        if piece.kind == framing.HELLO_VERIFY_REQUEST and self._offer.is_dtls:
            return self._again(piece.body)
        if piece.kind == FINISHED and self._hello is not None and self.has_proved:
            self._check(self._hello, piece.body)
            return b""
        self._transcript += piece.whole
        return self._message(piece.kind, piece.body)

    def _message(self, kind: int, body: bytes) -> bytes:
        if self._hello is None:
            if kind != framing.SERVER_HELLO:
                raise Malformed("a flight begins with a ServerHello")
            self._hello = self._accept(read_server_hello(body))
        elif kind == framing.SERVER_KEY_EXCHANGE and not self.has_proved:
            self._server_part = body
        elif kind == framing.SERVER_HELLO_DONE and not self.has_proved:
            return self._prove(self._hello)
        elif kind not in (framing.CERTIFICATE_STATUS, NEW_SESSION_TICKET):
            raise Malformed("a message that does not belong there")
        return b""

    def _accept(self, hello: ServerAnswer) -> ServerAnswer:
        if hello.version != self._offer.version or hello.suite not in self._offer.suites:
            raise Unsuitable(f"{hello.version} with {suite_name(hello.suite)}")
        return hello

    def _prove(self, hello: ServerAnswer) -> bytes:
        """ClientKeyExchange, ChangeCipherSpec and Finished."""
        key = bytes.fromhex(self._key.reveal())
        exchange = exchange_keys(hello.suite, self._server_part, identity=self._identity, key=key)
        message = self._layer.message(CLIENT_KEY_EXCHANGE, exchange.message)
        self._transcript += message
        digest, randoms = prf_hash(hello.suite), (self._noise[:32], hello.random)
        if hello.has_extended_master_secret:
            self._master = extended_master_secret(exchange.premaster, self._transcript, digest)
        else:
            self._master = master_secret(exchange.premaster, *randoms, digest)
        self._layer.keyed(derive(hello.suite, self._master, *randoms))
        proof = verify_data(self._master, self._transcript, "client", digest)
        finished = self._layer.message(FINISHED, proof)
        self._transcript += finished
        return b"".join(
            (
                self._layer.send(framing.HANDSHAKE, message),
                self._layer.send(CHANGE_CIPHER_SPEC, b"\x01"),
                self._layer.send(framing.HANDSHAKE, finished),
            )
        )

    def _check(self, hello: ServerAnswer, body: bytes) -> None:
        wanted = verify_data(self._master, self._transcript, "server", prf_hash(hello.suite))
        if hmac.compare_digest(wanted, body):
            self._stop("accepted", suite_name(hello.suite))
        else:
            self._stop("refused", "its Finished does not fit")

    def _again(self, body: bytes) -> bytes:
        """HelloVerifyRequest: neither it nor the hello before it count in the transcript (RFC 6347 section 4.2.1).

        One is answered: a second may answer the same hello, and the server would count the other of ours.
        """
        if self._has_cookie:
            return b""
        self._has_cookie = True
        reader = Reader(body)
        reader.number(2)
        self._transcript = b""
        return self._say_hello(reader.vector(1).rest())

    def _say_hello(self, cookie: bytes) -> bytes:
        body = hello_body(self._offer, self._noise, cookie=cookie)
        message = self._layer.message(framing.CLIENT_HELLO, body)
        self._transcript += message
        return self._layer.send(framing.HANDSHAKE, message)

    def _alert(self, body: bytes) -> None:
        if len(body) != 2:
            raise Malformed("no alert has this length")
        level, description = body
        if level == _WARNING and description != _CLOSE_NOTIFY:
            return
        said = f"alert {alert_name(description).removeprefix('alert ')}"
        if not self.has_proved:
            self._stop("unsuited" if description in REFUSALS else "unclear", f"answers the hello with {said}")
        elif description == _CLOSE_NOTIFY:
            self._stop("closed", "closed after the key")
        else:
            self._stop("refused" if description in _REFUSALS else "unclear", said)

    def _stop(self, how: How, detail: str) -> PskEnd:
        if self.end is None:
            suite = self._hello.suite if self._hello else 0
            self.end = PskEnd(how=how, detail=detail, suite=suite, hint=self._hint())
        return self.end

    def _hint(self) -> bytes:
        part = self._server_part or b""
        return part[2 : 2 + int.from_bytes(part[:2], "big")]
