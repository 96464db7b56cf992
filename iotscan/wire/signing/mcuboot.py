"""MCUboot images: a header, the image, and entries behind it that hold digest, signature and security counter.

Source: MCUboot ``docs/design.md`` (image format, TLVs), ``boot/bootutil/include/bootutil/image.h``,
``boot/bootutil/src/image_validate.c``; ``scripts/imgtool/image.py`` for byte order and padded slots. The digest is over
header, image and protected entries of the plain image; everything behind them is signed by nobody.
"""

import struct
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec.structs import replace

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Protection, PublicKey, SignedArtefact
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed, whole
from iotscan.wire.signing.public_keys import describe_key
from iotscan.wire.signing.source import Source, digest_of, exactly
from iotscan.wire.signing.values import NO_KEY, coded, signature_over, tried, with_fits
from iotscan.wire.signing.windows import Window

_MAGIC: Final = 0x96F3B83D
_HEADER: Final = 32
_AREA, _PROTECTED_AREA = 0x6907, 0x6908
_KEY_HASH, _PUBLIC_KEY = 0x01, 0x02
_DIGESTS: Final = {0x10: "sha256", 0x11: "sha384", 0x12: "sha512"}
_RSA, _ECDSA, _ED25519, _PURE = frozenset({0x20, 0x23}), frozenset({0x21, 0x22}), 0x24, 0x25
_COUNTER, _VENDOR, _CLASS = 0x50, 0x74, 0x75
_ENCRYPTED_FLAGS: Final = 0x4 | 0x8
_TRAILERS: Final = (
    bytes.fromhex("77c295f360d2ef7f3552500f2cb67980"),
    bytes.fromhex("2de15d29410b8d77679c110f1f8a"),
)
"""At the end of a slot that waits for its first start; before the second one stand two bytes of an alignment."""
_MOST_SIGNATURES: Final = 16
"""Of one image that are read: there is room for thousands, and one is what tools make."""
_CIPHERED: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "encrypted: the digest is that of the plain image")


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    kind: int
    value: bytes


class _Image(msgspec.Struct, frozen=True, kw_only=True):
    """``signed`` is the length from the beginning over which the digest is made; ``end`` that with all entries."""

    version: str
    flags: int
    protected: tuple[_Entry, ...]
    entries: tuple[_Entry, ...]
    signed: int
    end: int


def read_mcuboot(source: Source, path: str = "", keys: Sequence[PublicKey] = ()) -> SignedArtefact | None:
    """An MCUboot image; None for what is none. Never raises but what the source raises.

    ``keys`` are tried where the image itself is signed, not its digest, and is too long for a fact.
    """
    head = source.read_at(0, _HEADER)
    order = next((o for o in "<>" if len(head) >= 4 and struct.unpack_from(f"{o}I", head)[0] == _MAGIC), "")
    if not order:
        return None
    try:
        return _artefact(source, path, _image(source, head, order), order, keys)
    except Malformed as error:
        return SignedArtefact(path=path, format="mcuboot", protection="unknown", damage=str(error) or "it is damaged")


def _image(source: Source, head: bytes, order: str) -> _Image:
    if len(head) < _HEADER:
        raise Malformed("it is cut short")
    _, header, protected_size, size, flags = struct.unpack_from(f"{order}IHHII", head, 4)
    major, minor, revision, build = struct.unpack_from(f"{order}BBHI", head, 20)
    if header < _HEADER:
        raise Malformed("its header is shorter than one is")
    at = header + size
    protected: tuple[_Entry, ...] = ()
    if protected_size:
        protected, signed = _entries(source, at, order, _PROTECTED_AREA)
        if signed - at != protected_size:
            raise Malformed("header and entries disagree on how much is protected")
        at = signed
    entries, end = _entries(source, at, order, _AREA)
    version = f"{major}.{minor}.{revision}" + (f"+{build}" if build else "")
    return _Image(version=version, flags=flags, protected=protected, entries=entries, signed=at, end=end)


def _entries(source: Source, at: int, order: str, magic: int) -> tuple[tuple[_Entry, ...], int]:
    """The entries of an area and its end."""
    stated, length = struct.unpack(f"{order}HH", exactly(source, at, 4))
    if stated != magic or length < 4:
        raise Malformed("the entries behind the image are not there")
    area = exactly(source, at, length)
    found = []
    here = 4
    while here < length:
        if here + 4 > length:
            raise Malformed("an entry behind the image is cut short")
        kind, size = struct.unpack_from(f"{order}HH", _typed(area, here, order))
        if here + 4 + size > length:
            raise Malformed("an entry behind the image is cut short")
        found.append(_Entry(kind=kind, value=area[here + 4 : here + 4 + size]))
        here += 4 + size
    return tuple(found), at + length


def _typed(area: bytes, at: int, order: str) -> bytes:
    """The head of an entry with its kind as a number of two bytes: imgtool writes kind and padding as two of one."""
    head = area[at : at + 4]
    return head[1::-1] + head[2:] if order == ">" and not head[1] else head


