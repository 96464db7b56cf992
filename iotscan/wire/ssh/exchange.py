"""A key exchange as its client: one of the methods of RFC 4253 section 8, RFC 4419, RFC 5656, RFC 8268 and RFC 8731.

Nothing here raises on what a server sends: it is None where no secret comes of it.
"""

import hashlib
import secrets
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iotscan.wire.ssh import primes
from iotscan.wire.ssh.fields import Cut, Reader, mpint, string, uint32

INIT: Final = 30
"""KEXDH_INIT and KEX_ECDH_INIT; in group exchange it is the old request of RFC 4419 section 5."""
REPLY: Final = 31
"""KEXDH_REPLY and KEX_ECDH_REPLY; in group exchange it is the group."""
GEX_GROUP: Final = 31
GEX_INIT: Final = 32
GEX_REPLY: Final = 33
GEX_REQUEST: Final = 34
_EXPONENT_BITS: Final = 32
"""Of ours in a prime group. Nothing secret is ever said over what comes of it, and what a server signs is new by the
cookie of our offer; a long one would only cost time."""

_FIXED_GROUPS: Final = {
    "diffie-hellman-group14-sha256": 2048,
    "diffie-hellman-group14-sha1": 2048,
    "diffie-hellman-group15-sha512": 3072,
    "diffie-hellman-group16-sha512": 4096,
    "diffie-hellman-group17-sha512": 6144,
    "diffie-hellman-group18-sha512": 8192,
    "diffie-hellman-group1-sha1": 1024,
}
_CURVES: Final[dict[str, Callable[[], ec.EllipticCurve]]] = {
    "ecdh-sha2-nistp256": ec.SECP256R1,
    "ecdh-sha2-nistp384": ec.SECP384R1,
    "ecdh-sha2-nistp521": ec.SECP521R1,
}
_X25519: Final = ("curve25519-sha256", "curve25519-sha256@libssh.org")
METHODS: Final = (*_X25519, *_CURVES, *_FIXED_GROUPS)
"""What we can do with a fixed group, the cheapest for either side first."""
GROUP_EXCHANGES: Final = ("diffie-hellman-group-exchange-sha256", "diffie-hellman-group-exchange-sha1")


def digest_name(method: str) -> str:
    """The digest of a method's exchange hash and of its keys."""
    match method:
        case "ecdh-sha2-nistp384":
            return "sha384"
        case "ecdh-sha2-nistp521":
            return "sha512"
        case _ if method.endswith(("sha1", "sha512")):
            return method.rpartition("-")[2]
    return "sha256"


class Share(Protocol):
    """Our half of a secret."""

    @property
    def public(self) -> bytes:
        """The field that the server is sent."""
        ...

    def secret(self, theirs: bytes) -> int | None:
        """The secret, with the field that the server sent; None where none comes of it."""
        ...


class _Curve25519:
    def __init__(self) -> None:
        self._private = x25519.X25519PrivateKey.generate()
        self.public = string(self._private.public_key().public_bytes_raw())

    def secret(self, theirs: bytes) -> int | None:
        try:
            public = x25519.X25519PublicKey.from_public_bytes(theirs)
            return int.from_bytes(self._private.exchange(public), "big")
        except ValueError:
            return None


class _NistCurve:
    def __init__(self, curve: ec.EllipticCurve) -> None:
        self._curve = curve
        self._private = ec.generate_private_key(curve)
        point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public = string(point)

    def secret(self, theirs: bytes) -> int | None:
        try:
            public = ec.EllipticCurvePublicKey.from_encoded_point(self._curve, theirs)
            return int.from_bytes(self._private.exchange(ec.ECDH(), public), "big")
        except ValueError:
            return None


class _PrimeGroup:
    def __init__(self, modulus: int, generator: int) -> None:
        self._modulus = modulus
        self._private = secrets.randbits(_EXPONENT_BITS) | 1 << _EXPONENT_BITS
        self.public = mpint(pow(generator, self._private, modulus))

    def secret(self, theirs: bytes) -> int | None:
        value = int.from_bytes(theirs, "big")
        return pow(value, self._private, self._modulus) if 1 < value < self._modulus - 1 else None


