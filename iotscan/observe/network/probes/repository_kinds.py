"""The formats of repositories: by which files and which content each is known, and who reads it."""

import re
import zlib
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from iotscan.model.facts.signing import PublicKey, SignedArtefact
from iotscan.wire.signing.apk_feed import read_apk_feed
from iotscan.wire.signing.apk_v3 import INDEXES, read_apk_v3_feed
from iotscan.wire.signing.apt_feed import read_apt_feed
from iotscan.wire.signing.opkg_feed import read_opkg_feed
from iotscan.wire.signing.ostree_repo import read_ostree_repo
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.tuf import read_tuf

FILE_CAP: Final = 512 * 1024
"""Bytes of one file."""
_REFS: Final = 2

Files = Callable[[str], Source | None]
Read = Callable[[Files, str, str, Sequence[PublicKey]], tuple[SignedArtefact, ...]]


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A format of repositories: the file by which one is known, what is asked at once, and who reads it.

    ``further`` matches the names of what else its readers may ask for; all other files are not fetched.
    """

    name: str
    markers: tuple[str, ...]
    first: tuple[str, ...]
    guesses: tuple[str, ...]
    read: Read
    further: str = ""


def _opkg(files: Files, folder: str, path: str, keys: Sequence[PublicKey]) -> tuple[SignedArtefact, ...]:
    text = _beginning(files("Packages.gz") or files("Packages"))
    packages = set(re.findall(rb"(?m)^Filename:[ \t]*\S{1,200}\.(deb|ipk)[ \t]*$", text))
    # A part of a repository of apt has its signature over the release file.
    if not re.search(rb"(?m)^Package:[ \t]", text) or packages == {b"deb"}:
        return ()
    return _one(read_opkg_feed(files, path, keys))


def _apt(files: Files, folder: str, path: str, keys: Sequence[PublicKey]) -> tuple[SignedArtefact, ...]:
    text = _beginning(files("InRelease") or files("Release"))
    if not re.search(rb"(?m)^(Codename|Suite|Components|MD5Sum|SHA256):", text):
        return ()
    release = folder[folder.index("/dists/") + 1 :] if "/dists/" in folder else ""
    return _one(read_apt_feed(lambda name: files(name.removeprefix(release)), release, path))


def _apk(files: Files, folder: str, path: str, keys: Sequence[PublicKey]) -> tuple[SignedArtefact, ...]:
    text = _beginning(files("APKINDEX.tar.gz"))
    return _one(read_apk_feed(files, path)) if text.startswith((b".SIGN.", b"DESCRIPTION", b"APKINDEX")) else ()


def _apk_v3(files: Files, folder: str, path: str, keys: Sequence[PublicKey]) -> tuple[SignedArtefact, ...]:
    return _one(read_apk_v3_feed(files, path))


def _ostree(files: Files, folder: str, path: str, keys: Sequence[PublicKey]) -> tuple[SignedArtefact, ...]:
    return read_ostree_repo(files, path, keys=keys)[: 1 + _REFS]


def _tuf(files: Files, folder: str, path: str, keys: Sequence[PublicKey]) -> tuple[SignedArtefact, ...]:
    text = _beginning(files("1.root.json") or files("root.json"))
    return _one(read_tuf(files, path)) if re.search(rb'"_type"\s*:\s*"root"', text) else ()


def _one(found: SignedArtefact | None) -> tuple[SignedArtefact, ...]:
    return (found,) if found else ()


def _beginning(source: Source | None) -> bytes:
    """The first bytes of a file, unpacked: by its content a repository is known, not by the names of its files."""
    data = source.read_at(0, FILE_CAP) if source is not None else b""
    try:
        return zlib.decompressobj(31).decompress(data, FILE_CAP) if data[:2] == b"\x1f\x8b" else data
    except zlib.error:
        return b""


_TOP = ("root.json", "timestamp.json", "snapshot.json", "targets.json")
KINDS: Final = (
    Kind(
        name="apt",
        markers=("InRelease", "Release"),
        first=("InRelease", "Release", "Release.gpg"),
        guesses=("/",),
        read=_apt,
    ),
    Kind(
        name="opkg",
        markers=("Packages.gz", "Packages"),
        first=("Packages.gz", "Packages.sig", "Packages.asc"),
        guesses=("/",),
        read=_opkg,
        further="Packages",
    ),
    Kind(name="apk", markers=("APKINDEX.tar.gz",), first=("APKINDEX.tar.gz",), guesses=("/",), read=_apk),
    Kind(name="apk v3", markers=INDEXES, first=INDEXES, guesses=(), read=_apk_v3),
    Kind(
        name="ostree",
        markers=("summary", "summary.sig"),
        first=("config", "summary", "summary.sig"),
        guesses=("/", "/repo/"),
        read=_ostree,
        further=r"objects/[0-9a-f]{2}/[0-9a-f]{62}\.commit(meta)?",
    ),
    Kind(
        name="tuf",
        markers=("1.root.json", "root.json", "timestamp.json"),
        first=(*(f"{n}.root.json" for n in range(1, 5)), *_TOP),
        guesses=("/", "/metadata/"),
        read=_tuf,
        further=r"[\w.%-]{1,100}\.json",
    ),
)
