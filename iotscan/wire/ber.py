"""BER as far as SNMP and LDAP need it: elements with one-byte tags and definite lengths (X.690 sections 8.1 to 8.3)."""

from typing import Final

INTEGER: Final = 0x02
OCTETS: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
ENUMERATED: Final = 0x0A
SEQUENCE: Final = 0x30
_LONGEST_LENGTH = 4


class Malformed(ValueError):
    """The bytes are no such element, or it is not whole."""


def element(tag: int, body: bytes) -> bytes:
    """One element with its tag and length."""
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + body


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A signed INTEGER (or ENUMERATED) in the fewest bytes or one more."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def whole(data: bytes) -> int:
    """How many bytes the first element takes, header and all; 0 while its header is not there. Raises Malformed."""
    if len(data) < 2:
        return 0
    length, start = data[1], 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= _LONGEST_LENGTH:
            raise Malformed
        start += size
        if len(data) < start:
            return 0
        length = int.from_bytes(data[2:start], "big")
    return start + length


def take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Split the element with ``tag`` off the front: its content, and what follows. Raises Malformed."""
    size = whole(data)
    if not size or data[0] != tag or len(data) < size:
        raise Malformed
    header = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    return data[header:size], data[size:]


def take_integer(data: bytes, tag: int = INTEGER) -> tuple[int, bytes]:
    """Split an INTEGER of at most 8 bytes off the front. Raises Malformed."""
    body, rest = take(data, tag)
    if not 1 <= len(body) <= 8:
        raise Malformed
    return int.from_bytes(body, "big", signed=True), rest
