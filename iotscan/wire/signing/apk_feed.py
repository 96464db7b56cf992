"""Alpine's indexes and packages, version 2: ``APKINDEX.tar.gz`` with the packages it names, or one ``.apk``.

Sources: apk-tools, src/extract_v2.c, src/package.c and doc/apk-v2.5.scd. ``.SIGN.RSA.<key>`` is PKCS #1 over SHA-1,
``RSA256`` and ``RSA512`` over those of SHA-2; the name is that of the key's file in /etc/apk/keys. The index names the
control part of a package by SHA-1 (``C:Q1``), the control part its files by SHA-256 (``datahash``).
Version 3 has a form of its own: see :mod:`iotscan.wire.signing.apk_v3`.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Scheme, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.apk_members import MAGIC, Member, read_member
from iotscan.wire.signing.feed import MOST_PACKAGES, MOST_READ, Files, lines_of, size_of, within
from iotscan.wire.signing.source import Source, digest_of
from iotscan.wire.signing.unpacking import NotRead

_SIGN: Final = ".SIGN."
_KINDS: Final[dict[str, tuple[Scheme, str]]] = {
    "RSA512": ("rsa-pkcs1v15", "sha512"),
    "RSA256": ("rsa-pkcs1v15", "sha256"),
    "RSA": ("rsa-pkcs1v15", "sha1"),
    "DSA": ("other", "sha1"),
}
_MOST_SIGNATURES: Final = 20
INDEX: Final = "APKINDEX.tar.gz"


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """Up to the second part: the signatures, and what they are over."""

    signatures: tuple[ArtefactSignature, ...]
    body: Member
    notes: tuple[str, ...]


def read_apk_feed(files: Files, path: str = "") -> SignedArtefact | None:
    """A repository of one architecture; None where it has no index of version 2."""
    index = files(INDEX)
    if index is None or index.read_at(0, 3) != MAGIC:
        return None
    payloads: list[Payload] = []
    head, missing, damage, problem = None, 0, "", ""
    try:
        head = _head(index, is_index=True)
        for name, size, control in _listed(head.body.files.get("APKINDEX")):
            package = files(within(name))
            if len(payloads) >= MOST_READ:
                raise NotRead(f"more than {MOST_READ} packages of it are not compared")
            if package is None and control:
                missing += 1
            else:
                payloads.append(_package(name, package, size, control))
    except NotRead as error:
        problem = str(error)
    except Malformed as error:
        damage = str(error) or "its index is damaged"
    missed = (f"{missing} packages that it names are not there to compare",) if missing else ()
    return _artefact(path, "index v2", head, tuple(payloads), damage, problem, missed)


def read_apk(source: Source, path: str = "") -> SignedArtefact | None:
    """One package; None where it is none of version 2."""
    if source.read_at(0, 3) != MAGIC:
        return None
    payloads: tuple[Payload, ...] = ()
    head, damage, problem = None, "", ""
    try:
        head = _head(source, is_index=False)
        if ".PKGINFO" not in head.body.files:
            return None
        control = Payload(
            name="control", size=head.body.end - head.body.start, is_covered=True, matches=Answer.of(True)
        )
        payloads = (control, _data(source, head.body))
    except NotRead as error:
        problem = str(error)
    except Malformed as error:
        if source.read_at(0, 1 << 10).find(b"APK-TOOLS") < 0 and not path.endswith(".apk"):
            # Any gzip file begins like this.
            return None
        damage = str(error) or "it is damaged"
    return _artefact(path, "package v2", head, payloads, damage, problem, ())


def _artefact(
    path: str,
    variant: str,
    head: _Head | None,
    payloads: tuple[Payload, ...],
    damage: str,
    problem: str,
    notes: tuple[str, ...],
) -> SignedArtefact:
    signatures = head.signatures if head is not None else ()
    if not signatures:
        payloads = tuple(msgspec.structs.replace(p, is_covered=False) for p in payloads)
    return SignedArtefact(
        path=safe_text(path),
        format="apk-feed",
        variant=variant,
        protection="signed" if signatures else "unknown" if problem or damage else "none",
        signatures=signatures,
        payloads=payloads,
        damage=damage,
        problem=problem,
        notes=(*(head.notes if head is not None else ()), *notes),
    )


def _head(source: Source, *, is_index: bool) -> _Head:
    first = read_member(source, 0)
    signs = {n: c for n, c in first.files.items() if n.startswith(_SIGN)}
    if not signs:
        return _Head(signatures=(), body=first, notes=())
    if len(signs) != len(first.files) or len(signs) > _MOST_SIGNATURES:
        raise Malformed("its signatures stand among other files")
    body = read_member(source, first.end)
    # Of a package the control part is signed, which names the rest; of an index all that follows.
    end = source.size if is_index else body.end
    found, notes = [], []
    for name, value in signs.items():
        kind, _, key = name[len(_SIGN) :].partition(".")
        if kind not in _KINDS:
            notes.append(f"a signature of kind {safe_text(kind, 40)} is not read")
            continue
        scheme, digest = _KINDS[kind]
        found.append(
            ArtefactSignature(
                scheme=scheme,
                digest=digest,
                value=base64.b64encode(value).decode(),
                over=base64.b64encode(digest_of(source, digest, first.end, end - first.end)).decode(),
                key_hint=safe_text(key, 120),
                fits=Answer.missing(Reason.NOT_OBSERVABLE, "the key is not in the artefact"),
            )
        )
    if not found:
        raise NotRead(notes[0])
    return _Head(signatures=tuple(found), body=body, notes=tuple(notes))


def _listed(index: bytes | None) -> Iterator[tuple[str, int | None, tuple[str, bytes] | None]]:
    """File name, size, and digest of the control part of each package."""
    if index is None:
        raise Malformed("it holds no APKINDEX")
    for number, fields in enumerate(_blocks(index)):
        if number > MOST_PACKAGES:
            raise NotRead(f"its index has more than {MOST_PACKAGES} packages")
        if "P" in fields and "V" in fields:
            size = size_of(fields["S"]) if "S" in fields else None
            yield f"{fields['P']}-{fields['V']}.apk", size, _checksum(fields.get("C", ""))


def _blocks(index: bytes) -> Iterator[dict[str, str]]:
    """The fields of each package, by their letter. Raises Malformed and NotRead."""
    fields: dict[str, str] = {}
    for line in lines_of(index):
        if not line:
            yield fields
            fields = {}
        elif line[1:2] == ":":
            if line[0] in fields and line[0] in "PVCS":
                raise Malformed("its index says something twice of a package")
            fields[line[0]] = line[2:]
    yield fields


def _checksum(text: str) -> tuple[str, bytes] | None:
    kinds = {"Q1": ("sha1", 20), "Q2": ("sha256", 32)}
    if text[:2] not in kinds:
        return None
    algorithm, length = kinds[text[:2]]
    try:
        value = base64.b64decode(text[2:], validate=True)
    except binascii.Error as error:
        raise Malformed("a checksum in its index is none") from error
    if len(value) != length:
        raise Malformed("a checksum in its index is none")
    return algorithm, value


def _package(name: str, source: Source | None, size: int | None, control: tuple[str, bytes] | None) -> Payload:
    matches = True
    if source is not None and control is not None:
        matches = (size is None or source.size == size) and _is_package(source, control)
    return Payload(
        name=safe_text(name, 160),
        size=source.size if source is not None else size or 0,
        digest=control[0] if control is not None else "",
        is_covered=control is not None,
        matches=Answer.of(matches),
    )


def _is_package(source: Source, control: tuple[str, bytes]) -> bool:
    try:
        head = read_member(source, 0)
        if any(n.startswith(_SIGN) for n in head.files):
            head = read_member(source, head.end)
        algorithm, value = control
        if digest_of(source, algorithm, head.start, head.end - head.start) != value:
            return False
        return _data(source, head).matches.known is True
    except Malformed:
        return False


def _data(source: Source, control: Member) -> Payload:
    """The files of a package, by the digest in its control part."""
    said = ""
    for line in control.files.get(".PKGINFO", b"").decode("utf-8", "replace").split("\n"):
        name, equals, value = line.partition("=")
        if equals and name.strip() == "datahash":
            if said:
                raise Malformed("it has the field datahash twice")
            said = value.strip().lower()
    matches = not said or digest_of(source, "sha256", control.end).hex() == said
    return Payload(
        name="data",
        size=source.size - control.end,
        digest="sha256" if said else "",
        is_covered=bool(said),
        matches=Answer.of(matches),
    )
