"""The fixed groups of the key exchange, and what a group that a server gives is worth at a glance.

Source: RFC 2409 section 6.2 (Oakley group 2) and RFC 3526, whose primes are
``2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + c)``.
"""

import math
from functools import cache
from typing import Final

GENERATOR: Final = 2
_OFFSETS: Final = {1024: 129093, 2048: 124476, 3072: 1690314, 4096: 240904, 6144: 929484, 8192: 4743158}
"""Bits -> c."""
_SMALL: Final = 2000
LEAST_BITS: Final = 512
MOST_BITS: Final = 8192
"""Sizes in which an exchange is computed; a size beyond is reported and left."""


@cache
def prime(bits: int) -> int:
    """The prime of the MODP group of a size. Raises KeyError for a size that has none."""
    return (1 << bits) - (1 << bits - 64) - 1 + ((_pi(bits) >> 130) + _OFFSETS[bits] << 64)


def _pi(bits: int) -> int:
    """``[2^bits pi]`` by Machin's formula, good to more bits than are asked for after the shift by 130."""
    spare = 64
    one = 1 << (bits + spare)
    return (4 * (4 * _arctan(5, one) - _arctan(239, one))) >> spare


def _arctan(inverse: int, one: int) -> int:
    term = total = one // inverse
    square, odd, sign = inverse * inverse, 1, 1
    while term:
        term //= square
        odd, sign = odd + 2, -sign
        total += sign * (term // odd)
    return total


@cache
def _small_primes() -> int:
    """The product of the odd primes below :data:`_SMALL`."""
    odd = range(3, _SMALL, 2)
    return math.prod(n for n in odd if all(n % divisor for divisor in range(3, math.isqrt(n) + 1, 2)))


def why_unfit(modulus: int, generator: int) -> str:
    """What shows at a glance that a group is none, empty where nothing does.

    A glance finds the even and those with a small factor; whether a number is prime costs more than the exchange.
    """
    if modulus < 5:
        return f"the prime is {modulus}"
    if modulus % 2 == 0:
        return "the prime is even"
    if modulus.bit_length() > 64 and math.gcd(modulus, _small_primes()) != 1:
        return "the prime has a small factor"
    if not 1 < generator < modulus - 1:
        return "the generator generates nothing"
    return ""
