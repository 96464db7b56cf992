"""PostgreSQL and MySQL: both ask for TLS inside their own protocol, before any name or password."""

from typing import Final

import msgspec

from iotscan.wire.starttls.opening import LIMIT, Garbled, Script, begin_tls, declined, shown, unreadable

SSL_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""PostgreSQL: length 8, code 80877103 (protocol documentation, "SSLRequest")."""
_CLIENT_SSL = 0x0800
_CAPABILITIES = _CLIENT_SSL | 0x0001 | 0x0200 | 0x8000  # long passwords, protocol 4.1, secure connection
_UTF8 = 33
_PACKET_LIMIT = 1 << 24
_ERROR = 0xFF


class Greeting(msgspec.Struct, frozen=True, kw_only=True):
    """The first packet of a MySQL server: ``error`` where it refuses us (its number and text), else its version."""

    version: bytes = b""
    has_tls: bool = False
    error: str = ""


def postgresql_answer(data: bytes) -> tuple[bytes, int] | None:
    """``S`` or ``N``: one byte answers an SSLRequest, ``E`` an error of whatever length. Raises Garbled."""
    if not data:
        return None
    if data[:1] == b"E":
        return data, len(data)
    if data[:1] not in (b"S", b"N"):
        raise Garbled(f"answers SSLRequest with {shown(data)}")
    return data[:1], 1


def postgresql() -> Script[bytes]:
    """SSLRequest."""
    answer = yield SSL_REQUEST
    if answer == b"S":
        return begin_tls()
    if answer == b"N":
        return declined("offers no TLS: answers SSLRequest with N")
    return unreadable(f"answers SSLRequest with an error: {shown(answer)}")


def packet(data: bytes) -> tuple[bytes, int] | None:
    """The payload of the first packet of a MySQL stream, and the bytes it takes. Raises Garbled."""
    if len(data) < 4:
        return None
    size = int.from_bytes(data[:3], "little")
    if data[3] or not 1 <= size <= LIMIT:
        raise Garbled(f"begins with no MySQL packet: {shown(data)}")
    return (data[4 : 4 + size], 4 + size) if len(data) >= 4 + size else None


def read_greeting(payload: bytes) -> Greeting | None:
    """The greeting (protocol 10) or the error that a first packet is; None for anything else. Never raises."""
    if payload[:1] == bytes((_ERROR,)) and len(payload) >= 4:
        number = int.from_bytes(payload[1:3], "little")
        return Greeting(error=f"{number} {shown(payload[3:])}") if 1000 <= number < 10_000 else None
    version, end, rest = payload[1:].partition(b"\x00")
    # Thread number, eight bytes of challenge, a zero, and the lower half of the capabilities.
    if payload[:1] != b"\x0a" or not end or not version.isascii() or len(rest) < 15 or rest[12]:
        return None
    return Greeting(version=version, has_tls=bool(int.from_bytes(rest[13:15], "little") & _CLIENT_SSL))


def read_first_packet(data: bytes) -> Greeting | None:
    """What the first bytes of a MySQL server say; None for anything else and for less. Never raises."""
    try:
        found = packet(data)
    except Garbled:
        return None
    return read_greeting(found[0]) if found else None


def ssl_request() -> bytes:
    """The packet that ends the words before TLS (MySQL protocol, "SSLRequest"): 32 bytes, the second packet."""
    body = _CAPABILITIES.to_bytes(4, "little") + _PACKET_LIMIT.to_bytes(4, "little") + bytes((_UTF8,)) + bytes(23)
    return len(body).to_bytes(3, "little") + b"\x01" + body


def mysql() -> Script[bytes]:
    """The server greets; whoever wants TLS says so, and nothing comes back before the ServerHello."""
    greeting = read_greeting((yield b""))
    if greeting is None:
        return unreadable("greets in a protocol that is not MySQL's version 10")
    if greeting.error:
        return unreadable(f"refuses us: {greeting.error}")
    if greeting.has_tls:
        return begin_tls(ssl_request())
    return declined(f"offers no TLS: MySQL {shown(greeting.version)} without CLIENT_SSL")
