"""One signature packet of OpenPGP (RFC 9580 section 5.2): by whom, when, over what, and how to ask whether it holds.

Versions 3 and 4 are read, which is what GnuPG and rpm make; 5 and 6 are named.
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Scheme
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.openpgp.packets import Reader, subpackets

BINARY: Final = 0x00
TEXT: Final = 0x01
DIGESTS: Final = {
    1: "md5", 2: "sha1", 3: "ripemd160", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224", 12: "sha3-256",
    14: "sha3-512",
}  # fmt: skip
"""RFC 9580 section 9.5."""
_RSA: Final = frozenset({1, 3})
_DSA, _ECDSA, _EDDSA, _ED25519 = 17, 19, 22, 27
_SCHEMES: Final[dict[int, Scheme]] = {
    1: "rsa-pkcs1v15",
    3: "rsa-pkcs1v15",
    _ECDSA: "ecdsa",
    _EDDSA: "ed25519ph",
    _ED25519: "ed25519ph",
}
_CREATED, _EXPIRES, _KEY_EXPIRES, _ISSUER, _FLAGS, _EMBEDDED, _FINGERPRINT = 2, 3, 9, 16, 27, 32, 33
_UNDERSTOOD: Final = frozenset(
    {_CREATED, _EXPIRES, 4, 5, 7, _KEY_EXPIRES, 11, 12, _ISSUER, 20, 21, 22, 23, 24, 25, 26, _FLAGS, 28, 29, 30, 31,
     _EMBEDDED, _FINGERPRINT, 34, 35}
)  # fmt: skip
"""Subpackets that may be critical: what they say changes nothing here, or is read."""


class Unsupported(ValueError):
    """It is whole, and of a kind that is not read here; the text says which."""


class SignaturePacket(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature packet says. Only what is in its hashed part is signed with it."""

    version: int
    type: int
    scheme: Scheme
    digest: str
    value: bytes
    """As the scheme has it: DER for ECDSA, 64 bytes for Ed25519, an RSA number without leading zeros."""
    prefix: bytes
    """The first two bytes of the digest, as the signer left them."""
    trailer: bytes
    """What is hashed after the signed bytes."""
    created: datetime | None
    expires: datetime | None = None
    key_lifetime: timedelta | None = None
    """How long after its creation the key that it certifies is valid; None for ever."""
    issuer: str = ""
    """Fingerprint or key identifier, upper case hex."""
    flags: int | None = None
    """What the certified key may do (RFC 9580 section 5.2.3.29); None where it is not said."""
    embedded: bytes = b""
    """The signature of a subkey over its primary key."""
    refused: str = ""
    """Why nobody may rely on it though it may hold."""


def read_packet(body: bytes) -> SignaturePacket:
    """Read the body of a packet of tag 2. Raises Malformed, and Unsupported for versions and algorithms not read."""
    version = body[0] if body else 0
    if version == 3:
        return _version_3(Reader(body))
    if version == 4:
        return _version_4(Reader(body))
    if version in (5, 6):
        raise Unsupported(f"an OpenPGP signature of version {version} is not read")
    raise Malformed("it is no OpenPGP signature")


def _version_3(reader: Reader) -> SignaturePacket:
    reader.take(1)
    if reader.number(1) != 5:
        raise Malformed("it is no OpenPGP signature")
    trailer = reader.take(5)
    issuer = reader.take(8).hex().upper()
    algorithm, digest = reader.number(1), reader.number(1)
    prefix = reader.take(2)
    return SignaturePacket(
        version=3,
        type=trailer[0],
        scheme=_scheme(algorithm),
        digest=_digest(digest),
        prefix=prefix,
        value=_value(reader, algorithm),
        trailer=trailer,
        created=_moment(trailer[1:]),
        issuer=issuer,
    )


