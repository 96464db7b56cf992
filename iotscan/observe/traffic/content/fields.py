"""Names and values that a message carries: of a query, a form, a JSON document. All bounded, none raises."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

Field = tuple[str, str]
"""A name as it came, and a value as text."""
_FIELDS: Final = 200
_DEPTH: Final = 5
_LONGEST: Final = 8192


def of_query(query: str) -> tuple[Field, ...]:
    """The fields of a query or a form."""
    try:
        pairs = parse_qsl(query[: 64 << 10], keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return ()
    return tuple((name[:80], value[:_LONGEST]) for name, value in pairs)


def of_json(data: bytes) -> tuple[Field, ...]:
    """The members of a JSON document that are texts and numbers, of all its objects; none where it is no JSON."""
    if data.lstrip()[:1] not in (b"{", b"["):
        return ()
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    left = [_FIELDS]
    return tuple(_members(document, _DEPTH, left))


def _members(value: Any, depth: int, left: list[int]) -> Iterator[Field]:
    if depth <= 0:
        return
    if isinstance(value, list):
        for inner in value[:_FIELDS]:
            yield from _members(inner, depth - 1, left)
    for name, inner in value.items() if isinstance(value, dict) else ():
        left[0] -= 1
        if left[0] < 0:
            return
        if isinstance(inner, str | int | float) and not isinstance(inner, bool):
            yield name[:80], str(inner)[:_LONGEST]
        else:
            yield from _members(inner, depth - 1, left)
