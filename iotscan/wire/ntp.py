"""NTP as far as one question: what a client sends, and whether an answer is one to it (RFC 5905 section 7.3).

No control or private message is in here (modes 6 and 7): some of those answer with much, and some change the server.
"""

from typing import Final

import msgspec

PORT: Final = 123
_CLIENT = 0b00_100_011
"""No leap warning, version 4, mode 3."""
_MODE, _SERVER, _SYMMETRIC_PASSIVE = 0b111, 4, 2
_SIZE: Final = 48
_ORIGIN = slice(24, 32)


def question(token: bytes) -> bytes:
    """A question of a client. ``token`` are eight bytes that stand for our time of sending, and come back."""
    return bytes((_CLIENT,)) + bytes(_SIZE - 1 - len(token)) + token


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What a server says of its clock. ``stratum`` is 1 for a source, and 0 or 16 where it does not know the time."""

    version: int
    stratum: int


def read_answer(packet: bytes, token: bytes) -> Clock | None:
    """The answer to the question with that token; None for anything else. Never raises."""
    if not is_answer(packet, token):
        return None
    return Clock(version=packet[0] >> 3 & 7, stratum=packet[1])


def is_answer(packet: bytes, token: bytes) -> bool:
    """Whether a datagram is the answer to the question with that token. Never raises."""
    is_server = len(packet) >= _SIZE and packet[0] & _MODE in (_SERVER, _SYMMETRIC_PASSIVE)
    return is_server and packet[_ORIGIN] == token
