"""The options of a CoAP message, as numbers and bytes, and the payload behind them (RFC 7252 section 3.1)."""

from collections.abc import Iterable
from typing import Final

URI_PATH: Final = 11
CONTENT_FORMAT: Final = 12
BLOCK2: Final = 23
ECHO: Final = 252
"""RFC 9175."""
LINK_FORMAT: Final = 40
"""The content format of RFC 6690."""
_MARKER: Final = 0xFF
_WIDE: Final = {13: (1, 13), 14: (2, 269)}
"""A nibble that says how many bytes follow, and what to add to them."""
_LIMIT: Final = 64
"""Options read of one message."""

Option = tuple[int, bytes]


def write(options: Iterable[Option]) -> bytes:
    """Options in the order of their numbers; none may be 65,804 apart or as long."""
    out, before = bytearray(), 0
    for number, value in options:
        (delta, more), (length, longer) = _nibble(number - before), _nibble(len(value))
        out += bytes((delta << 4 | length,)) + more + longer + value
        before = number
    return bytes(out)


def read(rest: bytes) -> tuple[tuple[Option, ...], bytes] | None:
    """The options and the payload behind a token; None where they are cut short or too many. Never raises."""
    at = number = 0
    options: list[Option] = []
    while at < len(rest) and rest[at] != _MARKER:
        nibbles = rest[at] >> 4, rest[at] & 15
        at += 1
        sizes: list[int] = []
        for nibble in nibbles:
            size, more = _WIDE.get(nibble, (0, nibble))
            if nibble == 15 or at + size > len(rest):
                return None
            sizes.append(more + int.from_bytes(rest[at : at + size], "big") if size else nibble)
            at += size
        if at + sizes[1] > len(rest) or len(options) >= _LIMIT:
            return None
        number += sizes[0]
        options.append((number, rest[at : at + sizes[1]]))
        at += sizes[1]
    return tuple(options), rest[at + 1 :]


def number_of(options: Iterable[Option], option: int) -> int | None:
    """The value of the first option of a number, read as a whole number; None where there is none."""
    return next((int.from_bytes(value[:4], "big") for number, value in options if number == option), None)


def _nibble(value: int) -> tuple[int, bytes]:
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes((value - 13,))
    return 14, (value - 269).to_bytes(2, "big")
