"""Signature values from how formats write them to how facts keep them.

Sources: RFC 3279 section 2.2.3 (ECDSA in DER), RFC 9053 section 2.1 (the two numbers side by side).
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from msgspec.structs import replace

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, PublicKey, Scheme
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.signing.message_signing import ed25519_holds
from iotscan.wire.signing.public_keys import load_key
from iotscan.wire.signing.source import Source, digest_of, exactly
from iotscan.wire.signing.verifying import LONGEST_MESSAGE, holds

NO_KEY: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "it brings no key of its own")
_RSA: Final = (128, 192, 256, 384, 512, 1024)
"""Bytes of an RSA signature for moduli that anybody uses."""
_SIDE_BY_SIDE: Final = (64, 96, 132)
"""Bytes of two numbers of P-256, P-384 and P-521."""
_LONGEST_TRIED: Final = 64 << 20
"""Bytes of a message that is signed itself and is loaded to try keys with."""


def coded(data: bytes) -> str:
    """Bytes as facts keep them."""
    return base64.b64encode(data).decode("ascii")


def decoded(text: bytes | str, limit: int = 64 << 10) -> bytes | None:
    """The bytes of a base64 text, line ends in it or not; None where it is none or longer than ``limit``."""
    if len(text) > limit:
        return None
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def side_by_side(value: bytes) -> bytes | None:
    """An ECDSA signature in DER, from its two numbers of equal length; None for what is no such pair."""
    half = len(value) // 2
    if len(value) not in _SIDE_BY_SIDE:
        return None
    return encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))


def is_ecdsa(value: bytes) -> bool:
    """Whether bytes are two numbers in DER, all of them."""
    try:
        decode_dss_signature(value)
    except ValueError:
        return False
    return True


def scheme_by_value(value: bytes) -> Scheme:
    """Which scheme a value without a name must be of, by its form: DER of ECDSA, 64 bytes, the length of a modulus."""
    if is_ecdsa(value):
        return "ecdsa"
    if len(value) == 64:
        return "ed25519"
    return "rsa-pkcs1v15" if len(value) in _RSA else "other"


def signature_over(
    message: Source,
    value: bytes,
    scheme: Scheme,
    digest: str = "sha256",
    *,
    key: PublicKey | None = None,
    key_hint: str = "",
) -> ArtefactSignature:
    """A signature over all of ``message``. With a ``key`` that the artefact brings, ``fits`` is tried."""
    over, kept = b"", digest
    if scheme in ("ed25519", "other"):
        kept = "" if scheme == "ed25519" else digest
        over = exactly(message, 0, message.size) if message.size <= LONGEST_MESSAGE else b""
    else:
        over = digest_of(message, digest)
    signature = ArtefactSignature(
        scheme=scheme,
        digest=kept,
        value=coded(value),
        over=coded(over),
        key=key,
        key_hint=safe_text(key_hint, 200),
        fits=NO_KEY,
    )
    return signature if key is None else with_fits(signature, key)


def with_fits(signature: ArtefactSignature, key: PublicKey) -> ArtefactSignature:
    """The signature with the answer whether it holds with a key of the artefact itself."""
    held = holds(signature, key)
    unclear = Answer[bool].missing(Reason.UNREADABLE, "its scheme or key is not one that can be tried")
    return replace(signature, fits=unclear if held is None else Answer[bool].of(held))


def tried(signature: ArtefactSignature, message: Source, keys: Sequence[PublicKey]) -> ArtefactSignature:
    """The signature with the keys with which it holds, where its message is too long for the fact to be tried later."""
    if signature.over or signature.scheme != "ed25519" or message.size > _LONGEST_TRIED or not keys:
        return signature
    value, whole = base64.b64decode(signature.value), exactly(message, 0, message.size)
    publics = ((key.sha256, load_key(key)) for key in keys)
    held = {n: ed25519_holds(k, value, whole) for n, k in publics if isinstance(k, ed25519.Ed25519PublicKey)}
    return replace(
        signature,
        holds_with=tuple(name for name, answer in held.items() if answer),
        fails_with=tuple(name for name, answer in held.items() if not answer),
    )
