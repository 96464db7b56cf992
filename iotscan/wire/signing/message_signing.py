"""Ed25519 over a message as it is: kept where it is short, tried at once with the keys that are known where not."""

import base64
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, PublicKey
from iotscan.model.vocabulary import Reason
from iotscan.wire.signing.public_keys import load_key
from iotscan.wire.signing.verifying import LONGEST_MESSAGE


def ed25519_holds(key: ed25519.Ed25519PublicKey, value: bytes, message: bytes) -> bool:
    """Whether a signature holds."""
    try:
        key.verify(value, message)
    except InvalidSignature:
        return False
    return True


def ed25519_signature(value: bytes, message: bytes, keys: Sequence[PublicKey], hint: str = "") -> ArtefactSignature:
    """The fact of a signature over ``message``, tried with those of ``keys`` that are of its kind."""
    held: list[str] = []
    failed: list[str] = []
    for key in keys:
        public = load_key(key)
        if isinstance(public, ed25519.Ed25519PublicKey):
            (held if ed25519_holds(public, value, message) else failed).append(key.sha256)
    return ArtefactSignature(
        scheme="ed25519",
        value=base64.b64encode(value).decode(),
        over=base64.b64encode(message).decode() if len(message) <= LONGEST_MESSAGE else "",
        key_hint=hint,
        fits=Answer.missing(Reason.NOT_OBSERVABLE, "the key is not in the artefact"),
        holds_with=tuple(held),
        fails_with=tuple(failed),
    )
