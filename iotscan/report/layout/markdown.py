"""The document as GitHub-flavoured Markdown, safe on GitHub: no HTML but the mark of what a person is to edit.

Words from devices go through :mod:`iotscan.report.gfm`. Links inside lead to headings by the anchors that GitHub makes
of them; a table or a code block is reached at the heading above it.
"""

import re
from collections.abc import Iterable, Iterator
from unicodedata import category
from urllib.parse import quote

import msgspec

from iotscan.report import gfm
from iotscan.report.document import (
    Badge,
    Block,
    Bullets,
    Callout,
    Card,
    Cell,
    Chart,
    Code,
    Document,
    Facts,
    Fold,
    Paragraph,
    Part,
    Section,
    Span,
    Spans,
    Table,
    Tone,
    numbered,
)
from iotscan.report.layout.addresses import web_address
from iotscan.report.layout.shapes import shaped, shares
from iotscan.report.layout.visible import visible

EDIT = "<!-- edit -->"
"""Stands above each paragraph that waits for the judgement of the person who signs; GitHub does not show it."""
BLOCKS = {"passed": "█", "failed": "▚", "unknown": "░"}
LEGEND = f"{BLOCKS['passed']} passed  {BLOCKS['failed']} failed  {BLOCKS['unknown']} not assessed"
_BAR = 20
"""Characters of a bar."""
_DEEPEST = 6
"""Levels of headings that Markdown has."""
_CONTENTS = "Contents"
_WORDLIKE = frozenset({"Mn", "Mc", "Me", "Nd", "Pc"})
_ALERTS = {"critical": "CAUTION", "high": "CAUTION", "fail": "CAUTION", "info": "NOTE", "pass": "TIP"}
_ORDERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)")
_ENDINGS = re.compile(r"[)\"'.,;:!?]+")
_OPENINGS = re.compile(r"[(\"']+$")


def render(document: Document) -> str:
    """The whole file, ending in a newline."""
    anchors = _Anchors(document)
    return "\n".join([*_opening(document), *_contents(document, anchors), *_sections(document, anchors)])


class _Anchors:
    """Ids of the document -> the anchors that GitHub makes of the headings as they are written."""

    def __init__(self, document: Document) -> None:
        self._of: dict[str, str] = {}
        self._taken: dict[str, int] = {}
        self.name(_line(document.title))
        if not document.is_brief:
            self.name(_CONTENTS)
        for number, depth, section in numbered(document):
            above = self.name(_heading(number, section), section.id)
            self._inside(section.blocks, depth + 2, above)

    def _inside(self, blocks: Iterable[Block], depth: int, above: str) -> None:
        for block in blocks:
            match block:
                case Card():
                    inner = self.name(_line(block.title).strip(), block.id) if depth <= _DEEPEST else above
                    self._of.setdefault(block.id, inner)
                    self._inside(block.blocks, depth + 1, inner)
                case Fold():
                    self._inside(block.blocks, depth, above)
                case Table() | Chart():
                    self._of.setdefault(block.id, above)
                    if isinstance(block, Chart):
                        self._of.setdefault(block.table.id, above)
                case _:
                    pass

    def name(self, heading: str, id: str = "") -> str:
        """The anchor of a heading in its order. A second one of the same words gets a number, as GitHub does it."""
        slug = _slug(_CODE.sub(_content, heading))
        times = self._taken.get(slug, 0)
        self._taken[slug] = times + 1
        anchor = f"{slug}-{times}" if times else slug
        if id:
            self._of.setdefault(id, anchor)
        return anchor

    def target(self, href: str) -> str:
        """Where a link leads, safe in brackets, or empty where it must not lead anywhere."""
        if href.startswith("#"):
            anchor = self._of.get(href[1:], "")
            return f"#{quote(anchor, safe='-_')}" if anchor else ""
        return web_address(href)


def _content(code: re.Match[str]) -> str:
    """What a code span shows: without the one space at each end that keeps its ticks apart."""
    text = code[2]
    return text[1:-1] if text[:1] == text[-1:] == " " and text.strip() else text


