"""The settings of OpenSSH's server as sshd_config(5) says them, with ``Include`` and up to the first ``Match``."""

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import count, pairwise

import msgspec

from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_DEPTH, _MOST_FILES = 4, 200
_FILE = "/etc/ssh/sshd_config"


class SshdSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A keyword in lower case, its words, and where it stands."""

    keyword: str
    words: tuple[str, ...]
    path: str
    line: int


def sshd_settings(tree: Tree) -> dict[str, SshdSetting]:
    """The global settings by keyword: of two the first counts. Raises Unreadable.

    Of several servers the first counts: its ``-o`` before its file.
    """
    service = next(startup_of(tree).running("sshd"), None)
    found: dict[str, SshdSetting] = {}
    for setting in (*_given(service), *_settings(tree, _file_of(service), 0, count())):
        found.setdefault(setting.keyword, setting)
    return found


def values_of(service: Service, option: str) -> Iterator[str]:
    """What an option with a value is given: ``-f FILE``, ``-fFILE``."""
    for word, following in pairwise((*service.arguments, "")):
        if word == option:
            yield following
        elif word.startswith(option):
            yield word[len(option) :]


def _file_of(service: Service | None) -> str:
    return next(values_of(service, "-f"), _FILE) if service is not None else _FILE


def _given(service: Service | None) -> Iterator[SshdSetting]:
    for text in values_of(service, "-o") if service is not None else ():
        keyword, *words = _words(text)
        if words and service is not None:
            yield SshdSetting(keyword=keyword.lower(), words=tuple(words), path=service.path, line=service.line)


def _words(line: str) -> list[str]:
    return [word.strip('"') for word in re.findall(r'"[^"]{0,999}"|[^\s="]+', line.strip()[:4000])] or [""]


def _settings(tree: Tree, path: str, depth: int, files: "count[int]") -> Iterator[SshdSetting]:
    if next(files) > _MOST_FILES:
        raise Unreadable(f"sshd_config includes more than {_MOST_FILES} files")
    for number, line in enumerate(lines_of(tree, path) or [], start=1):
        words = _words(line)
        if not words[0] or words[0].startswith("#"):
            continue
        keyword, rest = words[0].lower(), tuple(words[1:])
        if keyword == "match":
            return
        if keyword == "include" and depth < _DEPTH:
            for place in rest:
                for file in _matching(tree, posixpath.join("/etc/ssh", place)):
                    yield from _settings(tree, file, depth + 1, files)
        elif rest:
            yield SshdSetting(keyword=keyword, words=rest, path=path, line=number)


def _matching(tree: Tree, pattern: str) -> list[str]:
    folder, _, name = pattern.rpartition("/")
    return [e.path for e in tree.children(folder or "/") if fnmatchcase(e.name, name)]
