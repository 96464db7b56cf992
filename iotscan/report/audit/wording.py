"""The prose of a check as blocks of a document."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from iotscan.report import prose
from iotscan.report.document import Block, Bullets, Code, Paragraph, Span, Spans


def spans(text: str) -> Spans:
    """A line of prose: what it marks as code stays code."""
    return tuple(Span(piece, "code" if kind == "code" else "text") for piece, kind in prose.spans(text))


def run_in(head: str, rest: Spans = ()) -> Paragraph:
    """A paragraph that begins with its heading."""
    return Paragraph(spans=(Span(f"{head}.", "strong"), *((Span(" "), *rest) if rest else ())))


def headed(head: str, text: Iterable[prose.Block]) -> tuple[Block, ...]:
    """Prose under a heading that stands in its first paragraph; nothing without prose."""
    made = laid(text)
    if made and isinstance(made[0], Paragraph):
        return run_in(head, made[0].spans), *made[1:]
    return (run_in(head), *made) if made else ()


def laid(text: Iterable[prose.Block]) -> tuple[Block, ...]:
    """Paragraphs, lists and code; items and lines of code that follow each other are one block."""
    return tuple(block for kind, group in groupby(text, key=lambda b: b.kind) for block in _laid(kind, group))


def _laid(kind: str, group: Iterable[prose.Block]) -> Iterator[Block]:
    texts = [b.text for b in group]
    if kind == "paragraph":
        yield from (Paragraph(spans=spans(t)) for t in texts)
    elif kind == "item":
        yield Bullets(items=tuple(spans(t[2:]) for t in texts))
    elif any(t.strip() for t in texts):
        yield Code(text=_dedented(texts))


def _dedented(lines: list[str]) -> str:
    """Lines without the indent that they share, and without empty ones around them."""
    shared = min(len(t) - len(t.lstrip()) for t in lines if t.strip())
    return "\n".join(t[shared:] for t in lines).strip("\n")
