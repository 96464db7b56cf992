"""Repositories of apt: a signed Release that names indexes by digest, and indexes that name packages by digest.

Source: apt's repository format (wiki.debian.org/DebianRepository/Format), apt-secure(8). apt takes InRelease before
Release with Release.gpg, and no digest below SHA-256.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from iotscan.model.facts.signing import SignedArtefact
from iotscan.model.text import safe_text
from iotscan.wire.ber import Malformed
from iotscan.wire.signing.feed import (
    MOST_PACKAGES,
    Files,
    Listed,
    Reading,
    digest_text,
    load,
    load_index,
    size_of,
    stanzas,
)
from iotscan.wire.signing.openpgp.signatures import (
    LARGEST_SIGNATURE,
    SignedData,
    claims_openpgp,
    read_cleartext,
    read_detached,
)
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.unpacking import NotRead
from iotscan.wire.signing.windows import Memory

_LARGEST_RELEASE: Final = 8 << 20
_MOST_LINES: Final = 200_000
"""Of InRelease; Debian's has some thousand."""
_UNTRUSTED: Final = frozenset({"md5", "sha1", "ripemd160"})
"""Digests of signatures (apt, ``methods/gpgv.cc``)."""
_STRONG: Final = ("sha512", "sha256")
_WEAK: Final = ("sha1", "md5sum")
_RELEASE: Final = frozenset({"suite", "codename", "version", "valid-until", "acquire-by-hash", *_STRONG, *_WEAK})
_PACKAGE: Final = frozenset({"package", "filename", "size", *_STRONG})
_PACKED: Final = ("", ".xz", ".gz", ".bz2")


class _Release(msgspec.Struct, kw_only=True):
    text: bytes
    signed: SignedData | None


def read_apt_feed(files: Files, release: str = "", path: str = "") -> SignedArtefact | None:
    """A suite of a repository; None where it has no release file.

    ``files`` knows names from the root of the repository on; ``release`` is the folder of the release file in it
    (``dists/stable``), empty for a flat repository.
    """
    folder = f"{release.strip('/')}/" if release.strip("/") else ""
    names = [folder + name for name in ("InRelease", "Release", "Release.gpg")]
    inline, plain, detached = (files(name) for name in names)
    if inline is None and plain is None:
        return None
    said = _Said(files, folder)
    found = _Release(text=b"", signed=None)
    damage = problem = ""
    try:
        found = _release(inline, plain, detached)
        if not found.signed or not found.signed.damage:
            said.read(found.text)
    except NotRead as error:
        problem = str(error)
    except Malformed as error:
        damage = str(error) or "it is damaged"
    signed = found.signed or SignedData()
    # Beside a better one it does not count.
    signatures = tuple(s for s in signed.signatures if s.digest not in _UNTRUSTED) or signed.signatures
    problem = problem or signed.problem
    ends = [e for e in (signed.expires, said.valid_until) if e is not None]
    return SignedArtefact(
        path=safe_text(path),
        format="apt-feed",
        variant="flat" if not folder else "",
        version=said.version,
        protection="signed" if signed.signatures else "unknown" if problem or damage or found.signed else "none",
        signatures=signatures,
        payloads=said.reading.under(signed.signatures),
        damage=signed.damage or damage or _weak(signed),
        problem=problem or said.reading.problem,
        expires=min(ends) if ends else None,
        notes=(*signed.notes, *said.notes, *said.reading.notes),
    )


def _weak(signed: SignedData) -> str:
    """Why apt refuses signatures that are all over a digest that it does not trust."""
    digests = {s.digest for s in signed.signatures if s.digest}
    if not digests or not digests <= _UNTRUSTED:
        return ""
    return f"apt takes no signature over {', '.join(sorted(digests)).upper()}"


def _release(inline: Source | None, plain: Source | None, detached: Source | None) -> _Release:
    if inline is not None:
        data = load(inline, _LARGEST_RELEASE)
        if data.count(b"\n") > _MOST_LINES:
            raise NotRead(f"its release file has more than {_MOST_LINES:,} lines")
        read = read_cleartext(data)
        if read is None:
            raise Malformed("InRelease is no signed text")
        return _Release(text=read.text, signed=read.signed)
    assert plain is not None
    text = load(plain, _LARGEST_RELEASE)
    if detached is None:
        return _Release(text=text, signed=None)
    data = load(detached, LARGEST_SIGNATURE)
    if not claims_openpgp(data):
        raise Malformed("Release.gpg is no signature")
    return _Release(text=text, signed=read_detached(data, Memory(text)))


