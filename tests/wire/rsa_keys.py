"""RSA keys made with the flaws that are looked for."""

from math import prod
from random import Random

import gmpy2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PRIMES = [int(gmpy2.next_prime(2))]
while len(PRIMES) < 39:
    PRIMES.append(int(gmpy2.next_prime(PRIMES[-1])))


def prime(random: Random, bits: int = 1024) -> int:
    return int(gmpy2.next_prime(random.getrandbits(bits) | (3 << (bits - 2))))


def roca_prime(random: Random, bits: int = 512) -> int:
    """``k·M + (65537^a mod M)``: the form of all primes of the library (Nemec et al. 2017)."""
    primorial = prod(PRIMES)
    while True:
        k = random.getrandbits(bits - primorial.bit_length()) | (3 << (bits - primorial.bit_length() - 2))
        candidate = k * primorial + pow(65537, random.getrandbits(60), primorial)
        if gmpy2.is_prime(candidate):
            return candidate


def private_key(p: int, q: int, exponent: int = 65537) -> rsa.RSAPrivateKey:
    d = int(gmpy2.invert(exponent, (p - 1) * (q - 1)))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(exponent, p * q),
    ).private_key()


def spki(key: rsa.RSAPrivateKey | rsa.RSAPublicKey) -> bytes:
    public = key.public_key() if isinstance(key, rsa.RSAPrivateKey) else key
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
