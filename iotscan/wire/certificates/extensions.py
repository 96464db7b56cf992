"""The extensions of a certificate (RFC 5280 section 4.2; RFC 6962 for SCTs; RFC 7633 for must-staple)."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire.certificates.algorithms import HARDWARE_MODULE, KEY_USAGES, PURPOSES
from iotscan.wire.certificates.elements import (
    BITS,
    BOOLEAN,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    Broken,
    Defects,
    Element,
    Reader,
    bits,
    dotted,
    unsigned,
)
from iotscan.wire.certificates.names import (
    ADDRESS,
    DIRECTORY,
    DNS,
    EMAIL,
    MOST,
    OTHER,
    URI,
    GeneralName,
    general_name,
    general_names,
)

_STATUS_REQUEST: Final = 5
_KINDS: Final = {DNS: "dns", ADDRESS: "ip", EMAIL: "email", URI: "uri", DIRECTORY: "dir"}


class Found(msgspec.Struct, kw_only=True):
    """What the extensions say, as it is gathered; the fields are those of ``Extensions`` and ``Certificate``."""

    is_damaged: bool = False
    """One that matters could not be read, or stands twice: then nobody knows what this certificate is for."""
    critical: list[str] = []
    unknown_critical: list[str] = []
    has_basic_constraints: bool = False
    is_ca: bool = False
    path_length: int | None = None
    key_usage: tuple[str, ...] | None = None
    extended_key_usage: tuple[str, ...] | None = None
    subject_key: str = ""
    authority_key: str = ""
    serial_number: str = ""
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    permitted: tuple[str, ...] | None = None
    excluded: tuple[str, ...] | None = None
    policies: tuple[str, ...] = ()
    crl_urls: tuple[str, ...] = ()
    delta_crl_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    must_staple: bool = False
    embedded_scts: int = 0


def read_extensions(body: bytes, defects: Defects) -> Found:
    """What is in an Extensions (the content of the SEQUENCE). Never raises: what breaks is in ``defects``."""
    found, seen = Found(), set()
    try:
        for count, element in enumerate(Reader(body, defects).each(SEQUENCE)):
            if count >= MOST:
                raise Broken("too many of them")
            oid = _extension(element, found, defects)
            if oid in seen:
                found.is_damaged = True
                defects.add(f"the extension {_name(oid)} stands twice")
            seen.add(oid)
    except Broken as broken:
        found.is_damaged = True
        defects.add(f"the extensions cannot be read: {broken}")
    if not seen and not found.is_damaged:
        defects.add("it has an empty list of extensions")
    return found


def _extension(element: Element, found: Found, defects: Defects) -> str:
    fields = Reader(element.body, defects)
    oid = dotted(fields.take(OID).body)
    is_critical = False
    if fields.next_tag() == BOOLEAN:
        flag = fields.take().body
        if flag != b"\xff":
            defects.add("a mark of an extension is not written as it has to be")
        is_critical = any(flag)
    value = fields.take(OCTETS).body
    if fields.rest:
        defects.add("bytes follow the value of an extension")
    if is_critical:
        found.critical.append(_name(oid))
        if oid not in _NAMES:
            found.unknown_critical.append(oid)
    if oid in _READERS:
        _read(oid, value, found, defects)
    return oid


def _read(oid: str, value: bytes, found: Found, defects: Defects) -> None:
    try:
        reader = Reader(value, defects)
        _READERS[oid](reader, found, defects)
        if reader.rest:
            defects.add(f"bytes follow the extension {_name(oid)}")
    except Broken as broken:
        found.is_damaged = True
        defects.add(f"the extension {_name(oid)} cannot be read: {broken}")


def _name(oid: str) -> str:
    return _NAMES.get(oid, oid)


def _basic_constraints(value: Reader, found: Found, defects: Defects) -> None:
    found.has_basic_constraints = True
    fields = Reader(value.take(SEQUENCE).body, defects)
    if fields.next_tag() == BOOLEAN:
        flag = fields.take().body
        if flag != b"\xff":
            defects.add("cA is not written as it has to be")
        found.is_ca = found.is_ca or any(flag)
    if fields.next_tag() == INTEGER:
        length = fields.take().body
        if length[:1] >= b"\x80":
            raise Broken("a path of negative length")
        # Longer than any chain is as good as without a limit.
        found.path_length = min(unsigned(length), 1 << 31)
    if fields.rest:
        defects.add("bytes follow the basic constraints")


def _key_usage(value: Reader, found: Found, defects: Defects) -> None:
    flags = bits(value.take(BITS))
    number = int.from_bytes(flags[:2].ljust(2, b"\0"), "big")
    found.key_usage = tuple(name for at, name in enumerate(KEY_USAGES) if number & 0x8000 >> at)
    if not found.key_usage:
        defects.add("its keyUsage allows nothing")


def _extended_key_usage(value: Reader, found: Found, defects: Defects) -> None:
    oids = _oids(value, defects)
    found.extended_key_usage = tuple(PURPOSES.get(oid, oid) for oid in oids)
    if not oids:
        defects.add("its extKeyUsage is empty")


def _policies(value: Reader, found: Found, defects: Defects) -> None:
    found.policies = tuple(dotted(Reader(e.body, defects).take(OID).body) for e in _list(value, defects, SEQUENCE))


def _subject_key(value: Reader, found: Found, defects: Defects) -> None:
    found.subject_key = value.take(OCTETS).body.hex()[:128]


def _authority_key(value: Reader, found: Found, defects: Defects) -> None:
    fields = Reader(value.take(SEQUENCE).body, defects)
    if fields.next_tag() == 0x80:
        found.authority_key = fields.take().body.hex()[:128]


def _subject_alternative_name(value: Reader, found: Found, defects: Defects) -> None:
    names = general_names(value.take(SEQUENCE).body, defects)
    if not names:
        defects.add("its subjectAltName is empty")
    found.names = tuple(_host(n) for n in names if n.tag in (DNS, ADDRESS))
    found.addresses = tuple(n.text for n in names if n.tag == ADDRESS)
    found.uris = tuple(n.text for n in names if n.tag == URI)
    found.emails = tuple(n.text for n in names if n.tag == EMAIL)
    for name in names:
        if name.tag == OTHER and not found.serial_number:
            found.serial_number = _hardware_serial(name.raw, defects)


def _host(name: GeneralName) -> str:
    """The text of a dNSName or an iPAddress. Spaces are shown, not made one: with one it is another name."""
    return safe_text("".join(f"\\x{ord(c):02x}" if c.isspace() else c for c in _own_text(name)))


def _own_text(name: GeneralName) -> str:
    return name.raw.decode("utf-8", "backslashreplace") if name.tag == DNS else name.text


def _hardware_serial(body: bytes, defects: Defects) -> str:
    """The hwSerialNum of a HardwareModuleName (RFC 4108 section 5); empty for other names of no common kind."""
    fields = Reader(body, defects)
    if dotted(fields.take(OID).body) != HARDWARE_MODULE:
        return ""
    module = Reader(Reader(fields.take(0xA0).body, defects).take(SEQUENCE).body, defects)
    module.take(OID)
    serial = module.take(OCTETS).body
    return safe_text(serial) if serial.isascii() and serial.decode("ascii").isprintable() else serial.hex()[:200]


def _name_constraints(value: Reader, found: Found, defects: Defects) -> None:
    for subtrees in Reader(value.take(SEQUENCE).body, defects).each(0xA0, 0xA1):
        bases = tuple(_subtree(e, defects) for e in _first(Reader(subtrees.body, defects).each(SEQUENCE)))
        if subtrees.tag == 0xA0:
            found.permitted = bases
        else:
            found.excluded = bases


def _subtree(element: Element, defects: Defects) -> str:
    base = general_name(Reader(element.body, defects).take(), defects, is_subtree=True)
    return f"{_KINDS.get(base.tag, 'other')}:{base.text}"


def _crl_points(value: Reader, found: Found, defects: Defects) -> None:
    found.crl_urls = _points(value, defects)


def _delta_points(value: Reader, found: Found, defects: Defects) -> None:
    found.delta_crl_urls = _points(value, defects)


def _points(value: Reader, defects: Defects) -> tuple[str, ...]:
    """The URLs of CRLDistributionPoints (section 4.2.1.13)."""
    urls: list[str] = []
    for point in _list(value, defects, SEQUENCE):
        fields = Reader(point.body, defects)
        if fields.next_tag() != 0xA0:
            continue
        place = Reader(fields.take().body, defects)
        if place.next_tag() == 0xA0:
            urls += [n.text for n in general_names(place.take().body, defects) if n.tag == URI]
    return tuple(urls[:MOST])


def _authority_information(value: Reader, found: Found, defects: Defects) -> None:
    places: dict[str, list[str]] = {}
    for access in _list(value, defects, SEQUENCE):
        fields = Reader(access.body, defects)
        method = dotted(fields.take(OID).body)
        place = general_name(fields.take(), defects)
        if place.tag == URI:
            places.setdefault(method, []).append(place.text)
    found.ocsp_urls = tuple(places.get("1.3.6.1.5.5.7.48.1", ()))
    found.issuer_urls = tuple(places.get("1.3.6.1.5.5.7.48.2", ()))


def _features(value: Reader, found: Found, defects: Defects) -> None:
    found.must_staple = _STATUS_REQUEST in [unsigned(e.body) for e in _list(value, defects, INTEGER)]


def _timestamps(value: Reader, found: Found, defects: Defects) -> None:
    """SignedCertificateTimestampList: a length of two bytes, then each with one (RFC 6962 section 3.3)."""
    data, at, count = value.take(OCTETS).body, 2, 0
    if int.from_bytes(data[:2], "big") != len(data) - 2:
        raise Broken("no list of timestamps")
    while at < len(data):
        at += 2 + int.from_bytes(data[at : at + 2], "big")
        count += 1
    if at > len(data):
        raise Broken("no list of timestamps")
    found.embedded_scts = count


def _oids(value: Reader, defects: Defects) -> list[str]:
    return [dotted(e.body) for e in _list(value, defects, OID)]


def _list(value: Reader, defects: Defects, tag: int) -> Iterator[Element]:
    return _first(Reader(value.take(SEQUENCE).body, defects).each(tag))


def _first(elements: Iterator[Element]) -> Iterator[Element]:
    return (element for element, _ in zip(elements, range(MOST), strict=False))


_READERS: Final[dict[str, Callable[[Reader, Found, Defects], None]]] = {
    "2.5.29.14": _subject_key,
    "2.5.29.15": _key_usage,
    "2.5.29.17": _subject_alternative_name,
    "2.5.29.19": _basic_constraints,
    "2.5.29.30": _name_constraints,
    "2.5.29.31": _crl_points,
    "2.5.29.32": _policies,
    "2.5.29.35": _authority_key,
    "2.5.29.37": _extended_key_usage,
    "2.5.29.46": _delta_points,
    "1.3.6.1.5.5.7.1.1": _authority_information,
    "1.3.6.1.5.5.7.1.24": _features,
    "1.3.6.1.4.1.11129.2.4.2": _timestamps,
}
_NAMES: Final = {
    "2.5.29.9": "subjectDirectoryAttributes",
    "2.5.29.14": "subjectKeyIdentifier",
    "2.5.29.15": "keyUsage",
    "2.5.29.16": "privateKeyUsagePeriod",
    "2.5.29.17": "subjectAltName",
    "2.5.29.18": "issuerAltName",
    "2.5.29.19": "basicConstraints",
    "2.5.29.30": "nameConstraints",
    "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies",
    "2.5.29.33": "policyMappings",
    "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.36": "policyConstraints",
    "2.5.29.37": "extKeyUsage",
    "2.5.29.46": "freshestCRL",
    "2.5.29.54": "inhibitAnyPolicy",
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.5.5.7.1.3": "qcStatements",
    "1.3.6.1.5.5.7.1.7": "ipAddrBlocks",
    "1.3.6.1.5.5.7.1.8": "autonomousSysIds",
    "1.3.6.1.5.5.7.1.11": "subjectInfoAccess",
    "1.3.6.1.5.5.7.1.14": "proxyCertInfo",
    "1.3.6.1.5.5.7.1.24": "tlsfeature",
    "1.3.6.1.5.5.7.48.1.5": "ocsp-nocheck",
    "2.16.840.1.113730.1.1": "nsCertType",
    "1.3.6.1.4.1.11129.2.4.2": "signedCertificateTimestampList",
}
"""What programs process. The poison of a pre-certificate (RFC 6962) is not among them: nobody may take that."""
