"""Private keys as DER: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2), SEC 1 (RFC 5915), DSA as OpenSSL writes it.

The structure is read strictly before a library sees it: a file that only begins like a key is none, and a key that the
library does not know (a curve, a size, a new algorithm) still is one.
"""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from iotscan.wire.ber import INTEGER, OCTETS, OID, SEQUENCE, Malformed, take, whole
from iotscan.wire.keys.found import FoundKey, NoKey, spki_of

SMALLEST, LARGEST = 32, 32 * 1024
"""Bytes: an Ed25519 key in PKCS#8 takes 48, RSA with 16,384 bits about 9,300."""
_PKCS1_NUMBERS, _DSA_NUMBERS = 9, 6


def looks_like_der(data: bytes) -> bool:
    """Cheap: the bytes are one SEQUENCE of a size that a key may have."""
    if not SMALLEST <= len(data) <= LARGEST or data[0] != SEQUENCE:
        return False
    try:
        return whole(data[:8]) == len(data)
    except Malformed:
        return False


def read_der(data: bytes) -> FoundKey:
    """The key in one DER element. Raises NoKey."""
    try:
        form = _form(data)
    except Malformed as error:
        raise NoKey from error
    if form == "encrypted":
        return FoundKey(format="pkcs8", encrypted=True)
    try:
        # Nothing is ever signed with it, and testing the primes of RSA takes long.
        key = serialization.load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)
        return FoundKey(format=form, encrypted=False, spki=spki_of(key.public_key()))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return FoundKey(format=form, encrypted=False)


def _form(data: bytes) -> str:
    body, rest = take(data, SEQUENCE)
    if rest or not body:
        raise Malformed
    if body[0] == SEQUENCE:
        return _encrypted(body)
    version, fields = take(body, INTEGER)
    if version not in (b"\0", b"\1") or not fields:
        raise Malformed
    if fields[0] == SEQUENCE:
        return _pkcs8(fields)
    if fields[0] == OCTETS and version == b"\1":
        return _sec1(fields)
    return _numbers(body)


def _pkcs8(fields: bytes) -> str:
    algorithm, fields = take(fields, SEQUENCE)
    take(algorithm, OID)
    secret, fields = take(fields, OCTETS)
    # What may follow are attributes [0] and the public key [1].
    if not secret or (fields and fields[0] not in (0xA0, 0x81, 0xA1)):
        raise Malformed
    return "pkcs8"


def _encrypted(body: bytes) -> str:
    """EncryptedPrivateKeyInfo: an algorithm of PKCS#5 (1.2.840.113549.1.5) or PKCS#12 (1.2.840.113549.1.12.1)."""
    algorithm, rest = take(body, SEQUENCE)
    oid, _ = take(algorithm, OID)
    secret, rest = take(rest, OCTETS)
    if rest or len(secret) < 16 or not oid.startswith((_PKCS + b"\5", _PKCS + b"\x0c\1")):
        raise Malformed
    return "encrypted"


_PKCS = bytes.fromhex("2a864886f70d01")


def _sec1(fields: bytes) -> str:
    secret, rest = take(fields, OCTETS)
    if not 14 <= len(secret) <= 72 or (rest and rest[0] not in (0xA0, 0xA1)):
        raise Malformed
    return "sec1"


def _numbers(body: bytes) -> str:
    numbers: list[int] = []
    while body:
        number, body = take(body, INTEGER)
        if not number or len(numbers) > _PKCS1_NUMBERS:
            raise Malformed
        numbers.append(int.from_bytes(number, "big"))
    if len(numbers) == _PKCS1_NUMBERS and numbers[1] == numbers[4] * numbers[5] > 1:
        return "pkcs1"
    # version, p, q, g, y, x: q divides p - 1.
    if len(numbers) == _DSA_NUMBERS and numbers[2] > 1 and (numbers[1] - 1) % numbers[2] == 0 and numbers[5]:
        return "dsa"
    raise Malformed
