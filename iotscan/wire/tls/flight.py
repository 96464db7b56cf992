"""A server's first flight: ServerHello, certificates, its key exchange, what it asks of the client.

Up to TLS 1.2 all of it is in the clear; from TLS 1.3 only the ServerHello is. Source: RFC 5246 section 7.4,
RFC 8422 section 5.4 (ECDHE), RFC 4279 and RFC 5489 (PSK), RFC 6066 section 8 (CertificateStatus), RFC 7250.
"""

from typing import Literal

import msgspec

from iotscan.wire.tls import framing
from iotscan.wire.tls.answer import ServerAnswer, read_server_hello
from iotscan.wire.tls.certificate_request import CertificateRequest, read_certificate_request
from iotscan.wire.tls.framing import Malformed, Messages, Reader
from iotscan.wire.tls.suites import SUITES

CHAIN_LIMIT = 16
"""Certificates of one message that are read."""
_WARNINGS = 4
_WARNING, _CLOSE_NOTIFY = 1, 0
_NAMED_CURVE = 3

End = Literal["", "whole", "alert", "closed", "broken"]


class ServerKeyExchange(msgspec.Struct, frozen=True, kw_only=True):
    """What a ServerKeyExchange shows: ``kind`` ``ec`` or ``dh``, or ``psk`` for a hint alone, ``rsa`` for export.

    ``group`` is the named curve (0 for ``dh``, and for a curve written out), ``bits`` the size of the prime or
    modulus, ``public`` the server's value, ``scheme`` the signature scheme (TLS 1.2 only, 0 without), ``hint`` the
    PSK identity hint.
    """

    kind: Literal["ec", "dh", "psk", "rsa"]
    group: int = 0
    bits: int = 0
    public: bytes = b""
    scheme: int = 0
    hint: bytes = b""


class Flight(msgspec.Struct, frozen=True, kw_only=True):
    """What came, in the order of the protocol.

    ``answer`` is the decisive message (None while nothing came that decides). ``end`` says how the flight ended:
    ``whole`` (ServerHelloDone, or a ServerHello of TLS 1.3 or HelloRetryRequest, after which all is encrypted),
    ``alert`` after the hello, ``broken`` when what followed the hello breaks the rules, ``closed`` once the caller
    said so, empty while more may come.
    """

    answer: ServerAnswer | None = None
    certificates: tuple[bytes, ...] = ()
    """DER, leaf first: X.509, or one SubjectPublicKeyInfo where ``answer.certificate_type`` is 2."""
    staple: bytes = b""
    exchange: ServerKeyExchange | None = None
    asks_certificate: bool = False
    request: CertificateRequest | None = None
    """What it asks of a client certificate; None where it asks for none, or in a way that cannot be read."""
    end: End = ""

    @property
    def is_over(self) -> bool:
        """True when nothing more is to be read."""
        return self.end != ""


class FlightParser:
    """Puts a flight together from alerts and handshake messages, whatever they came in. Never raises."""

    def __init__(self) -> None:
        self.flight = Flight()
        self._warnings = 0

    def alert(self, body: bytes) -> None:
        """An alert record's body."""
        if self.flight.is_over:
            return
        if len(body) != 2:
            self.broken()
            return
        self._warnings += 1
        if body[0] == _WARNING and body[1] != _CLOSE_NOTIFY and self._warnings <= _WARNINGS:
            return
        if self.flight.answer is None:
            self._set(answer=ServerAnswer(kind="alert", level=body[0], description=body[1]))
        self._set(end="alert")

    def message(self, kind: int, body: bytes) -> None:
        """A handshake message."""
        if self.flight.is_over or kind == framing.HELLO_REQUEST:
            return
        try:
            self._take(kind, body)
        except Malformed:
            self.broken()

    def broken(self) -> None:
        """What came next is no TLS, or breaks its rules."""
        if self.flight.is_over:
            return
        if self.flight.answer is None:
            self._set(answer=ServerAnswer(kind="not_tls"))
        self._set(end="broken")

    def closed(self) -> None:
        """Nothing more comes."""
        if not self.flight.is_over:
            self._set(end="closed")

    def _take(self, kind: int, body: bytes) -> None:
        answer = self.flight.answer
        if answer is None:
            if kind != framing.SERVER_HELLO:
                raise Malformed("a flight begins with a ServerHello")
            answer = read_server_hello(body)
            self._set(answer=answer)
            if answer.kind == "hello_retry" or framing.stream_version(answer.version) == "TLSv1.3":
                self._set(end="whole")
        elif kind == framing.CERTIFICATE:
            self._set(certificates=_chain(answer, body))
        elif kind == framing.CERTIFICATE_STATUS:
            status = Reader(body)
            if status.number(1) == 1:
                self._set(staple=status.vector(3).rest())
        elif kind == framing.SERVER_KEY_EXCHANGE:
            self._set(exchange=read_key_exchange(body, suite=answer.suite, version=answer.version))
        elif kind == framing.CERTIFICATE_REQUEST:
            self._set(asks_certificate=True, request=_request(answer, body))
        elif kind == framing.SERVER_HELLO_DONE:
            self._set(end="whole")
        else:
            raise Malformed("a message that does not belong there")

    def _set(self, **fields: object) -> None:
        self.flight = msgspec.structs.replace(self.flight, **fields)


