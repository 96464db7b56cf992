"""A whole certificate read leniently: each part by itself, so that one that is damaged hides no other (RFC 5280)."""

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

from iotscan.model.facts.certificate import Certificate, Extensions, MalformedCertificate
from iotscan.model.text import safe_text
from iotscan.wire.certificates.algorithms import COMMON_NAME, HASHES, PSS, SERIAL_NUMBER, SIGNATURES, WEAK_HASHES
from iotscan.wire.certificates.elements import (
    BITS,
    CUT,
    INTEGER,
    OID,
    SEQUENCE,
    Broken,
    Defects,
    Element,
    Reader,
    dotted,
)
from iotscan.wire.certificates.extensions import Found, read_extensions
from iotscan.wire.certificates.keys import Key, read_key
from iotscan.wire.certificates.names import Name, read_name
from iotscan.wire.certificates.times import read_time

T = TypeVar("T")
_VERSION, _ISSUER_ID, _SUBJECT_ID, _EXTENSIONS = 0xA0, 0x81, 0x82, 0xA3
_LONGEST_SERIAL: Final = 20
_LONGEST_KEY: Final = 4096
"""Bytes of a SubjectPublicKeyInfo that is kept: an RSA key of 16,384 bits has half as many."""
_ALGORITHM: Final = ("", "")


class Parts(NamedTuple):
    """What was read of a certificate; None for what was not."""

    version: int
    serial: str
    algorithm: tuple[str, str]
    """Name and hash of the signature's algorithm; empty where not known."""
    issuer: Name | None
    validity: tuple[datetime, datetime] | None
    subject: Name | None
    spki: bytes
    key: Key | None
    extensions: Found | None


def examine(der: bytes, *, position: int = 0) -> Certificate | MalformedCertificate:
    """What can be read of a certificate, damaged or not, and which rules it breaks. Never raises, on any bytes."""
    defects = Defects()
    parts = _parts(der, defects)
    certificate = _certificate(parts, der, defects) if parts else None
    if certificate is not None:
        return certificate
    return MalformedCertificate(
        position=position,
        why="; ".join(defects.said()[:4]) or "it is no certificate",
        read=_read(parts) if parts else (),
        sha256=hashlib.sha256(der).hexdigest(),
    )


def _parts(der: bytes, defects: Defects) -> Parts | None:
    try:
        outside = Reader(der, defects)
        fields = Reader(outside.take(SEQUENCE, may_be_cut=True).body, defects)
        signed = fields.take(SEQUENCE, may_be_cut=True)
    except Broken as broken:
        defects.add(f"it is no certificate: {broken}")
        return None
    if outside.rest:
        defects.add("bytes follow the certificate")
    outer = _outer_algorithm(fields, defects)
    return _signed_parts(_split(signed.body, defects), outer, defects)


def _split(body: bytes, defects: Defects) -> list[Element]:
    """The parts of a TBSCertificate as they follow each other, as far as they can be told from each other."""
    parts: list[Element] = []
    try:
        parts.extend(Reader(body, defects).each())
    except Broken as broken:
        defects.add(f"its parts cannot be told from each other: {broken}")
    return parts


def _outer_algorithm(fields: Reader, defects: Defects) -> Element | None:
    """The algorithm beside the signature, and a look at the signature itself."""
    try:
        algorithm = fields.take(SEQUENCE)
        if not fields.take(BITS).body[1:]:
            defects.add("it has no signature")
        if fields.rest:
            defects.add("bytes follow the signature")
    except Broken:
        defects.add(CUT)
        return None
    return algorithm


