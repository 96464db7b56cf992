"""COSE signatures and codes over something that stands elsewhere.

Source: RFC 9052 sections 4 and 6 (Sign1, Sign, Mac0), RFC 9053 section 2, RFC 8812 (RSA), the IANA COSE registries.
"""

import hashlib
from typing import Any, Final

from iotscan.model.facts.signing import ArtefactSignature, Scheme
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.cbor import Tagged, decode, encode_array, encode_bytes, encode_text
from iotscan.wire.signing.values import NO_KEY, coded, side_by_side

_SIGN1, _MAC0, _SIGN, _MAC = 18, 17, 98, 97
_ALGORITHM, _KEY_ID = 1, 4
_ALGORITHMS: Final[dict[int, tuple[Scheme, str]]] = {
    -7: ("ecdsa", "sha256"), -9: ("ecdsa", "sha256"), -35: ("ecdsa", "sha384"), -51: ("ecdsa", "sha384"),
    -36: ("ecdsa", "sha512"), -52: ("ecdsa", "sha512"), -8: ("ed25519", ""), -19: ("ed25519", ""),
    -37: ("rsa-pss", "sha256"), -38: ("rsa-pss", "sha384"), -39: ("rsa-pss", "sha512"),
    -257: ("rsa-pkcs1v15", "sha256"), -258: ("rsa-pkcs1v15", "sha384"), -259: ("rsa-pkcs1v15", "sha512"),
}  # fmt: skip
_SIGNERS: Final = 16


def read_signatures(block: bytes, payload: bytes) -> list[ArtefactSignature]:
    """The signatures of one COSE block over ``payload``. Raises Malformed for what is none, or one over another."""
    whole = decode(block)
    tag, body = (whole.tag, whole.value) if isinstance(whole, Tagged) else (_SIGN1, whole)
    if not isinstance(body, tuple) or len(body) < 4 or not isinstance(body[0], bytes):
        raise Malformed("a COSE block in it makes no sense")
    if body[2] is not None and body[2] != payload:
        raise Malformed("a COSE block in it signs something else")
    if tag == _SIGN1:
        message = _structure("Signature1", body[0], payload)
        return [_signature(body[0], body[1], body[3], message)]
    if tag in (_MAC0, _MAC):
        return [_code(body[0], body[1], body[3])]
    if tag == _SIGN and isinstance(body[3], tuple) and 0 < len(body[3]) <= _SIGNERS:
        return [_of_many(body[0], signer, payload) for signer in body[3]]
    raise Malformed("a COSE block in it is of no kind that signs")


def _of_many(body_protected: bytes, signer: Any, payload: bytes) -> ArtefactSignature:
    if not isinstance(signer, tuple) or len(signer) != 3 or not isinstance(signer[0], bytes):
        raise Malformed("a COSE block in it makes no sense")
    message = _structure("Signature", body_protected, payload, signer[0])
    return _signature(signer[0], signer[1], signer[2], message)


def _structure(context: str, protected: bytes, payload: bytes, *signers: bytes) -> bytes:
    headers = [encode_bytes(h) for h in (protected, *signers)]
    return encode_array(encode_text(context), *headers, encode_bytes(b""), encode_bytes(payload))


def _signature(protected: bytes, unprotected: Any, value: Any, message: bytes) -> ArtefactSignature:
    headers = _headers(protected)
    if not isinstance(value, bytes):
        raise Malformed("a signature in it is no byte string")
    stated = headers.get(_ALGORITHM)
    scheme, digest = _ALGORITHMS.get(stated if isinstance(stated, int) else 0, ("other", ""))
    over = hashlib.new(digest, message, usedforsecurity=False).digest() if digest else message
    if scheme == "ecdsa":
        value = side_by_side(value) or b"\0"
    return ArtefactSignature(
        scheme=scheme,
        digest=digest,
        value=coded(value),
        over=coded(over),
        key_hint=_key_id(headers, unprotected),
        fits=NO_KEY,
    )


def _code(protected: bytes, unprotected: Any, value: Any) -> ArtefactSignature:
    """A code that whoever can verify it can make."""
    if not isinstance(value, bytes):
        raise Malformed("a code in it is no byte string")
    hint = _key_id(_headers(protected), unprotected)
    return ArtefactSignature(scheme="hmac", digest="sha256", value=coded(value), key_hint=hint, fits=NO_KEY)


def _headers(protected: bytes) -> dict[Any, Any]:
    headers = decode(protected) if protected else {}
    if not isinstance(headers, dict):
        raise Malformed("a COSE block in it makes no sense")
    return headers


def _key_id(protected: dict[Any, Any], unprotected: Any) -> str:
    found = protected.get(_KEY_ID)
    if found is None and isinstance(unprotected, dict):
        found = unprotected.get(_KEY_ID)
    if not isinstance(found, bytes):
        return ""
    return safe_text(found, 100) if found.isascii() and found.decode("ascii").isprintable() else found[:64].hex()
