"""The lines of a text that hold one of some words, comments left out."""

from collections.abc import Iterable, Iterator
from typing import Final

_COMMENTS: Final = (b"#", b"//", b";", b"*", b"/*", b"<!--", b"--", b"rem ", b"REM ", b'"""', b"'''", b"dnl ")
_LONGEST, _MOST = 2000, 2000


def lines_with(data: bytes, lower: bytes, words: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Where each such line begins, and the line; ``lower`` are the bytes in lower case, ``words`` too."""
    starts: set[int] = set()
    for word in words:
        at = lower.find(word)
        while at >= 0 and len(starts) < _MOST:
            starts.add(data.rfind(b"\n", 0, at) + 1)
            end = lower.find(b"\n", at)
            if end < 0:
                break
            at = lower.find(word, end)
    for start in sorted(starts):
        end = data.find(b"\n", start)
        line = data[start : end if end >= 0 else len(data)]
        if len(line) <= _LONGEST and not line.lstrip().startswith(_COMMENTS):
            yield start, line.rstrip(b"\r")
