"""Handshake messages in and out of datagrams whose records come under keys half-way: RFC 6347 sections 4.1 and 4.2.

What breaks a rule is passed over, as section 4.1.2.7 wants: anybody may send a datagram in a server's name. So a
server with another key may well say nothing, and silence after the key is no more than that.
"""

from collections.abc import Iterator

import msgspec

from iotscan.wire.tls import dtls, framing
from iotscan.wire.tls.framing import Malformed, vector
from iotscan.wire.tls.protection import BadRecord, Keys
from iotscan.wire.tls.record_layer import CHANGE_CIPHER_SPEC, Piece

_VERSION, _FIRST_VERSION = 0xFEFD, 0xFEFF


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A record before it gets its number; ``epoch`` is 1 under the keys."""

    epoch: int
    content: int
    payload: bytes
    version: int


class DatagramLayer:
    """DTLS 1.2 over datagrams."""

    def __init__(self) -> None:
        self._keys: Keys | None = None
        self._epoch = 0
        self._counts = [0, 0]
        self._numbered = 0
        self._flight: list[_Sent] = []
        self._is_answered = False
        self._open: dict[int, dtls.Assembly] = {}
        self._request: dtls.Assembly | None = None
        self._next: int | None = None

    def message(self, kind: int, body: bytes) -> bytes:
        """A handshake message in one fragment: the next in order."""
        number, self._numbered = self._numbered, self._numbered + 1
        return dtls.fragment(kind, body, sequence=number, offset=0, length=len(body))

    def send(self, content: int, payload: bytes, *, in_clear: bool = False) -> bytes:
        """One record. The first is of DTLS 1.0: what knows that alone refuses a younger one."""
        if self._is_answered:
            self._flight, self._is_answered = [], False
        epoch = 0 if in_clear else self._epoch
        version = _VERSION if any(self._counts) else _FIRST_VERSION
        sent = _Sent(epoch=epoch, content=content, payload=payload, version=version)
        self._flight.append(sent)
        if content == CHANGE_CIPHER_SPEC:
            self._epoch = 1
        return self._record(sent)

    def again(self) -> bytes:
        """The last flight once more, in records with numbers of their own: RFC 6347 section 4.2.4."""
        return b"".join(self._record(sent) for sent in self._flight)

    def keyed(self, keys: Keys) -> None:
        """In the second epoch these keys hold."""
        self._keys = keys

    def take(self, data: bytes) -> Iterator[Piece]:
        """What one datagram completes. Never raises."""
        try:
            for found in dtls.read_records(data):
                yield from self._pieces(found)
        except Malformed:
            return

    def _pieces(self, found: dtls.Record) -> Iterator[Piece]:
        body = found.body
        if found.epoch:
            if self._keys is None or found.epoch != 1:
                return
            try:
                body = self._keys.server.open(_number(1, found.sequence), found.kind, _VERSION, body)
            except BadRecord:
                return
        if found.kind == framing.ALERT:
            yield Piece(content=found.kind, body=body)
        elif found.kind == framing.HANDSHAKE:
            for fragment in dtls.read_fragments(body):
                yield from self._messages(fragment)

    def _messages(self, piece: dtls.Fragment) -> Iterator[Piece]:
        if piece.length > dtls.LONGEST_MESSAGE:
            return
        if piece.kind == framing.HELLO_VERIFY_REQUEST:
            # Some servers number what follows it as if it had not been: it has a place of its own.
            yield from self._verify(piece)
        elif self._is_near(piece.sequence):
            self._open.setdefault(piece.sequence, dtls.Assembly(piece.kind, piece.length)).add(piece)
            yield from self._in_order(piece)

    def _is_near(self, number: int) -> bool:
        if self._next is None:
            return number in self._open or len(self._open) < dtls.MESSAGES_LIMIT
        return self._next <= number < self._next + dtls.MESSAGES_LIMIT

    def _verify(self, piece: dtls.Fragment) -> Iterator[Piece]:
        if self._next is not None:
            return
        self._request = self._request or dtls.Assembly(piece.kind, piece.length)
        self._request.add(piece)
        if (body := self._request.whole) is not None:
            self._request, self._is_answered = None, True
            yield Piece(content=framing.HANDSHAKE, kind=piece.kind, body=body)

    def _in_order(self, piece: dtls.Fragment) -> Iterator[Piece]:
        """The messages that are whole, in the order of their numbers from the ServerHello on."""
        if self._next is None and piece.kind == framing.SERVER_HELLO and self._open[piece.sequence].whole is not None:
            self._next = piece.sequence
        while self._next in self._open and (body := self._open[self._next].whole) is not None:
            kind = self._open.pop(self._next).kind
            whole = dtls.fragment(kind, body, sequence=self._next, offset=0, length=len(body))
            self._next += 1
            self._is_answered = True
            yield Piece(content=framing.HANDSHAKE, kind=kind, body=body, whole=whole)

    def _record(self, sent: _Sent) -> bytes:
        sequence, self._counts[sent.epoch] = self._counts[sent.epoch], self._counts[sent.epoch] + 1
        number, payload = _number(sent.epoch, sequence), sent.payload
        if sent.epoch and self._keys is not None:
            payload = self._keys.client.seal(number, sent.content, sent.version, payload)
        return bytes([sent.content]) + sent.version.to_bytes(2, "big") + number + vector(2, payload)


def _number(epoch: int, sequence: int) -> bytes:
    return epoch.to_bytes(2, "big") + sequence.to_bytes(6, "big")
