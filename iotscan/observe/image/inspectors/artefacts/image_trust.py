"""The keys of updaters that install whole images: RAUC, SWUpdate, Mender.

Sources: RAUC reference, ``[keyring]`` of system.conf; SWUpdate's examples/configuration/swupdate.cfg and its options;
Mender's client configuration, ArtifactVerifyKeys.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from iotscan.model.facts import TrustedKey
from iotscan.model.text import safe_text
from iotscan.observe.image.inspectors.artefacts.key_files import (
    LIMIT,
    MISSING,
    certificates_and_keys,
    files_of,
    is_file,
    settings_of,
)
from iotscan.observe.image.startup.boot_commands import boot_commands
from iotscan.observe.image.texts import texts_below
from iotscan.observe.image.tree import Tree
from iotscan.wire.signing.libconfig import NotConfiguration, read_libconfig

_RAUC: Final = ("/etc/rauc/system.conf", "/run/rauc/system.conf", "/usr/lib/rauc/system.conf")
"""The first one that is there counts."""
_PURPOSES: Final[dict[str, tuple[str, ...]]] = {"codesign": ("codeSigning",), "any": ()}
_DEFAULT_PURPOSE: Final = ("emailProtection",)
_TRUE: Final = ("true", "1")
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+")
_SWUPDATE: Final = ("/etc/swupdate.cfg", "/etc/swupdate/swupdate.cfg")
_SWUPDATE_FOLDERS: Final = ("/etc/swupdate/conf.d", "/usr/lib/swupdate/conf.d")
_OPTION: Final = re.compile(r"(?:^|[\s\"'])(?:-k|--key|--ca-path)[\s=]*([/\w][^\s\"']*)")
_ASKED: Final = re.compile(r"--(cert-purpose|forced-signer-name)[\s=]+[\"']?([^\s\"']+)")
_MENDER: Final = ("/var/lib/mender/mender.conf", "/etc/mender/mender.conf")
"""What the last one says counts."""


def rauc(tree: Tree) -> Iterator[TrustedKey]:
    """The keyring of RAUC. Raises Unreadable."""
    path = next((p for p in _RAUC if is_file(tree, p)), "")
    settings = settings_of(tree, path) if path else None
    if settings is None:
        return
    purpose = settings.get("keyring", "check-purpose", fallback="") or ""
    like = TrustedKey(
        use="rauc",
        path="",
        purposes=_PURPOSES.get(purpose, _DEFAULT_PURPOSE),
        ends_chains=(settings.get("keyring", "allow-partial-chain", fallback="") or "").lower() in _TRUE,
        by_signing_time=(settings.get("keyring", "use-bundle-signing-time", fallback="") or "").lower() in _TRUE,
    )
    base = posixpath.dirname(path)
    ring = settings.get("keyring", "path", fallback="") or ""
    folder = settings.get("keyring", "directory", fallback="") or ""
    if ring:
        yield from _named(tree, posixpath.join(base, ring), like)
    if folder:
        # OpenSSL finds a certificate in a folder by the hash of its subject, which its name has to be.
        for found in files_of(tree, posixpath.join(base, folder)):
            if _HASHED.fullmatch(posixpath.basename(found)):
                yield from certificates_and_keys(tree, found, like)


def _named(tree: Tree, path: str, like: TrustedKey) -> Iterator[TrustedKey]:
    """The keys of a file that a configuration names; that it is not there is told."""
    if is_file(tree, path):
        yield from certificates_and_keys(tree, path, like)
    else:
        yield msgspec.structs.replace(like, path=tree.show(path), problem=MISSING)


def swupdate(tree: Tree) -> Iterator[TrustedKey]:
    """The keys of SWUpdate: of its configuration, and of the options that it is started with. Raises Unreadable."""
    purposes, signer = _DEFAULT_PURPOSE, ""
    paths: list[str] = []
    for path in _SWUPDATE:
        if is_file(tree, path):
            stated = _globals(tree.whole(path, LIMIT))
            paths += [str(stated[n]) for n in ("public-key-file", "ca-path") if isinstance(stated.get(n), str)]
            if stated.get("cert-purpose") == "codeSigning":
                purposes = ("codeSigning",)
            if isinstance(stated.get("forced-signer-name"), str):
                signer = safe_text(str(stated["forced-signer-name"]), 200)
    for told in _options(tree):
        paths += _OPTION.findall(told)
        asked = dict(_ASKED.findall(told))
        signer = safe_text(asked.get("forced-signer-name", signer), 200)
        purposes = ("codeSigning",) if asked.get("cert-purpose") == "codeSigning" else purposes
    for path in dict.fromkeys(p for p in paths if p.startswith("/")):
        yield from _named(tree, path, TrustedKey(use="swupdate", path="", purposes=purposes, signer=signer))


def _globals(data: bytes) -> dict[str, Any]:
    try:
        found = read_libconfig(data.decode("utf-8", "replace")).get("globals")
    except NotConfiguration:
        return {}
    return found if isinstance(found, dict) else {}


def _options(tree: Tree) -> Iterator[str]:
    """Each text that tells it options."""
    for command in boot_commands(tree):
        if command.name == "swupdate":
            yield " ".join(command.argv)
    for folder in _SWUPDATE_FOLDERS:
        for _, lines in texts_below(tree, folder):
            for line in lines:
                if "SWUPDATE_ARGS" in line and not line.lstrip().startswith("#"):
                    yield line


def mender(tree: Tree) -> Iterator[TrustedKey]:
    """The keys of Mender's client. Raises Unreadable."""
    settings: dict[str, Any] = {}
    for path in _MENDER:
        if is_file(tree, path):
            settings |= _object(tree.whole(path, LIMIT))
    one, several = settings.get("ArtifactVerifyKey"), settings.get("ArtifactVerifyKeys")
    named = [one, *(several if isinstance(several, list) else [])]
    for key in dict.fromkeys(k for k in named[:100] if isinstance(k, str) and k):
        yield from _named(tree, posixpath.join("/", key), TrustedKey(use="mender", path=""))


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
