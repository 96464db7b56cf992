"""Versions of Alpine: ``1.2.3b_rc4~0a1b2c-r5``, numbers, perhaps a letter, suffixes, a commit and Alpine's revision.

Source: apk-package(5) (section on versions) and the table at the head of apk-tools' version.c: where two versions go on
differently, the one with the later kind of piece is older, but that ``_alpha``, ``_beta``, ``_pre`` and ``_rc`` come
before everything. A number after the first that begins with 0 compares as text.
"""

import re
from collections.abc import Iterator

from iotscan.wire.versions import LONGEST, Key, NotComparable

_VERSION = re.compile(r"([0-9]+)((?:\.[0-9]+)*)([a-z]?)((?:_[a-z]+[0-9]*)*)((?:~[0-9a-f]+)?)((?:-r[0-9]+)?)")
_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")
_BEFORE = ("alpha", "beta", "pre", "rc")
_AFTER = ("cvs", "svn", "git", "hg", "p")
_EARLY, _END, _REVISION, _COMMIT, _NUMBER_OF_SUFFIX, _LATE, _LETTER, _NUMBER = range(8)
"""Kinds of pieces, the one that makes a version older first."""


def alpine_order(version: str) -> Key:
    """What stands for the version. Raises :class:`NotComparable`."""
    match = _VERSION.fullmatch(version) if len(version) <= LONGEST else None
    if match is None:
        raise NotComparable(f"no version as Alpine writes it: {version[:LONGEST]}")
    first, numbers, letter, suffixes, commit, revision = match.groups()
    pieces = [(_NUMBER, (1, int(first), "")), *map(_number, numbers.split(".")[1:])]
    if letter:
        pieces.append((_LETTER, letter))
    pieces += _suffixes(suffixes)
    if commit:
        pieces.append((_COMMIT, commit))
    if revision:
        pieces.append((_REVISION, int(revision[2:])))
    return *pieces, (_END, 0)


def _number(digits: str) -> Key:
    # A text that begins with 0 is less than one that does not, and those are numbers.
    return _NUMBER, (0, 0, digits) if digits.startswith("0") else (1, int(digits), "")


def _suffixes(text: str) -> Iterator[Key]:
    for name, digits in _SUFFIX.findall(text):
        if name in _BEFORE:
            yield _EARLY, _BEFORE.index(name)
        elif name in _AFTER:
            yield _LATE, _AFTER.index(name)
        else:
            raise NotComparable(f"Alpine has no suffix _{name[:20]}")
        if digits:
            yield _NUMBER_OF_SUFFIX, int(digits)
