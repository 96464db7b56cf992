"""Links of constrained devices as text: ``</temp>;rt="temperature-c";ct=0,…`` (RFC 6690 section 2)."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

_LIMIT: Final = 256
"""Links read of one list."""
_ATTRIBUTES: Final = 16


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What a link points to, and its attributes by their names in small letters, without quotes: as they came."""

    target: bytes
    attributes: Mapping[str, bytes]


def read_links(payload: bytes) -> Iterator[Link]:
    """The links in a payload, at most 256; what is none is left out. Reads each byte once. Never raises."""
    for text in _split(payload, b",")[:_LIMIT]:
        target, *parameters = _split(text, b";")
        target = target.strip()
        if target.startswith(b"<") and target.endswith(b">") and b"<" not in target[1:]:
            yield Link(target=target[1:-1], attributes=dict(map(_attribute, parameters[:_ATTRIBUTES])))


def _attribute(parameter: bytes) -> tuple[str, bytes]:
    name, _, value = parameter.partition(b"=")
    return name.strip().lower().decode("ascii", "replace"), value.strip(b'" ')


def _split(text: bytes, by: bytes) -> list[bytes]:
    """Split outside of quotes. Reads each byte once."""
    parts, start, is_quoted, is_target = [], 0, False, False
    for at, byte in enumerate(text):
        if byte == 0x22:
            is_quoted = not is_quoted
        elif not is_quoted and byte in b"<>":
            is_target = byte == 0x3C
        elif byte == by[0] and not is_quoted and not is_target:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
