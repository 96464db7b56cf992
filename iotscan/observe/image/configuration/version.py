"""Which version of a program an image holds: what its package database says, else the program itself.

Sources: deb-control(5) in /var/lib/dpkg/status, opkg's status file of the same form, apk's installed database.
"""

import re

from iotscan.observe.image.tree import Tree

_DATABASE_LIMIT = 32 << 20
_PROGRAM_LIMIT = 8 << 20
_STATUS = ("/var/lib/dpkg/status", "/usr/lib/opkg/status", "/var/lib/opkg/status", "/opt/lib/opkg/status")
_APK = "/lib/apk/db/installed"

Version = tuple[int, ...]


def numbers(text: str) -> Version:
    """``1:9.2p1-2+deb12u2`` as (9, 2, 1): epoch and the distribution's own part left out; empty without any."""
    upstream = text.partition(":")[2] or text
    found = re.match(r"v?(\d+(?:[.p]\d+)*)", upstream)
    return tuple(int(n) for n in re.split(r"[.p]", found[1])) if found else ()


def packaged(tree: Tree, *names: str) -> Version:
    """The version of the first of these packages that is installed; empty without one. Raises Unreadable."""
    for path in _STATUS:
        if tree.find(path) is None:
            continue
        text = tree.read(path, _DATABASE_LIMIT)
        for name in names:
            found = re.search(rb"^Package: %s$(?:\n(?!\n).*)*?\nVersion: (\S+)" % re.escape(name.encode()), text, re.M)
            if found:
                return numbers(found[1].decode("utf-8", "replace"))
    if tree.find(_APK) is not None:
        text = tree.read(_APK, _DATABASE_LIMIT)
        for name in names:
            found = re.search(rb"^P:%s\nV:(\S+)" % re.escape(name.encode()), text, re.M)
            if found:
                return numbers(found[1].decode("utf-8", "replace"))
    return ()


def in_program(tree: Tree, path: str, pattern: bytes) -> Version:
    """The version that a program carries as text; group 1 of ``pattern``. Raises Unreadable."""
    found = re.search(pattern, program_bytes(tree, path))
    return numbers(found[1].decode("ascii", "replace")) if found else ()


def program_bytes(tree: Tree, path: str) -> bytes:
    """The program itself, empty where it is not there. Raises Unreadable."""
    entry = tree.find(path) if path else None
    return tree.read(path, _PROGRAM_LIMIT) if entry is not None and entry.kind == "file" else b""
