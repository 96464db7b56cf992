"""LwM2M in CoAP: registration, bootstrap, the keys that a bootstrap server writes, firmware that a server writes.

Source: OMA LwM2M 1.2, Core 6.1 (bootstrap), 6.2 (registration), 7.4 (TLV), E.1 (Security object 0), E.6 (Firmware
Update object 5); Transport Bindings 6.4.3 and 6.4.4.
"""

import re
from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import Lwm2mContact
from iotscan.model.text import safe_text
from iotscan.observe.traffic.content.finding import Finding, Where, exposure
from iotscan.wire.coap_talk import Talk

_REGISTRATION: Final = re.compile(r"/rd/[^/]+(?:/[^/]+)?")
_PACKAGE: Final = re.compile(r"/5/[0-9]{1,5}/[01]|/5/[0-9]{1,5}")
_SECURITY: Final = re.compile(r"/0(?:/([0-9]{1,5})(?:/([0-9]{1,5}))?)?")
_SECRET_KEY: Final = 5
_TLV: Final = "application/vnd.oma.lwm2m+tlv"
_CREATED, _CHANGED = 0x41, 0x44
_SHORTEST: Final = 8


def contact_of_request(talk: Talk, answer: Talk | None) -> Lwm2mContact | None:
    """The contact that a request is; None for any other CoAP, a resource directory's among it (RFC 9176)."""
    said = dict(talk.queries)
    if talk.method == "POST" and talk.path in ("/bs", "/bspack") and said.get("ep"):
        return Lwm2mContact(interface="bootstrap", endpoint=safe_text(said["ep"], 200))
    if talk.method == "POST" and talk.path == "/rd" and said.get("ep") and "lwm2m" in said:
        lifetime = said.get("lt", "")
        return Lwm2mContact(
            interface="register",
            endpoint=safe_text(said["ep"], 200),
            lifetime=int(lifetime) if lifetime.isdecimal() and len(lifetime) < 10 else 0,
            version=safe_text(said["lwm2m"], 20),
            binding=safe_text(said.get("b", ""), 20),
        )
    return _later(talk, answer, said)


def _later(talk: Talk, answer: Talk | None, said: dict[str, str]) -> Lwm2mContact | None:
    """Update and deregistration name no endpoint; the path alone could be a resource directory's as well."""
    if not _REGISTRATION.fullmatch(talk.path) or answer is None:
        return None
    if talk.method == "POST" and answer.code == _CHANGED and "ep" not in said and set(said) <= {"lt", "b", "sms", "Q"}:
        lifetime = said.get("lt", "")
        return Lwm2mContact(
            interface="update",
            lifetime=int(lifetime) if lifetime.isdecimal() and len(lifetime) < 10 else 0,
            binding=safe_text(said.get("b", ""), 20),
        )
    if talk.method == "DELETE" and answer.code == 0x42:
        return Lwm2mContact(interface="deregister")
    return None


def is_package(talk: Talk) -> bool:
    """A server writes a firmware, or where it is to be fetched."""
    return talk.method in ("PUT", "POST") and _PACKAGE.fullmatch(talk.path) is not None


def find_keys(talk: Talk, where: Where) -> Iterator[Finding]:
    """Secret keys that are written into the security object in the clear."""
    place = _SECURITY.fullmatch(talk.path)
    if place is None or talk.method not in ("PUT", "POST") or not talk.payload:
        return
    if place[2] is not None:
        keys = [talk.payload] if int(place[2]) == _SECRET_KEY else []
    elif talk.format == _TLV:
        keys = list(_secret_keys(talk.payload, 3))
    else:
        return
    for key in keys:
        if len(key) >= _SHORTEST:
            yield exposure(where, "private-key", f"secret key of the LwM2M security object {talk.path}", key.hex())


def _secret_keys(data: bytes, depth: int) -> Iterator[bytes]:
    """Values of resource 5, inside of object instances or by themselves (TLV, Core 7.4.3)."""
    at = 0
    while depth and at < len(data):
        head = data[at]
        width, wide = (2 if head & 0x20 else 1), head >> 3 & 3
        start = at + 1 + width + wide
        if start > len(data):
            return
        number = int.from_bytes(data[at + 1 : at + 1 + width], "big")
        length = int.from_bytes(data[start - wide : start], "big") if wide else head & 7
        value = data[start : start + length]
        if len(value) < length:
            return
        if head >> 6 == 0:
            yield from _secret_keys(value, depth - 1)
        elif head >> 6 == 3 and number == _SECRET_KEY:
            yield value
        at = start + length