def _slug(text: str) -> str:
    """GitHub's: lower case, then only letters, marks, digits, connectors, hyphens and spaces, which become hyphens.

    Source: html-pipeline, TableOfContentsFilter.
    """
    kept = (c for c in text.lower() if c in "- " or c.isalpha() or category(c) in _WORDLIKE)
    return "".join(kept).replace(" ", "-")


def _heading(number: str, section: Section) -> str:
    return f"{number} {_line(section.title)}".strip()


def _opening(document: Document) -> Iterator[str]:
    yield f"# {_line(document.title)}\n"
    if document.subtitle:
        yield f"{_paragraph(_line(document.subtitle))}\n"
    status = f"**{document.status}**" if document.has_status else ""
    marks = (status, _line(document.classification), document.made, _line(document.brand.company))
    if any(marks):
        yield f"{' · '.join(mark for mark in marks if mark)}\n"
    yield from _alone(document.warning)
    nowhere = _Nowhere()
    if document.facts:
        yield _facts(Facts(rows=document.facts), nowhere)
    if document.footer:
        yield f"{_paragraph(_line(document.footer))}\n"


class _Nowhere:
    """Before there are headings no link leads inside."""

    def target(self, href: str) -> str:
        return ""


def _contents(document: Document, anchors: _Anchors) -> Iterator[str]:
    if document.is_brief:
        return
    rows = [
        f"{'  ' * (depth - 1)}- [{_heading(number, section)}]({anchors.target('#' + section.id)})\n"
        for number, depth, section in numbered(document)
    ]
    if rows:
        yield f"## {_CONTENTS}\n"
        yield "".join(rows)


def _sections(document: Document, anchors: _Anchors) -> Iterator[str]:
    for number, depth, section in numbered(document):
        yield f"{'#' * min(depth + 1, _DEEPEST)} {_heading(number, section)}\n"
        yield from _blocks(section.blocks, depth + 2, anchors)


def _blocks(blocks: Iterable[Block], depth: int, anchors: "_Anchors") -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                spans = tuple(map(_rounded, block.spans)) if block.editable else block.spans
                if words := _paragraph(_spans(spans, anchors)):
                    yield f"{EDIT}\n\n{words}\n" if block.editable else f"{words}\n"
            case Bullets():
                yield _bullets(block, anchors)
            case Code():
                yield from _alone(block.label)
                yield gfm.block(visible(line) for line in block.text.split("\n"))
            case Facts():
                yield _facts(block, anchors)
            case Table():
                yield _table(block, anchors)
            case Chart():
                yield from _chart(block, anchors)
            case Callout():
                alert = _ALERTS.get(block.tone, "WARNING")
                yield f"> [!{alert}]\n> {_paragraph(_spans(block.spans, anchors))}\n"
            case Card():
                if depth <= _DEEPEST:
                    yield f"{'#' * depth} {_line(block.title)}\n"
                else:
                    yield from _alone(block.title)
                if badges := [_badge(badge) for badge in block.badges if badge.text]:
                    yield f"{' · '.join(badges)}\n"
                yield from _blocks(block.blocks, depth + 1, anchors)
            case Fold():
                yield from _alone(block.summary)
                yield from _blocks(block.blocks, depth, anchors)


def _alone(text: str) -> Iterator[str]:
    """A bold line where there is something to say."""
    if words := _line(text):
        yield f"**{words}**\n"


def _bullets(block: Bullets, anchors: "_Anchors | _Nowhere") -> str:
    items = [_paragraph(_spans(item, anchors)) for item in block.items]
    return "".join(f"{f'{n}.' if block.numbered else '-'} {item}\n" for n, item in enumerate(items, start=1))


def _facts(block: Facts, anchors: "_Anchors | _Nowhere") -> str:
    return "".join(f"- {_line(row.name)}: {_spans(row.spans, anchors)}".rstrip() + "\n" for row in block.rows)


def _badge(badge: Badge) -> str:
    return f"**{_toned(_line(badge.text), badge.tone)}**"


