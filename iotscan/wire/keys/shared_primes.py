"""Which of many RSA moduli have a prime in common: then everybody who sees both has the private half of each.

Bernstein's product and remainder trees, after Heninger et al., "Mining Your Ps and Qs" (2012). What is carried down is
not the product but its derivative, the sum of all products that leave one modulus out: modulo a modulus, that is the
product of all others, in numbers half as long as the usual squares.
"""

from collections.abc import Iterable
from math import gcd, prod
from typing import Final

try:
    from gmpy2 import mpz as _number
except ImportError:  # the extra "keys" is not there
    _number = int

PLAIN_LIMIT: Final = 2000
"""Moduli that are compared without gmpy2, whose division takes time that grows with the square."""
LIMIT: Final = 100_000
is_fast: Final = _number is not int


def shared_primes(moduli: Iterable[int]) -> dict[int, int]:
    """Modulus -> what it has in common with others, for those that have; equal moduli count once.

    Raises OverflowError for more than :data:`LIMIT`, or than :data:`PLAIN_LIMIT` without gmpy2.
    """
    distinct = sorted({n for n in moduli if n > 1})
    if len(distinct) > (LIMIT if is_fast else PLAIN_LIMIT):
        raise OverflowError(f"{len(distinct)} keys are too many to compare")
    if len(distinct) < 2:
        return {}
    rest = _rest_of_each([_number(n) for n in distinct])
    shared = {n: gcd(n, int(others)) for n, others in zip(distinct, rest, strict=True)}
    return {n: common for n, common in shared.items() if common > 1}


def partners(moduli: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Modulus -> the moduli with which it shares a prime, for those that share any. Raises like the above."""
    shared = shared_primes(moduli)
    return {n: tuple(m for m in shared if m != n and gcd(n, m) > 1) for n in shared}


def _rest_of_each(moduli: list[int]) -> list[int]:
    """For each modulus the product of all others, modulo itself."""
    levels: list[list[tuple[int, int]]] = [[(n, _number(1)) for n in moduli]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [below[i : i + 2] for i in range(0, len(below), 2)]
        levels.append([_joined(pair) for pair in pairs])
    rests = [levels[-1][0][1]]
    for level in reversed(levels[:-1]):
        rests = [rests[i // 2] % n for i, (n, _) in enumerate(level)]
    return rests


def _joined(pair: list[tuple[int, int]]) -> tuple[int, int]:
    """Product and derivative of two nodes, or of one alone."""
    if len(pair) == 1:
        return pair[0]
    (n, sum_n), (m, sum_m) = pair
    return prod((n, m)), n * sum_m + m * sum_n
