"""Mender artefacts: a manifest of digests, signed; a header; the files to install in archives.

Source: ``Documentation/artifact-format-v3.md`` and ``-v2.md`` of mender-artifact. A file of ``manifest-augment`` is
added after signing and nothing signs it.
"""

import hashlib
import re
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts.signing import ArtefactSignature, Payload, Protection, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.jsons import count_of, object_of, read_object, text_of, texts_of
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.tars import Member, Tar
from iotscan.wire.signing.unpacking import NotRead, plain, unpacked
from iotscan.wire.signing.values import decoded, is_ecdsa, side_by_side, signature_over
from iotscan.wire.signing.windows import Memory, Window

_SMALL: Final = 1 << 20
"""Bytes of a manifest, a signature or a file of the header."""
_LINE: Final = re.compile(rb"([0-9a-f]{64})  ([^\n\0]{1,1024})")
_PACKED: Final = re.compile(r"(header|header-augment|data/\d{4})\.tar(?:\.(gz|xz|zst))?")
_ORDER: Final = ("version", "manifest", "manifest.sig", "manifest-augment", "header", "header-augment", "data")
_PAYLOADS: Final = 2000


def read_mender(source: Source, path: str = "") -> SignedArtefact | None:
    """A Mender artefact; None for what is none. Never raises but what the source raises."""
    head = source.read_at(0, 1024)
    if not head.startswith(b"version\0") or head[257:262] != b"ustar" or b"mender" not in head[512:]:
        return None
    reading = _Reading(source)
    damage = problem = ""
    try:
        reading.read()
    except Malformed as error:
        damage = str(error) or "it is damaged"
    except NotRead as error:
        problem = str(error)
    return reading.artefact(path, damage, problem)


