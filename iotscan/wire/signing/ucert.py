"""OpenWrt's ucert: certificates of usign keys in a row, and a signature over a message at the end.

Source: ucert ``ucert.c`` (what a chain is, and how it is verified), libubox ``blob.h`` and ``blobmsg.h`` (how it is
written): an attribute is four bytes of flag, number and length with itself, then its data, padded to four.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from iotscan.wire.ber import Malformed
from iotscan.wire.signing.public_keys import NoPublicKey
from iotscan.wire.signing.signify import SignifyKey, read_signify_key

LARGEST: Final = 4095
"""Bytes of a chain that ucert reads."""
_SIGNATURE, _PAYLOAD = 0, 1
_NUMBER: Final = 0x7F
_AUTHORISES: Final = 1
_TABLE, _STRING, _INT64, _INT32 = 2, 3, 4, 5
_LATEST: Final = 253402300799
"""Seconds: the end of the year 9999."""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A key for which another one vouches: ``payload`` is what ``signature`` (a file of usign) is over."""

    payload: bytes
    signature: bytes
    key: SignifyKey
    valid_from: datetime
    expires: datetime


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Certificates from the trusted key on, and the signature (a file of usign) over the message."""

    certificates: tuple[Certificate, ...]
    signature: bytes


def read_chain(data: bytes) -> Chain:
    """Read a chain. Raises Malformed, too, where it has no signature over the message, or has two."""
    if len(data) > LARGEST:
        raise Malformed(f"a chain of certificates of more than {LARGEST:,} bytes")
    certificates: list[Certificate] = []
    last = b""
    for _, _, body in _attributes(data):
        if last:
            raise Malformed("something follows the signature of the image")
        parts = {number: inner for number, _, inner in _attributes(body)}
        signature = parts.get(_SIGNATURE, b"")
        if not signature:
            raise Malformed("a certificate without a signature")
        if _PAYLOAD in parts:
            certificates.append(_certificate(parts[_PAYLOAD], signature))
        else:
            last = signature
    if not last:
        raise Malformed("its chain of certificates does not sign the image")
    return Chain(certificates=tuple(certificates), signature=last)


def _certificate(payload: bytes, signature: bytes) -> Certificate:
    tables = _fields(payload)
    kind, table = tables.get("ucert", (0, b""))
    if kind != _TABLE:
        raise Malformed("a certificate makes no sense")
    fields = _fields(table)
    if _integer(fields, "certtype", _INT32) != _AUTHORISES:
        raise Malformed("a certificate that vouches for no key")
    kind, key = fields.get("pubkey", (0, b""))
    if kind != _STRING:
        raise Malformed("a certificate holds no key")
    try:
        public = read_signify_key(key.rstrip(b"\0"))
    except NoPublicKey as error:
        raise Malformed("the key in a certificate is damaged") from error
    return Certificate(
        payload=payload,
        signature=signature,
        key=public,
        valid_from=_moment(_integer(fields, "validfrom", _INT64)),
        expires=_moment(_integer(fields, "expiresat", _INT64)),
    )


def _integer(fields: dict[str, tuple[int, bytes]], name: str, wanted: int) -> int:
    kind, data = fields.get(name, (0, b""))
    if kind != wanted or len(data) != (8 if wanted == _INT64 else 4):
        raise Malformed(f"a certificate without {name}")
    return int.from_bytes(data, "big")


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(seconds, _LATEST), UTC)


def _fields(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Named values: type and data."""
    found: dict[str, tuple[int, bytes]] = {}
    for kind, is_named, body in _attributes(data):
        length = int.from_bytes(body[:2], "big")
        start = (2 + length + 1 + 3) & ~3
        if not is_named or len(body) < start:
            raise Malformed("a certificate makes no sense")
        name = body[2 : 2 + length].decode("utf-8", "backslashreplace")
        if name in found:
            raise Malformed("a certificate says something twice")
        found[name] = kind, body[start:]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bool, bytes]]:
    """Number, flag and data of each. Raises Malformed where one is cut short."""
    at = 0
    while at < len(data):
        head = int.from_bytes(data[at : at + 4], "big")
        length = head & 0xFFFFFF
        if length < 4 or at + length > len(data):
            raise Malformed("a certificate is cut short")
        yield head >> 24 & _NUMBER, bool(head >> 31), data[at + 4 : at + length]
        at += (length + 3) & ~3
