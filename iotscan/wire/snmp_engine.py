"""SNMP version 3 as far as the question who answers: engine discovery (RFC 3414 section 4, RFC 3412, RFC 3411).

An engine answers without knowing who asks: no user, no key and no community is in the question.
"""

from ipaddress import ip_address
from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire.ber import OCTETS, SEQUENCE, Malformed, element, integer, take, take_integer

_VERSION: Final = 3
_LARGEST = 65507
"""The most that we take in one message (octets)."""
_REPORTABLE, _USER_BASED = b"\x04", 3
_GET_REQUEST, _REPORT = 0xA0, 0xA8
_IPV4, _IPV6, _MAC, _TEXT = 1, 2, 3, 4
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


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine says of itself: its id, how often it has started since that was set, and seconds since then."""

    id: bytes
    boots: int
    seconds: int


def read_engine(packet: bytes, message_id: int) -> bytes | None:
    """The engine's id in the answer to that question; None for anything else. Never raises."""
    engine = read_report(packet, message_id)
    return engine.id if engine else None


def read_report(packet: bytes, message_id: int) -> Engine | None:
    """The answer to that question; None for anything else. Never raises."""
    try:
        message, _ = take(packet, SEQUENCE)
        version, rest = take_integer(message)
        header, rest = take(rest, SEQUENCE)
        number, _ = take_integer(header)
        security, rest = take(rest, OCTETS)
        parameters, _ = take(security, SEQUENCE)
        engine, parameters = take(parameters, OCTETS)
        boots, parameters = take_integer(parameters)
        seconds, _ = take_integer(parameters)
        scoped, _ = take(rest, SEQUENCE)
        for _ in range(2):  # context: the engine's id and a name
            _, scoped = take(scoped, OCTETS)
        take(scoped, _REPORT)
    except Malformed:
        return None
    if (version, number) != (_VERSION, message_id):
        return None
    return Engine(id=engine[:_ENGINE_LIMIT], boots=max(boots, 0), seconds=max(seconds, 0))


def enterprise_of(engine: bytes) -> int:
    """The number of whom made the agent, as IANA gave it (RFC 3411 section 5); 0 where the id holds none."""
    return int.from_bytes(engine[:4], "big") & 0x7FFFFFFF if len(engine) >= 5 else 0


def stated_in(engine: bytes) -> str:
    """The MAC or IP address, or the text, that an engine's id is made of; empty for octets (RFC 3411 section 5)."""
    if len(engine) < 6 or not engine[0] & 0x80:
        return ""
    kind, rest = engine[4], engine[5:]
    if (kind, len(rest)) in ((_IPV4, 4), (_IPV6, 16)):
        return str(ip_address(rest))
    if (kind, len(rest)) in ((_MAC, 6), (_MAC, 8)):
        # Some fill it up to eight octets.
        return rest[:6].hex(":")
    return safe_text(rest, _ENGINE_LIMIT) if kind == _TEXT else ""
