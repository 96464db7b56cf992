"""Text made safe for GitHub-flavoured Markdown, wherever it is shown.

A backslash is not enough: autolinks, ``@mentions``, ``#123`` and commit hashes are found in the rendered text.
Code spans are left alone by all of them. So words that are plainly words stay as they are, and everything else,
which is what devices, files and commands consist of, becomes code.
"""

import re
from collections.abc import Container, Iterable
from functools import lru_cache
from itertools import groupby, pairwise

from iotscan.report.prose import Block, spans

_WORD = re.compile(
    r"""["'(]*≤?[^\W_]+(?:(?:[,/'+%-]|\.(?=\d)|:(?=\d\d\b))[^\W_]+)*%?["')]*[.,;:!?…]*["')]*|[–—·→…]|e\.g\.|i\.e\."""
    r"""|["'(]|["')]?[.,;:!?]+"""
)
_LINKED = re.compile(r"[\"'(]*(?:www\.|GH-\d)|.*\b[0-9a-f]{7,40}\b", re.IGNORECASE)
"""Words that GitHub makes links of: hosts, issues, commits."""
_TICKS = re.compile("`+")


@lru_cache(maxsize=1 << 12)
def words(text: str, *, cell: bool = False) -> str:
    """One line of prose as Markdown. ``cell`` also keeps it inside one cell of a table."""
    pieces: list[str] = []
    for piece, is_code in spans(text):
        if is_code:
            pieces.append(code(piece, cell=cell))
            continue
        tokens = groupby(piece.split(" "), key=_is_word)
        pieces.append(" ".join(" ".join(t) if plain else _coded(" ".join(t), cell) for plain, t in tokens))
    # Two code spans that touch would be one, with other ends.
    spaced = (" " if a.endswith("`") and b.startswith("`") else "" for a, b in pairwise([*pieces, ""]))
    return "".join(piece + space for piece, space in zip(pieces, spaced, strict=True)).strip()


def _coded(text: str, cell: bool) -> str:
    """``text`` as code but for the marks that end a sentence."""
    kept = text.rstrip(".,;:!?")
    if kept.endswith(")") and kept.count(")") > kept.count("("):
        # The bracket was opened in the words before.
        kept = kept[:-1].rstrip(".,;:!?")
    return f"{code(kept, cell=cell)}{text[len(kept) :]}" if kept else code(text, cell=cell)


@lru_cache(maxsize=1 << 14)
def _is_word(token: str) -> bool:
    return not token or bool(_WORD.fullmatch(token) and not _LINKED.match(token))


def code(text: str, *, cell: bool = False) -> str:
    r"""``text`` as a code span, empty for none. A bar in a cell is written ``\x7c``: nothing else reads everywhere."""
    if not text:
        return ""
    if cell:
        text = text.replace("|", "\\x7c")
    runs = {len(run) for run in _TICKS.findall(text)}
    fence = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    is_padded = text[0] == "`" or text[-1] == "`" or text[0] == text[-1] == " "
    return f"{fence} {text} {fence}" if is_padded else f"{fence}{text}{fence}"


def block(lines: Iterable[str], language: str = "") -> str:
    """Lines of code as a fenced block, ending in a newline."""
    body = "\n".join(lines)
    longest = max((len(run) for run in _TICKS.findall(body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], right: Container[int] = ()) -> str:
    """A table of cells that :func:`words` or :func:`code` made, ending in a newline; ``right`` columns hold numbers."""
    titles = list(head)
    rule = ["---:" if place in right else "---" for place in range(len(titles))]
    lines = [titles, rule, *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def paragraphs(prose: Iterable[Block]) -> str:
    """The blocks of a check's prose: paragraphs, items and code, ending in a newline."""
    parts = []
    for kind, group in groupby(prose, key=lambda b: b.kind):
        texts = [b.text for b in group]
        if kind == "code":
            kept = [t for t in texts if t.strip()]
            parts += [block(kept)] if kept else []
        elif kind == "item":
            parts.append("".join(f"- {words(t[2:])}\n" for t in texts))
        else:
            parts += [f"{words(t)}\n" for t in texts]
    return "\n".join(parts)
