"""The OpenSSL that a program uses: its version, how strict it is by default, and what ``openssl.cnf`` sets for all.

Sources: the program's own list of libraries, the package database, SSL_CTX_set_security_level(3), config(5),
SSL_CONF_cmd(3). Level 1 is OpenSSL's default from 1.1.0 on and 2 from 3.2 on; Debian and Ubuntu build 3.0 with 2.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from iotscan.observe.image.configuration.version import Version, packaged, program_bytes
from iotscan.observe.image.tree import Tree

_NEEDED = re.compile(rb"\0libssl\.so\.([\d.]+)")
_BRANCHES: Mapping[bytes, Version] = {b"3": (3,), b"1.1": (1, 1), b"1.0.2": (1, 0, 2), b"1.0.0": (1, 0)}
_PACKAGES = ("libssl3", "libssl3t64", "libssl1.1", "libssl1.0.2", "libssl1.0.0", "libopenssl3", "libopenssl1.1")
_FOLDERS = ("/usr/lib", "/lib", "/usr/lib64", "/lib64")
_MARKS = {"RC4": b"ECDHE-RSA-RC4-SHA\0", "3DES": b"ECDHE-RSA-DES-CBC3-SHA\0"}
"""Names that only a library with the weak ciphers of 1.1.0 and later holds."""
_SETTINGS = ("/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/usr/lib/ssl/openssl.cnf")
_LIMIT = 256 * 1024
_LIBRARY_LIMIT = 8 << 20


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """One OpenSSL. ``version`` is empty where it is not known, and then nothing else holds."""

    version: Version = ()
    level: int = 0
    """The security level where no cipher list sets one."""
    weak: tuple[str, ...] = ()
    """Ciphers that it was built with although the default leaves them out: ``RC4``, ``3DES``."""
    settings: Mapping[str, str] = {}
    """What openssl.cnf sets for every program (``system_default``): ``MinProtocol``, ``CipherString`` …"""

    @property
    def is_known(self) -> bool:
        """True where the version is known."""
        return bool(self.version)


def library_of(tree: Tree, *paths: str) -> Library:
    """The library that the first of these programs or modules names. Raises Unreadable."""
    for path in paths:
        found = _NEEDED.search(program_bytes(tree, path))
        branch = _BRANCHES.get(found[1], ()) if found else ()
        if found and branch:
            version = _exact(tree, branch)
            weak = tuple(_weak(tree, found[1].decode("ascii"))) if version >= (1, 1) else ()
            return Library(version=version, level=_level(tree, version), weak=weak, settings=_settings(tree))
    return Library()


def _exact(tree: Tree, branch: Version) -> Version:
    found = [packaged(tree, name) for name in _PACKAGES]
    return next((version for version in found if version[: len(branch)] == branch), branch)


def _level(tree: Tree, version: Version) -> int:
    if version < (1, 1):
        return 0
    is_debian = tree.find("/etc/debian_version") is not None
    return 2 if version >= (3, 2) or (is_debian and version >= (3,)) else 1


def _weak(tree: Tree, soname: str) -> Iterator[str]:
    entries = (child for folder in _FOLDERS for child in tree.children(folder) if child.kind == "folder")
    places = (*_FOLDERS, *(entry.path for entry in entries if "-linux-" in entry.name))
    for folder in places:
        if tree.find(f"{folder}/libssl.so.{soname}") is not None:
            data = tree.read(f"{folder}/libssl.so.{soname}", _LIBRARY_LIMIT)
            yield from (cipher for cipher, mark in _MARKS.items() if mark in data)
            return


def _settings(tree: Tree) -> Mapping[str, str]:
    path = next((p for p in _SETTINGS if tree.find(p) is not None), "")
    sections = _sections(tree.read(path, _LIMIT).decode("utf-8", "replace")) if path else {}
    first = sections.get(sections.get("", {}).get("openssl_conf", ""), {})
    return sections.get(sections.get(first.get("ssl_conf", ""), {}).get("system_default", ""), {})


def _sections(text: str) -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {"": {}}
    here = sections[""]
    for raw in text.split("\n"):
        line = raw.partition("#")[0].strip()
        name, has_value, value = line.partition("=")
        if line.startswith("["):
            here = sections.setdefault(line.strip("[] \t"), {})
        elif has_value:
            here[name.strip()] = value.strip()
    return sections
