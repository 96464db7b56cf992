"""SNMP messages as a listener hears them: version, community or user, kind (RFC 1157, 3416, 3412 §6, 3414 §2.4)."""

from typing import Final

import msgspec

from iotscan.wire.ber import OCTETS, SEQUENCE, Malformed, take, take_integer

_KINDS: Final = {
    0xA0: "GetRequest",
    0xA1: "GetNextRequest",
    0xA2: "Response",
    0xA3: "SetRequest",
    0xA4: "Trap",
    0xA5: "GetBulkRequest",
    0xA6: "InformRequest",
    0xA7: "Trap",
    0xA8: "Report",
}
_VERSIONS: Final = {0: "1", 1: "2c"}
_LEVELS: Final = ("noAuthNoPriv", "authNoPriv", "", "authPriv")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message. ``level`` and ``user`` are those of version 3; ``kind`` is empty where it is encrypted."""

    version: str
    community: bytes = b""
    kind: str = ""
    level: str = ""
    user: bytes = b""


def read_message(data: bytes) -> Message | None:
    """The message that a datagram is; None for anything else. Never raises."""
    try:
        message, _ = take(data, SEQUENCE)
        number, rest = take_integer(message)
        if number in _VERSIONS:
            community, rest = take(rest, OCTETS)
            kind = _KINDS.get(rest[0] if rest else 0, "")
            return Message(version=_VERSIONS[number], community=community, kind=kind) if kind else None
        return _read_version3(rest) if number == 3 else None
    except Malformed:
        return None


def _read_version3(rest: bytes) -> Message:
    header, rest = take(rest, SEQUENCE)
    _, header = take_integer(header)
    _, header = take_integer(header)
    flags, _ = take(header, OCTETS)
    security, rest = take(rest, OCTETS)
    parameters, _ = take(security, SEQUENCE)
    _, parameters = take(parameters, OCTETS)
    _, parameters = take_integer(parameters)
    _, parameters = take_integer(parameters)
    user, _ = take(parameters, OCTETS)
    level = _LEVELS[flags[0] & 3] if flags else ""
    kind = ""
    if level != "authPriv":
        scoped, _ = take(rest, SEQUENCE)
        for _ in range(2):
            _, scoped = take(scoped, OCTETS)
        kind = _KINDS.get(scoped[0] if scoped else 0, "")
    return Message(version="3", level=level, user=user, kind=kind)
