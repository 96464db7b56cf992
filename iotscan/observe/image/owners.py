"""Which package brought the program of a started service, by the lists of files that package managers keep.

Sources: dpkg's ``info/NAME[:ARCH].list``, a path a line; Alpine's database, where a package's files stand with it. With
``/usr`` merged a file has two names, and lists have either.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping

from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.packages.apk import read_apk_files

_DPKG = "/var/lib/dpkg/info"
_APK = ("/usr/lib/apk/db/installed", "/lib/apk/db/installed")
_LIST_LIMIT, _DATABASE_LIMIT = 8 << 20, 32 << 20
_ALL_LISTS = 64 << 20
"""Bytes of all lists: those of a desktop have 8 MiB."""
_MOST_SERVICES = 20


def starters_of(tree: Tree) -> Mapping[str, tuple[str, ...]]:
    """Package -> names of the services that run a program of it. What cannot be read is left out."""
    by_program: dict[str, list[str]] = defaultdict(list)
    for service in startup_of(tree).services:
        for path in _names_of(tree, service.program):
            by_program[path].append(service.name)
    if not by_program:
        return {}
    found: dict[str, list[str]] = defaultdict(list)
    for package, program in (*_by_dpkg(tree, by_program), *_by_apk(tree, by_program)):
        found[package] += by_program[program]
    return {package: tuple(dict.fromkeys(names))[:_MOST_SERVICES] for package, names in found.items()}


def _names_of(tree: Tree, program: str) -> set[str]:
    """The program's path and, where that is a link, the file's."""
    if not program.startswith("/"):
        return set()
    try:
        entry = tree.find(program)
    except Unreadable:
        entry = None
    return {_plain(program), _plain(entry.path)} if entry is not None else {_plain(program)}


def _plain(path: str) -> str:
    return posixpath.normpath(path).removeprefix("/usr")


def _by_dpkg(tree: Tree, programs: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    try:
        lists = [e for e in tree.children(_DPKG) if e.kind == "file" and e.name.endswith(".list")]
    except Unreadable:
        return
    left = _ALL_LISTS
    for entry in lists:
        left -= min(entry.size, _LIST_LIMIT)
        if left < 0:
            return
        try:
            lines = tree.read(entry.path, _LIST_LIMIT).decode("utf-8", "replace").split("\n")
        except Unreadable:
            continue
        package = entry.name.removesuffix(".list").partition(":")[0]
        yield from ((package, path) for line in lines if (path := line.removeprefix("/usr")) in programs)


def _by_apk(tree: Tree, programs: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    for path in _APK:
        try:
            text = tree.read(path, _DATABASE_LIMIT).decode("utf-8", "replace")
        except Unreadable:
            continue
        yield from (
            (name, path) for name, file in read_apk_files(text) if (path := file.removeprefix("/usr")) in programs
        )
        return
