"""Versions of Debian and Ubuntu: ``[epoch:]upstream[-revision]``.

Source: Debian Policy section 5.6.12 and deb-version(7). Pieces that are no digits and pieces that are alternate; in the
former ``~`` is before the end, the end before letters, letters before all else; digits count as numbers.
"""

import re
from collections.abc import Iterator

from iotscan.wire.versions import LONGEST, Key, NotComparable

_VERSION = re.compile(r"(?:([0-9]+):)?([0-9A-Za-z][0-9A-Za-z.+~:-]*?)(?:-([0-9A-Za-z.+~]*))?")
_PIECE = re.compile(r"([^0-9]*)([0-9]*)")
_NOTHING: Key = ((0,), 0)
"""What a version that is over goes on with."""


def debian_order(version: str) -> Key:
    """What stands for the version. Raises :class:`NotComparable`."""
    match = _VERSION.fullmatch(version) if len(version) <= LONGEST else None
    if match is None or (":" in match[2] and not match[1]):
        raise NotComparable(f"no version as Debian writes it: {version[:LONGEST]}")
    return int(match[1] or 0), _part(match[2]), _part(match[3] or "")


def _part(text: str) -> Key:
    # No text at all is the number 0: a missing revision is revision 0.
    return *(tuple(_pieces(text)) or (_NOTHING,)), _NOTHING


def _pieces(text: str) -> Iterator[Key]:
    for word, digits in _PIECE.findall(text):
        if word or digits:
            yield (*map(_weight, word), 0), int(digits or 0)


def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