def _signed_parts(parts: list[Element], outer: Element | None, defects: Defects) -> Parts:
    version = _version(parts.pop(0), defects) if parts and parts[0].tag == _VERSION else 1
    serial, inner, issuer, validity, subject, spki, *others = [*parts, *[None] * 6][: max(6, len(parts))]
    extensions = _extensions(others, version, defects)
    return Parts(
        version=version,
        serial=_serial(serial, defects),
        algorithm=_algorithm(inner, outer, defects),
        issuer=_try("the issuer", issuer, lambda e: _issuer(e, defects), defects),
        validity=_try("the validity", validity, lambda e: _validity(e, defects), defects),
        subject=_try("the subject", subject, lambda e: read_name(_sequence(e), defects), defects),
        spki=spki.whole if spki is not None else b"",
        key=_try("the public key", spki, lambda e: read_key(_sequence(e), defects), defects),
        extensions=extensions,
    )


def _try(what: str, element: Element | None, read: Callable[[Element], T], defects: Defects) -> T | None:
    if element is None:
        defects.add(f"{what} is not there")
        return None
    try:
        return read(element)
    except Broken as broken:
        defects.add(f"{what} cannot be read: {broken}")
        return None


def _sequence(element: Element) -> bytes:
    if element.tag != SEQUENCE:
        raise Broken(f"an element with the tag 0x{element.tag:02x} stands in its place")
    return element.body


def _version(element: Element, defects: Defects) -> int:
    try:
        body = Reader(element.body, defects).take(INTEGER).body
    except Broken:
        body = b""
    version = int.from_bytes(body[:4], "big") + 1
    if len(body) != 1 or not 2 <= version <= 3:
        defects.add("its version is none that there is" if version != 1 else "its version is written though it is 1")
    return version


def _serial(element: Element | None, defects: Defects) -> str:
    if element is None or element.tag != INTEGER or not element.body:
        defects.add("it has no serial number")
        return ""
    body = element.body
    number = int.from_bytes(body, "big", signed=True)
    if len(body) > 1 and body[0] == (0xFF if body[1] & 0x80 else 0):
        defects.add("a number is not in its shortest form")
    if number <= 0:
        defects.add("its serial number is negative" if number else "its serial number is zero")
    if len(body) > _LONGEST_SERIAL:
        defects.add(f"its serial number is longer than {_LONGEST_SERIAL} bytes")
    return safe_text(f"{int.from_bytes(body[:128], 'big', signed=True):x}")


def _algorithm(inner: Element | None, outer: Element | None, defects: Defects) -> tuple[str, str]:
    """The algorithm of the signature; of two that contradict each other the weak one counts."""
    found = [_one_algorithm(element, defects) for element in (outer, inner) if element is not None]
    if inner is not None and outer is not None and inner.whole != outer.whole:
        defects.add("it names two algorithms for its signature")
    weak = (one for one in found if one[1] in WEAK_HASHES)
    return next(weak, _ALGORITHM if _ALGORITHM in found or not found else found[0])


def _one_algorithm(element: Element, defects: Defects) -> tuple[str, str]:
    try:
        fields = Reader(_sequence(element), defects)
        oid = dotted(fields.take(OID).body)
        if oid == PSS:
            return "id-RSASSA-PSS", _pss_hash(fields, defects)
    except Broken:
        defects.add("the algorithm of the signature cannot be read")
        return _ALGORITHM
    return SIGNATURES.get(oid, (oid, ""))


def _pss_hash(fields: Reader, defects: Defects) -> str:
    """RSASSA-PSS-params: hashAlgorithm [0], SHA-1 where it is left out (RFC 8017 section A.2.3)."""
    if fields.next_tag() == -1:
        return "sha1"
    parameters = Reader(fields.take(SEQUENCE).body, defects)
    if parameters.next_tag() != 0xA0:
        return "sha1"
    algorithm = Reader(parameters.take().body, defects).take(SEQUENCE)
    return HASHES.get(dotted(Reader(algorithm.body, defects).take(OID).body), "")


def _issuer(element: Element, defects: Defects) -> Name:
    name = read_name(_sequence(element), defects)
    if not name.parts:
        defects.add("its issuer has no name")
    return name


def _validity(element: Element, defects: Defects) -> tuple[datetime, datetime]:
    times = Reader(_sequence(element), defects)
    first, last = (read_time(times.take(), defects) for _ in range(2))
    if times.rest:
        defects.add("bytes follow the dates")
    if last < first:
        defects.add("it ends before it begins")
    return first, last


