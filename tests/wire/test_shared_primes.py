"""Moduli with a prime in common are found among many, and no others."""

from math import gcd
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.keys import shared_primes as under_test
from iotscan.wire.keys.shared_primes import partners, shared_primes
from tests.wire.rsa_keys import prime

SMALL = [p for p in range(101, 2000) if all(p % q for q in range(2, 45))]


@pytest.fixture(params=["gmpy2", "plain"])
def number(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "plain":
        monkeypatch.setattr(under_test, "_number", int)
    return request.param


def test_two_of_many_share(number: str):
    random = Random(1)
    primes = [prime(random, 256) for _ in range(121)]
    moduli = [primes[i] * primes[i + 1] for i in range(0, 120, 2)]
    assert shared_primes(moduli) == {}
    leaky = primes[0] * primes[120]
    found = shared_primes([*moduli, leaky])
    assert found == {moduli[0]: primes[0], leaky: primes[0]}
    assert partners([*moduli, leaky]) == {moduli[0]: (leaky,), leaky: (moduli[0],)}


def test_the_same_modulus_twice_is_one():
    n = prime(Random(2), 256) * prime(Random(3), 256)
    assert shared_primes([n, n]) == {}


def test_both_primes_shared_is_found():
    a, b, c = (prime(Random(i), 128) for i in range(3))
    assert partners([a * b, a * c, b * c]) == {
        n: tuple(m for m in sorted([a * b, a * c, b * c]) if m != n) for n in (a * b, a * c, b * c)
    }


@given(st.lists(st.tuples(st.sampled_from(SMALL), st.sampled_from(SMALL)), max_size=40))
def test_like_each_with_each(pairs: list[tuple[int, int]]):
    moduli = {p * q for p, q in pairs}
    expected = {n for n in moduli if any(gcd(n, m) > 1 for m in moduli if m != n)}
    assert set(shared_primes(moduli)) == expected


def test_too_many_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(under_test, "LIMIT", 3)
    monkeypatch.setattr(under_test, "PLAIN_LIMIT", 3)
    with pytest.raises(OverflowError):
        shared_primes([15, 77, 221, 437])
