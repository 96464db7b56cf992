"""opkg: feeds of ``opkg.conf`` (OpenWrt wiki, opkg package manager; opkg's ``opkg.conf(5)``)."""

from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.observe.image.inspectors.updates.root import Root, lines
from iotscan.observe.image.inspectors.updates.systems.feed import package_system

_KEYS = "/etc/opkg/keys"
_TOOLS = ("usign", "gpg", "gpgv", "signify")


def read(root: Root) -> Iterator[UpdateSystem]:
    """opkg, where it has a feed. Raises Unreadable."""
    files = list(root.texts("/etc/opkg.conf", folder="/etc/opkg", ending=".conf"))
    options = [line.text.split() for _, text in files for line in lines(text)]
    checked = any(o[:2] == ["option", "check_signature"] and (len(o) < 3 or o[2] != "0") for o in options)
    detail = "check_signature is set" if checked else "no 'option check_signature'"
    sources = tuple(_sources(root, files, Answer.of(checked), detail))
    yield from package_system(root, "opkg", sources, upgrade=("upgrade",), more=tuple(_key(root, checked)))


def _sources(root: Root, files: list[tuple[str, str]], verifies: Answer[bool], detail: str) -> Iterator[UpdateSource]:
    for path, text in files:
        for line in lines(text):
            words = line.text.split()
            if words[0] in ("src", "src/gz") and len(words) >= 3:
                source = root.source(words[2], path, line.number, verifies)
                yield msgspec.structs.replace(source, detail=detail)


def _key(root: Root, checked: bool) -> Iterator[UpdateTrait]:
    """OpenWrt's keys; Yocto's opkg has its own ring of gpg."""
    if checked and root.has(_KEYS):
        there = any(entry.kind in ("file", "link") for entry in root.tree.children(_KEYS))
        yield root.trait("key-present", there, "a key is there" if there else "no key is there", path=_KEYS)
