"""Names and values that a message carries: of a query, a form, a JSON document. All bounded, none raises."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

Field = tuple[str, str]
"""A name as it came, and a value as text."""
_FIELDS: Final = 200
_DEPTH: Final = 5
_LONGEST: Final = 8192
_BOUNDARY: Final = re.compile(r"""(?i)multipart/form-data\s*;.*?\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))""")
_NAME: Final = re.compile(r"""(?i)\bcontent-disposition:\s*form-data\s*;.*?\bname="([^"]{1,80})\"""")
_FILE: Final = re.compile(r"(?i)\bfilename\*?=")


def of_query(query: str) -> tuple[Field, ...]:
    """The fields of a query or a form."""
    try:
        pairs = parse_qsl(query[: 64 << 10], keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        return ()
    return tuple((name[:80], value[:_LONGEST]) for name, value in pairs)


def first_file(kind: str, data: bytes) -> bytes:
    """The beginning of the first file in a form whose Content-Type is ``kind``, as far as it is there; empty for none.

    RFC 7578 section 4.2.
    """
    found = _BOUNDARY.match(kind)
    if found is None:
        return b""
    mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    for part in (b"\r\n" + data).split(mark, _FIELDS)[1:]:
        head, end, value = part.partition(b"\r\n\r\n")
        if end and _FILE.search(head[:1024].decode("utf-8", "replace")):
            return value
    return b""


def of_multipart(kind: str, data: bytes) -> tuple[Field, ...]:
    """The fields of a form whose Content-Type is ``kind`` (RFC 7578); files in it are none, nor is one that is cut."""
    found = _BOUNDARY.match(kind)
    if found is None:
        return ()
    mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    fields = []
    for part in (b"\r\n" + data).split(mark, _FIELDS)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        said = head[:1024].decode("utf-8", "replace")
        name = _NAME.search(said)
        if name is not None and not _FILE.search(said):
            fields.append((name[1], value[:_LONGEST].decode("utf-8", "replace")))
    return tuple(fields)


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
