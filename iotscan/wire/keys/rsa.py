"""RSA public keys: their numbers, and whether the private half follows from them.

Sources: P. Fermat's method and Böck, "Fermat Factorization in the Wild" (2023, CVE-2022-26320); Nemec et al., "The
Return of Coppersmith's Attack" (2017, CVE-2017-15361), of whose test only the arithmetic is used; Wiener,
"Cryptanalysis of Short RSA Secret Exponents" (1990).
"""

import functools
from collections.abc import Iterator
from math import gcd, isqrt, prod
from typing import Final, NamedTuple

from iotscan.wire.certificates.algorithms import RSA
from iotscan.wire.certificates.elements import BITS, INTEGER, OID, SEQUENCE, Broken, Defects, Reader, bits, dotted

LARGEST: Final = 16384
"""Bits of a modulus that is looked at: nobody computes with larger ones."""
_SMALLEST: Final = 64
_ROUNDS: Final = 100
_SMALL: Final = 65537
_ROCA: Final = slice(1, 39)
"""The odd primes up to 167: modulo each of them a key of Infineon's library lies in the group that 65537 makes."""


class RsaKey(NamedTuple):
    """A modulus and a public exponent."""

    modulus: int
    exponent: int


def rsa_numbers(spki: bytes) -> RsaKey | None:
    """The numbers in a SubjectPublicKeyInfo (DER); None for other keys, damage, and moduli too large. Never raises."""
    defects = Defects()
    try:
        fields = Reader(Reader(spki, defects).take(SEQUENCE).body, defects)
        algorithm = Reader(fields.take(SEQUENCE).body, defects)
        if dotted(algorithm.take(OID).body) not in RSA:
            return None
        numbers = Reader(Reader(bits(fields.take(BITS)), defects).take(SEQUENCE).body, defects)
        modulus, exponent = (numbers.take(INTEGER).body for _ in range(2))
    except Broken:
        return None
    if len(modulus) > LARGEST // 8 + 1 or len(exponent) > LARGEST // 8 + 1:
        return None
    key = RsaKey(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))
    return key if key.modulus.bit_length() >= _SMALLEST else None


def rsa_weakness(key: RsaKey) -> str:
    """Why anybody can compute the private half, in a few words; empty where none of the known ways works."""
    n = key.modulus
    factor = gcd(n, _small_primes())
    if factor > 1:
        return f"a small prime divides the modulus: {next(p for p in _primes() if factor % p == 0)}"
    if _has_close_primes(n):
        return "its two primes lie close together: Fermat's method finds them at once"
    if has_roca(n):
        return "ROCA (CVE-2017-15361): made by a library whose primes can be guessed"
    if _has_short_secret(key):
        return "its secret exponent is short: Wiener's method finds it"
    return ""


@functools.cache
def _primes() -> tuple[int, ...]:
    sieve = bytearray([1]) * (_SMALL + 1)
    sieve[:2] = b"\0\0"
    for number in range(2, isqrt(_SMALL) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, _SMALL + 1, number)))
    return tuple(number for number, is_prime in enumerate(sieve) if is_prime)


@functools.cache
def _small_primes() -> int:
    return prod(_primes())


def _has_close_primes(n: int) -> bool:
    middle = isqrt(n)
    if middle * middle == n:
        return True
    for sum_half in range(middle + 1, middle + 1 + _ROUNDS):
        square = sum_half * sum_half - n
        if isqrt(square) ** 2 == square:
            return True
    return False


@functools.cache
def _reached(prime: int) -> frozenset[int]:
    """What 65537 makes modulo a prime."""
    found, at = set(), 1
    while at not in found:
        found.add(at)
        at = at * _SMALL % prime
    return frozenset(found)


def has_roca(n: int) -> bool:
    """Whether a modulus shows the fingerprint of ROCA; another key shows it once in some hundred million."""
    return all(n % prime in _reached(prime) for prime in _primes()[_ROCA])


def _has_short_secret(key: RsaKey) -> bool:
    n, e = key
    # The exponents that everybody uses leave no room for it.
    if e.bit_length() <= 32:
        return False
    for k, d in _convergents(e, n):
        if not k or (e * d - 1) % k:
            continue
        total = n - (e * d - 1) // k + 1
        square = total * total - 4 * n
        if square >= 0 and isqrt(square) ** 2 == square:
            return True
    return False


def _convergents(numerator: int, denominator: int) -> Iterator[tuple[int, int]]:
    before, now = (0, 1), (1, 0)
    while denominator:
        quotient, rest = divmod(numerator, denominator)
        before, now = now, (quotient * now[0] + before[0], quotient * now[1] + before[1])
        yield now
        numerator, denominator = denominator, rest
