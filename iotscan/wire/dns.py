"""One DNS question that no server passes on: its own version, in class CHAOS, over a stream (RFC 1035, RFC 7766)."""

from typing import Final

_NUMBER: Final = b"\x10\x53"
_QUESTION: Final = b"\x07version\x04bind\x00" + b"\x00\x10" + b"\x00\x03"  # TXT, CHAOS
_RESPONSE = 0x80
_HEADER = 12


def version_query() -> bytes:
    """The question, without recursion desired, behind its length of two bytes."""
    message = _NUMBER + b"\x00\x00" + b"\x00\x01" + bytes(6) + _QUESTION
    return len(message).to_bytes(2, "big") + message


def is_answer(data: bytes) -> bool:
    """True for bytes that begin with a response to :func:`version_query`, a refusal included. Never raises."""
    message = data[2:]
    return len(message) >= _HEADER and message[:2] == _NUMBER and bool(message[2] & _RESPONSE)
