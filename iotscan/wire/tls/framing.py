"""What TLS 1.0 to 1.3 and SSLv3 share: numbers with lengths, records, handshake messages.

Source: RFC 8446 sections 3 to 5, RFC 5246 section 6, RFC 6101 (SSLv3).
"""

import struct
from collections.abc import Iterator
from typing import Self

from iotscan.model.facts.tls import DTLS_VERSIONS, VERSIONS

ALERT, HANDSHAKE = 21, 22
HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, HELLO_VERIFY_REQUEST = 0, 1, 2, 3
CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE = 11, 12, 13, 14
CERTIFICATE_STATUS = 22

SERVER_NAME, TRUNCATED_HMAC, STATUS_REQUEST = 0, 4, 5
SUPPORTED_GROUPS, EC_POINT_FORMATS, SIGNATURE_ALGORITHMS = 10, 11, 13
HEARTBEAT, ALPN, SIGNED_CERTIFICATE_TIMESTAMP, SERVER_CERTIFICATE_TYPE = 15, 16, 18, 20
ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, SESSION_TICKET = 22, 23, 35
SUPPORTED_VERSIONS, COOKIE, PSK_KEY_EXCHANGE_MODES, KEY_SHARE = 43, 44, 45, 51
RENEGOTIATION_INFO = 0xFF01

RECORD_LIMIT = 2**14 + 2048
"""Body bytes of one record at most: RFC 5246 section 6.2.3."""
MESSAGE_LIMIT = 2**18
"""Bytes of one handshake message that we are willing to gather."""


class Malformed(ValueError):
    """These bytes are not TLS, or break its rules."""


class Reader:
    """Takes numbers and vectors off the front of some bytes. Each method raises :class:`Malformed` at the end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_empty(self) -> bool:
        """True when all is read."""
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        piece = self._data[self._at : self._at + count]
        if len(piece) < count:
            raise Malformed("a length points beyond the end")
        self._at += count
        return piece

    def number(self, width: int) -> int:
        """A big-endian number of ``width`` bytes."""
        at = self._at
        piece = self._data[at : at + width]
        if len(piece) < width:
            raise Malformed("a length points beyond the end")
        self._at = at + width
        return int.from_bytes(piece, "big")

    def vector(self, width: int) -> Self:
        """A reader over the vector whose length stands in ``width`` bytes."""
        return type(self)(self.take(self.number(width)))

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data) - self._at)

    def numbers(self, width: int) -> tuple[int, ...]:
        """All that is left as numbers of ``width`` bytes."""
        left = self.rest()
        if len(left) % width:
            raise Malformed("a length points beyond the end")
        if width == 2:  # suites, groups, schemes: most of what a hello says
            return struct.unpack(f"!{len(left) // 2}H", left)
        return tuple(int.from_bytes(left[at : at + width], "big") for at in range(0, len(left), width))


def vector(width: int, body: bytes) -> bytes:
    """``body`` behind its length in ``width`` bytes."""
    return len(body).to_bytes(width, "big") + body


def record(kind: int, version: int, body: bytes) -> bytes:
    """One record; ``version`` is the code point of the record layer."""
    return bytes([kind]) + version.to_bytes(2, "big") + vector(2, body)


def message(kind: int, body: bytes) -> bytes:
    """One handshake message."""
    return bytes([kind]) + vector(3, body)


def extension(kind: int, body: bytes) -> bytes:
    """One hello extension."""
    return kind.to_bytes(2, "big") + vector(2, body)


def read_extensions(reader: Reader) -> dict[int, bytes]:
    """The extensions of a hello by type; none where the hello ends before them. Raises Malformed."""
    found: dict[int, bytes] = {}
    if reader.is_empty:
        return found
    block = reader.vector(2)
    while not block.is_empty:
        kind = block.number(2)
        found.setdefault(kind, block.vector(2).rest())
    return found


_CODES = {name: 0x0300 + minor for minor, name in enumerate(VERSIONS)} | dict(
    zip(DTLS_VERSIONS, (0xFEFF, 0xFEFD, 0xFEFC), strict=True)
)
_NAMES = {code: name for name, code in _CODES.items()}
_STREAM = dict(zip(DTLS_VERSIONS, ("TLSv1.1", "TLSv1.2", "TLSv1.3"), strict=True))


def version_code(name: str) -> int:
    """``TLSv1.2`` → 0x0303, ``DTLSv1.2`` → 0xFEFD. Raises ValueError for a name that has no code point."""
    if name not in _CODES:
        raise ValueError(f"no protocol version is called {name}")
    return _CODES[name]


def version_name(code: int) -> str:
    """0x0303 → ``TLSv1.2``; empty for a code point that nobody registered."""
    return _NAMES.get(code, "")


def legacy_code(name: str) -> int:
    """What stands in the version field of a hello: never above TLS 1.2 or DTLS 1.2. Raises ValueError."""
    code = version_code(name)
    return max(code, 0xFEFD) if name in DTLS_VERSIONS else min(code, 0x0303)


def stream_version(name: str) -> str:
    """The TLS version that a DTLS version was made from (``DTLSv1.0`` → ``TLSv1.1``); any other as it is."""
    return _STREAM.get(name, name)


def read_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The complete records at the front of ``data`` as (type, body), in order.

    Raises :class:`Malformed` at the first header that is none of an alert or a handshake; ends
    silently where the next record is not complete.
    """
    at = 0
    while at < len(data):
        head = data[at : at + 5]
        if head[0] not in (ALERT, HANDSHAKE) or (len(head) > 1 and head[1] != 3):
            raise Malformed("no TLS record")
        if len(head) < 5:
            return
        length = int.from_bytes(head[3:5], "big")
        if not 0 < length <= RECORD_LIMIT:
            raise Malformed("no TLS record has this length")
        body = data[at + 5 : at + 5 + length]
        if len(body) < length:
            return
        yield head[0], body
        at += 5 + length


class Messages:
    """Joins handshake messages that are spread over records."""

    def __init__(self) -> None:
        self._pending = b""

    def add(self, body: bytes) -> Iterator[tuple[int, bytes]]:
        """The messages that ``body`` completes, as (type, body). Raises Malformed for one beyond MESSAGE_LIMIT."""
        self._pending += body
        while len(self._pending) >= 4:
            length = int.from_bytes(self._pending[1:4], "big")
            if length > MESSAGE_LIMIT:
                raise Malformed("a handshake message too long to be one")
            if len(self._pending) < 4 + length:
                return
            kind, found = self._pending[0], self._pending[4 : 4 + length]
            self._pending = self._pending[4 + length :]
            yield kind, found
