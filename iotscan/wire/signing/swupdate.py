"""SWUpdate's .swu: a cpio archive that begins with sw-description and the signature over it.

Sources: SWUpdate manual, "Update Image Format" and "Update images from verified source"; ``core/stream_interface.c``,
``core/parser.c``. The signature covers sw-description alone, that names each file with its SHA-256: a file without
one, or one that is not there, is what a forger would leave.
"""

import base64
import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Protection, Scheme, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signed_data import read_signed_data
from iotscan.wire.signing.cms import Signatures, is_indefinite, kind_of, of_bytes, read_signatures
from iotscan.wire.signing.cpio import MAGICS, Archive, Member, digest_and_sum, read_archive
from iotscan.wire.signing.source import Source, exactly
from iotscan.wire.signing.sw_description import Description, Entry, read_description
from iotscan.wire.signing.verifying import LONGEST_MESSAGE

_DESCRIPTION: Final = b"sw-description"
_SIGNATURE: Final = b"sw-description.sig"
_LARGEST: Final = 1 << 20
_RAW: Final = (128, 256, 384, 512, 1024)
"""Bytes of an RSA signature: 1024 to 8192 bits."""
_PGP: Final = b"-----BEGIN PGP SIGNATURE-----"
_NOT_READ: Final = Answer[bool].missing(Reason.NOT_ASKED, "only its beginning was read")


