"""The prose of a check, in pieces that any writer can lay out: paragraphs, list items, lines of code."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

_ITEM = re.compile(r"[-*] ")
_MARKED = re.compile(r"`(?P<code>[^`]+)`|(?<![^\s(])\*(?P<em>[^*\s](?:[^*]*[^*\s])?)\*(?![\w*])")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of prose. A paragraph and an item are one line however they were wrapped; code keeps its indent."""

    kind: Literal["paragraph", "item", "code"]
    text: str


def blocks(prose: str) -> Iterator[Block]:
    """The blocks of ``prose``: fenced and indented lines are code (an empty one between paragraphs too), fences go.

    An item keeps its mark (``- ``).
    """
    paragraph: list[str] = []
    is_fenced = False
    for line in prose.strip().splitlines():
        is_fence = line.lstrip().startswith("```")
        is_verbatim = is_fenced or not line.strip() or (line.startswith("    ") and not paragraph)
        if paragraph and (is_verbatim or is_fence or _ITEM.match(line)):
            yield _joined(paragraph)
            paragraph = []
        if is_fence:
            is_fenced = not is_fenced
        elif is_verbatim:
            yield Block(kind="code", text=line)
        else:
            paragraph.append(line.strip())
    if paragraph:
        yield _joined(paragraph)


def _joined(lines: list[str]) -> Block:
    text = " ".join(lines)
    return Block(kind="item" if _ITEM.match(text) else "paragraph", text=text)


def spans(text: str) -> Iterator[tuple[str, str]]:
    """(piece, ``code`` or ``em`` or nothing) of a line with `` `code` `` and ``*emphasis*``; the marks go."""
    done = 0
    for found in _MARKED.finditer(text):
        if found.start() > done:
            yield text[done : found.start()], ""
        kind = found.lastgroup or ""
        yield found[kind], kind
        done = found.end()
    if done < len(text):
        yield text[done:], ""
