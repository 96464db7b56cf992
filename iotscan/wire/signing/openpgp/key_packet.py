"""One public key packet of OpenPGP (RFC 9580 section 5.5.2). Version 4 is read; 3, 5 and 6 are named."""

import hashlib
from datetime import UTC, datetime
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from iotscan.model.facts.signing import PublicKey
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.openpgp.packets import Reader
from iotscan.wire.signing.openpgp.signature_packet import Unsupported
from iotscan.wire.signing.public_keys import describe_key

_CURVES: Final[dict[bytes, ec.EllipticCurve]] = {
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1(),
    bytes.fromhex("2b81040022"): ec.SECP384R1(),
    bytes.fromhex("2b81040023"): ec.SECP521R1(),
    bytes.fromhex("2b2403030208010107"): ec.BrainpoolP256R1(),
    bytes.fromhex("2b240303020801010b"): ec.BrainpoolP384R1(),
    bytes.fromhex("2b240303020801010d"): ec.BrainpoolP512R1(),
    bytes.fromhex("2b8104000a"): ec.SECP256K1(),
}
"""RFC 9580 section 9.2."""
_ED25519: Final = bytes.fromhex("2b06010401da470f01")
_RSA: Final = frozenset({1, 3})
_NO_SIGNING: Final = {2: "RSA", 16: "Elgamal", 18: "ECDH", 20: "Elgamal", 25: "X25519", 26: "X448"}


class KeyPacket(msgspec.Struct, frozen=True, kw_only=True):
    """A public key: ``hashed`` is what signatures over it are made of."""

    fingerprint: str
    """Upper case hex."""
    created: datetime
    key: PublicKey | None
    """None for one that signs nothing."""
    hashed: bytes


def read_key(body: bytes) -> KeyPacket:
    """Read the body of a packet of tag 6 or 14. Raises Malformed and Unsupported."""
    reader = Reader(body)
    version = reader.number(1)
    if version != 4:
        raise Unsupported(f"an OpenPGP key of version {version} is not read")
    created = datetime.fromtimestamp(reader.number(4), UTC)
    algorithm = reader.number(1)
    if len(body) > 0xFFFF:
        raise Malformed("a key in it is longer than any")
    hashed = b"\x99" + len(body).to_bytes(2, "big") + body
    return KeyPacket(
        fingerprint=hashlib.sha1(hashed, usedforsecurity=False).hexdigest().upper(),
        created=created,
        key=None if algorithm in _NO_SIGNING else _key(reader, algorithm),
        hashed=hashed,
    )


def _key(reader: Reader, algorithm: int) -> PublicKey:
    try:
        public = _public(reader, algorithm)
        if reader.left:
            raise Malformed("something follows the numbers of a key")
        return describe_key(public)
    except (Malformed, Unsupported):
        raise
    except Exception as error:
        # What cryptography says of numbers that are no key differs by kind and version.
        raise Malformed("a key in it is none") from error


def _public(reader: Reader, algorithm: int) -> PublicKeyTypes:
    if algorithm in _RSA:
        modulus, exponent = _number(reader), _number(reader)
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    if algorithm == 17:
        p, q, g, y = (_number(reader) for _ in range(4))
        return dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    if algorithm == 27:
        return ed25519.Ed25519PublicKey.from_public_bytes(reader.take(32))
    if algorithm not in (19, 22):
        raise Unsupported(f"an OpenPGP key with algorithm {algorithm} is not read")
    curve, point = reader.take(reader.number(1)), reader.mpi()
    if algorithm == 22 and curve == _ED25519 and len(point) == 33 and point[0] == 0x40:
        return ed25519.Ed25519PublicKey.from_public_bytes(point[1:])
    if algorithm == 22 or curve not in _CURVES:
        raise Unsupported("an OpenPGP key on another curve is not read")
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve], point)


def _number(reader: Reader) -> int:
    return int.from_bytes(reader.mpi(), "big")
