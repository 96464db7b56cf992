"""MQTT as far as a door is knocked at, and what a guest may hear (OASIS MQTT 3.1.1 and MQTT 5.0; sections are alike).

CONNECT, CONNACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, DISCONNECT, and the head of a PUBLISH that is only counted. Nothing
here makes a PUBLISH.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

Version = Literal[4, 5]
"""The protocol level: 4 is MQTT 3.1.1."""
NAMES: Final[dict[Version, str]] = {4: "3.1.1", 5: "5.0"}
DISCONNECT: Final = b"\xe0\x00"
"""The orderly end of a session, in both versions: a broker that gets it sends no will message."""

ACCEPTED: Final = 0
UNACCEPTABLE_VERSION: Final = 1
BAD_CREDENTIALS: Final = 4
NOT_AUTHORISED: Final = 5
UNSUPPORTED_VERSION: Final = 0x84
"""How MQTT 5 says it (section 4.13)."""
REFUSED: Final = 0x80
"""Codes of a SUBACK from here on refuse; those below say with which quality of service it is granted."""
CONNACK, PUBLISH, SUBACK = 2, 3, 9
_SUBSCRIBE, _UNSUBSCRIBE = b"\x82", b"\xa2"
_LONGEST = 65535
_LENGTH_BYTES = 4


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """One control packet (section 2.2): its type, its flags, what follows its head, and how many bytes it took."""

    kind: int
    flags: int
    body: bytes
    size: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A PUBLISH: its topic and what it carries, both device text."""

    topic: bytes
    payload: bytes
    is_retained: bool = False
    """It stood there before it was asked for (MQTT 3.1.1 section 3.3.1.3): nobody says it now."""


def fits_filter(topic: str, topic_filter: str) -> bool:
    """Whether a topic is one that a filter asks for (MQTT 5.0 section 4.7).

    ``+`` is one level, ``#`` any further ones and the level above them; neither stands for topics that begin with ``$``
    where it is the first level.
    """
    levels, wanted = topic.split("/"), topic_filter.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(levels) == len(wanted) and all(w in ("+", level) for level, w in zip(levels, wanted, strict=True))


def _string(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if len(data) > _LONGEST:
        raise ValueError("an MQTT string holds at most 65535 bytes")
    return len(data).to_bytes(2, "big") + data


def _packet(first: bytes, body: bytes) -> bytes:
    """A packet with the variable length of section 2.2.3: seven bits a byte, low first."""
    length, encoded = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | 0x80 if length else digit)
        if not length:
            return first + bytes(encoded) + body


def connect_message(
    client_id: str = "iotscan",
    *,
    user: str | None = None,
    password: str | None = None,
    keep_alive: int = 30,
    version: Version = 4,
) -> bytes:
    """A CONNECT for a clean session without a will.

    ``keep_alive`` is in seconds. A password without a user name is not allowed by §3.1.2.9 of 3.1.1, nor is a
    string beyond 65535 bytes: both raise ValueError, whose text never holds the password.
    """
    if password is not None and user is None:
        raise ValueError("MQTT 3.1.1 has no password without a user name")
    flags = 0x02 | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = b"\x00\x04MQTT" + bytes((version, flags)) + keep_alive.to_bytes(2, "big") + _properties(version)
    body += _string(client_id)
    for text in (user, password):
        if text is not None:
            body += _string(text)
    return _packet(b"\x10", body)


def subscribe_message(number: int, filters: Sequence[str], *, version: Version = 4) -> bytes:
    """A SUBSCRIBE for messages at most once (section 3.8). ``number`` from 1 to 65535 comes back in its SUBACK."""
    topics = b"".join(_string(topic) + b"\x00" for topic in filters)
    return _packet(_SUBSCRIBE, number.to_bytes(2, "big") + _properties(version) + topics)


def unsubscribe_message(number: int, filters: Sequence[str], *, version: Version = 4) -> bytes:
    """The UNSUBSCRIBE of the same (section 3.10)."""
    topics = b"".join(_string(topic) for topic in filters)
    return _packet(_UNSUBSCRIBE, number.to_bytes(2, "big") + _properties(version) + topics)


def _properties(version: Version) -> bytes:
    """None: MQTT 5 says so by their length."""
    return b"\x00" if version == 5 else b""


def read_packet(data: bytes) -> Packet | None:
    """The packet at the start of ``data``; None while it is not whole, and for a length that none may have."""
    found = _variable(data, 1)
    if found is None:
        return None
    length, at = found
    if len(data) < at + length:
        return None
    return Packet(kind=data[0] >> 4, flags=data[0] & 0x0F, body=data[at : at + length], size=at + length)


def is_packet_to_be(data: bytes) -> bool:
    """True while ``data`` may become a packet with further bytes."""
    head = data[1 : 1 + _LENGTH_BYTES]
    return read_packet(data) is None and not (len(head) == _LENGTH_BYTES and all(byte & 0x80 for byte in head))


def _variable(data: bytes, at: int) -> tuple[int, int] | None:
    """The number of variable length at ``at``, and where it ends; None for one without an end."""
    value = 0
    for place, byte in enumerate(data[at : at + _LENGTH_BYTES]):
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return value, at + place + 1
    return None


def read_connack(data: bytes) -> int | None:
    """The return code of a CONNACK at the start of ``data``; None when it is no CONNACK. Never raises.

    Those of MQTT 5 are read, too: brokers that speak it alone refuse in their own format (reason 0x84).
    """
    found = _variable(data, 1)
    if not data or data[0] != CONNACK << 4 or found is None:
        return None
    length, at = found
    if length < 2 or len(data) < at + 2 or data[at] > 1:
        return None
    return data[at + 1]


def read_suback(packet: Packet, number: int, *, version: Version = 4) -> tuple[int, ...] | None:
    """What became of each filter of the SUBSCRIBE with this number; None for any other packet. Never raises."""
    if packet.kind != SUBACK or packet.body[:2] != number.to_bytes(2, "big"):
        return None
    rest = _after_properties(packet.body[2:], version)
    return tuple(rest) if rest else None


def read_message(packet: Packet, *, version: Version = 4) -> Message | None:
    """The PUBLISH that a packet is; None for any other. Never raises."""
    if packet.kind != PUBLISH or len(packet.body) < 2:
        return None
    end = 2 + int.from_bytes(packet.body[:2], "big")
    if len(packet.body) < end:
        return None
    number = 2 if packet.flags & 0x06 else 0
    rest = _after_properties(packet.body[end + number :], version)
    if rest is None:
        return None
    return Message(topic=packet.body[2:end], payload=rest, is_retained=bool(packet.flags & 0x01))


def _after_properties(body: bytes, version: Version) -> bytes | None:
    if version == 4:
        return body
    found = _variable(body, 0)
    return body[sum(found) :] if found and sum(found) <= len(body) else None
