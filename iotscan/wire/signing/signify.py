"""Signatures and keys of signify, OpenWrt's usign and minisign: two lines of text each, or four.

Sources: signify(1); usign's main.c (a public key, and a signature, is ``Ed``, the number of a key, Ed25519); minisign's
documentation (``ED`` signs a BLAKE2b-512 digest of the message; a global signature by the same key covers the
signature and the trusted comment).
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric import ed25519

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.message_signing import ed25519_holds
from iotscan.wire.signing.public_keys import NoPublicKey, describe_key, load_key
from iotscan.wire.signing.source import STEP, Source, exactly
from iotscan.wire.signing.verifying import LONGEST_MESSAGE

LARGEST_FILE: Final = 16 * 1024
LARGEST_MESSAGE: Final = 64 << 20
"""Bytes that are read at once to try a key on a message that is signed as it is."""
_UNTRUSTED: Final = b"untrusted comment: "
_TRUSTED: Final = b"trusted comment: "
_PLAIN, _HASHED = b"Ed", b"ED"


class SignifyKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key. ``number`` is how signatures name it: the name of its file in /etc/opkg/keys."""

    number: str
    comment: str
    key: PublicKey


class SignedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One signature over a message; ``signature`` is None where it is damaged or was not tried."""

    signature: ArtefactSignature | None = None
    kind: Literal["signify", "minisign"] = "signify"
    comment: str = ""
    """The trusted comment of minisign; safe text."""
    damage: str = ""
    problem: str = ""


def claims_signify(data: bytes) -> bool:
    """Cheap: a file of signify, usign or minisign."""
    return data.startswith(_UNTRUSTED)


def read_signify_key(data: bytes) -> SignifyKey:
    """A public key. Raises :class:`NoPublicKey`; so it does for a private one."""
    try:
        comment, body, rest = _head(data)
    except Malformed as error:
        raise NoPublicKey(str(error)) from error
    if len(body) != 42 or body[:2] != _PLAIN or rest.strip():
        raise NoPublicKey("it is no public key of signify")
    key = ed25519.Ed25519PublicKey.from_public_bytes(body[10:])
    return SignifyKey(number=body[2:10].hex(), comment=comment, key=describe_key(key))


def _head(data: bytes) -> tuple[str, bytes, bytes]:
    """The comment, what the second line holds, and what follows. Raises Malformed."""
    if len(data) > LARGEST_FILE:
        raise Malformed("it is larger than any")
    first, _, after = data.partition(b"\n")
    second, end, rest = after.partition(b"\n")
    if not first.startswith(_UNTRUSTED) or not end:
        raise Malformed("it is cut short")
    return safe_text(first[len(_UNTRUSTED) :], 120), _base64(second), rest


def _base64(line: bytes) -> bytes:
    try:
        data = base64.b64decode(line.rstrip(b"\r"), validate=True)
    except binascii.Error as error:
        raise Malformed("a line of it is no base64") from error
    # Spare bits at the end would let two texts be the same signature.
    if base64.b64encode(data) != line.rstrip(b"\r"):
        raise Malformed("a line of it is no base64")
    return data


def read_signify(
    path: str, message: Source, signature: bytes | None, keys: Sequence[PublicKey] = ()
) -> SignedArtefact | None:
    """Some firmware with a signature in a file of its own; None where that does not claim to be one of signify's."""
    if signature is None or not claims_signify(signature):
        return None
    read = read_message(signature, message, keys)
    is_signed = read.signature is not None
    return SignedArtefact(
        path=safe_text(path),
        format="other",
        variant=read.kind,
        version=read.comment,
        protection="signed" if is_signed else "unknown",
        signatures=(read.signature,) if read.signature is not None else (),
        payloads=(Payload(name=safe_text(path), size=message.size, is_covered=True, matches=Answer.of(True)),)
        if is_signed
        else (),
        damage=read.damage,
        problem=read.problem,
    )


def read_message(signature: bytes, message: Source, keys: Sequence[PublicKey] = ()) -> SignedMessage:
    """The signature over ``message``. Damage is told, never raised.

    ``keys`` are tried at once: a long message is not kept, and minisign's two signatures count together only.
    """
    try:
        _, body, rest = _head(signature)
        if len(body) != 74 or body[:2] not in (_PLAIN, _HASHED):
            raise Malformed("it is no signature of signify")
        parts = _Parts(number=body[2:10].hex(), is_hashed=body[:2] == _HASHED, value=body[10:], rest=rest)
        return parts.over(message, keys)
    except Malformed as error:
        return SignedMessage(damage=f"the signature: {error}")


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    is_hashed: bool
    value: bytes
    rest: bytes

    def over(self, message: Source, keys: Sequence[PublicKey]) -> SignedMessage:
        comment, overall = self._comment()
        if self.is_hashed:
            signed = _blake2b(message)
        elif message.size > LARGEST_MESSAGE:
            return SignedMessage(problem=f"the signed message is longer than {LARGEST_MESSAGE >> 20} MiB")
        else:
            signed = exactly(message, 0, message.size)
        held: list[str] = []
        failed: list[str] = []
        for key in keys:
            public = load_key(key)
            if isinstance(public, ed25519.Ed25519PublicKey):
                is_good = ed25519_holds(public, self.value, signed)
                if is_good and overall is not None and not ed25519_holds(public, overall, self.value + comment):
                    return SignedMessage(damage="the trusted comment is not the one that was signed")
                (held if is_good else failed).append(key.sha256)
        is_kept = overall is None and len(signed) <= LONGEST_MESSAGE
        fact = ArtefactSignature(
            scheme="ed25519ph" if self.is_hashed else "ed25519",
            digest="blake2b" if self.is_hashed else "",
            value=base64.b64encode(self.value).decode(),
            over=base64.b64encode(signed).decode() if is_kept else "",
            key_hint=self.number,
            fits=Answer.missing(Reason.NOT_OBSERVABLE, "the key is not in the artefact"),
            holds_with=tuple(held),
            fails_with=tuple(failed),
        )
        kind: Literal["signify", "minisign"] = "signify" if overall is None else "minisign"
        return SignedMessage(signature=fact, kind=kind, comment=safe_text(comment, 200))

    def _comment(self) -> tuple[bytes, bytes | None]:
        """The trusted comment and the signature over it, as only minisign has them. Raises Malformed."""
        if not self.rest.strip():
            if self.is_hashed:
                raise Malformed("its trusted comment is missing")
            return b"", None
        first, _, after = self.rest.partition(b"\n")
        second, _, more = after.partition(b"\n")
        overall = _base64(second)
        if not first.startswith(_TRUSTED) or len(overall) != 64 or more.strip():
            raise Malformed("what follows it is no trusted comment")
        return first[len(_TRUSTED) :].rstrip(b"\r"), overall


def _blake2b(message: Source) -> bytes:
    hashing = hashlib.blake2b()
    for at in range(0, message.size, STEP):
        hashing.update(exactly(message, at, min(STEP, message.size - at)))
    return hashing.digest()