class _Said:
    """What a release file says, and what is there of it."""

    def __init__(self, files: Files, folder: str) -> None:
        self._files = files
        self._folder = folder
        self.reading = Reading(self._file)
        self.valid_until: datetime | None = None
        self.version = ""
        self.notes: list[str] = []
        self._by_hash: dict[str, str] = {}

    def read(self, text: bytes) -> None:
        """Raises Malformed and NotRead."""
        blocks = list(stanzas(text, _RELEASE))
        if len(blocks) != 1:
            raise Malformed("its release file is no single block of fields")
        fields = blocks[0]
        names = [fields[n][0] for n in ("suite", "codename", "version") if n in fields]
        self.version = safe_text(" ".join(names), 80)
        if "valid-until" in fields:
            self.valid_until = _moment(fields["valid-until"][0])
        else:
            self.notes.append("no Valid-Until: whoever stands in between can serve an old index for ever")
        listed = _listed(fields)
        if "yes" in fields.get("acquire-by-hash", [])[:1]:
            self._by_hash = {self._folder + one.name: _by_hash(self._folder, one) for one in listed if one.value}
        if not any(one.value for one in listed):
            raise Malformed("its release file names no index by SHA-256 or better")
        there = {one.name: source for one in listed if (source := self._compare(one)) is not None}
        self._packages(there)

    def _compare(self, one: Listed) -> Source | None:
        return self.reading.compare(msgspec.structs.replace(one, name=self._folder + one.name))

    def _file(self, name: str) -> Source | None:
        found = self._files(name)
        if found is None and name in self._by_hash:
            return self._files(self._by_hash[name])
        return found

    def _packages(self, there: dict[str, Source]) -> None:
        """The packages of each index, of which one of its packed forms is read."""
        done: set[str] = set()
        for name, source in there.items():
            stem = next((name.removesuffix(p) for p in _PACKED if p and name.endswith(p)), name)
            if stem.rpartition("/")[2] != "Packages" or stem in done:
                continue
            done.add(stem)
            for package in _named(load_index(source, name)):
                self.reading.compare(package)


def _listed(fields: dict[str, list[str]]) -> list[Listed]:
    found: dict[str, Listed] = {}
    for algorithm in (*_WEAK, *_STRONG):
        for line in fields.get(algorithm, [""])[1:]:
            parts = line.split()
            if len(parts) != 3:
                raise Malformed("a line of its release file is damaged")
            is_strong = algorithm in _STRONG
            found[parts[2]] = Listed(
                name=parts[2],
                size=size_of(parts[1]),
                digest=algorithm if is_strong else "",
                value=digest_text(parts[0], algorithm) if is_strong else "",
            )
            if len(found) > MOST_PACKAGES:
                raise NotRead(f"its release file has more than {MOST_PACKAGES} lines")
    # One that only has a weak digest is not taken by apt at all, unless there is nothing else.
    return [one for one in found.values() if one.value] or list(found.values())


def _by_hash(folder: str, listed: Listed) -> str:
    place = (folder + listed.name).rpartition("/")[0]
    kind = {"sha256": "SHA256", "sha512": "SHA512"}[listed.digest]
    return f"{place}/by-hash/{kind}/{listed.value}" if place else f"by-hash/{kind}/{listed.value}"


def _named(index: bytes) -> Iterator[Listed]:
    for number, fields in enumerate(stanzas(index, _PACKAGE)):
        if number >= MOST_PACKAGES:
            raise NotRead(f"an index has more than {MOST_PACKAGES} packages")
        if "package" not in fields or "filename" not in fields:
            continue
        algorithm = next((a for a in _STRONG[::-1] if a in fields), "")
        yield Listed(
            name=fields["filename"][0],
            size=size_of(fields["size"][0]) if "size" in fields else None,
            digest=algorithm,
            value=digest_text(fields[algorithm][0], algorithm) if algorithm else "",
        )


def _moment(text: str) -> datetime:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError) as error:
        raise Malformed("its Valid-Until is no date") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
