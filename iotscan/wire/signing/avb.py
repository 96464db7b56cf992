"""Android Verified Boot: a vbmeta image that signs digests of partitions, and hands some to other keys.

Source: AVB 2.0 ``libavb/avb_vbmeta_image.c``, ``avb_slot_verify.c``, ``avb_rsa.c``. A partition is a payload where its
bytes are given; one that is handed on is read to its own vbmeta image, which hands on nothing.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Protection, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire import android
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.public_keys import describe_key
from iotscan.wire.signing.source import STEP, Source, exactly
from iotscan.wire.signing.values import NO_KEY, coded, with_fits
from iotscan.wire.verity import Superblock, root_hash

Files = Callable[[str], Source | None]
"""Bytes of a partition by its name, without the letter of a slot."""
_NOT_THERE: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "the partition is not here")
_NOT_TRIED: Final = Answer[bool].missing(Reason.UNREADABLE, "its digest is of a kind that is not tried")
_EXPONENT: Final = 65537
_BLOCK_SIZES: Final = frozenset(1 << p for p in range(9, 17))
_BLOCKS: Final = 1 << 21
"""Of one tree: each digest is in memory once."""
_DISABLED: Final = {
    android.HASHTREE_DISABLED: "hash trees are disabled (flag 1)",
    android.VERIFICATION_DISABLED: "verification is disabled (flag 2)",
}


class _Meta(msgspec.Struct, frozen=True, kw_only=True):
    meta: android.Vbmeta
    signature: ArtefactSignature | None
    key: PublicKey | None


def read_avb(source: Source, path: str = "", files: Files = lambda _: None) -> SignedArtefact | None:
    """A vbmeta image, or a partition with one at its end; None for what is neither.

    Never raises but what the source raises.
    """
    try:
        place = _place(source)
        return None if place is None else _artefact(source, path, _meta(source, *place), files, place[0] > 0)
    except (Malformed, android.BadHeader) as error:
        reason = safe_text(str(error) or "it is damaged", 300)
        return SignedArtefact(path=path, format="avb", protection="unknown", damage=reason)


def _place(source: Source) -> tuple[int, int] | None:
    """Where its vbmeta image is, and how large it may be."""
    if source.read_at(0, 4) == android.VBMETA_MAGIC:
        return 0, source.size
    footer = android.read_footer(source.read_at(max(0, source.size - android.FOOTER), android.FOOTER))
    if footer is None:
        return None
    if footer.vbmeta_offset + footer.vbmeta_size > source.size - android.FOOTER or not footer.vbmeta_offset:
        raise Malformed("its footer points outside of it")
    return footer.vbmeta_offset, footer.vbmeta_size


def _meta(source: Source, at: int, most: int) -> _Meta:
    head = source.read_at(at, android.VBMETA_HEADER)
    size = android.vbmeta_size(head)
    if size > most:
        raise Malformed("it is cut short")
    data = exactly(source, at, size)
    meta = android.read_vbmeta(data)
    if meta.version[0] != 1:
        raise Malformed(f"it is of version {meta.version[0]}, which no updater of version 1 takes")
    if not meta.algorithm:
        return _Meta(meta=meta, signature=None, key=None)
    return _signed(data, meta)


def _signed(data: bytes, meta: android.Vbmeta) -> _Meta:
    """Its signature is over header and auxiliary block; the digest of them stands beside it."""
    name, _, kind = meta.algorithm_name.partition("_")
    authentication, _ = struct.unpack_from(">QQ", data, 12)
    at, length = struct.unpack_from(">QQ", data, 32)
    over = data[: android.VBMETA_HEADER] + data[android.VBMETA_HEADER + authentication :]
    if not kind.startswith("RSA"):
        signature = ArtefactSignature(
            scheme="other", value=coded(meta.signature), key_hint=safe_text(meta.algorithm_name, 40), fits=NO_KEY
        )
        return _Meta(meta=meta, signature=signature, key=None)
    digest = hashlib.new(name.lower(), over).digest()
    start = android.VBMETA_HEADER + at
    if at + length > authentication or data[start : start + length] != digest:
        raise Malformed("the digest in it is not its own")
    bits = int(kind.removeprefix("RSA"))
    key = public_key(meta.key)
    if key is None or key.bits != bits or len(meta.signature) * 8 != bits:
        raise Malformed("its key or signature is not of the length that its algorithm has")
    signature = ArtefactSignature(
        scheme="rsa-pkcs1v15",
        digest=name.lower(),
        value=coded(meta.signature),
        over=coded(digest),
        key=key,
        fits=NO_KEY,
    )
    return _Meta(meta=meta, signature=with_fits(signature, key), key=key)


def public_key(data: bytes) -> PublicKey | None:
    """A key as AVB writes it: bits, a constant, the modulus, another constant; None for what is none."""
    if len(data) < 8:
        return None
    (bits,) = struct.unpack_from(">I", data)
    if bits not in (2048, 4096, 8192) or len(data) != 8 + bits // 4:
        return None
    modulus = int.from_bytes(data[8 : 8 + bits // 8], "big")
    try:
        return describe_key(rsa.RSAPublicNumbers(_EXPONENT, modulus).public_key())
    except ValueError:
        return None


def _artefact(source: Source, path: str, found: _Meta, files: Files, is_footer: bool) -> SignedArtefact:
    meta = found.meta
    is_signed = found.signature is not None
    own = source if is_footer else None
    payloads = list(_partitions(meta, files, own, is_signed))
    problem = ""
    for descriptor in meta.descriptors:
        if descriptor.kind == "chain":
            payloads += _chained(descriptor, files, is_signed)
    if found.signature is not None and found.signature.scheme == "other":
        problem = f"signatures of {safe_text(meta.algorithm_name, 40)} are not tried"
    protection: Protection = "signed" if is_signed else "none"
    return SignedArtefact(
        path=path,
        format="avb",
        version=safe_text(meta.release, 100),
        protection=protection,
        signatures=(found.signature,) if found.signature is not None else (),
        payloads=tuple(payloads),
        problem=problem,
        rollback_counter=Answer[int].of(min(meta.rollback_index, (1 << 63) - 1)),
        notes=tuple(text for bit, text in _DISABLED.items() if meta.flags & bit),
    )


def _partitions(meta: android.Vbmeta, files: Files, own: Source | None, is_signed: bool) -> Iterator[Payload]:
    """What it verifies itself. ``own`` is the partition that it stands at the end of."""
    for descriptor in meta.descriptors:
        if descriptor.kind not in ("hash", "hashtree"):
            continue
        bits = android.VERIFICATION_DISABLED | (android.HASHTREE_DISABLED if descriptor.kind == "hashtree" else 0)
        data = files(descriptor.partition) or own
        yield Payload(
            name=safe_text(descriptor.partition, 100),
            size=min(descriptor.image_size, (1 << 63) - 1),
            digest=safe_text(descriptor.algorithm, 32),
            is_covered=is_signed and not meta.flags & bits and bool(descriptor.digest),
            matches=_NOT_THERE if data is None else _matches(data, descriptor),
        )


def _matches(source: Source, descriptor: android.Descriptor) -> Answer[bool]:
    if descriptor.algorithm not in ("sha1", "sha256", "sha512"):
        return _NOT_TRIED
    if descriptor.image_size > source.size:
        return Answer[bool].of(False)
    if descriptor.kind == "hash":
        return Answer[bool].of(_salted(source, descriptor) == descriptor.digest)
    if not {descriptor.data_block, descriptor.hash_block} <= _BLOCK_SIZES or not descriptor.image_size:
        return _NOT_TRIED
    tree = Superblock(
        kind=1,
        algorithm=descriptor.algorithm,
        data_block=descriptor.data_block,
        hash_block=descriptor.hash_block,
        data_blocks=-(-descriptor.image_size // descriptor.data_block),
        salt=descriptor.salt,
    )
    if tree.data_blocks > _BLOCKS:
        return Answer[bool].missing(Reason.BUDGET, f"a hash tree of more than {_BLOCKS:,} blocks")
    return Answer[bool].of(root_hash(source.read_at, tree) == descriptor.digest)


def _salted(source: Source, descriptor: android.Descriptor) -> bytes:
    hashing = hashlib.new(descriptor.algorithm, descriptor.salt, usedforsecurity=False)
    for at in range(0, descriptor.image_size, STEP):
        hashing.update(exactly(source, at, min(STEP, descriptor.image_size - at)))
    return hashing.digest()


def _chained(descriptor: android.Descriptor, files: Files, is_signed: bool) -> list[Payload]:
    """A partition that another key speaks for: its own vbmeta image has to be signed by just that one."""
    name = safe_text(descriptor.partition, 100)
    data = files(descriptor.partition)
    if data is None:
        return [Payload(name=name, is_covered=is_signed, matches=_NOT_THERE)]
    try:
        place = _place(data)
        found = _meta(data, *place) if place is not None else None
    except (Malformed, android.BadHeader):
        found = None
    expected = public_key(descriptor.key)
    holds = found is not None and found.signature is not None and found.signature.fits.known is True
    is_right = holds and found is not None and expected is not None and found.key == expected
    if found is None or not is_right or any(d.kind == "chain" for d in found.meta.descriptors):
        return [Payload(name=name, is_covered=is_signed, matches=Answer[bool].of(False))]
    inner = list(_partitions(found.meta, files, data, is_signed))
    return inner or [Payload(name=name, is_covered=is_signed, matches=Answer[bool].of(True))]
