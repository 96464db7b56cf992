"""ASN.1 elements of certificates, read leniently: what strict DER forbids is taken and written down (X.690).

Unlike :mod:`iotscan.wire.ber`, which refuses what it does not expect, this reader is there for certificates that
strict parsers refuse. It is bounded: no recursion over what the bytes say, but for nested indefinite lengths.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BITS: Final = 0x03
OCTETS: Final = 0x04
OID: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31
NOT_SHORTEST: Final = "a length is not in its shortest form"
INDEFINITE: Final = "a length is left open (BER, not DER)"
CUT: Final = "it is cut short"
_DEEPEST: Final = 8
_LONGEST_LENGTH: Final = 8
_MOST_DEFECTS: Final = 20
_OID_BYTES: Final = 64


class Broken(ValueError):
    """An element that cannot be read; the text says what of it."""


class Defects:
    """What breaks the rules of the encoding, each said once and no more than a few."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    def add(self, text: str) -> None:
        """Write one down."""
        if len(self._said) < _MOST_DEFECTS:
            self._said.setdefault(text)

    def __bool__(self) -> bool:
        return bool(self._said)

    def said(self) -> tuple[str, ...]:
        """All of them, in the order in which they were met."""
        return tuple(self._said)


class Element(NamedTuple):
    """One element: its tag, its content, and all of it with the header."""

    tag: int
    body: bytes
    whole: bytes


class Reader:
    """Takes elements off the front of some bytes."""

    def __init__(self, data: bytes, defects: Defects) -> None:
        self._data, self._at, self._defects = data, 0, defects

    @property
    def rest(self) -> bytes:
        """What was not taken yet."""
        return self._data[self._at :]

    def next_tag(self) -> int:
        """The tag of the next element; -1 at the end."""
        return self._data[self._at] if self._at < len(self._data) else -1

    def take(self, *tags: int, may_be_cut: bool = False) -> Element:
        """The next element, which has one of ``tags`` where any are named. Raises Broken."""
        data, start = self._data, self._at
        if start + 2 > len(data):
            raise Broken("it ends too early")
        tag, at = data[start], start + 2
        if tag & 0x1F == 0x1F or (tags and tag not in tags):
            raise Broken(f"an element with the tag 0x{tag:02x} stands in its place")
        if data[start + 1] == 0x80:
            self._defects.add(INDEFINITE)
            end = _open_end(data, at, _DEEPEST)
            self._at = end + 2
            return Element(tag, data[at:end], data[start : end + 2])
        length, at = self._length(start + 1)
        end = at + length
        if end > len(data):
            if not may_be_cut:
                raise Broken("it is longer than what holds it")
            self._defects.add(CUT)
            end = len(data)
        self._at = end
        return Element(tag, data[at:end], data[start:end])

    def each(self, *tags: int) -> Iterator[Element]:
        """All that are left. Raises Broken at the first that cannot be read."""
        while self._at < len(self._data):
            yield self.take(*tags)

    def _length(self, at: int) -> tuple[int, int]:
        length, start, defects = *_definite(self._data, at), self._defects
        if self._data[at] & 0x80 and (length < 0x80 or self._data[at + 1] == 0):
            defects.add(NOT_SHORTEST)
        return length, start


def _definite(data: bytes, at: int) -> tuple[int, int]:
    """The length that is encoded at ``at``, and where the content starts."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if size > _LONGEST_LENGTH or at + 1 + size > len(data):
        raise Broken("a length that no certificate has")
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def _open_end(data: bytes, at: int, deeper: int) -> int:
    """Where the end-of-contents bytes of an element of open length stand."""
    if not deeper:
        raise Broken("open lengths too deep in each other")
    while data[at : at + 2] != b"\0\0":
        if at + 2 > len(data):
            raise Broken("an open length without an end")
        if data[at + 1] == 0x80:
            at = _open_end(data, at + 2, deeper - 1) + 2
        else:
            length, start = _definite(data, at + 1)
            at = start + length
    return at


def dotted(body: bytes) -> str:
    """The dotted text of an OBJECT IDENTIFIER. Raises Broken."""
    if not body or len(body) > _OID_BYTES or body[-1] & 0x80:
        raise Broken("no object identifier")
    arcs, arc = [], 0
    for byte in body:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - first * 40, *arcs[1:]))


def unsigned(body: bytes) -> int:
    """A number that cannot be negative: some encoders forget the zero in front. Raises Broken."""
    if not body:
        raise Broken("an empty number")
    return int.from_bytes(body, "big")


def bits(element: Element) -> bytes:
    """The bytes of a BIT STRING, bits that are not used set to zero. Raises Broken."""
    if not element.body or element.body[0] > 7 or (element.body[0] and len(element.body) == 1):
        raise Broken("no bit string")
    unused, value = element.body[0], bytearray(element.body[1:])
    if unused:
        value[-1] &= 0xFF << unused & 0xFF
    return bytes(value)
