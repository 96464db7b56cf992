"""TLS as somebody beside the wire hears it: records whatever pieces they come in, and the messages in them.

What is encrypted is only counted, so that a long download takes no memory. Source: RFC 8446 section 5.1, RFC 5246
section 6.2.1.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from iotscan.wire.tls import framing
from iotscan.wire.tls.framing import Malformed

CHANGE_CIPHER_SPEC, APPLICATION_DATA, HEARTBEAT = 20, 23, 24
_KINDS: Final = frozenset((CHANGE_CIPHER_SPEC, framing.ALERT, framing.HANDSHAKE, APPLICATION_DATA, HEARTBEAT))
_HEADER: Final = 5
LONGEST_MESSAGE: Final = 2**16
"""Bytes of one handshake message that are put together: RFC 8446 lets a chain be longer, nobody's is."""


class Chunk(NamedTuple):
    """A piece of a record: its kind, the length of the whole, what of it is here; ``ends`` with its last byte."""

    kind: int
    length: int
    body: bytes
    ends: bool


class RecordStream:
    """One direction of a connection, cut into records. A record is told as its bytes come, not when it is whole."""

    def __init__(self) -> None:
        self._head = b""
        self._kind = self._length = self._left = 0

    def feed(self, data: bytes) -> Iterator[Chunk]:
        """The chunks in the next bytes. Raises Malformed at what is no record; those before it count."""
        at = 0
        while at < len(data):
            if not self._left:
                taken = data[at : at + _HEADER - len(self._head)]
                self._head += taken
                at += len(taken)
                if len(self._head) < _HEADER:
                    return
                self._begin()
                if not self._left:
                    yield Chunk(self._kind, 0, b"", True)
                continue
            body = data[at : at + self._left]
            at += len(body)
            self._left -= len(body)
            yield Chunk(self._kind, self._length, body, not self._left)

    def _begin(self) -> None:
        kind, major, length = self._head[0], self._head[1], int.from_bytes(self._head[3:], "big")
        is_record = kind in _KINDS and major == 3 and length <= framing.RECORD_LIMIT
        if not is_record or (not length and kind != APPLICATION_DATA):
            raise Malformed("no TLS record")
        self._head = b""
        self._kind, self._length, self._left = kind, length, length


class MessageStream:
    """Handshake messages joined from chunks, each byte moved once however small those are."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def add(self, body: bytes) -> Iterator[tuple[int, bytes]]:
        """The messages that ``body`` completes, as (type, body). Raises Malformed for one too long to be real."""
        self._pending += body
        at = 0
        try:
            while len(self._pending) - at >= 4:
                length = int.from_bytes(self._pending[at + 1 : at + 4], "big")
                if length > LONGEST_MESSAGE:
                    raise Malformed("a handshake message too long to be one")
                if len(self._pending) - at < 4 + length:
                    return
                kind, found = self._pending[at], bytes(self._pending[at + 4 : at + 4 + length])
                at += 4 + length
                yield kind, found
        finally:
            del self._pending[:at]


def begins_tls(data: bytes) -> bool:
    """Whether bytes begin with a record that begins a ClientHello, as far as they reach (nine bytes at least)."""
    if len(data) < 9 or data[0] != framing.HANDSHAKE or data[1] != 3 or data[2] > 4 or data[5] != framing.CLIENT_HELLO:
        return False
    record, message = int.from_bytes(data[3:5], "big"), int.from_bytes(data[6:9], "big")
    is_sized = 38 <= message <= LONGEST_MESSAGE and 4 < record <= framing.RECORD_LIMIT
    return is_sized and (len(data) < 10 or data[9] == 3)


def goes_on_in_tls(data: bytes) -> bool:
    """Whether bytes look like the middle of a connection at the border of two records.

    One header alone is five bytes that may be anything: a second one right behind the first record has to agree,
    or the record must reach beyond what is here.
    """
    if len(data) < _HEADER or not _is_header(data[:_HEADER]) or data[0] not in (APPLICATION_DATA, framing.ALERT):
        return False
    behind = data[_HEADER + int.from_bytes(data[3:5], "big") :][:_HEADER]
    return not behind or len(behind) < 3 or _is_header(behind.ljust(_HEADER, b"\1"))


def _is_header(head: bytes) -> bool:
    length = int.from_bytes(head[3:5], "big")
    return head[0] in _KINDS and head[1] == 3 and 1 <= head[2] <= 3 and 0 < length <= framing.RECORD_LIMIT
