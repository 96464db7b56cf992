"""Which reader of a signed format applies: to one file by its bytes, to a folder by the files that stand in it.

Marks at the end are asked for first: what stands behind an image (fwtool, RAUC's message, AVB's footer) is about all
that stands before it, whatever that is.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from iotscan.model.facts.signing import ArtefactFormat, PublicKey, SignedArtefact
from iotscan.model.text import safe_text
from iotscan.wire.signing.apk_feed import INDEX as APK_INDEX
from iotscan.wire.signing.apk_feed import read_apk, read_apk_feed
from iotscan.wire.signing.apk_v3 import INDEXES as APK_INDEXES
from iotscan.wire.signing.apk_v3 import read_apk_v3, read_apk_v3_feed
from iotscan.wire.signing.apt_feed import read_apt_feed
from iotscan.wire.signing.avb import read_avb
from iotscan.wire.signing.detached import Form, read_detached
from iotscan.wire.signing.feed import Files
from iotscan.wire.signing.fit import read_fit
from iotscan.wire.signing.mcuboot import read_mcuboot
from iotscan.wire.signing.mender import read_mender
from iotscan.wire.signing.oci import read_oci
from iotscan.wire.signing.openpgp.beside import read_openpgp
from iotscan.wire.signing.opkg_feed import read_opkg_feed
from iotscan.wire.signing.ostree_repo import read_ostree_repo
from iotscan.wire.signing.rauc import read_rauc
from iotscan.wire.signing.rpm_package import read_rpm
from iotscan.wire.signing.signify import read_signify
from iotscan.wire.signing.source import Source
from iotscan.wire.signing.suit import read_suit
from iotscan.wire.signing.swupdate import read_swupdate
from iotscan.wire.signing.sysupgrade import read_sysupgrade
from iotscan.wire.signing.tuf import read_tuf

Keys = Sequence[PublicKey]
NOTHING_BESIDE: Final[Files] = lambda _: None  # noqa: E731  # a constant with a type of its own
SIGNATURE_ENDINGS: Final = (".sig", ".sign", ".asc", ".gpg", ".minisig", ".p7s", ".p7m", ".cms", ".signature")
"""What the name of a signature beside a file adds to that file's."""


class FileFormat(msgspec.Struct, frozen=True, kw_only=True):
    """A format of one file. ``endings`` are those of the only names that it is asked of; empty for any."""

    name: ArtefactFormat
    read: Callable[[Source, str, Keys, Files], SignedArtefact | None]
    endings: tuple[str, ...] = ()
    is_installed: bool = False
    """An image that runs has some of it: there it is a part of the boot chain, which is judged as such."""


FILES: Final = (
    FileFormat(name="openwrt-sysupgrade", read=lambda source, path, keys, _: read_sysupgrade(source, path, keys)),
    FileFormat(name="rauc", read=lambda source, path, _, __: read_rauc(source, path)),
    FileFormat(name="swupdate", read=lambda source, path, _, __: read_swupdate(source, path)),
    FileFormat(name="mender", read=lambda source, path, _, __: read_mender(source, path)),
    FileFormat(name="mcuboot", read=lambda source, path, keys, _: read_mcuboot(source, path, keys)),
    FileFormat(name="suit", read=lambda source, path, _, files: _suit(source, path, files)),
    FileFormat(name="fit", read=lambda source, path, keys, _: read_fit(source, path, keys), is_installed=True),
    FileFormat(name="avb", read=lambda source, path, _, files: _avb(source, path, files), is_installed=True),
    # Packages have no mark of their own but that of gzip.
    FileFormat(name="apk-feed", read=lambda source, path, _, __: read_apk(source, path), endings=(".apk",)),
    FileFormat(name="apk-feed", read=lambda source, path, _, __: read_apk_v3(source, path), endings=(".apk",)),
    FileFormat(name="other", read=lambda source, path, _, __: read_rpm(source, path), endings=(".rpm",)),
)


def read_file(
    source: Source,
    path: str = "",
    name: str = "",
    keys: Keys = (),
    files: Files = NOTHING_BESIDE,
    *,
    of_a_system: bool = False,
) -> SignedArtefact | None:
    """The artefact that one file is; None where it is none that we know. Raises what the source raises.

    ``path`` is what the fact calls it, ``name`` its name in the end, ``files`` gives those beside it. ``keys`` are
    tried with what is too long for a fact. ``of_a_system`` says that it lies in a system that runs: then formats that
    are a part of one (FIT, vbmeta) are left to those who judge the boot chain.
    """
    for kind in FILES:
        if kind.endings and not name.lower().endswith(kind.endings):
            continue
        if of_a_system and kind.is_installed:
            continue
        # Some tell by the name that a damaged file should have been theirs.
        found = kind.read(source, name, keys, files)
        if found is not None:
            return msgspec.structs.replace(found, path=path)
    return None


