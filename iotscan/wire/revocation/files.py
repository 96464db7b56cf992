"""Files with CRLs and OCSP responses: DER, or PEM with any number of them."""

import base64
import re
from collections.abc import Iterator

from iotscan.wire.revocation.lists import RevocationList
from iotscan.wire.revocation.ocsp import OcspResponse, Unreadable

_MOST = 64
"""Blocks of one PEM file that are read."""
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----")


def lists_in(data: bytes, *, where: str) -> tuple[RevocationList, ...]:
    """The CRLs of a file. Raises :class:`~.ocsp.Unreadable`, where there is none too."""
    found = tuple(RevocationList(der, where=where) for der in _blocks(data, b"X509 CRL"))
    if not found:
        raise Unreadable("it holds no CRL")
    return found


def responses_in(data: bytes, *, where: str) -> tuple[OcspResponse, ...]:
    """The OCSP responses of a file. Raises :class:`~.ocsp.Unreadable`, where there is none too."""
    blocks = _blocks(data, b"OCSP RESPONSE")
    found = tuple(OcspResponse(der, source="ocsp", where=where, is_asked=False) for der in blocks)
    if not found:
        raise Unreadable("it holds no OCSP response")
    return found


def _blocks(data: bytes, label: bytes) -> Iterator[bytes]:
    if b"-----BEGIN " not in data[:65536]:
        yield data
        return
    named = (m for m in _BLOCK.finditer(data) if m[1] == label)
    for block, _ in zip(named, range(_MOST), strict=False):
        try:
            yield base64.b64decode(b"".join(block[2].split()), validate=True)
        except ValueError as error:
            raise Unreadable("its PEM cannot be decoded") from error