class _Reading:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._format = 0
        self._name = ""
        self._version_digest = ""
        self._devices: tuple[str, ...] = ()
        self._signed: dict[str, str] = {}
        self._added: dict[str, str] = {}
        self._manifest: bytes | None = None
        self._signature: ArtefactSignature | None = None
        self._payloads: list[Payload] = []
        self._met: set[str] = set()
        self._stage = -1

    def artefact(self, path: str, damage: str, problem: str) -> SignedArtefact:
        """What was read. Files that the manifest names and that were not met are missing, unless it was not read."""
        missing = sorted((self._signed.keys() | self._added.keys()) - self._met)
        if missing and not damage and not problem:
            damage = f"{safe_text(missing[0], 200)} is in the manifest and not in the artefact"
        protection: Protection = "signed" if self._signature is not None else "none"
        if self._signature is None and (problem or (damage and self._stage < _ORDER.index("header"))):
            protection = "unknown"
        return SignedArtefact(
            path=path,
            format="mender",
            variant=f"v{self._format}" if self._format else "",
            version=safe_text(self._name, 200),
            compatible=self._devices,
            protection=protection,
            signatures=(self._signature,) if self._signature is not None else (),
            payloads=tuple(self._payloads),
            damage=safe_text(damage, 300),
            problem=safe_text(problem, 300),
            notes=("an augmented part, which nothing signs",) if self._added else (),
        )

    def read(self) -> None:
        """Read all of it. Raises Malformed and NotRead."""
        tar = Tar(plain(self._source))
        for member in tar.members():
            self._enter(member)
            if member.name == "version":
                self._version(tar.data(_SMALL, "version"))
            elif member.name in ("manifest", "manifest-augment"):
                self._read_manifest(member.name, tar.data(_SMALL, member.name))
            elif member.name == "manifest.sig":
                self._read_signature(tar.data(_SMALL, member.name))
            else:
                self._packed(member)
        if self._stage < _ORDER.index("header"):
            raise Malformed("it has no header")

    def _enter(self, member: Member) -> None:
        packed = _PACKED.fullmatch(member.name)
        name = packed[1].partition("/")[0] if packed else member.name
        if member.kind != "file" or name not in _ORDER:
            raise Malformed(f"{member.name} has no place in it")
        stage = _ORDER.index(name)
        first = self._stage < 0 and stage > 0
        # ``data`` comes as often as there are payloads; the order of the others is that of the specification.
        if first or stage < self._stage or (stage >= 2 and self._manifest is None):
            raise Malformed(f"{member.name} is not where it belongs")
        self._stage = stage

    def _version(self, data: bytes) -> None:
        stated = read_object(data, "version")
        number = count_of(stated, "version") or 0
        if text_of(stated, "format") != "mender":
            raise Malformed("version names another format")
        if number not in (2, 3):
            raise NotRead(f"Mender's format {number if number < 100 else 'of this number'} is not read here")
        self._format = number
        self._version_digest = hashlib.sha256(data).hexdigest()

    def _read_manifest(self, name: str, data: bytes) -> None:
        digests: dict[str, str] = {}
        for line in data.removesuffix(b"\n").split(b"\n"):
            match = _LINE.fullmatch(line)
            if match is None:
                raise Malformed(f"a line of {name} makes no sense")
            named = match[2].decode("utf-8", "backslashreplace")
            if named in digests or named in self._signed:
                raise Malformed(f"{named} stands in it twice")
            digests[named] = match[1].decode()
        if len(digests) > _PAYLOADS:
            raise NotRead(f"{name} names more than {_PAYLOADS:,} files")
        if name == "manifest":
            self._manifest, self._signed = data, digests
            self._found("version", self._version_digest, 0)
        else:
            self._added = digests

    def _read_signature(self, data: bytes) -> None:
        value = decoded(data)
        if not value:
            raise Malformed("manifest.sig is no base64")
        over = Memory(self._manifest or b"")
        if is_ecdsa(value):
            self._signature = signature_over(over, value, "ecdsa")
        elif (pair := side_by_side(value)) is not None:
            self._signature = signature_over(over, pair, "ecdsa")
        else:
            self._signature = signature_over(over, value, "rsa-pkcs1v15")

    def _packed(self, member: Member) -> None:
        match = _PACKED.fullmatch(member.name)
        assert match is not None
        part = Window(self._source, member.offset, member.size)
        if match[1].startswith("header"):
            hashing = hashlib.sha256()
            stream = plain(part)
            while piece := stream.take(1 << 20):
                hashing.update(piece)
            self._found(member.name, hashing.hexdigest(), member.size)
        tar = Tar(unpacked(part, match[2] or ""))
        if match[1] == "header":
            self._header(tar)
        elif match[1] == "header-augment":
            for _ in tar.members():
                pass
        else:
            self._data(tar, match[1])

    def _header(self, tar: Tar) -> None:
        """What it is for; all of its bytes are covered by one digest."""
        for index, member in enumerate(tar.members()):
            if index == 0:
                if member.name != "header-info":
                    raise Malformed("its header does not begin with header-info")
                self._header_info(tar.data(_SMALL, "header-info"))

    def _header_info(self, data: bytes) -> None:
        info = read_object(data, "header-info")
        depends, provides = object_of(info, "artifact_depends"), object_of(info, "artifact_provides")
        self._name = text_of(provides, "artifact_name") or text_of(info, "artifact_name")
        devices = texts_of(depends, "device_type") or texts_of(info, "device_types_compatible")
        self._devices = tuple(safe_text(d, 100) for d in devices[:50])

    def _data(self, tar: Tar, folder: str) -> None:
        for member in tar.members():
            if member.kind == "folder":
                continue
            if member.kind != "file":
                raise Malformed(f"{folder}/{member.name} is no file")
            hashing = hashlib.sha256()
            for piece in tar.chunks():
                hashing.update(piece)
            self._found(f"{folder}/{member.name}", hashing.hexdigest(), member.size)

    def _found(self, name: str, digest: str, size: int) -> None:
        if name in self._met:
            raise Malformed(f"{name} stands in it twice")
        self._met.add(name)
        if len(self._payloads) >= _PAYLOADS:
            raise NotRead(f"more than {_PAYLOADS:,} files")
        stated = self._signed.get(name) or self._added.get(name)
        matches = Answer[bool].missing(Reason.NOT_OBSERVABLE, "no manifest names it")
        self._payloads.append(
            Payload(
                name=safe_text(name, 200),
                size=size,
                digest="sha256" if stated else "",
                is_covered=name in self._signed,
                matches=Answer[bool].of(stated == digest) if stated else matches,
            )
        )