def read_beside(
    source: Source, name: str, path: str = "", keys: Keys = (), files: Files = NOTHING_BESIDE
) -> SignedArtefact | None:
    """A file with its signature in another one (``firmware.bin.sig``); None where there is none that we know."""
    unread = ""
    for ending in SIGNATURE_ENDINGS:
        signature = files(name + ending)
        if signature is not None and 0 < signature.size <= _LONGEST_SIGNATURE:
            found = read_detached(source, signature.read_at(0, signature.size), path, keys, FORMS)
            if found is not None:
                return found
            unread = f"the signature {safe_text(name + ending, 80)} is of no form that is read here"
    return SignedArtefact(path=path, format="other", protection="unknown", problem=unread) if unread else None


_LONGEST_SIGNATURE: Final = 1 << 20
FORMS: Final[tuple[Form, ...]] = (read_signify, read_openpgp)
"""Of signatures in a file of their own, besides those that :mod:`.detached` knows itself."""


def _suit(source: Source, path: str, files: Files) -> SignedArtefact | None:
    """An envelope has three bytes to be known by, with its tag two more: what is damaged may be something else."""
    found = read_suit(source, path, files)
    head = source.read_at(0, 4)
    is_marked = head[:2] == b"\xd8\x6b" and head[2:3] in _MAPS and head[3:4] == b"\x02"
    is_named = path.lower().endswith((".suit", ".cbor"))
    return None if found is not None and found.damage and not (is_marked or is_named) else found


_MAPS: Final = tuple(bytes((0xA0 + count,)) for count in range(1, 24))


def _avb(source: Source, path: str, files: Files) -> SignedArtefact | None:
    return read_avb(source, path, lambda partition: files(f"{partition}.img") or files(partition))


class FolderFormat(msgspec.Struct, frozen=True, kw_only=True):
    """A format of several files. ``marks`` are names of which one stands in the folder."""

    name: ArtefactFormat
    marks: tuple[str, ...]
    read: Callable[[Files, str, Keys], tuple[SignedArtefact, ...]]


def _one(found: SignedArtefact | None) -> tuple[SignedArtefact, ...]:
    return () if found is None else (found,)


def _tuf(files: Files, path: str) -> tuple[SignedArtefact, ...]:
    """Any program may have a ``root.json``, and a client has those that it trusts: alone they are no repository."""
    if not any(files(f"{number}{name}.json") for name in ("timestamp", "snapshot", "targets") for number in ("", "1.")):
        return ()
    root = files("1.root.json") or files("root.json")
    head = root.read_at(0, _LOOKED_AT) if root is not None else b""
    if not all(word in head for word in (b'"signed"', b'"signatures"', b'"roles"')):
        return ()
    return _one(read_tuf(files, path, targets=lambda name: files(f"../targets/{name}")))


_LOOKED_AT: Final = 256 << 10
FOLDERS: Final = (
    FolderFormat(name="oci", marks=("oci-layout",), read=lambda files, path, _: read_oci(files, path)),
    FolderFormat(
        name="ostree",
        marks=("summary", "config"),
        read=lambda files, path, keys: read_ostree_repo(files, path, (), keys),
    ),
    FolderFormat(
        name="tuf",
        marks=("1.root.json", "root.json"),
        read=lambda files, path, _: _tuf(files, path),
    ),
    FolderFormat(name="apk-feed", marks=(APK_INDEX,), read=lambda files, path, _: _one(read_apk_feed(files, path))),
    FolderFormat(name="apk-feed", marks=APK_INDEXES, read=lambda files, path, _: _one(read_apk_v3_feed(files, path))),
    FolderFormat(
        name="opkg-feed",
        marks=("Packages.sig", "Packages.asc"),
        read=lambda files, path, keys: _one(read_opkg_feed(files, path, keys)),
    ),
)
"""Those whose files are named from the folder itself on. ``..`` in a name leads to what stands beside the folder."""


_LISTS: Final = re.compile(rb"^(?:SHA256|SHA512|SHA1|MD5Sum):[ \t\r]*$", re.MULTILINE)


def read_suite(files: Files, release: str, path: str = "") -> tuple[SignedArtefact, ...]:
    """The suite of an apt repository; its folder is ``release`` from the root of the repository on.

    In a flat one, any program may have a file ``Release``: one that lists no digests is none.
    """
    stated = files("InRelease") or files("Release")
    if not release and (stated is None or not _LISTS.search(stated.read_at(0, _LOOKED_AT))):
        return ()
    return _one(read_apt_feed(files, release, path))
