"""Handshake messages in and out of a byte stream whose records come under keys half-way: RFC 5246 section 6."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from iotscan.wire.tls import framing
from iotscan.wire.tls.framing import Malformed, Messages
from iotscan.wire.tls.protection import Keys, Protection

CHANGE_CIPHER_SPEC = 20
_TLS12 = 0x0303
_FIRST = 0x0301
"""In the first record, where old servers refuse more: RFC 5246 appendix E.1."""
_KINDS = (CHANGE_CIPHER_SPEC, framing.ALERT, framing.HANDSHAKE)


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, ChangeCipherSpec or handshake message.

    ``content`` is the type of its records; of a message ``kind`` is its type, ``body`` its body and ``whole`` what it
    adds to the transcript; of an alert ``body`` are its two bytes.
    """

    content: int
    kind: int = -1
    body: bytes = b""
    whole: bytes = b""


class Layer(Protocol):
    """What lies between a handshake and its transport."""

    def message(self, kind: int, body: bytes) -> bytes:
        """A message of ours as the transcript holds it: the next in order."""
        ...

    def send(self, content: int, payload: bytes, *, in_clear: bool = False) -> bytes:
        """The record for some payload, under the client's key once :meth:`keyed` and a ChangeCipherSpec was sent."""
        ...

    def keyed(self, keys: Keys) -> None:
        """From each side's ChangeCipherSpec on these keys hold."""
        ...

    def take(self, data: bytes) -> Iterator[Piece]:
        """What the next bytes complete. Raises Malformed and BadRecord."""
        ...


class StreamLayer:
    """TLS 1.2 over a stream."""

    def __init__(self) -> None:
        self._rest = b""
        self._messages = Messages()
        self._keys: Keys | None = None
        self._writing: Protection | None = None
        self._reading: Protection | None = None
        self._sent = 0
        self._read = 0
        self._version = _FIRST

    def message(self, kind: int, body: bytes) -> bytes:
        """A handshake message."""
        return framing.message(kind, body)

    def send(self, content: int, payload: bytes, *, in_clear: bool = False) -> bytes:
        """One record."""
        if self._writing is not None and not in_clear:
            payload = self._writing.seal(self._sent.to_bytes(8, "big"), content, _TLS12, payload)
            self._sent += 1
        record = framing.record(content, self._version, payload)
        self._version = _TLS12
        if content == CHANGE_CIPHER_SPEC and self._keys is not None:
            self._writing = self._keys.client
        return record

    def keyed(self, keys: Keys) -> None:
        """From each side's ChangeCipherSpec on these keys hold."""
        self._keys = keys

    def take(self, data: bytes) -> Iterator[Piece]:
        """What the next bytes complete. Raises Malformed and BadRecord."""
        self._rest += data
        while len(self._rest) >= 5:
            content, length = self._rest[0], int.from_bytes(self._rest[3:5], "big")
            if content not in _KINDS or self._rest[1] != 3 or not 0 < length <= framing.RECORD_LIMIT:
                raise Malformed("no record of a handshake")
            if len(self._rest) < 5 + length:
                return
            body, self._rest = self._rest[5 : 5 + length], self._rest[5 + length :]
            yield from self._pieces(content, body)

    def _pieces(self, content: int, body: bytes) -> Iterator[Piece]:
        if self._reading is not None:
            body = self._reading.open(self._read.to_bytes(8, "big"), content, _TLS12, body)
            self._read += 1
        if content == framing.HANDSHAKE:
            for kind, text in self._messages.add(body):
                yield Piece(content=content, kind=kind, body=text, whole=framing.message(kind, text))
            return
        if content == CHANGE_CIPHER_SPEC:
            if self._keys is None or self._reading is not None:
                raise Malformed("a ChangeCipherSpec at the wrong time")
            self._reading = self._keys.server
        yield Piece(content=content, body=body)
