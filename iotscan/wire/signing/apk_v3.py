"""Packages and indexes of apk version 3 (Alpine, OpenWrt from 25.12 on).

Source: apk-tools, src/adb.c (what a signature is over), src/apk_adb.h (the fields), src/extract_v3.c (how the files of
a package follow one another). The signature names its key by the beginning of a digest of it and signs that, too.
"""

import base64
import hashlib
from collections.abc import Iterator
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Scheme, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.apk_adb import MAGIC, Container, Values, field, read_container
from iotscan.wire.signing.feed import MOST_READ, Files, within
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.unpacking import NotRead

INDEXES: Final = ("packages.adb", "Packages.adb", "APKINDEX.adb")
_INDEX, _PACKAGE = b"indx", b"pckg"
_HASHES: Final = {3: ("sha256", 32), 4: ("sha512", 64), 5: ("sha256", 20)}
"""How a signature says which digest of the first block it is over, and how much of it."""
_BY_LENGTH: Final = {32: "sha256", 64: "sha512", 20: "sha1"}
_HEAD: Final = 18
_MOST_SIGNATURES: Final = 20
_PATHS, _FILES, _NAME = 2, 3, 1
_SIZE, _DIGEST, _TARGET = 3, 5, 6


def read_apk_v3(source: Source, path: str = "") -> SignedArtefact | None:
    """One package, or an index without the packages that it names; None where it is none of version 3."""
    return _read(source, path, lambda _: None)


def read_apk_v3_feed(files: Files, path: str = "") -> SignedArtefact | None:
    """A repository of one architecture; None where it has no index of version 3."""
    found = next((source for name in INDEXES if (source := files(name)) is not None), None)
    return None if found is None else _read(found, path, files)


def _read(source: Source, path: str, files: Files) -> SignedArtefact | None:
    if source.read_at(0, 3) != MAGIC or source.read_at(3, 1) not in (b".", b"d", b"c"):
        return None
    signatures: list[ArtefactSignature] = []
    payloads: list[Payload] = []
    damage, problem, kind, notes = "", "", "", []
    try:
        container = read_container(source)
        kind = {_INDEX: "index", _PACKAGE: "package"}.get(container.schema, "")
        if not kind:
            return None
        signatures = list(_signatures(container))
        covered = bool(signatures)
        if kind == "package":
            size = len(container.values)
            payloads.append(Payload(name="control", size=size, is_covered=covered, matches=Answer.of(True)))
            payloads += _contents(container, covered=covered)
        else:
            missing = 0
            for payload in _packages(container, files, covered=covered):
                missing += payload is None
                payloads += [payload] if payload is not None else []
            notes = [f"{missing} packages that it names are not there to compare"] if missing else []
    except NotRead as error:
        problem = str(error)
    except Malformed as error:
        damage = str(error) or "it is damaged"
    return SignedArtefact(
        path=safe_text(path),
        format="apk-feed",
        variant=f"{kind} v3".strip(),
        protection="signed" if signatures else "unknown" if damage or problem else "none",
        signatures=tuple(signatures),
        payloads=tuple(payloads),
        damage=damage,
        problem=problem,
        notes=tuple(notes),
    )


def _signatures(container: Container) -> Iterator[ArtefactSignature]:
    if len(container.signatures) > _MOST_SIGNATURES:
        raise NotRead(f"it has more than {_MOST_SIGNATURES} signatures")
    for block in container.signatures:
        if len(block) <= _HEAD or block[0] or block[1] not in _HASHES:
            raise NotRead("a signature of another version is not read")
        algorithm, length = _HASHES[block[1]]
        digest = hashlib.new(algorithm, container.values).digest()[:length]
        value = block[_HEAD:]
        yield ArtefactSignature(
            scheme=_scheme(value),
            digest="sha512",
            value=base64.b64encode(value).decode(),
            over=base64.b64encode(hashlib.sha512(container.schema + block[:_HEAD] + digest).digest()).decode(),
            fits=Answer.missing(Reason.NOT_OBSERVABLE, "the key is not in the artefact"),
        )


