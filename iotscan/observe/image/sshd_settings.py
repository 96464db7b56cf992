"""The settings of OpenSSH's server as sshd_config(5) says them, with ``Include`` and up to the first ``Match``."""

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec

from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree

_DEPTH = 4


class SshdSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A keyword in lower case, its words, and where it stands."""

    keyword: str
    words: tuple[str, ...]
    path: str
    line: int


def sshd_settings(tree: Tree, path: str = "/etc/ssh/sshd_config") -> dict[str, SshdSetting]:
    """The global settings by keyword: of two the first counts. Raises Unreadable."""
    found: dict[str, SshdSetting] = {}
    for setting in _settings(tree, path, 0):
        found.setdefault(setting.keyword, setting)
    return found


def _settings(tree: Tree, path: str, depth: int) -> Iterator[SshdSetting]:
    for number, line in enumerate(lines_of(tree, path) or [], start=1):
        words = re.findall(r'"[^"]{0,999}"|[^\s="]+', line.strip()[:4000])
        if not words or words[0].startswith("#"):
            continue
        keyword, rest = words[0].lower(), tuple(w.strip('"') for w in words[1:])
        if keyword == "match":
            return
        if keyword == "include" and depth < _DEPTH:
            for place in rest:
                for file in _matching(tree, posixpath.join("/etc/ssh", place)):
                    yield from _settings(tree, file, depth + 1)
        elif rest:
            yield SshdSetting(keyword=keyword, words=rest, path=path, line=number)


def _matching(tree: Tree, pattern: str) -> list[str]:
    folder, _, name = pattern.rpartition("/")
    return [e.path for e in tree.children(folder or "/") if fnmatchcase(e.name, name)]
