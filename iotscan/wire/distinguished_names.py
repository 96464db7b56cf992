"""Distinguished names that stand by themselves, outside of any certificate: the authorities that a server accepts.

All forms come to one text, so that two of them compare: ``CN=Acme CA,O=Acme,C=DE``, most specific first. Source:
X.501, RFC 4514 (the text), RFC 5280 section 4.1.2.4 (the encoding); X509_NAME_oneline(3) for OpenSSL's older text.
"""

import re
from collections.abc import Iterable
from typing import Final

from iotscan.wire.ber import Malformed, take

_SEQUENCE, _SET, _OID = 0x30, 0x31, 0x06
_PARTS: Final = 32
_NAMES: Final = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x04": "SN",
    b"\x55\x04\x05": "serialNumber",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x09": "street",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
    b"\x55\x04\x0c": "title",
    b"\x55\x04\x2e": "dnQualifier",
    b"\x55\x04\x61": "organizationIdentifier",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01": "emailAddress",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01": "UID",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC",
}
_WIDE, _WIDEST = 0x1E, 0x1C
"""BMPString and UniversalString: two and four bytes a character."""
_ONE_LINE = re.compile(r"/(?=(?:[A-Za-z]+|[0-9]+(?:\.[0-9]+)+)=)")
_HEX = re.compile(r"\\x([0-9A-F]{2})")

Parts = tuple[tuple[str, str], ...]
"""Attribute and value, in the order of the encoding: the country first, mostly."""


def read_name(der: bytes) -> Parts | None:
    """The parts of a DER Name, at most 32; None for what is none. Never raises."""
    try:
        body, rest = take(der, _SEQUENCE)
        if rest:
            return None
        parts: list[tuple[str, str]] = []
        while body and len(parts) < _PARTS:
            several, body = take(body, _SET)
            while several:
                one, several = take(several, _SEQUENCE)
                kind, value = take(one, _OID)
                text, _ = take(value, value[0] if value else 0)
                parts.append((_NAMES.get(kind) or _dotted(kind), _text(value[0], text)))
    except (Malformed, IndexError):
        return None
    return tuple(parts)


def read_one_line(text: str) -> Parts:
    """The parts of OpenSSL's ``/C=DE/O=Acme/CN=Acme CA``. Never raises."""
    pieces = [piece.partition("=") for piece in _ONE_LINE.split(text)[: _PARTS + 1] if "=" in piece]
    return tuple((kind, _unescaped(value)) for kind, _, value in pieces)


def name_text(parts: Iterable[tuple[str, str]]) -> str:
    """The one text of a name, most specific part first; commas and the like behind a backslash."""
    return ",".join(f"{kind}={_escaped(value)}" for kind, value in reversed(tuple(parts)))


def _escaped(value: str) -> str:
    return re.sub(r'([,+"\\<>;])', r"\\\1", value)


def _unescaped(value: str) -> str:
    raw = _HEX.sub(lambda found: chr(int(found[1], 16)), value)
    try:
        return raw.encode("latin-1").decode()
    except UnicodeError:
        return raw


def _text(tag: int, body: bytes) -> str:
    if tag in (_WIDE, _WIDEST):
        return body.decode("utf-16-be" if tag == _WIDE else "utf-32-be", "replace")
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _dotted(oid: bytes) -> str:
    """``1.2.840``; nothing of an OID that is none or too long to be one."""
    if not oid or len(oid) > _PARTS or oid[-1] & 0x80:
        raise Malformed
    numbers, value = [], 0
    for byte in oid:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
