"""LDAP: the extended operation StartTLS (RFC 4511 section 4.14), and one harmless question to know a server by."""

from typing import Final

from iotscan.wire.ber import (
    ENUMERATED,
    INTEGER,
    OCTETS,
    SEQUENCE,
    Malformed,
    element,
    integer,
    take,
    take_integer,
    whole,
)
from iotscan.wire.starttls.opening import LIMIT, Garbled, Script, begin_tls, declined, shown, unreadable

START_TLS: Final = b"1.3.6.1.4.1.1466.20037"
_BOOLEAN, _PRESENT = 0x01, 0x87
_SEARCH, _ENTRY, _DONE, _UNBIND, _EXTENDED, _EXTENDED_RESPONSE = 0x63, 0x64, 0x65, 0x42, 0x77, 0x78
_SUCCESS, _BUSY = 0, 51


def _message(number: int, operation: bytes) -> bytes:
    return element(SEQUENCE, integer(number) + operation)


def start_tls_request() -> bytes:
    """Message 1: StartTLS."""
    return _message(1, element(_EXTENDED, element(0x80, START_TLS)))


def root_request() -> bytes:
    """Message 1: a search of the root entry for no attribute at all (``1.1``, RFC 4511 section 4.5.1.8)."""
    scope_and_aliases = integer(0, ENUMERATED) + integer(0, ENUMERATED)
    limits = integer(1) + integer(5) + element(_BOOLEAN, b"\x00")
    asked = element(OCTETS, b"") + scope_and_aliases + limits + element(_PRESENT, b"objectClass")
    return _message(1, element(_SEARCH, asked + element(SEQUENCE, element(OCTETS, b"1.1"))))


def unbind_request() -> bytes:
    """Message 2: goodbye."""
    return _message(2, element(_UNBIND, b""))


def message(data: bytes) -> tuple[bytes, int] | None:
    """The content of the first LDAPMessage of a stream, and the bytes it takes. Raises Garbled."""
    try:
        size = whole(data)
        if data[:1] not in (b"", bytes((SEQUENCE,))) or size > LIMIT:
            raise Garbled(f"answered with no LDAP message: {shown(data)}")
        return (take(data[:size], SEQUENCE)[0], size) if size and len(data) >= size else None
    except Malformed:
        raise Garbled("answered with a malformed LDAP message") from None


def is_answer(data: bytes) -> bool:
    """True for bytes that begin with an answer to :func:`root_request`. Never raises."""
    try:
        found = message(data)
        if found is None:
            return False
        number, operation = take_integer(found[0])
    except (Garbled, Malformed):
        return False
    is_ours = number == 1 and operation[:1] in (bytes((_ENTRY,)), bytes((_DONE,)))
    return is_ours or (number == 0 and operation[:1] == bytes((_EXTENDED_RESPONSE,)))


def ldap() -> Script[bytes]:
    """StartTLS, with no word before it."""
    reply = yield start_tls_request()
    try:
        number, operation = take_integer(reply, INTEGER)
        result, _ = take_integer(take(operation, _EXTENDED_RESPONSE)[0], ENUMERATED)
    except Malformed:
        return unreadable("answers StartTLS with another LDAP message", unbind_request())
    if number != 1:
        return unreadable(f"ends the conversation with result {result}", unbind_request())
    if result == _SUCCESS:
        return begin_tls()
    if result == _BUSY:
        return unreadable("is too busy for StartTLS", unbind_request())
    return declined(f"offers no StartTLS: answers it with result {result}", unbind_request())
