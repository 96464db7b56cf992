"""QUIC as far as the one question that needs no cryptography: which versions a server has.

A long header with a version that does not exist makes a server list its own (RFC 9000 section 6.1; the bytes are those
of RFC 8999, which hold for every version).
"""

from typing import Final

_LONG_HEADER = 0x80
_FIXED = 0x40
_NO_SUCH_VERSION: Final = 0x1A2A3A4A
"""Of the form 0x?a?a?a?a, which is set aside to provoke negotiation (RFC 9000 section 15)."""
_RESERVED = 0x0F0F0F0F, 0x0A0A0A0A
_SMALLEST: Final = 1200
"""Bytes below which a server need not answer, so that nobody is flooded by answers (RFC 9000 section 14.1)."""
_MOST = 32


def version_question(destination: bytes, source: bytes) -> bytes:
    """A datagram in a version that does not exist. Both connection ids are ours to choose: 8 to 20 bytes each."""
    ids = bytes((len(destination),)) + destination + bytes((len(source),)) + source
    header = bytes((_LONG_HEADER | _FIXED,)) + _NO_SUCH_VERSION.to_bytes(4, "big") + ids
    return header.ljust(_SMALLEST, b"\x00")


def read_versions(data: bytes, destination: bytes, source: bytes) -> tuple[str, ...] | None:
    """The versions of a Version Negotiation that answers our question, as ``0x00000001``; None for anything else.

    Reserved versions are left out: a server makes them up anew each time. Never raises.
    """
    ids = bytes((len(source),)) + source + bytes((len(destination),)) + destination
    listed = data[5 + len(ids) :]
    is_negotiation = data[:1] >= bytes((_LONG_HEADER,)) and data[1:5] == bytes(4) and data[5:].startswith(ids)
    if not is_negotiation or not listed or len(listed) % 4:
        return None
    numbers = [int.from_bytes(listed[at : at + 4], "big") for at in range(0, min(len(listed), 4 * _MOST), 4)]
    mask, value = _RESERVED
    return tuple(dict.fromkeys(f"0x{number:08x}" for number in numbers if number & mask != value))
