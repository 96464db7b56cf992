"""Distinguished names and general names of certificates as text (RFC 5280 sections 4.1.2.4 and 4.2.1.6, RFC 4514)."""

import ipaddress
from collections.abc import Iterator
from typing import Final, NamedTuple

from iotscan.model.text import safe_text
from iotscan.wire.certificates.algorithms import ATTRIBUTES
from iotscan.wire.certificates.elements import OID, SEQUENCE, SET, Broken, Defects, Element, Reader, dotted

MOST: Final = 100
"""Entries of one list of a certificate that are kept."""
OTHER, EMAIL, DNS, DIRECTORY, URI, ADDRESS = 0xA0, 0x81, 0x82, 0xA4, 0x86, 0x87
_UTF8, _PRINTABLE, _T61, _IA5, _UNIVERSAL, _BMP = 0x0C, 0x13, 0x14, 0x16, 0x1C, 0x1E
_BIT_STRING = 0x03
_IN_PRINTABLE: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?" + b"*&"  # as every browser takes them
)
_ESCAPED: Final = str.maketrans({c: f"\\{c}" for c in '\\"+,;<>'} | {"\0": "\\00"})


class Attribute(NamedTuple):
    """One attribute of a distinguished name."""

    type: str
    text: str
    is_hex: bool = False
    """The value is no text, and stands as its bytes."""


class Name(NamedTuple):
    """A distinguished name: relative names from the root down, each of one attribute or more."""

    parts: tuple[tuple[Attribute, ...], ...]

    def __str__(self) -> str:
        return ",".join("+".join(map(_shown, part)) for part in reversed(self.parts))

    def texts(self, kind: str) -> tuple[str, ...]:
        """The values of one type of attribute, made safe."""
        found = (a.text for part in self.parts for a in part if a.type == kind)
        return tuple(safe_text(text) for text, _ in zip(found, range(MOST), strict=False))

    def equals(self, other: "Name") -> bool:
        """The same attributes in the same order, however they are encoded."""
        return [frozenset(part) for part in self.parts] == [frozenset(part) for part in other.parts]


def read_name(body: bytes, defects: Defects) -> Name:
    """What is in a Name (the content of the SEQUENCE). Raises Broken."""
    parts: list[tuple[Attribute, ...]] = []
    for relative in Reader(body, defects).each(SET):
        if len(parts) >= MOST:
            raise Broken("a name of too many parts")
        part = tuple(_attribute(pair, defects) for pair, _ in zip(_pairs(relative, defects), range(MOST), strict=False))
        if not part:
            defects.add("a part of a name is empty")
        parts.append(part)
    return Name(tuple(parts))


def _pairs(relative: Element, defects: Defects) -> Iterator[Element]:
    return Reader(relative.body, defects).each(SEQUENCE)


def _attribute(pair: Element, defects: Defects) -> Attribute:
    reader = Reader(pair.body, defects)
    kind = dotted(reader.take(OID).body)
    value = reader.take()
    if reader.rest:
        defects.add("bytes follow the value of a name's attribute")
    if value.tag == _BIT_STRING:
        return Attribute(kind, value.body[1:].hex(), is_hex=True)
    return Attribute(kind, _text(value, defects))


def _text(value: Element, defects: Defects) -> str:
    try:
        if value.tag == _BMP:
            return value.body.decode("utf-16-be")
        if value.tag == _UNIVERSAL:
            return value.body.decode("utf-32-be")
        if value.tag == _PRINTABLE and not _IN_PRINTABLE.issuperset(value.body):
            defects.add("a PrintableString in a name holds what it must not")
        if value.tag == _IA5 and not value.body.isascii():
            defects.add("an IA5String in a name is not ASCII")
        return value.body.decode("utf-8")
    except UnicodeDecodeError:
        # T.61 was Latin-1 to nearly all who wrote it.
        if value.tag == _T61:
            return value.body.decode("latin-1")
        defects.add("a text in a name is not in its encoding")
        return value.body.decode("utf-8", "backslashreplace")


def _shown(attribute: Attribute) -> str:
    kind = ATTRIBUTES.get(attribute.type, attribute.type)
    if attribute.is_hex:
        return f"{kind}=#{attribute.text}" if attribute.text else f"{kind}="
    text = attribute.text.translate(_ESCAPED)
    if text[:1] in ("#", " "):
        text = f"\\{text}"
    if text.endswith(" "):
        text = f"{text[:-1]}\\ "
    return f"{kind}={text}"


class GeneralName(NamedTuple):
    """One entry of a list of names: what kind by its tag, and its text."""

    tag: int
    text: str
    raw: bytes = b""


def general_names(body: bytes, defects: Defects) -> list[GeneralName]:
    """What is in a GeneralNames (the content of the SEQUENCE), the first hundred. Raises Broken."""
    return [general_name(e, defects) for e, _ in zip(Reader(body, defects).each(), range(MOST), strict=False)]


def general_name(element: Element, defects: Defects, *, is_subtree: bool = False) -> GeneralName:
    """One GeneralName; as the base of a subtree an address has its mask behind it. Raises Broken."""
    tag, body = element.tag, element.body
    if tag in (EMAIL, DNS, URI):
        if not body.isascii():
            defects.add("a name that has to be ASCII is not")
        return GeneralName(tag, safe_text(body), body)
    if tag == ADDRESS:
        return GeneralName(tag, _address(body, is_subtree=is_subtree), body)
    if tag == DIRECTORY:
        name = read_name(Reader(body, defects).take(SEQUENCE).body, defects)
        return GeneralName(tag, safe_text(str(name)), body)
    return GeneralName(tag, "", body)


def _address(body: bytes, *, is_subtree: bool) -> str:
    size = len(body) // 2 if is_subtree else len(body)
    if size not in (4, 16) or (is_subtree and len(body) % 2):
        raise Broken("an address of a length that none has")
    if not is_subtree:
        return str(ipaddress.ip_address(body))
    mask = int.from_bytes(body[size:], "big")
    ones = mask.bit_count()
    if mask != (1 << size * 8) - (1 << size * 8 - ones):
        raise Broken("an address mask with holes")
    base = ipaddress.ip_address(body[:size])
    return f"{base}/{ones}"
