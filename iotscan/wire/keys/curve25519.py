"""Keys that are 32 bytes of text: WireGuard (wg(8)), age (its specification, C2SP age.md), tinc 1.1 (its sources).

WireGuard writes base64; age Bech32 (BIP 173); tinc a base64 of its own that fills from the low bits.
"""

import base64
import binascii
import re

from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from iotscan.wire.keys.found import FoundKey, NoKey, spki_of

_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
AGE = re.compile(rb"(?<![A-Z0-9])AGE-SECRET-KEY-1[A-Z0-9]{58}(?![A-Z0-9])")
_TINC_BYTES = 96


def read_wireguard(text: bytes, *, named: bool) -> FoundKey:
    """The key in 44 digits of base64. Raises NoKey.

    Where nothing but the digits says that it is one (not ``named``), it must be clamped as ``wg genkey`` does it.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise NoKey from error
    if len(raw) != 32 or len(set(raw)) < 8 or not (named or is_clamped(raw)):
        raise NoKey
    return FoundKey(format="wireguard", encrypted=False, spki=_x25519(raw))


def is_clamped(raw: bytes) -> bool:
    """True for a scalar of Curve25519 as RFC 7748 section 5 wants it."""
    return not raw[0] & 7 and raw[31] & 0xC0 == 0x40


def read_age(text: bytes) -> FoundKey:
    """The key of an ``AGE-SECRET-KEY-1…``, its checksum tested. Raises NoKey."""
    prefix, _, coded = text.decode("ascii", "replace").lower().rpartition("1")
    values = [_BECH32.find(c) for c in coded]
    is_short = len(values) < 52 + 6
    if (
        is_short
        or -1 in values
        or _polymod([*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix), *values]) != 1
    ):
        raise NoKey
    bits = "".join(f"{v:05b}" for v in values[:-6])
    return FoundKey(format="age", encrypted=False, spki=_x25519(int(bits[:256], 2).to_bytes(32, "big")))


def read_tinc(text: bytes) -> FoundKey:
    """The Ed25519 key of a tinc node: the expanded secret and the public half. Raises NoKey."""
    digits = {c: n for n, c in enumerate(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")}
    values = [digits[c] for c in text.translate(None, b"\r\n ").replace(b"-", b"+").replace(b"_", b"/") if c in digits]
    raw = bytearray()
    for at in range(0, len(values) - len(values) % 4, 4):
        group = sum(value << 6 * n for n, value in enumerate(values[at : at + 4]))
        raw += group.to_bytes(3, "little")
    if len(raw) != _TINC_BYTES:
        raise NoKey
    public = ed25519.Ed25519PublicKey.from_public_bytes(bytes(raw[-32:]))
    return FoundKey(format="tinc", encrypted=False, spki=spki_of(public))


def _x25519(raw: bytes) -> bytes:
    return spki_of(x25519.X25519PrivateKey.from_private_bytes(raw).public_key())


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, term in enumerate(_GENERATOR):
            check ^= term if (top >> place) & 1 else 0
    return check
