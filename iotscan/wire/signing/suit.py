"""SUIT envelopes: an authentication wrapper, a manifest, members that were cut off it, payloads that came along.

Source: draft-ietf-suit-manifest-34 sections 8.2 to 8.4 and its IANA registries; keys of earlier drafts (7 to 13 for
what can be cut off) are taken too. Digests are over byte strings with their heads, as the text has it, or without, as
some tools make them: both name the same bytes.
"""

import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Protection, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.cbor import BYTES, MAP, NEGATIVE, TEXT, UNSIGNED, decode, head
from iotscan.wire.signing.cose import read_signatures
from iotscan.wire.signing.source import Source, digest_of, exactly
from iotscan.wire.signing.suit_commands import Commands, Digest, read_digest
from iotscan.wire.signing.windows import Window

_TAG: Final = b"\xd8\x6b"
_AUTHENTICATION, _MANIFEST = 2, 3
_SEQUENCE_NUMBER, _COMMON, _COMPONENTS, _SHARED = 2, 3, 2, 4
_COMMANDS: Final = (7, 8, 9, 10, 11, 12, 15, 16, 18, 20)
_MEMBERS: Final = 64
_LARGEST: Final = 1 << 20
"""Bytes of everything but payloads."""
_NAMES: Final = {
    7: "dependency-resolution",
    8: "payload-fetch",
    9: "install",
    13: "text",
    14: "coswid",
    15: "dependency-resolution",
    16: "payload-fetch",
    18: "candidate-verification",
    20: "install",
    23: "text",
}
_ELSEWHERE: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "it is fetched from elsewhere")
_CUT_OFF: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "it was cut off the manifest, and is not here")
_NO_DIGEST: Final = Answer[bool].missing(Reason.NOT_OBSERVABLE, "no signed digest names it")
_OTHER_DIGEST: Final = Answer[bool].missing(Reason.UNREADABLE, "its digest is of a kind that is not tried")
_OTHER_MANIFEST: Final = Answer[bool].missing(Reason.UNREADABLE, "an envelope of its own, which is not followed")


class _Member(msgspec.Struct, frozen=True, kw_only=True):
    """A value of the envelope: where its byte string begins with its head, where its bytes do, and how many."""

    start: int
    at: int
    length: int


def read_suit(
    source: Source, path: str = "", files: Callable[[str], Source | None] = lambda _: None
) -> SignedArtefact | None:
    """A SUIT envelope; None for what is none. Never raises but what the source raises.

    ``files`` gives what the manifest fetches, by its address.
    """
    opening = source.read_at(0, 16)
    if not opening.startswith(_TAG) and not _is_bare(opening):
        return None
    try:
        return _Reading(source, _members(source), files).artefact(path)
    except Malformed as error:
        reason = str(error) or "it is damaged"
        return SignedArtefact(path=path, format="suit", protection="unknown", damage=safe_text(reason, 300))


def _is_bare(opening: bytes) -> bool:
    """An envelope without its tag: a map that begins with the authentication wrapper of a digest."""
    return len(opening) >= 8 and opening[0] in range(0xA2, 0xB8) and opening[1] == 2 and opening[2] in (0x58, 0x59)


def _members(source: Source) -> dict[int | str, _Member]:
    at = len(_TAG) if source.read_at(0, len(_TAG)) == _TAG else 0
    major, count, at = _head(source, at)
    if major != MAP or count > _MEMBERS:
        raise Malformed("its envelope is no map, or one of too many members")
    found: dict[int | str, _Member] = {}
    for _ in range(count):
        key, at = _key(source, at)
        start = at
        major, length, at = _head(source, at)
        if major != BYTES or at + length > source.size:
            raise Malformed("a member of its envelope is cut short, or is no byte string")
        if key in found:
            raise Malformed("a member of its envelope stands in it twice")
        found[key] = _Member(start=start, at=at, length=length)
        at += length
    if at != source.size:
        raise Malformed("something stands behind its envelope")
    return found


def _key(source: Source, at: int) -> tuple[int | str, int]:
    major, argument, at = _head(source, at)
    if major == UNSIGNED:
        return argument, at
    if major == NEGATIVE:
        return -1 - argument, at
    if major != TEXT or argument > 1024:
        raise Malformed("a member of its envelope has no name that one has")
    return exactly(source, at, argument).decode("utf-8", "backslashreplace"), at + argument


def _head(source: Source, at: int) -> tuple[int, int, int]:
    major, argument, length = head(source.read_at(at, 9), 0)
    return major, argument, at + length


