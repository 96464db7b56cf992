"""The keys of package managers: opkg and OpenWrt's images, apk, apt.

Sources: OpenWrt's opkg-key; apk-tools' ``keys`` folders; apt-secure(8), sources.list(5) of ``Signed-By``.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from iotscan.model.facts import TrustedKey
from iotscan.observe.image.inspectors.artefacts.key_files import LIMIT, files_of, is_file, read_with
from iotscan.observe.image.tree import Tree
from iotscan.wire.signing.feed_keys import apk_keys, openpgp_keys, opkg_keys

_APK_FOLDERS: Final = ("/etc/apk/keys", "/lib/apk/keys", "/usr/lib/apk/keys")
_OPKG_RING: Final = "/etc/opkg/gpg/pubring.gpg"
"""Of Yocto's opkg, which verifies with GnuPG."""
_RINGS: Final = (".gpg", ".asc")
_LISTS: Final = "/etc/apt/sources.list.d"
_INLINE: Final = re.compile(rb"^signed-by:[ \t]*\n((?:[ \t][^\n]*\n)+)", re.IGNORECASE | re.MULTILINE)
_SIGNED_BY: Final = re.compile(r"^[^#\n]*\bsigned-by\s*[=:]\s*([^\]\n]*)", re.IGNORECASE | re.MULTILINE)


def opkg(tree: Tree) -> Iterator[TrustedKey]:
    """Those of opkg, by which OpenWrt verifies its images as well. Raises Unreadable."""
    for path in files_of(tree, "/etc/opkg/keys"):
        yield from read_with(tree, path, "opkg", opkg_keys)
    if is_file(tree, _OPKG_RING):
        yield from read_with(tree, _OPKG_RING, "opkg", opkg_keys)


def apk(tree: Tree) -> Iterator[TrustedKey]:
    """Those of apk. Raises Unreadable."""
    seen: set[str] = set()
    for folder in _APK_FOLDERS:
        for path in files_of(tree, folder):
            # /lib is a link to /usr/lib where the two are one.
            found = tree.find(path)
            if found is not None and found.path not in seen:
                seen.add(found.path)
                yield from read_with(tree, path, "apk", apk_keys)


def apt(tree: Tree) -> Iterator[TrustedKey]:
    """The keyrings that count for all sources, and those that a source names. Raises Unreadable."""
    paths = [p for p in ("/etc/apt/trusted.gpg",) if is_file(tree, p)]
    paths += files_of(tree, "/etc/apt/trusted.gpg.d", _RINGS)
    paths += _signed_by(tree)
    for path in dict.fromkeys(paths):
        yield from read_with(tree, path, "apt", partial(openpgp_keys, use="apt"))
    for path in files_of(tree, _LISTS, (".sources",)):
        for block in _INLINE.finditer(tree.whole(path, LIMIT)):
            # An empty line stands as a point in a field of several lines (deb822(5)).
            lines = [line.strip() for line in block[1].split(b"\n")]
            ring = b"\n".join(b"" if line == b"." else line for line in lines)
            yield from openpgp_keys(ring, tree.show(path), "apt")


def _signed_by(tree: Tree) -> Iterator[str]:
    lists = [p for p in ("/etc/apt/sources.list",) if is_file(tree, p)]
    lists += files_of(tree, _LISTS, (".list", ".sources"))
    for path in lists:
        text = tree.whole(path, LIMIT).decode("utf-8", "replace")
        for match in _SIGNED_BY.finditer(text):
            yield from (ring for ring in re.split(r"[\s,]+", match[1]) if ring.startswith("/") and is_file(tree, ring))