def share_of(method: str) -> Share:
    """Our half for a method of :data:`METHODS`. Raises KeyError for any other."""
    if method in _X25519:
        return _Curve25519()
    if method in _CURVES:
        return _NistCurve(_CURVES[method]())
    return _PrimeGroup(primes.prime(_FIXED_GROUPS[method]), primes.GENERATOR)


def init(share: Share) -> bytes:
    """The payload that begins an exchange in a fixed group."""
    return bytes([INIT]) + share.public


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answers: the host key as it came, its half as the field that came, and the signature."""

    host_key: bytes
    public: bytes
    signature: bytes


def read_reply(payload: bytes, *, number: int = REPLY) -> Reply | None:
    """The answer to an INIT: :data:`REPLY` or :data:`GEX_REPLY`. None for any other bytes."""
    reader = Reader(payload)
    try:
        if reader.byte() != number:
            return None
        return Reply(host_key=reader.string(), public=reader.string(), signature=reader.string())
    except Cut:
        return None


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Which group is asked for, in bits of its prime."""

    least: int
    wanted: int
    most: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The group that a server gave."""

    modulus: int
    generator: int

    @property
    def bits(self) -> int:
        """Size of the prime."""
        return self.modulus.bit_length()


def group_request(bounds: Bounds) -> bytes:
    """The payload that asks for a group (RFC 4419 section 3)."""
    return bytes([GEX_REQUEST]) + uint32(bounds.least) + uint32(bounds.wanted) + uint32(bounds.most)


def old_group_request(wanted: int) -> bytes:
    """The payload that older servers know (RFC 4419 section 5): no bounds."""
    return bytes([INIT]) + uint32(wanted)


def read_group(payload: bytes) -> Group | None:
    """The group of a GEX_GROUP. None for any other bytes."""
    reader = Reader(payload)
    try:
        if reader.byte() != GEX_GROUP:
            return None
        return Group(modulus=reader.mpint(), generator=reader.mpint())
    except Cut:
        return None


def share_in(group: Group) -> Share | None:
    """Our half in a group that a server gave; None where it is no group, or too large to be worth it."""
    if primes.why_unfit(group.modulus, group.generator):
        return None
    if not primes.LEAST_BITS <= group.bits <= primes.MOST_BITS:
        return None
    return _PrimeGroup(group.modulus, group.generator)


def group_init(share: Share) -> bytes:
    """The payload that goes on in a group that a server gave."""
    return bytes([GEX_INIT]) + share.public


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What both sides said before the exchange: their lines without the end, and the payloads of their KEXINIT."""

    client_line: bytes
    server_line: bytes
    client_offer: bytes
    server_offer: bytes


def exchange_hash(
    method: str,
    opening: Opening,
    reply: Reply,
    ours: bytes,
    secret: int,
    *,
    asked: bytes = b"",
    group: Group | None = None,
) -> bytes:
    """What the server signs. ``ours`` is the field of our half; ``asked`` the request of a group without its number."""
    parts = [opening.client_line, opening.server_line, opening.client_offer, opening.server_offer, reply.host_key]
    told = b"".join(map(string, parts)) + asked
    if group is not None:
        told += mpint(group.modulus) + mpint(group.generator)
    # A server that sends its number with needless zeros hashes the number.
    is_number = group is not None or method in _FIXED_GROUPS
    theirs = mpint(int.from_bytes(reply.public, "big")) if is_number else string(reply.public)
    return hashlib.new(digest_name(method), told + ours + theirs + mpint(secret)).digest()


def derive(method: str, secret: int, exchange: bytes, session: bytes, letter: bytes, length: int) -> bytes:
    """One key: ``letter`` A to F (RFC 4253 section 7.2)."""
    name, start = digest_name(method), mpint(secret) + exchange
    key = hashlib.new(name, start + letter + session).digest()
    while len(key) < length:
        key += hashlib.new(name, start + key).digest()
    return key[:length]