def _scheme(value: bytes) -> Scheme:
    """A signature does not say of what kind its key is: RSA's are as long as a key, those of ECDSA say their length."""
    is_sequence = value[0] == 0x30 and (value[1] == len(value) - 2 or (value[1] == 0x81 and value[2] == len(value) - 3))
    return "ecdsa" if is_sequence and len(value) < 150 else "rsa-pkcs1v15"


def _contents(container: Container, *, covered: bool) -> Iterator[Payload]:
    """The files of a package with content, in the order in which their blocks have to follow."""
    values, blocks = Values(container.values), iter(container.data)
    paths = values.entries(field(values.entries(values.root), _PATHS))
    seen = 0
    for path_number, folder in enumerate(paths[1:], 1):
        place = values.entries(folder)
        for number, entry in enumerate(values.entries(field(place, _FILES))[1:], 1):
            file = values.entries(entry)
            size = values.number(field(file, _SIZE))
            if not size or values.blob(field(file, _TARGET)) is not None:
                continue
            block = next(blocks, None)
            head = path_number.to_bytes(4, "little") + number.to_bytes(4, "little")
            if block is None or block[:8] != head or len(block) - 8 != size:
                raise Malformed("its blocks are not those of its files")
            seen += 1
            if seen > MOST_READ:
                raise NotRead(f"more than {MOST_READ} files of it are not compared")
            yield _file(values, place, file, block[8:], covered=covered)
    if next(blocks, None) is not None:
        raise Malformed("its blocks are not those of its files")


def _file(values: Values, place: list[int], file: list[int], content: bytes, *, covered: bool) -> Payload:
    folder, name = (values.blob(field(entries, _NAME)) or b"" for entries in (place, file))
    said = values.blob(field(file, _DIGEST)) or b""
    algorithm = _BY_LENGTH.get(len(said), "")
    return Payload(
        name=safe_text(b"/".join(p for p in (folder, name) if p), 160),
        size=len(content),
        digest=algorithm,
        is_covered=covered and bool(algorithm),
        matches=Answer.of(not algorithm or hashlib.new(algorithm, content, usedforsecurity=False).digest() == said),
    )


def _packages(container: Container, files: Files, *, covered: bool) -> Iterator[Payload | None]:
    """The packages of an index; None for each that is not there."""
    values = Values(container.values)
    packages = values.entries(field(values.entries(values.root), 2))[1:]
    for number, entry in enumerate(packages):
        if number >= MOST_READ:
            raise NotRead(f"more than {MOST_READ} packages of it are not compared")
        fields = values.entries(entry)
        name, version = (values.blob(field(fields, n)) or b"" for n in (1, 2))
        said = values.blob(field(fields, 3)) or b""
        algorithm = {32: "sha256", 64: "sha512"}.get(len(said), "")
        called = f"{name.decode('utf-8', 'replace')}-{version.decode('utf-8', 'replace')}.apk"
        source = files(within(called))
        if source is None and algorithm:
            yield None
            continue
        size = values.number(field(fields, 13))
        is_right = not algorithm or (source is not None and _is_package(source, size, algorithm, said))
        yield Payload(
            name=safe_text(called, 160),
            size=source.size if source is not None else size,
            digest=algorithm,
            is_covered=covered and bool(algorithm),
            matches=Answer.of(is_right),
        )


def _is_package(source: Source, size: int, algorithm: str, said: bytes) -> bool:
    """An index names the first block of a package, which names the files that follow."""
    if size and source.size != size:
        return False
    try:
        container = read_container(source)
        if container.schema != _PACKAGE or hashlib.new(algorithm, container.values).digest() != said:
            return False
        return all(p.matches.known is True for p in _contents(container, covered=True))
    except Malformed:
        return False
