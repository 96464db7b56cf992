"""Whether a file beside an artefact is a signature, by its structure: a page that says 200 to everything is none."""

import base64
import binascii
import re
from typing import Final

from iotscan.wire.artefact.trailers import SIGNED_DATA

_PEM: Final = {
    b"-----BEGIN PGP SIGNATURE-----": "OpenPGP",
    b"-----BEGIN PKCS7-----": "CMS",
    b"-----BEGIN CMS-----": "CMS",
    b"-----BEGIN SSH SIGNATURE-----": "SSH",
}
_RAW_SIZES: Final = frozenset({64, 96, 114, 132, 256, 384, 512})
"""Ed25519 and P-256, P-384, Ed448, P-521, RSA 2048 to 4096."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]+={0,2}\s*")
_HEX = re.compile(rb"[0-9A-Fa-f\s]+")
_JWS = re.compile(rb"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{40,}")
_LARGEST = 64 * 1024


def signature_kind(data: bytes) -> str:
    """``OpenPGP``, ``CMS``, ``signify`` …; empty when it is no signature that we know. Never raises.

    A checksum (hex digits, with or without a file name) is none.
    """
    text = data.strip()
    if not text or len(data) > _LARGEST:
        return ""
    for marker, kind in _PEM.items():
        if text.startswith(marker):
            return kind
    if text.startswith(b"untrusted comment:"):
        return "signify" if _is_signify(text) else ""
    if _JWS.fullmatch(text):
        return "JWS"
    if _HEX.fullmatch(text):
        return ""
    if _BASE64.fullmatch(text):
        decoded = _base64(text)
        return _binary_kind(decoded) if decoded else ""
    return _binary_kind(data)


def _is_signify(text: bytes) -> bool:
    """usign, signify and minisign: algorithm, key number, Ed25519 signature (signify(1), minisign's format)."""
    lines = text.splitlines()
    blob = _base64(lines[1]) if len(lines) > 1 else b""
    return len(blob) == 74 and blob[:2] in (b"Ed", b"ED")


def _binary_kind(data: bytes) -> str:
    if _der_length(data) == len(data):
        if SIGNED_DATA in data[:20]:
            return "CMS"
        return "ECDSA" if _is_ecdsa(data) else ""
    if _is_openpgp(data):
        return "OpenPGP"
    is_text = all(c in b"\t\r\n" or 0x20 <= c < 0x7F for c in data)
    return "raw" if len(data) in _RAW_SIZES and not is_text else ""


def _der_length(data: bytes) -> int:
    """The length of the DER SEQUENCE that ``data`` begins with, 0 when it begins with none."""
    if len(data) < 2 or data[0] != 0x30:
        return 0
    if data[1] < 0x80:
        return 2 + data[1]
    size = data[1] & 0x7F
    return 2 + size + int.from_bytes(data[2 : 2 + size], "big") if 1 <= size <= 4 else 0


def _is_ecdsa(data: bytes) -> bool:
    """SEQUENCE of two INTEGERs and nothing more (RFC 3279 section 2.2.3), 160 bits each at least."""
    at, numbers = (2 if data[1] < 0x80 else 3), []
    while at + 2 <= len(data) and data[at] == 0x02 and data[at + 1] < 0x80:
        numbers.append(data[at + 1])
        at += 2 + data[at + 1]
    return at == len(data) and len(numbers) == 2 and min(numbers) >= 20


def _is_openpgp(data: bytes) -> bool:
    """One signature packet (tag 2) that fills the file (RFC 9580 section 4.2, 5.2)."""
    if len(data) < 20:
        return False
    if data[0] in (0x88, 0x89):
        size = 1 if data[0] == 0x88 else 2
        return len(data) == 1 + size + int.from_bytes(data[1 : 1 + size], "big") and data[1 + size] in (3, 4, 5, 6)
    if data[0] != 0xC2:
        return False
    if data[1] < 192:
        return len(data) == 2 + data[1] and data[2] in (3, 4, 5, 6)
    return len(data) == 3 + ((data[1] - 192) << 8) + data[2] + 192 and data[3] in (3, 4, 5, 6)


def _base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
