"""Hellos over datagrams: what is sent, and what a server's datagrams come to, in whatever order they arrive.

A message travels in fragments, a fragment in a record, records in datagrams; each may be lost, doubled or overtaken.
Only epoch 0 is in the clear. Source: RFC 6347 sections 4.1 and 4.2 (DTLS 1.2, and 1.0 as it was), RFC 9147 sections
4 and 5 (DTLS 1.3).
"""

from collections.abc import Iterator

import msgspec

from iotscan.model.facts.tls import DTLS_VERSIONS
from iotscan.wire.tls import framing
from iotscan.wire.tls.answer import read_server_hello
from iotscan.wire.tls.flight import Flight, FlightParser
from iotscan.wire.tls.framing import Malformed, Reader, vector
from iotscan.wire.tls.groups import SECP256R1, X25519
from iotscan.wire.tls.hello import Offer, hello_body

SAFE_DATAGRAM = 1200
"""Bytes of a datagram that every path carries: RFC 9147 section 4.4 (IPv6 guarantees 1280)."""
RECORD_HEADER, MESSAGE_HEADER = 13, 12
_RECORD_VERSIONS = (0xFEFF, 0xFEFD)
_FIRST_VERSION, _LATER_VERSION = 0xFEFF, 0xFEFD
_CHANGE_CIPHER_SPEC, _APPLICATION_DATA, _HEARTBEAT, _ACK = 20, 23, 24, 26
_KINDS = (_CHANGE_CIPHER_SPEC, framing.ALERT, framing.HANDSHAKE, _APPLICATION_DATA, _HEARTBEAT, _ACK)
_UNIFIED = range(0x20, 0x40)
"""First bytes of an encrypted record of DTLS 1.3: RFC 9147 section 4, figure 4."""
LONGEST_MESSAGE = 2**16
"""Bytes of one handshake message that are put together: a chain of CHAIN_LIMIT certificates fits in."""
MESSAGES_LIMIT = 16
"""Handshake messages of one flight: RFC 5246 section 7.3 has seven."""

SHORT_OFFER = Offer(
    versions=tuple(reversed(DTLS_VERSIONS)),
    suites=(
        *(0x1301, 0x1304, 0x1305),  # DTLS 1.3: AES-GCM, CCM, CCM_8
        *(0xC0AE, 0xC0A8, 0xC0AC, 0xC0A4),  # CCM_8 and CCM, the suites of RFC 7925
        *(0xC02B, 0xC02F, 0x00A8, 0x009C, 0xCCA9, 0xCCA8, 0xCCAC),  # AES-GCM and ChaCha20
        *(0xC023, 0xC037, 0x00AE, 0xC009, 0xC013, 0x008C, 0x002F),  # CBC, also for DTLS 1.0
    ),
    groups=(X25519, SECP256R1, 24),
    shares=(X25519, SECP256R1),
)
"""What small devices have, in every version: a hello of some 300 bytes, as some drop a long one without a word."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record in the clear or not: ``epoch`` 0 is in the clear."""

    kind: int
    epoch: int
    sequence: int
    body: bytes