class FlightReader:
    """Reads a flight off a stream, piece by piece; each byte is looked at once."""

    def __init__(self) -> None:
        self._parser = FlightParser()
        self._messages = Messages()
        self._rest = b""

    @property
    def flight(self) -> Flight:
        """What came so far."""
        return self._parser.flight

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; true when the flight is over. Never raises."""
        self._rest += data
        at = 0
        try:
            for kind, body in framing.read_records(self._rest):
                at += 5 + len(body)
                self._record(kind, body)
                if self.flight.is_over:
                    return True
        except Malformed:
            self._parser.broken()
        self._rest = self._rest[at:]
        return self.flight.is_over

    def closed(self) -> None:
        """The stream ended."""
        self._parser.closed()

    def _record(self, kind: int, body: bytes) -> None:
        if kind == framing.ALERT:
            self._parser.alert(body)
            return
        for found, text in self._messages.add(body):
            self._parser.message(found, text)


def read_flight(data: bytes) -> Flight:
    """The flight at the front of some bytes, after which nothing comes. Never raises."""
    reader = FlightReader()
    if not reader.feed(data):
        reader.closed()
    return reader.flight


def read_key_exchange(body: bytes, *, suite: int, version: str) -> ServerKeyExchange | None:
    """A ServerKeyExchange message of a suite; None for a key exchange that we do not read. Raises Malformed."""
    exchange = SUITES[suite].key_exchange if suite in SUITES else ""
    reader = Reader(body)
    hint = reader.vector(2).rest() if "PSK" in exchange else b""
    if exchange in ("PSK", "RSA_PSK"):
        return ServerKeyExchange(kind="psk", hint=hint)
    if "ECDH" in exchange:
        found = _elliptic(reader)
    elif "DHE" in exchange or "DH_anon" in exchange:
        prime = reader.vector(2).rest()
        reader.vector(2)
        found = ServerKeyExchange(kind="dh", bits=_bits(prime), public=reader.vector(2).rest())
    elif exchange.startswith("RSA_EXPORT"):
        found = ServerKeyExchange(kind="rsa", bits=_bits(reader.vector(2).rest()))
        reader.vector(2)
    else:
        return None
    is_signed = "PSK" not in exchange and not exchange.endswith("_anon")
    has_scheme = is_signed and framing.stream_version(version) == "TLSv1.2" and not reader.is_empty
    return msgspec.structs.replace(found, hint=hint, scheme=reader.number(2) if has_scheme else 0)


def _elliptic(reader: Reader) -> ServerKeyExchange:
    if reader.number(1) != _NAMED_CURVE:
        # A curve written out in full, which RFC 8422 removed: nothing after it can be told apart without it.
        return ServerKeyExchange(kind="ec")
    group = reader.number(2)
    return ServerKeyExchange(kind="ec", group=group, public=reader.vector(1).rest())


def _bits(number: bytes) -> int:
    return int.from_bytes(number, "big").bit_length()


def _request(answer: ServerAnswer, body: bytes) -> CertificateRequest | None:
    try:
        return read_certificate_request(body, answer.version)
    except Malformed:
        return None


def _chain(answer: ServerAnswer, body: bytes) -> tuple[bytes, ...]:
    if answer.certificate_type == 2:
        return (Reader(body).vector(3).rest(),)
    entries = Reader(body).vector(3)
    chain: list[bytes] = []
    while not entries.is_empty and len(chain) < CHAIN_LIMIT:
        chain.append(entries.vector(3).rest())
    return tuple(chain)