def _version_4(reader: Reader) -> SignaturePacket:
    reader.take(1)
    kind, algorithm, digest = reader.number(1), reader.number(1), reader.number(1)
    hashed = subpackets(reader.take(reader.number(2)))
    signed = reader.data[: reader.at]
    unhashed = subpackets(reader.take(reader.number(2)))
    prefix = reader.take(2)
    said = {number: content for number, _, content in hashed}
    created = _moment(said[_CREATED]) if _CREATED in said else None
    return SignaturePacket(
        version=4,
        type=kind,
        scheme=_scheme(algorithm),
        digest=_digest(digest),
        prefix=prefix,
        value=_value(reader, algorithm),
        trailer=signed + b"\x04\xff" + len(signed).to_bytes(4, "big"),
        created=created,
        expires=_after(created, _lifetime(said.get(_EXPIRES))),
        key_lifetime=_lifetime(said.get(_KEY_EXPIRES)),
        issuer=_issuer(hashed, unhashed),
        flags=(said[_FLAGS][0] if said[_FLAGS] else 0) if _FLAGS in said else None,
        # GnuPG puts it there; it is a signature of its own, so that nobody can make one up.
        embedded=said.get(_EMBEDDED) or next((c for n, _, c in unhashed if n == _EMBEDDED), b""),
        refused=_refused(created, hashed),
    )


def _refused(created: datetime | None, hashed: list[tuple[int, bool, bytes]]) -> str:
    if created is None:
        return "the signature does not say when it was made"
    unknown = next((n for n, is_critical, _ in hashed if is_critical and n not in _UNDERSTOOD), None)
    return "" if unknown is None else f"the signature has a critical subpacket {unknown} that nobody knows"


def _issuer(hashed: list[tuple[int, bool, bytes]], unhashed: list[tuple[int, bool, bytes]]) -> str:
    """The fingerprint before the key identifier. Raises Malformed where they name two keys."""
    parts = [*hashed, *unhashed]
    prints = [c[1:].hex().upper() for n, _, c in parts if n == _FINGERPRINT and len(c) == 21 and c[0] == 4]
    keys = [c.hex().upper() for n, _, c in parts if n == _ISSUER]
    named = [*prints, *keys]
    if any(not named[0].endswith(other[-16:]) for other in named[1:]):
        raise Malformed("the signature names two keys")
    return named[0] if named else ""


def _scheme(algorithm: int) -> Scheme:
    if algorithm == _DSA:
        return "other"
    if algorithm not in _SCHEMES:
        raise Unsupported(f"an OpenPGP signature with algorithm {algorithm} is not read")
    return _SCHEMES[algorithm]


def _digest(number: int) -> str:
    if number not in DIGESTS:
        raise Unsupported(f"an OpenPGP signature with digest {number} is not read")
    return DIGESTS[number]


def _value(reader: Reader, algorithm: int) -> bytes:
    if algorithm == _ED25519:
        value = reader.take(64)
    elif algorithm in _RSA:
        value = reader.mpi()
    else:
        first, second = reader.mpi(), reader.mpi()
        if algorithm == _EDDSA:
            if len(first) > 32 or len(second) > 32:
                raise Unsupported("an EdDSA signature of another curve than Ed25519 is not read")
            value = first.rjust(32, b"\0") + second.rjust(32, b"\0")
        else:
            value = encode_dss_signature(int.from_bytes(first, "big"), int.from_bytes(second, "big"))
    if reader.left:
        raise Malformed("something follows the numbers of the signature")
    return value


def _moment(data: bytes) -> datetime:
    if len(data) != 4:
        raise Malformed("a time in it is none")
    return datetime.fromtimestamp(int.from_bytes(data, "big"), UTC)


def _lifetime(data: bytes | None) -> timedelta | None:
    if data is None:
        return None
    if len(data) != 4:
        raise Malformed("a time in it is none")
    return timedelta(seconds=int.from_bytes(data, "big")) or None


def _after(moment: datetime | None, lifetime: timedelta | None) -> datetime | None:
    return None if moment is None or lifetime is None else moment + lifetime


def as_fact(packet: SignaturePacket, over: bytes) -> ArtefactSignature:
    """The fact of a signature whose signed bytes have the digest ``over``."""
    value = packet.value
    if packet.scheme == "rsa-pkcs1v15":
        # A number of OpenPGP has no leading zeros, a signature of PKCS #1 is as long as its key. Those are made in
        # steps of 512 bits.
        value = value.rjust(-(-len(value) // 64) * 64, b"\0")
    return ArtefactSignature(
        scheme=packet.scheme,
        digest=packet.digest,
        value=base64.b64encode(value).decode(),
        over=base64.b64encode(over).decode(),
        key_hint=packet.issuer,
        fits=Answer.missing(Reason.NOT_OBSERVABLE, "the key is not in the artefact"),
        claimed_time=packet.created,
    )
