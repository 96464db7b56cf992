"""A file with an OpenPGP signature in another one beside it (``firmware.bin.asc``)."""

from collections.abc import Sequence

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import Payload, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.wire.signing.openpgp.signatures import claims_openpgp, read_detached
from iotscan.wire.signing.source import Source


def read_openpgp(
    path: str, message: Source, signature: bytes | None, keys: Sequence[PublicKey] = ()
) -> SignedArtefact | None:
    """What is signed with its signature; None where that does not claim to be one.

    A :data:`~iotscan.wire.signing.detached.Form`: ``keys`` are not needed, as the digest is kept.
    """
    if signature is None or not claims_openpgp(signature):
        return None
    read = read_detached(signature, message)
    payload = Payload(name=safe_text(path), size=message.size, is_covered=True, matches=Answer.of(True))
    return SignedArtefact(
        path=safe_text(path),
        format="other",
        variant="openpgp",
        protection="signed" if read.signatures else "unknown",
        signatures=read.signatures,
        payloads=(payload,) if read.signatures else (),
        damage=read.damage,
        problem=read.problem,
        expires=read.expires,
        notes=read.notes,
    )