class Fragment(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a handshake message: ``length`` is that of the whole, ``offset`` where ``body`` belongs."""

    kind: int
    length: int
    sequence: int
    offset: int
    body: bytes


def record(kind: int, body: bytes, *, sequence: int, version: int = _LATER_VERSION) -> bytes:
    """One record of epoch 0; ``version`` is the code point of the record layer."""
    return bytes([kind]) + version.to_bytes(2, "big") + bytes(2) + sequence.to_bytes(6, "big") + vector(2, body)


def fragments(kind: int, body: bytes, *, sequence: int, size: int) -> Iterator[bytes]:
    """A handshake message in fragments of at most ``size`` bytes of ``body`` each, at least one."""
    for at in range(0, max(len(body), 1), size):
        yield fragment(kind, body, sequence=sequence, offset=at, length=min(size, len(body) - at))


def fragment(kind: int, body: bytes, *, sequence: int, offset: int, length: int) -> bytes:
    """The fragment of a message that begins at ``offset`` and is ``length`` bytes long."""
    head = bytes([kind]) + len(body).to_bytes(3, "big") + sequence.to_bytes(2, "big") + offset.to_bytes(3, "big")
    return head + vector(3, body[offset : offset + length])


def hello_datagrams(
    offer: Offer, noise: bytes, *, cookie: bytes = b"", retry_cookie: bytes = b"", message: int = 0, sequence: int = 0
) -> list[bytes]:
    """A ClientHello as datagrams of at most SAFE_DATAGRAM bytes, one record each.

    ``noise`` (NOISE bytes) is the same for each hello of one exchange, as the cookie holds for this hello alone.
    ``message`` is the number of the hello, 0 before any cookie, ``sequence`` that of its first record.
    Raises ValueError.
    """
    body = hello_body(offer, noise, cookie=cookie, retry_cookie=retry_cookie)
    size = SAFE_DATAGRAM - RECORD_HEADER - MESSAGE_HEADER
    # What knows DTLS 1.0 alone refuses a younger record; after a HelloRetryRequest nobody does: RFC 9147 section 5.3.
    version = _LATER_VERSION if retry_cookie else _FIRST_VERSION
    pieces = fragments(framing.CLIENT_HELLO, body, sequence=message, size=size)
    return [record(framing.HANDSHAKE, piece, sequence=sequence + i, version=version) for i, piece in enumerate(pieces)]


def alert(level: int, description: int, *, sequence: int) -> bytes:
    """An alert as a datagram."""
    return record(framing.ALERT, bytes([level, description]), sequence=sequence)


def read_records(datagram: bytes) -> Iterator[Record]:
    """The records of a datagram, in order, up to what is encrypted in the way of DTLS 1.3.

    Raises Malformed at the first that is none; those before it count.
    """
    reader = Reader(datagram)
    while not reader.is_empty:
        kind = reader.number(1)
        if kind in _UNIFIED:
            return
        if kind not in _KINDS or reader.number(2) not in _RECORD_VERSIONS:
            raise Malformed("no DTLS record")
        epoch, sequence, length = reader.number(2), reader.number(6), reader.number(2)
        if length > framing.RECORD_LIMIT:
            raise Malformed("no DTLS record has this length")
        yield Record(kind=kind, epoch=epoch, sequence=sequence, body=reader.take(length))


def read_fragments(body: bytes) -> Iterator[Fragment]:
    """The fragments in a handshake record. Raises Malformed; those before it count."""
    reader = Reader(body)
    while not reader.is_empty:
        kind, length, sequence = reader.number(1), reader.number(3), reader.number(2)
        offset = reader.number(3)
        piece = reader.vector(3).rest()
        if offset + len(piece) > length:
            raise Malformed("a fragment reaches beyond its message")
        yield Fragment(kind=kind, length=length, sequence=sequence, offset=offset, body=piece)


class Assembly:
    """One message being put together. Takes memory for its whole length at once: the caller keeps that small."""

    def __init__(self, kind: int, length: int) -> None:
        self.kind = kind
        self._body = bytearray(length)
        self._here = bytearray(length)
        self._missing = length

    def add(self, piece: Fragment) -> None:
        """Take a fragment. Raises Malformed where it contradicts what came before."""
        if (piece.kind, piece.length) != (self.kind, len(self._body)):
            raise Malformed("two messages of one number")
        span = slice(piece.offset, piece.offset + len(piece.body))
        here = self._here[span]
        known = sum(here)
        if known and any(flag and a != b for flag, a, b in zip(here, self._body[span], piece.body, strict=True)):
            raise Malformed("two contents of one fragment")
        self._body[span] = piece.body
        self._here[span] = b"\1" * len(piece.body)
        self._missing -= len(piece.body) - known

    @property
    def whole(self) -> bytes | None:
        """The body, once all of it is here."""
        return None if self._missing else bytes(self._body)


class DatagramReader:
    """What a server's datagrams come to after one hello of ours. Never raises.

    ``answered`` is the cookie that this hello carried: the request for it that comes again is a straggler.
    Messages are handed on in the order of their numbers from the ServerHello on, whichever comes first. What is no DTLS
    is passed over, as RFC 6347 section 4.1.2.7 wants; :attr:`is_strange` remembers where nothing else came.
    """

    def __init__(self, *, answered: bytes = b"") -> None:
        self._parser = FlightParser()
        self._answered = answered
        self._open: dict[int, Assembly] = {}
        self._request: Assembly | None = None
        self._next: int | None = None
        self.cookie: bytes | None = None
        """What a HelloVerifyRequest wants back; None while none came."""
        self.is_strange = False
        """Something came, and nothing of it was a record of DTLS."""
        self._has_records = False

    @property
    def flight(self) -> Flight:
        """What came so far."""
        return self._parser.flight

    @property
    def is_over(self) -> bool:
        """True when this hello is answered: by a flight, or by a request for a cookie."""
        return self.flight.is_over or self.cookie is not None

    def feed(self, datagram: bytes) -> bool:
        """Take a datagram; true when the hello is answered."""
        try:
            for found in read_records(datagram):
                if self.is_over:
                    break
                self._has_records = True
                self._record(found)
        except Malformed:
            pass
        self.is_strange = not self._has_records and (self.is_strange or bool(datagram))
        return self.is_over

    def closed(self) -> None:
        """Nothing more comes."""
        if self.is_strange and self.flight.answer is None:
            self._parser.broken()
        self._parser.closed()

    def _record(self, found: Record) -> None:
        if found.epoch != 0:
            return
        if found.kind == framing.ALERT:
            self._parser.alert(found.body)
        elif found.kind == framing.HANDSHAKE:
            for piece in read_fragments(found.body):
                self._fragment(piece)

    def _fragment(self, piece: Fragment) -> None:
        if piece.length > LONGEST_MESSAGE:
            return
        try:
            if piece.kind == framing.HELLO_VERIFY_REQUEST:
                self._verify(piece)
            elif self._is_near(piece.sequence):
                self._message(piece)
        except Malformed:
            self._parser.broken()

    def _is_near(self, sequence: int) -> bool:
        if self._next is None:
            return sequence in self._open or len(self._open) < MESSAGES_LIMIT
        return self._next <= sequence < self._next + MESSAGES_LIMIT

    def _verify(self, piece: Fragment) -> None:
        """A HelloVerifyRequest: apart, as some servers number what follows it as if it had not been."""
        if self._next is not None:
            return
        self._request = self._request or Assembly(piece.kind, piece.length)
        self._request.add(piece)
        body = self._request.whole
        if body is None:
            return
        self._request = None
        reader = Reader(body)
        reader.take(2)
        cookie = reader.vector(1).rest()
        if cookie != self._answered or not cookie:
            self.cookie = cookie

    def _message(self, piece: Fragment) -> None:
        message = self._open.setdefault(piece.sequence, Assembly(piece.kind, piece.length))
        message.add(piece)
        if self._next is None and message.kind == framing.SERVER_HELLO and (body := message.whole) is not None:
            answer = read_server_hello(body)
            if self._answered and answer.cookie == self._answered:
                # The HelloRetryRequest that this hello answers, once more.
                del self._open[piece.sequence]
                return
            self._next = piece.sequence
        while self._next in self._open and (body := self._open[self._next].whole) is not None:
            self._parser.message(self._open.pop(self._next).kind, body)
            self._next += 1