def _extensions(others: list[Element | None], version: int, defects: Defects) -> Found | None:
    """What the extensions say; None where they are damaged as a whole, and nothing in them where there are none."""
    found: Found | None = Found()
    for element in others:
        if element is None:
            continue
        if element.tag == _EXTENSIONS:
            found = _explicit(element, defects)
            if version != 3:
                defects.add(f"it has extensions, and says it is of version {version}")
        elif element.tag not in (_ISSUER_ID, _SUBJECT_ID) or version < 2:
            defects.add("it has parts that no certificate has")
            found = None
    return found


def _explicit(element: Element, defects: Defects) -> Found | None:
    try:
        inside = Reader(element.body, defects)
        found = read_extensions(inside.take(SEQUENCE).body, defects)
    except Broken as broken:
        defects.add(f"the extensions cannot be read: {broken}")
        return None
    if inside.rest:
        defects.add("bytes follow the extensions")
    return found


def _certificate(parts: Parts, der: bytes, defects: Defects) -> Certificate | None:
    issuer, subject, validity, key = parts.issuer, parts.subject, parts.validity, parts.key
    if issuer is None or subject is None or validity is None or key is None:
        return None
    found = parts.extensions or Found(is_damaged=True)
    return Certificate(
        subject=safe_text(str(subject)),
        issuer=safe_text(str(issuer)),
        serial=parts.serial,
        not_before=validity[0],
        not_after=validity[1],
        key_type=key.type,
        key_bits=key.bits,
        signature_hash=parts.algorithm[1],
        sha256=hashlib.sha256(der).hexdigest(),
        spki_sha256=hashlib.sha256(parts.spki).hexdigest(),
        names=found.names,
        addresses=found.addresses,
        is_self_issued=subject.equals(issuer),
        is_ca=found.is_ca,
        crl_urls=found.crl_urls,
        ocsp_urls=found.ocsp_urls,
        must_staple=found.must_staple,
        # One that is cut short may have lost its extensions without a trace.
        extensions=None if found.is_damaged or CUT in defects.said() else _uses(parts, found, subject, key),
        defects=defects.said(),
        spki=base64.b64encode(parts.spki).decode() if len(parts.spki) <= _LONGEST_KEY else "",
    )


def _uses(parts: Parts, found: Found, subject: Name, key: Key) -> Extensions:
    serials = subject.texts(SERIAL_NUMBER)
    return Extensions(
        version=parts.version,
        signature_algorithm=parts.algorithm[0],
        curve=key.curve,
        critical=tuple(found.critical),
        unknown_critical=tuple(found.unknown_critical),
        has_basic_constraints=found.has_basic_constraints,
        path_length=found.path_length,
        key_usage=found.key_usage,
        extended_key_usage=found.extended_key_usage,
        subject_key=found.subject_key,
        authority_key=found.authority_key,
        common_names=subject.texts(COMMON_NAME),
        serial_number=serials[0] if serials else found.serial_number,
        uris=found.uris,
        emails=found.emails,
        permitted=found.permitted,
        excluded=found.excluded,
        policies=found.policies,
        issuer_urls=found.issuer_urls,
        delta_crl_urls=found.delta_crl_urls,
        embedded_scts=found.embedded_scts,
    )


def _read(parts: Parts) -> tuple[str, ...]:
    """What was read of one that is no whole certificate."""
    read = [
        f"{word} {safe_text(str(name))}"
        for word, name in (("subject", parts.subject), ("issuer", parts.issuer))
        if name
    ]
    if parts.validity:
        read.append("valid {:%Y-%m-%d} to {:%Y-%m-%d}".format(*parts.validity))
    if parts.key:
        read.append(f"{parts.key.type} {parts.key.bits} {parts.key.curve}".strip())
    if parts.serial:
        read.append(f"serial {parts.serial}")
    if parts.algorithm[0]:
        read.append(f"signed with {parts.algorithm[0]}")
    return tuple(read)
