"""The settings of OpenSSH's server as sshd_config(5) says them, with ``Include``."""

import posixpath
import re
from collections.abc import Iterator
from itertools import count, pairwise

import msgspec

from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_DEPTH, _MOST_FILES = 16, 200
"""Of depth OpenSSH itself allows no more (servconf.c)."""
_FILE = "/etc/ssh/sshd_config"


class SshdSetting(msgspec.Struct, frozen=True, kw_only=True):
    """A keyword in lower case, its words, and where it stands."""

    keyword: str
    words: tuple[str, ...]
    path: str
    line: int
    is_for_some: bool = False
    """It stands below a ``Match``."""


def sshd_settings(tree: Tree) -> dict[str, SshdSetting]:
    """The settings that hold for all, by keyword: of two the first counts. Raises Unreadable.

    Of several servers the first counts: its ``-o`` before its file.
    """
    service = next(startup_of(tree).running("sshd"), None)
    return _for_all(list(_of(tree, service)))


def every_sshd_setting(tree: Tree) -> Iterator[SshdSetting]:
    """The settings that hold for all or for some, of every server. Raises Unreadable."""
    for service in tuple(startup_of(tree).running("sshd")) or (None,):
        settings = list(_of(tree, service))
        yield from _for_all(settings).values()
        yield from (setting for setting in settings if setting.is_for_some)


def _for_all(settings: list[SshdSetting]) -> dict[str, SshdSetting]:
    found: dict[str, SshdSetting] = {}
    for setting in settings:
        if not setting.is_for_some:
            found.setdefault(setting.keyword, setting)
    return found


def _of(tree: Tree, service: Service | None) -> Iterator[SshdSetting]:
    yield from _given(service)
    yield from _settings(tree, _file_of(service), 0, count())


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


def _settings(
    tree: Tree, path: str, depth: int, files: "count[int]", *, is_for_some: bool = False
) -> Iterator[SshdSetting]:
    if next(files) > _MOST_FILES:
        raise Unreadable(f"sshd_config includes more than {_MOST_FILES} files")
    for number, line in enumerate(lines_of(tree, path) or [], start=1):
        words = _words(line)
        if not words[0] or words[0].startswith("#"):
            continue
        keyword, rest = words[0].lower(), tuple(words[1:])
        if keyword == "match":
            # ``Match all`` and the end of an included file take it back: what is for all after that is rarely written.
            is_for_some = True
        elif keyword == "include":
            if depth >= _DEPTH:
                raise Unreadable(f"sshd_config includes files deeper than {_DEPTH}")
            for place in rest:
                for file in globbed(tree, posixpath.join("/etc/ssh", place)):
                    yield from _settings(tree, file, depth + 1, files, is_for_some=is_for_some)
        elif rest:
            yield SshdSetting(keyword=keyword, words=rest, path=path, line=number, is_for_some=is_for_some)
