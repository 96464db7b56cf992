"""SNMP version 3 as far as the question who answers: engine discovery (RFC 3414 section 4, RFC 3412, RFC 3411).

An engine answers without knowing who asks: no user, no key and no community is in the question.
"""

from typing import Final

from iotscan.wire.ber import OCTETS, SEQUENCE, Malformed, element, integer, take, take_integer

_VERSION: Final = 3
_LARGEST = 65507
"""The most that we take in one message (octets)."""
_REPORTABLE, _USER_BASED = b"\x04", 3
_GET_REQUEST, _REPORT = 0xA0, 0xA8
_ENGINE_LIMIT = 32
"""Octets of an SnmpEngineID (RFC 3411 section 5)."""


def discovery(message_id: int) -> bytes:
    """The question. ``message_id`` is a positive 31-bit number, and comes back."""
    header = integer(message_id) + integer(_LARGEST) + element(OCTETS, _REPORTABLE) + integer(_USER_BASED)
    nobody = element(OCTETS, b"") + integer(0) + integer(0) + element(OCTETS, b"") * 3
    request = element(_GET_REQUEST, integer(message_id) + integer(0) + integer(0) + element(SEQUENCE, b""))
    scoped = element(OCTETS, b"") + element(OCTETS, b"") + request
    security = element(OCTETS, element(SEQUENCE, nobody))
    return element(SEQUENCE, integer(_VERSION) + element(SEQUENCE, header) + security + element(SEQUENCE, scoped))


def read_engine(packet: bytes, message_id: int) -> bytes | None:
    """The engine's id in the answer to that question; None for anything else. Never raises."""
    try:
        message, _ = take(packet, SEQUENCE)
        version, rest = take_integer(message)
        header, rest = take(rest, SEQUENCE)
        number, _ = take_integer(header)
        security, rest = take(rest, OCTETS)
        parameters, _ = take(security, SEQUENCE)
        engine, _ = take(parameters, OCTETS)
        scoped, _ = take(rest, SEQUENCE)
        for _ in range(2):  # context: the engine's id and a name
            _, scoped = take(scoped, OCTETS)
        take(scoped, _REPORT)
    except Malformed:
        return None
    return engine[:_ENGINE_LIMIT] if (version, number) == (_VERSION, message_id) else None
