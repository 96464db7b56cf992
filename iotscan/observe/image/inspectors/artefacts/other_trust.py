"""The keys of OSTree, of the kernel, of TUF clients and of container engines.

Sources: ostree(1), ostree-sign(1) and ostree.repo-config(5); Linux ``Documentation/security/keys`` and IMA's
``CONFIG_IMA_X509_PATH``, ``CONFIG_EVM_X509_PATH``; aktualizr's ``import`` folder; containers-policy.json(5).
"""

import base64
import binascii
import json
import posixpath
from collections.abc import Iterator
from functools import partial
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
    read_with,
    settings_of,
)
from iotscan.observe.image.tree import Tree
from iotscan.wire.signing.feed_keys import openpgp_keys, ostree_keys
from iotscan.wire.signing.public_keys import NoPublicKey, read_key_file
from iotscan.wire.signing.tuf import pinned_keys

_OSTREE_FOLDERS: Final = ("/etc/ostree", "/usr/share/ostree")
_REPOSITORIES: Final = ("/ostree/repo", "/sysroot/ostree/repo")
_IMA: Final = ("/etc/keys/x509_ima.der", "/etc/keys/x509_evm.der", "/etc/keys/ima_ca.der")
_IMA_FOLDERS: Final = ("/etc/keys/ima", "/etc/keys/evm", "/etc/ima")
_CERTIFICATES: Final = (".der", ".x509", ".pem", ".crt", ".cer")
_ROOTS: Final = (
    "/var/sota/import/director/root.json",
    "/var/sota/import/repo/root.json",
    "/usr/lib/sota/root.json",
    "/etc/tuf/root.json",
    "/etc/uptane/root.json",
)
_POLICIES: Final = ("/etc/containers/policy.json", "/usr/share/containers/policy.json")
_REQUIREMENTS: Final = 200


def ostree(tree: Tree) -> Iterator[TrustedKey]:
    """Rings that count for all remotes, those of one remote, and Ed25519 keys. Raises Unreadable."""
    for path in dict.fromkeys(_ostree_files(tree)):
        yield from read_with(tree, path, "ostree", ostree_keys)


def _ostree_files(tree: Tree) -> Iterator[str]:
    for folder in _OSTREE_FOLDERS:
        yield from files_of(tree, f"{folder}/trusted.gpg.d", (".gpg", ".asc"))
        if is_file(tree, f"{folder}/trusted.ed25519"):
            yield f"{folder}/trusted.ed25519"
        yield from files_of(tree, f"{folder}/trusted.ed25519.d")
    for folder in ("/etc/ostree/remotes.d", *_REPOSITORIES):
        yield from files_of(tree, folder, (".trustedkeys.gpg",))
    for path in (*(f"{r}/config" for r in _REPOSITORIES), *files_of(tree, "/etc/ostree/remotes.d", (".conf",))):
        settings = settings_of(tree, path)
        for section in settings.sections() if settings is not None else ():
            for name in ("gpgkeypath", "verification-ed25519-file"):
                named = settings.get(section, name, fallback="") or "" if settings is not None else ""
                for place in named.replace(",", ";").split(";"):
                    if place.startswith("/"):
                        # A folder stands for the keyrings in it (ostree.repo-config(5)).
                        yield from [place] if is_file(tree, place) else files_of(tree, place.rstrip("/"))


def kernel(tree: Tree) -> Iterator[TrustedKey]:
    """Certificates that a kernel loads to appraise programs with. Raises Unreadable."""
    named = [p for p in _IMA if is_file(tree, p)]
    for path in (*named, *(p for folder in _IMA_FOLDERS for p in files_of(tree, folder, _CERTIFICATES))):
        yield from certificates_and_keys(tree, path, TrustedKey(use="ima", path="", ends_chains=True))


def tuf(tree: Tree) -> Iterator[TrustedKey]:
    """The keys of the roots that clients begin with. Raises Unreadable."""
    for path in _ROOTS:
        if is_file(tree, path):
            yield from read_with(tree, path, "tuf", pinned_keys)


def containers(tree: Tree) -> Iterator[TrustedKey]:
    """The keys that a policy of Podman and its kin names: cosign's, and those of simple signing. Raises Unreadable."""
    path = next((p for p in _POLICIES if is_file(tree, p)), "")
    for one in _requirements(tree.whole(path, LIMIT)) if path else ():
        is_ring = one.get("type") == "signedBy"
        for ring in _texts(one, "keyPath", "keyPaths"):
            if not is_file(tree, ring):
                yield TrustedKey(use="oci", path=tree.show(posixpath.join("/", ring)), problem=MISSING)
            elif is_ring:
                yield from read_with(tree, ring, "oci", partial(openpgp_keys, use="oci"))
            else:
                yield from certificates_and_keys(tree, ring, TrustedKey(use="oci", path=""))
        if not is_ring:
            for text in _texts(one, "keyData", "keyDatas"):
                yield from _inline(tree.show(path), text)


def _requirements(data: bytes) -> Iterator[dict[str, Any]]:
    try:
        policy = json.loads(data)
    except (ValueError, RecursionError):
        return
    waiting: list[Any] = [policy]
    for _ in range(_REQUIREMENTS):
        if not waiting:
            return
        one = waiting.pop()
        if isinstance(one, dict) and one.get("type") in ("sigstoreSigned", "signedBy"):
            yield one
        else:
            waiting += list(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())[:200]


def _texts(one: dict[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        said = one.get(name)
        yield from (t for t in (said if isinstance(said, list) else [said])[:50] if isinstance(t, str) and t)


def _inline(shown: str, text: str) -> Iterator[TrustedKey]:
    blank = TrustedKey(use="oci", path=shown)
    try:
        found = read_key_file(base64.b64decode(text, validate=True))
    except (NoPublicKey, binascii.Error, ValueError):
        yield msgspec.structs.replace(blank, problem=safe_text("a key in it is damaged"))
        return
    yield from (msgspec.structs.replace(blank, key=key) for key in found.keys)