class _Reading:
    def __init__(
        self, source: Source, members: dict[int | str, _Member], files: Callable[[str], Source | None]
    ) -> None:
        self._source = source
        self._members = members
        self._files = files
        if _MANIFEST not in members:
            raise Malformed("it has no manifest")
        manifest = decode(self._bytes(_MANIFEST))
        if not isinstance(manifest, dict):
            raise Malformed("its manifest is no map")
        self._manifest: dict[Any, Any] = manifest
        self._commands = self._read_commands()

    def artefact(self, path: str) -> SignedArtefact:
        signatures = self._signatures()
        protection: Protection = "signed" if signatures else "none"
        payloads = (*self._cut_off(), *self._integrated(), *self._fetched())
        number = self._manifest.get(_SEQUENCE_NUMBER)
        counter = Answer[int].missing(Reason.NOT_OBSERVABLE, "its manifest has no sequence number")
        if type(number) is int and 0 <= number < 1 << 63:
            counter = Answer[int].of(number)
        named = [f"vendor {v}" for v in self._commands.vendors] + [f"class {c}" for c in self._commands.classes]
        return SignedArtefact(
            path=path,
            format="suit",
            version="" if counter.known is None else str(counter.known),
            compatible=tuple(named),
            protection=protection,
            signatures=signatures,
            payloads=tuple(payloads),
            rollback_counter=counter,
            notes=("a code instead of a signature",) if any(s.scheme == "hmac" for s in signatures) else (),
        )

    def _bytes(self, key: int) -> bytes:
        member = self._members[key]
        if member.length > _LARGEST:
            raise Malformed(f"a member of its envelope is larger than {_LARGEST >> 10:,} KiB")
        return exactly(self._source, member.at, member.length)

    def _signatures(self) -> tuple[ArtefactSignature, ...]:
        """Those of the wrapper; without one there is none. The digest in it has to be that of the manifest."""
        if _AUTHENTICATION not in self._members:
            return ()
        blocks = decode(self._bytes(_AUTHENTICATION))
        if not isinstance(blocks, tuple) or not blocks or not all(isinstance(b, bytes) for b in blocks):
            raise Malformed("its authentication wrapper makes no sense")
        if self._matches(self._members[_MANIFEST], read_digest(decode(blocks[0]))).known is not True:
            raise Malformed("the digest in its authentication wrapper is not that of the manifest")
        return tuple(s for block in blocks[1:17] for s in read_signatures(block, blocks[0]))

    def _matches(self, member: _Member, digest: Digest) -> Answer[bool]:
        algorithm, stated = digest
        if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
            return _OTHER_DIGEST
        whole = digest_of(self._source, algorithm, member.start, member.at - member.start + member.length)
        return Answer[bool].of(
            stated == whole or stated == digest_of(self._source, algorithm, member.at, member.length)
        )

    def _read_commands(self) -> Commands:
        common = self._manifest.get(_COMMON)
        shared = decode(common) if isinstance(common, bytes) else {}
        shared = shared if isinstance(shared, dict) else {}
        components = shared.get(_COMPONENTS)
        commands = Commands(len(components) if isinstance(components, tuple) else 1)
        sequences = [shared.get(_SHARED)]
        for key in _COMMANDS:
            inside = self._manifest.get(key)
            sequences.append(inside if isinstance(inside, bytes) else None)
            if isinstance(inside, tuple) and key in self._members:
                sequences.append(self._bytes(key))
        for sequence in sequences:
            if isinstance(sequence, bytes):
                commands.read(sequence)
        return commands

    def _cut_off(self) -> list[Payload]:
        """Members that stand beside the manifest, or are gone: the manifest has their digest."""
        found = []
        for key in sorted(k for k in self._members if isinstance(k, int) and k not in (_AUTHENTICATION, _MANIFEST)):
            stated = self._manifest.get(key)
            is_covered = isinstance(stated, tuple)
            digest = read_digest(stated) if is_covered else ("", b"")
            matches = self._matches(self._members[key], digest) if is_covered else _NO_DIGEST
            found.append(self._payload(_NAMES.get(key, f"member {key}"), key, digest[0], is_covered, matches))
        for key, stated in self._manifest.items():
            if isinstance(key, int) and key in _COMMANDS and isinstance(stated, tuple) and key not in self._members:
                digest = read_digest(stated)
                name = _NAMES.get(key, f"member {key}")
                found.append(Payload(name=name, digest=digest[0], is_covered=True, matches=_CUT_OFF))
        return found

    def _integrated(self) -> list[Payload]:
        found = []
        for key in sorted(k for k in self._members if isinstance(k, str)):
            digests = self._commands.digests_of(key)
            member = self._members[key]
            matches = _matching(Window(self._source, member.at, member.length), digests)
            algorithm = next(iter(sorted(digests)))[0] if digests else ""
            found.append(self._payload(safe_text(key, 200), key, algorithm, bool(digests), matches))
        return found

    def _fetched(self) -> list[Payload]:
        """What comes from an address: of an integrated payload that is missing, too."""
        found = []
        for address in sorted(a for a in self._commands.addresses if a not in self._members):
            digests = self._commands.digests_of(address)
            there = None if address.startswith("#") else self._files(address)
            matches = _ELSEWHERE
            if address.startswith("#"):
                raise Malformed(f"{address} is fetched from it and is not in it")
            if there is not None:
                matches = _matching(there, digests)
            algorithm = next(iter(sorted(digests)))[0] if digests else ""
            size = there.size if there is not None else 0
            name = safe_text(address, 200)
            found.append(Payload(name=name, size=size, digest=algorithm, is_covered=bool(digests), matches=matches))
        return found

    def _payload(self, name: str, key: int | str, digest: str, is_covered: bool, matches: Answer[bool]) -> Payload:
        size = self._members[key].length
        return Payload(name=name, size=size, digest=digest, is_covered=is_covered, matches=matches)


def _matching(source: Source, digests: set[Digest]) -> Answer[bool]:
    """Whether one of the digests is that of the bytes; where none is, why that may not be said."""
    if not digests:
        return _NO_DIGEST
    tried = {algorithm for algorithm, _ in digests if algorithm in ("sha256", "sha384", "sha512")}
    if any((algorithm, digest_of(source, algorithm)) in digests for algorithm in sorted(tried)):
        return Answer[bool].of(True)
    if any(algorithm not in tried for algorithm, _ in digests):
        return _OTHER_DIGEST
    return _OTHER_MANIFEST if source.read_at(0, len(_TAG)) == _TAG else Answer[bool].of(False)
