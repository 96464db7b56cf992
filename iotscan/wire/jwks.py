"""Key sets of JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037): what they show of each key. Never raises."""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from iotscan.model.facts.oauth import PublishedKey
from iotscan.model.text import safe_text
from iotscan.wire.keys.found import spki_of

MANY: Final = 32
"""Keys of one set that are kept."""
_LONGEST: Final = 4096
"""Characters of a number in base64url: a modulus of 24 kbit."""
_KINDS: Final = {"RSA": "rsa", "EC": "ec", "OKP": "okp", "oct": "symmetric"}
_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi", "oth")
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
_OKP: Final[dict[str, Callable[[bytes], PublicKeyTypes]]] = {
    "Ed25519": ed25519.Ed25519PublicKey.from_public_bytes,
    "Ed448": ed448.Ed448PublicKey.from_public_bytes,
    "X25519": x25519.X25519PublicKey.from_public_bytes,
    "X448": x448.X448PublicKey.from_public_bytes,
}
_BITS: Final = {"Ed25519": 256, "X25519": 256, "Ed448": 448, "X448": 448}


class KeySet(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of a set, at most :data:`MANY`, and how many members of it are not among them."""

    keys: tuple[PublishedKey, ...]
    unread: int = 0


def read_key_set(body: bytes) -> KeySet | None:
    """The set in ``body``: an object with a list ``keys`` (RFC 7517 section 5); None for anything else."""
    try:
        document = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        return None
    keys = tuple(read_key(m) for m in members[:MANY] if isinstance(m, dict) and isinstance(m.get("kty"), str))
    return KeySet(keys=keys, unread=len(members) - len(keys))


def read_key(member: dict[str, Any]) -> PublishedKey:
    """One key. What is no valid key of its kind keeps its words and has no ``spki``. No secret part is kept."""
    kind = _KINDS.get(member["kty"], safe_text(member["kty"], 20))
    public = _public(member, kind)
    return PublishedKey(
        kind=kind,
        name=_text(member.get("kid"), 80),
        use=_text(member.get("use"), 10),
        algorithm=_text(member.get("alg"), 40),
        bits=_bits(member, kind, public),
        curve=_text(member.get("crv"), 20),
        spki=base64.b64encode(spki_of(public)).decode() if public is not None else "",
        shows_private=_shows_private(member, kind),
    )


def _shows_private(member: dict[str, Any], kind: str) -> bool:
    if kind == "symmetric":
        return bool(_octets(member.get("k")))
    return any(_octets(member.get(name)) or isinstance(member.get(name), list) for name in _PRIVATE)


def _public(member: dict[str, Any], kind: str) -> PublicKeyTypes | None:
    try:
        if kind == "rsa":
            return rsa.RSAPublicNumbers(_number(member, "e"), _number(member, "n")).public_key()
        if kind == "ec" and member.get("crv") in _CURVES:
            curve = _CURVES[member["crv"]]
            return ec.EllipticCurvePublicNumbers(_number(member, "x"), _number(member, "y"), curve).public_key()
        if kind == "okp" and member.get("crv") in _OKP:
            return _OKP[member["crv"]](_octets(member.get("x")))
    except (ValueError, TypeError):
        # A key that does not hold together: cryptography says so by these. Such a key verifies nothing.
        return None
    return None


def _bits(member: dict[str, Any], kind: str, public: PublicKeyTypes | None) -> int:
    if kind == "symmetric":
        return 8 * len(_octets(member.get("k")))
    if kind == "rsa":
        return _number(member, "n").bit_length()
    if isinstance(public, ec.EllipticCurvePublicKey):
        return public.curve.key_size
    return _BITS.get(str(member.get("crv")), 0)


def _number(member: dict[str, Any], name: str) -> int:
    return int.from_bytes(_octets(member.get(name)), "big")


def _octets(value: Any) -> bytes:
    """The bytes of a member in base64url without padding (RFC 7515 section 2); empty for what is none."""
    if not isinstance(value, str) or not value or len(value) > _LONGEST or not value.isascii():
        return b""
    try:
        return base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _text(value: Any, length: int) -> str:
    return safe_text(value, length) if isinstance(value, str) else ""