class _Contents(msgspec.Struct, frozen=True, kw_only=True):
    """The payloads, what must make an updater refuse them, and what else is to be said."""

    payloads: tuple[Payload, ...] = ()
    damage: str = ""
    notes: tuple[str, ...] = ()


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The beginning of a file of ``size`` bytes, as a source."""

    data: bytes
    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def read_swupdate(source: Source, path: str = "") -> SignedArtefact | None:
    """Read an update; None for what does not claim to be one (another archive, anything else)."""
    return _read(source, path, None)


def read_swupdate_head(head: bytes, size: int, path: str = "") -> SignedArtefact | None:
    """What the first bytes of an update of ``size`` bytes tell: signature and description; not the files."""
    return _read(_Head(data=head, size=size), path, min(len(head), size))


def _read(source: Source, path: str, known: int | None) -> SignedArtefact | None:
    is_named = path.lower().endswith(".swu")
    if source.size < 6 or source.read_at(0, 6) not in MAGICS:
        return _damaged(path, "it is no archive of cpio") if is_named else None
    archive = read_archive(source, known)
    if not archive.members or archive.members[0].name != _DESCRIPTION:
        first = archive.damage or "it does not begin with sw-description"
        return _damaged(path, first) if is_named else None
    last = archive.members[1] if len(archive.members) > 1 else archive.members[0]
    if last.start + last.size > (source.size if known is None else known) or archive.members[0].size > _LARGEST:
        why = archive.damage or "sw-description was not read: it is too large"
        return SignedArtefact(path=path, format="swupdate", protection="unknown", damage=archive.damage, problem=why)
    return _whole(source, path, archive, known is not None and known < source.size)


def _whole(source: Source, path: str, archive: Archive, is_partial: bool) -> SignedArtefact:
    described = exactly(source, archive.members[0].start, archive.members[0].size)
    description = read_description(described)
    is_signed = len(archive.members) > 1 and archive.members[1].name == _SIGNATURE
    made, problem = Signatures(), ""
    if is_signed:
        value = exactly(source, archive.members[1].start, min(archive.members[1].size, _LARGEST))
        made, problem = _signatures(value, described)
    contents = _contents(source, archive, description, bool(made.signatures), is_partial)
    protection: Protection = "signed" if is_signed else "none"
    if not is_signed and is_partial and len(archive.members) < 2:
        protection = "unknown"
    return SignedArtefact(
        path=path,
        format="swupdate",
        version=description.version,
        compatible=description.hardware,
        protection=protection,
        signatures=made.signatures,
        payloads=contents.payloads,
        damage=archive.damage or _ill_formed(archive.members, is_signed) or made.flaw or contents.damage,
        problem=problem or description.problem or archive.problem,
        notes=(*made.notes, *contents.notes),
    )


def _signatures(value: bytes, described: bytes) -> tuple[Signatures, str]:
    """The signatures over a description, and what of them was not read."""
    if value.startswith(_PGP):
        return Signatures(signatures=(_raw("other", value, described),)), "its OpenPGP signature is not read here"
    if kind_of(value) == "signed":
        if is_indefinite(value):
            return Signatures(), "its signature is BER, which is not read"
        try:
            short = described if len(described) <= LONGEST_MESSAGE else None
            return read_signatures(read_signed_data(value), of_bytes(described), short), ""
        except Malformed as error:
            return Signatures(flaw=str(error) or "the structure of its signature makes no sense"), ""
    if len(value) in _RAW:
        # Nothing in it tells which of the two paddings it has: what holds with a key does so with one of them.
        both: tuple[Scheme, ...] = ("rsa-pkcs1v15", "rsa-pss")
        return Signatures(signatures=tuple(_raw(scheme, value, described) for scheme in both)), ""
    return Signatures(flaw="sw-description.sig is no signature"), ""


def _raw(scheme: Scheme, value: bytes, described: bytes) -> ArtefactSignature:
    return ArtefactSignature(
        scheme=scheme,
        digest="sha256" if scheme != "other" else "",
        value=base64.b64encode(value[:LONGEST_MESSAGE]).decode(),
        over=base64.b64encode(hashlib.sha256(described).digest()).decode(),
        fits=Answer.missing(Reason.NOT_OBSERVABLE, "it brings no key"),
    )


def _ill_formed(members: Iterable[Member], is_signed: bool) -> str:
    """Names with which one reader installs another file than the next."""
    seen: set[bytes] = set()
    for at, member in enumerate(members):
        if member.name in seen:
            return f"{safe_text(member.name, 80)} is in it twice"
        if member.name == _SIGNATURE and not (is_signed and at == 1):
            return "sw-description.sig is not where SWUpdate looks for it"
        if member.name.startswith(b"/") or b"../" in member.name:
            return f"{safe_text(member.name, 80)} leads out of the archive"
        seen.add(member.name)
    return ""


def _contents(
    source: Source, archive: Archive, description: Description, is_signed: bool, is_partial: bool
) -> _Contents:
    by_name = {m.name: m for m in archive.members}
    entries = {(e.file, e.sha256): e for e in description.entries}
    digests: dict[bytes, bytes] = {}
    damage, named = "", {e.file.encode("utf-8", "replace") for e in entries.values()}
    for member in () if is_partial or archive.damage else archive.members:
        if member.name in named or member.checksum is not None:
            digests[member.name], total = digest_and_sum(source, member)
            if member.checksum not in (None, total):
                damage = damage or f"the checksum of {safe_text(member.name, 80)} is wrong"
    unread = _NOT_READ if is_partial else Answer[bool].missing(Reason.NOT_OBSERVABLE, "it is not in the archive")
    payloads = [
        _payload(e, by_name.get(e.file.encode("utf-8", "replace")), digests, is_signed, unread)
        for e in entries.values()
    ]
    if not is_partial:
        damage = damage or _missing(description.entries, by_name) or _ill_sized(description.entries, by_name)
    return _Contents(
        payloads=tuple(payloads),
        damage=damage,
        notes=_notes(source, archive, named, is_partial),
    )


def _payload(
    entry: Entry, member: Member | None, digests: dict[bytes, bytes], is_signed: bool, unread: Answer[bool]
) -> Payload:
    matches = unread
    if member is not None and member.name in digests:
        no_digest = Answer[bool].missing(Reason.NOT_OBSERVABLE, "sw-description has no SHA-256 of it")
        matches = Answer.of(digests[member.name] == entry.sha256) if entry.sha256 else no_digest
    return Payload(
        name=safe_text(entry.file),
        size=member.size if member is not None else max(entry.size, 0),
        digest="sha256" if entry.sha256 else "",
        is_covered=is_signed and bool(entry.sha256),
        matches=matches,
        is_encrypted=entry.is_encrypted,
    )


def _missing(entries: Iterable[Entry], by_name: dict[bytes, Member]) -> str:
    """A file that no device finds: of every software set one is missing."""
    lacking: dict[str, str] = {}
    for entry in entries:
        is_there = entry.file.encode("utf-8", "replace") in by_name
        lacking[entry.chosen] = lacking.get(entry.chosen, "") or ("" if is_there else entry.file)
    if lacking and all(lacking.values()):
        return f"{safe_text(next(iter(lacking.values())), 80)} is named and not in it"
    return ""


def _ill_sized(entries: Iterable[Entry], by_name: dict[bytes, Member]) -> str:
    for entry in entries:
        member = by_name.get(entry.file.encode("utf-8", "replace"))
        if member is not None and entry.size and entry.size != member.size:
            return f"{safe_text(entry.file, 80)} is not of the size that sw-description says"
    return ""


def _notes(source: Source, archive: Archive, named: set[bytes], is_partial: bool) -> tuple[str, ...]:
    notes = []
    spare = [m.name for m in archive.members if m.name not in named and m.name not in (_DESCRIPTION, _SIGNATURE)]
    if spare:
        notes.append(f"{len(spare)} members that sw-description does not name, {safe_text(spare[0], 80)} first")
    if not is_partial and not archive.damage and not archive.problem:
        rest = source.read_at(archive.end, 1024) if archive.end < source.size else b""
        if rest.strip(b"\0") or source.size - archive.end > 1024:
            notes.append("something follows the archive")
    return tuple(notes)


def _damaged(path: str, why: str) -> SignedArtefact:
    return SignedArtefact(path=path, format="swupdate", protection="unknown", damage=why)