def _toned(words: str, tone: Tone) -> str:
    return shaped(words, tone) if words else ""


def _table(block: Table, anchors: "_Anchors") -> str:
    head = [_line(column.title, cell=True) for column in block.columns]
    rows = ([_cell(cell, anchors) for cell in row] for row in block.rows)
    right = frozenset(n for n, column in enumerate(block.columns) if column.kind == "number")
    return "\n".join((*_alone(block.caption), gfm.table(head, rows, right)))


def _cell(cell: Cell, anchors: "_Anchors") -> str:
    return _toned(_spans(cell.spans, anchors, cell=True), cell.tone)


def _chart(block: Chart, anchors: "_Anchors") -> Iterator[str]:
    yield from _alone(block.title)
    if block.description:
        yield f"{_paragraph(_line(block.description))}\n"
    rows = [[_line(bar.label, cell=True), _line(bar.shown, cell=True), drawn(bar.parts)] for bar in block.bars]
    yield gfm.table(("", "", LEGEND), rows)
    yield _table(block.table, anchors)


def drawn(parts: tuple[Part, ...], width: int = _BAR) -> str:
    """A bar of block characters; what is not nothing has one at least."""
    return "".join(BLOCKS[part.what] * steps for part, steps in shares(parts, width))


def _line(text: str, *, cell: bool = False) -> str:
    return gfm.words(visible(text), cell=cell)


def _paragraph(text: str) -> str:
    """Words that start a line: a number with a dot there would start a list."""
    return _ORDERED.sub(r"\1\\\2", text.strip())


def _spans(spans: Spans, anchors: "_Anchors | _Nowhere", *, cell: bool = False) -> str:
    made = ""
    for span in _merged(spans):
        piece = _span(span, anchors, cell=cell)
        if not piece:
            continue
        # Code that touches code has other ends; an exclamation mark before a link makes it a picture.
        touches = (made.endswith("`") and piece.startswith("`")) or (made.endswith("!") and piece.startswith("["))
        # Stars between a word and a mark are stars.
        touches |= (made[-1:].isalnum() and piece.startswith("**")) or (made.endswith("**") and piece[:1].isalnum())
        made += f" {piece}" if touches else piece
    return made.strip()


def _merged(spans: Spans) -> Iterator[Span]:
    """The spans, plain ones that touch as one: what GitHub reads in text it reads across them."""
    held: Span | None = None
    for span in spans:
        if held and held.kind == span.kind == "text":
            held = Span(held.text + span.text)
            continue
        if held:
            yield held
        held = span
    if held:
        yield held


def _span(span: Span, anchors: "_Anchors | _Nowhere", *, cell: bool) -> str:
    if span.kind == "code":
        return gfm.code(visible(span.text), cell=cell)
    words = _kept(visible(span.text), cell=cell)
    if not words.strip():
        return words
    if span.kind == "strong":
        return f"**{words.strip()}**"
    target = anchors.target(span.href) if span.kind == "link" else ""
    return f"[{words.strip()}]({target})" if target else words


def _rounded(span: Span) -> Span:
    """A hint in square brackets in round ones: the square would have to be code."""
    return msgspec.structs.replace(span, text=span.text.replace("[", "(").replace("]", ")"))


def _kept(text: str, *, cell: bool) -> str:
    """Words with the spaces around them, and the marks at their ends that belong to the spans beside them."""
    body = text.strip(" ")
    before, after = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    if not body:
        return text[:1]
    start = _ENDINGS.match(body)
    first = start[0] if start and not before else ""
    rest = body[len(first) :]
    end = _OPENINGS.search(rest)
    last = end[0] if end and not after else ""
    middle = rest[: len(rest) - len(last)]
    inner = gfm.words(middle, cell=cell)
    gap = " " if middle[:1] == " " and inner else ""
    tail = " " if middle[-1:] == " " and inner else ""
    return f"{before[:1]}{first}{gap}{inner}{tail}{last}{after[:1]}"
