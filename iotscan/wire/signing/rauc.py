"""RAUC bundles: a squashfs, in newer ones its hash tree, a CMS message, and the message's length in 8 bytes.

Sources: RAUC reference, section "Bundle formats"; ``src/bundle.c``, ``src/signature.c``. Plain: the signature is
detached and over all that stands before it; the manifest is in the file system and not read here. Verity: the message
holds the manifest, the manifest the root hash of the tree. Crypt: that message is enveloped, and whether it is signed
shows only with a recipient's key.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, SignedArtefact
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signed_data import SignedData, read_signed_data
from iotscan.wire.signing.cms import (
    LARGEST,
    Hashed,
    Kind,
    is_indefinite,
    kind_of,
    of_bytes,
    read_signatures,
    recipients_of,
)
from iotscan.wire.signing.rauc_manifest import BLOCK, Manifest, read_manifest
from iotscan.wire.signing.source import Source, exactly
from iotscan.wire.signing.verifying import HASHES, LONGEST_MESSAGE
from iotscan.wire.verity import Superblock, tree

_LENGTH: Final = 8
_SHORTEST: Final = 64
_LARGEST_CONTENT: Final = 8 << 30
"""Bytes whose hash tree is made: it takes 1/30 of them in memory."""
_NOT_READ: Final = Answer[bool].missing(Reason.NOT_ASKED, "only its end was read")


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    """Where the message stands, and what it begins as: ``kind`` is None for no message."""

    start: int
    length: int
    kind: Kind | None


def read_rauc(source: Source, path: str = "") -> SignedArtefact | None:
    """Read a bundle; None for what does not claim to be one (a file system alone, anything else)."""
    found = _find(source)
    is_named = path.lower().endswith(".raucb")
    if found is None:
        return _damaged(path, "no signature stands at its end: it is cut short") if is_named else None
    if found.kind in ("signed", "enveloped"):
        return _read(exactly(source, found.start, found.length), found.start, path, source)
    if is_named or _looks_like_a_bundle(source, found):
        return _damaged(path, "what stands at its end is no signature")
    return None


def read_rauc_tail(tail: bytes, size: int, path: str = "") -> SignedArtefact | None:
    """What the last bytes of a bundle of ``size`` bytes tell: signers, signatures, manifest; not the content.

    RAUC takes a message of 64 KiB at most unless told otherwise. None where it does not end as a bundle, or begins
    before ``tail``.
    """
    length = int.from_bytes(tail[-_LENGTH:], "big")
    start = size - _LENGTH - length
    if not _SHORTEST <= length <= len(tail) - _LENGTH or start < 0 or len(tail) > size:
        return None
    der = tail[-_LENGTH - length : -_LENGTH]
    if kind_of(der) not in ("signed", "enveloped"):
        return None
    found = _read(der, start, path, None)
    return msgspec.structs.replace(found, problem=found.problem or f"only its last {len(tail)} bytes were read")


def _find(source: Source) -> _Message | None:
    if source.size < _LENGTH + _SHORTEST:
        return None
    length = int.from_bytes(source.read_at(source.size - _LENGTH, _LENGTH), "big")
    start = source.size - _LENGTH - length
    if not _SHORTEST <= length <= LARGEST or start < 0:
        return None
    return _Message(start=start, length=length, kind=kind_of(source.read_at(start, 32)))


def _looks_like_a_bundle(source: Source, found: _Message) -> bool:
    """The length at the end fits behind the file system: chance would not have it so."""
    head = source.read_at(0, 48)
    used = int.from_bytes(head[40:48], "little")
    return head.startswith(b"hsqs") and found.start % BLOCK == 0 and 0 < used <= found.start


def _read(der: bytes, start: int, path: str, source: Source | None) -> SignedArtefact:
    """Read the message of a bundle whose content is what stands before ``start``; not read without a ``source``."""
    if is_indefinite(der):
        return SignedArtefact(
            path=path, format="rauc", protection="unknown", problem="its signature is BER, which is not read"
        )
    try:
        if kind_of(der) == "enveloped":
            return _encrypted(der, path)
        message = read_signed_data(der)
        return _plain(message, start, path, source) if message.is_detached else _inline(message, start, path, source)
    except Malformed as error:
        return _damaged(path, str(error) or "the structure of its signature makes no sense")


def _encrypted(der: bytes, path: str) -> SignedArtefact:
    count = recipients_of(der)
    note = f"encrypted for {count} recipient{'s' if count != 1 else ''}"
    return SignedArtefact(path=path, format="rauc", variant="crypt", protection="encrypted", notes=(note,))


def _plain(message: SignedData, start: int, path: str, source: Source | None) -> SignedArtefact:
    content = Hashed(source, 0, start) if source is not None else None
    digests: Callable[[str], bytes | None] = content or (lambda _: None)
    found = read_signatures(message, digests, content.short if content else None)
    signer = message.signers[0] if message.signers else None
    matches = Answer[bool].missing(Reason.NOT_OBSERVABLE, "its digest is not one that we know")
    if source is None:
        matches = _NOT_READ
    elif signer is not None and not signer.attributes and found.signatures:
        matches = found.signatures[0].fits
    elif signer is not None and signer.digest in HASHES:
        matches = Answer.of(digests(signer.digest) == signer.message_digest)
    digest = signer.digest if signer is not None else ""
    payload = Payload(name="content", size=start, digest=digest, is_covered=bool(found.signatures), matches=matches)
    return SignedArtefact(
        path=path,
        format="rauc",
        variant="plain",
        protection="signed",
        signatures=found.signatures,
        payloads=(payload,),
        damage=found.flaw or _too_many(found.signatures),
        notes=("a plain bundle: all of it has to be read before anything of it can be trusted", *found.notes),
    )


def _inline(message: SignedData, start: int, path: str, source: Source | None) -> SignedArtefact:
    content = message.content
    found = read_signatures(message, of_bytes(content), content if len(content) <= LONGEST_MESSAGE else None)
    manifest = read_manifest(content)
    damage = found.flaw or _too_many(found.signatures) or manifest.flaw or _ill_sized(manifest, start)
    is_open_crypt = manifest.format == "crypt"
    if not damage and is_open_crypt:
        damage = "it is of format crypt, and its message with the key is not encrypted"
    return SignedArtefact(
        path=path,
        format="rauc",
        variant=manifest.format,
        version=manifest.version,
        compatible=(manifest.compatible,) if manifest.compatible else (),
        protection="signed",
        signatures=found.signatures,
        payloads=_payloads(manifest, start, source, bool(found.signatures)),
        damage=damage,
        notes=(*manifest.notes, *found.notes),
    )


def _payloads(manifest: Manifest, start: int, source: Source | None, is_signed: bool) -> tuple[Payload, ...]:
    """The content by its tree, and the images in it: the tree covers each byte of them, whatever else is said."""
    if manifest.flaw or _ill_sized(manifest, start):
        return ()
    matches = _by_tree(manifest, start, source) if source is not None else _NOT_READ
    content = Payload(
        name="content",
        size=start - manifest.tree_size,
        digest="sha256",
        is_covered=is_signed,
        matches=matches,
        is_encrypted=manifest.format == "crypt",
    )
    images = (
        Payload(name=i.name, size=i.size, digest="sha256" if i.sha256 else "", is_covered=is_signed, matches=matches)
        for i in manifest.images
    )
    return (content, *images)


def _ill_sized(manifest: Manifest, start: int) -> str:
    if not manifest.flaw and (start % BLOCK or manifest.tree_size >= start):
        return "the sizes of its content and hash tree make no sense"
    return ""


def _by_tree(manifest: Manifest, start: int, source: Source) -> Answer[bool]:
    size = start - manifest.tree_size
    if size > _LARGEST_CONTENT:
        return Answer.missing(Reason.NOT_OBSERVABLE, f"it is larger than the {_LARGEST_CONTENT >> 30} GiB that we hash")
    block = Superblock(
        kind=1,
        algorithm="sha256",
        data_block=BLOCK,
        hash_block=BLOCK,
        data_blocks=size // BLOCK,
        salt=manifest.salt,
    )
    made = tree(source.read_at, block)
    if made is None or made[1] != manifest.root_hash:
        return Answer.of(False)
    at = size
    for level in reversed(made[0]):
        if exactly(source, at, min(len(level), start - at)) != level:
            return Answer.of(False)
        at += len(level)
    return Answer.of(at == start)


def _too_many(signatures: tuple[ArtefactSignature, ...]) -> str:
    return f"it has {len(signatures)} signers, RAUC takes one" if len(signatures) > 1 else ""


def _damaged(path: str, why: str) -> SignedArtefact:
    return SignedArtefact(path=path, format="rauc", protection="unknown", damage=why)
