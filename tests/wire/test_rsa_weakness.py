"""Keys that anybody can compute are told from those that nobody can; badkeys has the same opinion of each."""

from math import isqrt
from random import Random

import gmpy2
import pytest
from badkeys.checks import checkrsa
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.keys.rsa import RsaKey, rsa_numbers, rsa_weakness
from tests.wire.rsa_keys import prime, private_key, roca_prime, spki

RANDOM = Random(2017)
P = prime(RANDOM, 512)


def close(distance: int) -> int:
    return P * int(gmpy2.next_prime(P + distance))


def short_secret() -> RsaKey:
    """e for a d of 200 bits: below the fourth root of the modulus, where Wiener's method works."""
    p, q = prime(RANDOM, 512), prime(RANDOM, 512)
    if q > p:
        p, q = q, p
    phi = (p - 1) * (q - 1)
    d = prime(RANDOM, 200)
    return RsaKey(p * q, int(gmpy2.invert(d, phi)))


FLAWED = {
    "fermat": ("close together", RsaKey(close(2**200), 65537)),
    "square": ("close together", RsaKey(P * P, 65537)),
    "roca": ("ROCA", RsaKey(roca_prime(RANDOM) * roca_prime(RANDOM), 65537)),
    "smallfactors": ("small prime divides the modulus: 65521", RsaKey(65521 * prime(RANDOM, 1008), 65537)),
    "smalld": ("Wiener", short_secret()),
}
BADKEYS = ["fermat", "roca", "smallfactors", "smalld"]


@pytest.mark.parametrize("name", FLAWED)
def test_a_flaw_is_named(name: str):
    said, key = FLAWED[name]
    assert said in rsa_weakness(key)
    assert checkrsa(key.modulus, e=key.exponent, checks=BADKEYS), "badkeys does not see what the test made"


def test_a_modulus_with_bytes_of_somebodys_choice_is_not_computable_for_that():
    """A. K. Lenstra's construction: the primes stay secret, whatever stands in the middle of their product."""
    shaped = (0xC3 << 1016) + (int("ab" * 16, 16) << 600) + RANDOM.getrandbits(590)
    numbers = (RsaKey(shaped + 2 * i + 1 - shaped % 2, 65537) for i in range(5000))
    assert any(rsa_weakness(key) == "" for key in numbers)


def test_good_keys_are_not_accused():
    for _ in range(60):
        n = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n
        assert rsa_weakness(RsaKey(n, 65537)) == ""
        assert not checkrsa(n, checks=BADKEYS)


def test_only_one_prime_of_the_roca_form_is_no_roca():
    assert rsa_weakness(RsaKey(roca_prime(RANDOM) * prime(RANDOM, 512), 65537)) == ""


def test_numbers_are_those_of_cryptography():
    key = private_key(prime(RANDOM, 512), prime(RANDOM, 512))
    numbers = rsa_numbers(spki(key))
    assert numbers == RsaKey(key.public_key().public_numbers().n, 65537)
    for other in (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()):
        der = other.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert rsa_numbers(der) is None


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes):
    found = rsa_numbers(data)
    if found:
        rsa_weakness(found)


@given(st.integers(0, 3000), st.integers(0, 255))
def test_a_changed_byte_breaks_nothing(at: int, value: int):
    der = bytearray(spki(private_key(P, prime(Random(5), 512))))
    der[at % len(der)] = value
    found = rsa_numbers(bytes(der))
    if found:
        rsa_weakness(found)


@given(st.integers(2**63, 2**64 + 1000), st.integers(0, 2**80))
def test_small_and_odd_numbers_do_no_harm(n: int, e: int):
    assert isinstance(rsa_weakness(RsaKey(n, e)), str)
    assert isqrt(n) > 0
