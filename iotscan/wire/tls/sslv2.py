"""SSL 2.0: its ClientHello, and a server's first message. Nobody may speak it any more (RFC 6176).

Source: Hickman, "The SSL Protocol" (Netscape, 1995), sections 1.1, 2.5 and 2.6; RFC 6101 appendix E. Its cipher kinds
have three bytes and a registry of their own.
"""

from collections.abc import Mapping
from os import urandom
from types import MappingProxyType

import msgspec

from iotscan.wire.tls.answer import ServerAnswer
from iotscan.wire.tls.flight import Flight, FlightReader
from iotscan.wire.tls.framing import ALERT, HANDSHAKE, Malformed, Reader

VERSION = "SSLv2"
CHALLENGE = 16
"""Bytes of the client's noise."""
KINDS: Mapping[int, str] = MappingProxyType(
    {
        0x010080: "SSL_CK_RC4_128_WITH_MD5",
        0x020080: "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
        0x030080: "SSL_CK_RC2_128_CBC_WITH_MD5",
        0x040080: "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5",
        0x050080: "SSL_CK_IDEA_128_CBC_WITH_MD5",
        0x060040: "SSL_CK_DES_64_CBC_WITH_MD5",
        0x0700C0: "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
    }
)
"""Every cipher kind by its code."""
_CODE = 0x0002
_ERROR, _CLIENT_HELLO, _SERVER_HELLO = 0, 1, 4
_X509 = 1


def client_hello(kinds: tuple[int, ...] = tuple(KINDS), *, challenge: bytes | None = None) -> bytes:
    """A ClientHello that offers cipher kinds. ``challenge`` (CHALLENGE bytes) makes the bytes repeatable."""
    noise = urandom(CHALLENGE) if challenge is None else challenge
    specs = b"".join(kind.to_bytes(3, "big") for kind in kinds)
    lengths = b"".join(length.to_bytes(2, "big") for length in (len(specs), 0, len(noise)))
    return _record(bytes([_CLIENT_HELLO]) + _CODE.to_bytes(2, "big") + lengths + specs + noise)


def server_hello(kinds: tuple[int, ...], *, certificate: bytes = b"", connection: bytes = bytes(16)) -> bytes:
    """What a server answers: the cipher kinds that both have, and its certificate (DER)."""
    specs = b"".join(kind.to_bytes(3, "big") for kind in kinds)
    lengths = b"".join(len(part).to_bytes(2, "big") for part in (certificate, specs, connection))
    head = bytes([_SERVER_HELLO, 0, _X509]) + _CODE.to_bytes(2, "big")
    return _record(head + lengths + certificate + specs + connection)


def _record(body: bytes) -> bytes:
    return (0x8000 | len(body)).to_bytes(2, "big") + body


def read_server_hello(data: bytes) -> Flight | None:
    """The flight at the front of some bytes; None while it is not complete. Raises Malformed for anything else.

    ``answer.suite`` is the first cipher kind that both have, ``answer.kinds`` all of them.
    """
    if len(data) < 2:
        return None
    head = 2 if data[0] & 0x80 else 3
    if len(data) < head:
        return None
    length = int.from_bytes(data[:2], "big") & (0x7FFF if head == 2 else 0x3FFF)
    padding = data[2] if head == 3 else 0
    if length < 3 + padding:
        raise Malformed("no SSL 2.0 record has this length")
    if len(data) < head + length:
        if len(data) > head and data[head] not in (_ERROR, _SERVER_HELLO):
            raise Malformed("no SSL 2.0 message of a server")
        return None
    return _message(data[head : head + length - padding])


def _message(body: bytes) -> Flight:
    reader = Reader(body)
    kind = reader.number(1)
    if kind == _ERROR:
        # An SSL 2.0 error is a refusal: of the cipher kinds, mostly.
        return Flight(answer=ServerAnswer(kind="alert", level=2, description=40), end="whole")
    if kind != _SERVER_HELLO:
        raise Malformed("no SSL 2.0 message of a server")
    reader.take(2)
    if reader.number(2) != _CODE:
        raise Malformed("a version that is not SSL 2.0")
    lengths = [reader.number(2) for _ in range(3)]
    certificate, specs = reader.take(lengths[0]), reader.take(lengths[1])
    reader.take(lengths[2])
    if len(specs) % 3:
        raise Malformed("a cipher kind has three bytes")
    kinds = tuple(int.from_bytes(specs[at : at + 3], "big") for at in range(0, len(specs), 3))
    answer = ServerAnswer(kind="server_hello", version=VERSION, suite=kinds[0] if kinds else 0, kinds=kinds)
    return Flight(answer=answer, certificates=(certificate,) if certificate else (), end="whole")


class Sslv2Reader:
    """Reads what came after an SSL 2.0 hello: that protocol, or TLS that says no. As a FlightReader does."""

    def __init__(self) -> None:
        self._tls: FlightReader | None = None
        self._data = b""
        self.flight = Flight()

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; true when the flight is over. Never raises."""
        self._data += data
        if self._tls is None and self._data[:1] in (bytes([ALERT]), bytes([HANDSHAKE])):
            self._tls, data = FlightReader(), self._data
        if self._tls is not None:
            self._tls.feed(data)
            self.flight = self._tls.flight
            return self.flight.is_over
        try:
            self.flight = read_server_hello(self._data) or self.flight
        except Malformed:
            self.flight = Flight(answer=ServerAnswer(kind="not_tls"), end="broken")
        return self.flight.is_over

    def closed(self) -> None:
        """The stream ended."""
        if not self.flight.is_over:
            self.flight = msgspec.structs.replace(self.flight, end="closed")
