"""One DNS question that no server passes on: its own version, in class CHAOS (RFC 1035, RFC 7766 for streams).

Whether a server recurses for us stands in a bit of each answer (RA): nobody has to be made to ask others.
"""

from typing import Final

import msgspec

from iotscan.model.text import safe_text

_NUMBER: Final = b"\x10\x53"
_QUESTION: Final = b"\x07version\x04bind\x00" + b"\x00\x10" + b"\x00\x03"  # TXT, CHAOS
_RESPONSE = 0x80
_RECURSES = 0x80
_HEADER = 12
_POINTER = 0xC0
_VERSION_LIMIT = 100


def version_query() -> bytes:
    """The question, without recursion desired, behind its length of two bytes."""
    message = _NUMBER + b"\x00\x00" + b"\x00\x01" + bytes(6) + _QUESTION
    return len(message).to_bytes(2, "big") + message


def is_answer(data: bytes) -> bool:
    """True for bytes that begin with a response to :func:`version_query`, a refusal included. Never raises."""
    message = data[2:]
    return len(message) >= _HEADER and message[:2] == _NUMBER and bool(message[2] & _RESPONSE)


def multicast_question(name: str) -> bytes:
    """Who has a name: a PTR question of mDNS whose answer may come to us alone (RFC 6762 section 5.4)."""
    labels = b"".join(bytes((len(label),)) + label for label in name.encode().split(b"."))
    return bytes(4) + b"\x00\x01" + bytes(6) + labels + b"\x00" + b"\x00\x0c" + b"\x80\x01"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. ``code`` is 0 for an answer, 5 for a refusal; ``version`` is empty where it is not told."""

    code: int
    recurses: bool
    version: str = ""


def version_datagram(number: int) -> bytes:
    """The question as one datagram, under a number of its own."""
    return number.to_bytes(2, "big") + version_query()[4:]


def read_answer(packet: bytes, number: int) -> Answer | None:
    """The response to :func:`version_datagram`; None for anything else. Never raises."""
    if len(packet) < _HEADER or packet[:2] != number.to_bytes(2, "big") or not packet[2] & _RESPONSE:
        return None
    if packet[4:6] not in (b"\0\0", b"\0\1"):
        return None
    code, recurses = packet[3] & 15, bool(packet[3] & _RECURSES)
    return Answer(code=code, recurses=recurses, version=_text(packet) if not code else "")


def _text(packet: bytes) -> str:
    """The first text of the first record, where the question is repeated and a TXT record follows it."""
    start = _HEADER + len(_QUESTION)
    if packet[_HEADER:start].lower() != _QUESTION.lower():
        return ""
    while start < len(packet) and 0 < packet[start] < _POINTER:
        start += 1 + packet[start]
    start += 2 if packet[start : start + 1] >= bytes((_POINTER,)) else 1
    if packet[start : start + 2] != b"\x00\x10":
        return ""
    size, text = packet[start + 10 : start + 11], start + 11
    return safe_text(packet[text : text + size[0]], _VERSION_LIMIT) if size else ""
