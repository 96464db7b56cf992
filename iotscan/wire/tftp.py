"""TFTP as far as one request to read, and whether somebody answers it (RFC 1350 sections 4 and 5).

There is no acknowledgement in here, without which no more than a first piece is ever sent, and no request to write.
"""

from typing import Final

import msgspec

from iotscan.model.text import safe_text

PORT: Final = 69
_READ, _DATA, _ERROR, _OPTIONS = 1, 3, 5, 6
_TEXT_LIMIT: Final = 100


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a request to read came to: an error with its code and words, or the beginning of a file."""

    is_error: bool
    code: int = 0
    text: str = ""


def read_request(name: str) -> bytes:
    """A request to read a file."""
    return _READ.to_bytes(2, "big") + name.encode() + b"\0octet\0"


def read_answer(packet: bytes) -> Answer | None:
    """The answer to a request; None for anything else. What a file holds is not kept. Never raises."""
    kind = int.from_bytes(packet[:2], "big")
    if len(packet) < 4:
        return None
    if kind == _ERROR:
        code = int.from_bytes(packet[2:4], "big")
        return Answer(is_error=True, code=code, text=safe_text(packet[4:].partition(b"\0")[0], _TEXT_LIMIT))
    return Answer(is_error=False) if kind in (_DATA, _OPTIONS) else None
