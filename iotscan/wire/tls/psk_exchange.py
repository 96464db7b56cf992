"""The client's part of a key exchange with a pre-shared key: its message, and the premaster secret.

Source: RFC 4279 sections 2 (PSK) and 3 (DHE_PSK), RFC 5489 section 2 (ECDHE_PSK), RFC 8422 section 5.
"""

from os import urandom

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iotscan.wire.tls.framing import Malformed, Reader, vector
from iotscan.wire.tls.groups import SECP256R1, X25519
from iotscan.wire.tls.suites import SUITES

SECP384R1 = 24
GROUPS = (X25519, SECP256R1, SECP384R1, 256, 257, 258)
"""Groups in which a share can be made here: two curves of NIST, x25519, and the primes of RFC 7919 up to 4096 bit."""
IDENTITY_LIMIT = 128
"""Bytes of an identity at most: RFC 4279 section 5.3 asks every server to take that many."""
_CURVES: dict[int, ec.EllipticCurve] = {SECP256R1: ec.SECP256R1(), SECP384R1: ec.SECP384R1()}
_NAMED_CURVE = 3
_PRIME_BITS = range(512, 8193)


class Unsuitable(ValueError):
    """The server wants a key exchange that is not done here; the text says which."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """``message`` is the body of the ClientKeyExchange, ``premaster`` the secret that both sides then have."""

    message: bytes
    premaster: bytes

    def __repr__(self) -> str:
        return "Exchange(***)"


def exchange_keys(suite: int, server_message: bytes | None, *, identity: bytes, key: bytes) -> Exchange:
    """Answer a ServerKeyExchange (None where there was none) with an identity and its key.

    Raises Malformed, and Unsuitable for a group or suite in which nothing can be agreed here.
    """
    if not 0 < len(identity) <= IDENTITY_LIMIT:
        raise ValueError(f"an identity has 1 to {IDENTITY_LIMIT} bytes")
    kind = SUITES[suite].key_exchange
    named = vector(2, identity)
    if kind == "PSK":
        return Exchange(message=named, premaster=_premaster(bytes(len(key)), key))
    if server_message is None:
        raise Malformed("a key exchange without the server's part")
    reader = Reader(server_message)
    reader.vector(2)
    if kind == "ECDHE_PSK":
        share, agreed = _on_curve(reader)
        return Exchange(message=named + vector(1, share), premaster=_premaster(agreed, key))
    if kind in ("DHE_PSK", "PSK_DHE"):
        share, agreed = _with_prime(reader)
        return Exchange(message=named + vector(2, share), premaster=_premaster(agreed, key))
    raise Unsuitable(f"key exchange {kind}")


def _premaster(other: bytes, key: bytes) -> bytes:
    return vector(2, other) + vector(2, key)


def _on_curve(reader: Reader) -> tuple[bytes, bytes]:
    if reader.number(1) != _NAMED_CURVE:
        raise Unsuitable("a curve without a name")
    group, theirs = reader.number(2), reader.vector(1).rest()
    try:
        if group == X25519:
            secret = X25519PrivateKey.generate()
            agreed = secret.exchange(X25519PublicKey.from_public_bytes(theirs))
            return secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), agreed
        if group in _CURVES:
            mine = ec.generate_private_key(_CURVES[group])
            point = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[group], theirs)
            share = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return share, mine.exchange(ec.ECDH(), point)
    except ValueError as error:
        raise Malformed("a public value that is none") from error
    raise Unsuitable(f"group {group}")


def _with_prime(reader: Reader) -> tuple[bytes, bytes]:
    """The prime is the server's own choice, so it is computed by hand; this secret protects nothing but a Finished."""
    prime, generator = (int.from_bytes(reader.vector(2).rest(), "big") for _ in range(2))
    theirs = int.from_bytes(reader.vector(2).rest(), "big")
    if prime.bit_length() not in _PRIME_BITS or prime % 2 == 0:
        raise Unsuitable(f"a prime of {prime.bit_length()} bits")
    if not 1 < theirs < prime - 1 or not 1 < generator < prime:
        raise Malformed("a public value that is none")
    secret = int.from_bytes(urandom(32), "big")
    # RFC 5246 section 8.1.2: zero bytes at the front of the agreed value are stripped.
    return _bytes(pow(generator, secret, prime)), _bytes(pow(theirs, secret, prime))


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