def _artefact(source: Source, path: str, image: _Image, order: str, keys: Sequence[PublicKey]) -> SignedArtefact:
    digests = [e for e in image.entries if e.kind in _DIGESTS]
    is_pure = any(e.kind == _PURE for e in image.entries)
    if len(digests) > 1:
        raise Malformed("it has two digests")
    if not digests and not is_pure:
        raise Malformed("it has no digest")
    matches = _matches(source, image, digests[0]) if digests else Answer[bool].of(True)
    is_encrypted = _is_encrypted(image) and matches.known is not True
    signatures = _signatures(source, image, digests[0] if digests else None, is_pure, keys)
    left_out = f"it has more than {_MOST_SIGNATURES} signatures" if len(signatures) > _MOST_SIGNATURES else ""
    payload = Payload(
        name="image",
        size=image.signed,
        digest=_DIGESTS[digests[0].kind] if digests else "",
        is_covered=bool(signatures),
        matches=_CIPHERED if is_encrypted else matches,
        is_encrypted=is_encrypted,
    )
    protection: Protection = "signed" if signatures else "none"
    return SignedArtefact(
        path=path,
        format="mcuboot",
        variant="encrypted" if is_encrypted else "",
        version=image.version,
        compatible=_compatible(image),
        protection=protection,
        signatures=signatures[:_MOST_SIGNATURES],
        payloads=(payload,),
        problem="the image is encrypted, and its digest is that of the plain one" if is_encrypted else left_out,
        rollback_counter=_counter(image, order),
        notes=_notes(source, image),
    )


def _is_encrypted(image: _Image) -> bool:
    """By its header, which is signed: an entry with a key that anybody could add does not count."""
    return bool(image.flags & _ENCRYPTED_FLAGS)


def _matches(source: Source, image: _Image, digest: _Entry) -> Answer[bool]:
    return Answer[bool].of(digest_of(source, _DIGESTS[digest.kind], 0, image.signed) == digest.value)


def _signatures(
    source: Source, image: _Image, digest: _Entry | None, is_pure: bool, keys: Sequence[PublicKey]
) -> tuple[ArtefactSignature, ...]:
    """One for each signature entry. The entry of a key, or of its digest, stands before the one of its signature."""
    found: list[ArtefactSignature] = []
    hint, key = "", None
    for entry in image.entries:
        if len(found) > _MOST_SIGNATURES:
            break
        if entry.kind == _KEY_HASH:
            hint = entry.value[:64].hex()
        elif entry.kind == _PUBLIC_KEY:
            key = _key(entry.value)
        elif entry.kind in _RSA | _ECDSA | {_ED25519}:
            signature = _signature(source, image, digest, entry, is_pure)
            if signature is None:
                raise Malformed("it has a signature and no digest that it could be over")
            signature = replace(signature, key=key, key_hint=hint)
            signature = with_fits(signature, key) if key is not None else signature
            found.append(tried(signature, Window(source, 0, image.signed), keys) if is_pure else signature)
            hint, key = "", None
    return tuple(found)


def _signature(
    source: Source, image: _Image, digest: _Entry | None, entry: _Entry, is_pure: bool
) -> ArtefactSignature | None:
    if is_pure:
        if entry.kind != _ED25519:
            return None
        return signature_over(Window(source, 0, image.signed), entry.value, "ed25519")
    if digest is None:
        return None
    value = entry.value
    if entry.kind in _ECDSA:
        # It may be padded to the longest that its curve has.
        value = value[: whole(value)] if value[:1] == b"\x30" else value
    kinds = {_ED25519: "ed25519ph"} | dict.fromkeys(_RSA, "rsa-pss") | dict.fromkeys(_ECDSA, "ecdsa")
    return ArtefactSignature(
        scheme=kinds[entry.kind],  # type: ignore[arg-type]  # one of the literals, see above
        digest=_DIGESTS[digest.kind],
        value=coded(value),
        over=coded(digest.value),
        fits=NO_KEY,
    )


def _key(value: bytes) -> PublicKey | None:
    try:
        return describe_key(load_der_public_key(value))
    except Exception:
        # A key that is damaged is none: the signature is tried with those of the device.
        return None


def _counter(image: _Image, order: str) -> Answer[int]:
    """Only a protected one counts."""
    value = next((e.value for e in image.protected if e.kind == _COUNTER), b"")
    if len(value) != 4:
        return Answer[int].missing(Reason.NOT_OBSERVABLE, "it has no protected security counter")
    return Answer[int].of(struct.unpack(f"{order}I", value)[0])


def _compatible(image: _Image) -> tuple[str, ...]:
    return tuple(
        f"{'vendor' if e.kind == _VENDOR else 'class'} {uuid.UUID(bytes=e.value)}"
        for e in image.protected
        if e.kind in (_VENDOR, _CLASS) and len(e.value) == 16
    )


def _notes(source: Source, image: _Image) -> tuple[str, ...]:
    if source.size == image.end:
        return ()
    tail = source.read_at(source.size - 16, 16) if source.size - image.end >= 16 else b""
    if tail == _TRAILERS[0] or tail[2:] == _TRAILERS[1]:
        return ("padded to a slot that is marked for its first start",)
    return (f"{source.size - image.end:,} bytes behind it, which nothing signs",)
