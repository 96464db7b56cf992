"""The document as data for the typst template: words, where links lead, what is a heading. No markup of typst.

Long words come in pieces, between which a line may end: an identifier that does not fit a column must not leave it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from iotscan.model.contrast import is_readable
from iotscan.report.document import (
    Badge,
    Block,
    Bullets,
    Callout,
    Card,
    Cell,
    Chart,
    Code,
    Column,
    Document,
    Facts,
    Fold,
    Paragraph,
    Section,
    Span,
    Spans,
    Table,
    Tone,
    numbered,
    words_of,
)
from iotscan.report.layout.shapes import SHAPES
from iotscan.report.layout.visible import visible

PRIMARY: Final = "#1f4e79"
ACCENT: Final = "#9c3d10"
TONES: Final[dict[Tone, str]] = {
    "critical": "#7a1022", "high": "#a8321a", "medium": "#855000", "low": "#3d5a80", "info": "#4d565e",
    "pass": "#1e6b3a", "fail": "#a8321a", "warn": "#855000", "unknown": "#4d565e",
    "a": "#1e6b3a", "b": "#3f6b1e", "c": "#755900", "d": "#94480c", "e": "#a8321a", "f": "#7a1022",
}  # fmt: skip
"""Each can be read on white, and white on it: the tests ask."""
CONTENTS: Final = 120
"""Cards that the printed contents list; with more of them they are found by the outline of the file alone."""
_LONG: Final = 16
"""Letters of a word that may be broken: no column is so narrow that a shorter one leaves it by much."""
_PIECE: Final = 6
_PARTS = re.compile(r"[^\W_]+[\W_]{0,8}|[\W_]{1,8}")
"""What a word is broken into first: ``tls-``, ``known-``, ``attacks``."""
_WHOLE: Final = 400
"""Letters of a cell: a row with longer ones may go on on the next page, where a page may not hold it."""
_WORD = re.compile(rf"\S{{{_LONG},}}")
_LINE: Final = 96
"""Bold letters of a table that fill the width of a page, about."""
_CELL: Final = 3
"""Letters that the edges of a cell take."""
_URL_LIMIT: Final = 2000
_GRAVE: Final = frozenset({"critical", "high"})
Data = dict[str, Any]


def sheet(document: Document) -> Data:
    """What the template reads, without the logo."""
    return _Sheet(document).data()


def readable(color: str, otherwise: str) -> str:
    """A brand's colour where text in it can be read, else ours: a run file may name any."""
    try:
        return color if is_readable(color) else otherwise
    except ValueError:
        return otherwise


def day_of(made: str) -> date:
    """The day of a document; one that says none is of the first day there is, so that the same gives the same."""
    try:
        return max(date.fromisoformat(made[:10]), date(1980, 1, 1))
    except ValueError:
        return date(1980, 1, 1)


class _Sheet:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._labels: dict[str, str] = {}
        for name in _ids(document):
            self._labels.setdefault(name, f"r{len(self._labels)}")
        self._given: set[str] = set()
        self._are_cards_in_contents = _listed_cards(document) <= CONTENTS
        self._numbers = (number for number, _, _ in numbered(document))

    def data(self) -> Data:
        document, brand = self._document, self._document.brand
        day = day_of(document.made)
        return {
            "title": visible(document.title) or "Report",
            "shown-title": _pieces(document.title) or "Report",
            "subtitle": visible(document.subtitle),
            "status": document.status,
            "brief": document.is_brief,
            "classification": _pieces(document.classification),
            "footer": _pieces(document.footer or brand.company),
            "warning": _pieces(document.warning),
            "language": _language(document.language),
            "company": _pieces(brand.company),
            "authors": [visible(a) for a in brand.authors or (brand.company,) if a],
            "date": {"year": day.year, "month": day.month, "day": day.day},
            "paper": "us-letter" if brand.paper == "letter" else "a4",
            "primary": readable(brand.primary, PRIMARY),
            "accent": readable(brand.accent, ACCENT),
            "tones": TONES,
            "facts": [self._fact(row.name, row.spans) for row in document.facts],
            "sections": [self._section(section) for section in document.sections],
        }

    def _section(self, section: Section) -> Data:
        number = next(self._numbers)
        title = f"Appendix {number}: {section.title}" if number.isalpha() else f"{number} {section.title}"
        return {
            **self._label(section.id),
            "title": _pieces(title),
            "blocks": [self._block(block) for block in section.blocks],
            "sections": [self._section(inner) for inner in section.sections],
        }

    def _block(self, block: Block) -> Data:
        match block:
            case Paragraph():
                lead = len(block.spans) == 1 and block.spans[0].kind == "strong"
                return {"k": "paragraph", "s": self._spans(block.spans), "editable": block.editable, "lead": lead}
            case Bullets():
                items = [self._spans(item) for item in block.items]
                return {"k": "bullets", "items": items, "numbered": block.numbered}
            case Code():
                text = "\n".join(visible(line) for line in block.text.split("\n"))
                return {"k": "code", "text": text, "label": _pieces(block.label)}
            case Facts():
                return {"k": "facts", "rows": [self._fact(row.name, row.spans) for row in block.rows]}
            case Table():
                return self._table(block)
            case Chart():
                return self._chart(block)
            case Callout():
                shape = SHAPES.get(block.tone, "")
                return {"k": "callout", "tone": block.tone, "shape": shape, "s": self._spans(block.spans)}
            case Card():
                return self._card(block)
            case Fold():
                blocks = [self._block(inner) for inner in block.blocks]
                return {"k": "fold", "summary": _pieces(block.summary), "blocks": blocks}

    def _card(self, card: Card) -> Data:
        return {
            "k": "card",
            **self._label(card.id),
            "title": _pieces(card.title),
            "badges": [_badge(badge) for badge in card.badges],
            "listed": card.listed,
            "outlined": card.listed and self._are_cards_in_contents,
            "grave": any(badge.tone in _GRAVE for badge in card.badges),
            "blocks": [self._block(inner) for inner in card.blocks],
        }

    def _table(self, table: Table) -> Data:
        shares = zip(table.columns, _widths(table.columns), strict=True)
        columns = [{"title": _pieces(c.title), "weight": width, "kind": c.kind} for c, width in shares]
        rows = [[self._cell(cell) for cell in row] for row in table.rows]
        label = self._label(table.id)
        are_short = all(len(words_of(cell.spans)) < _WHOLE for row in table.rows for cell in row)
        words = {"caption": _pieces(table.caption), "whole-rows": are_short}
        return {"k": "table", **label, **words, "columns": columns, "rows": rows}

    def _cell(self, cell: Cell) -> Data:
        shape = SHAPES.get(cell.tone, "") if cell.spans else ""
        return {"s": self._spans(cell.spans), "tone": cell.tone, "shape": shape}

    def _chart(self, chart: Chart) -> Data:
        bars = [
            {
                "label": _pieces(bar.label),
                "shown": _pieces(bar.shown),
                "shape": SHAPES.get(bar.tone, ""),
                "tone": bar.tone,
                "parts": [{"what": part.what, "count": max(0, part.count)} for part in bar.parts],
            }
            for bar in chart.bars
        ]
        words = {"title": _pieces(chart.title), "alt": visible(chart.description) or visible(chart.title) or "Chart"}
        label = self._label(chart.id)
        return {"k": "chart", **label, **words, "bars": bars, "table": self._table(chart.table)}

    def _fact(self, name: str, spans: Spans) -> Data:
        return {"name": _pieces(name), "s": self._spans(spans)}

    def _spans(self, spans: Spans) -> list[Any]:
        return [self._span(span) for span in spans if span.text]

    def _span(self, span: Span) -> str | list[str] | Data:
        words = _pieces(span.text)
        if span.kind == "text":
            return words
        if span.kind != "link":
            return {"k": span.kind, "t": words}
        if span.href.startswith("#"):
            label = self._labels.get(span.href[1:])
            return {"k": "link", "t": words, "to": label} if label else words
        return {"k": "link", "t": words, "url": span.href} if _is_address(span.href) else words

    def _label(self, id: str) -> Data:
        """The first that has an id keeps it: two of the same would be no document."""
        if not id or id in self._given:
            return {}
        self._given.add(id)
        return {"id": self._labels[id]}


def _pieces(text: str) -> str | list[str]:
    """``text``, in pieces where it has a word that is long."""
    words = visible(text)
    if len(words) < _LONG or not _WORD.search(words):
        return words
    found: list[str] = []
    at = 0
    for match in _WORD.finditer(words):
        head = words[at : match.start()]
        word = match[0]
        first, *rest = _broken(word)
        found += (head + first, *rest)
        at = match.end()
    if at < len(words):
        found.append(words[at:])
    return found


def _broken(word: str) -> Iterator[str]:
    for part in _PARTS.findall(word):
        if len(part) < _LONG:
            yield part
        else:
            yield from (part[at : at + _PIECE] for at in range(0, len(part), _PIECE))


def _widths(columns: Sequence[Column]) -> list[float]:
    """The weights of columns, those of narrow ones raised until the longest word of the title has room."""
    widths = [max(0.01, column.weight) for column in columns]
    letters = [max(map(len, column.title.split()), default=0) + _CELL for column in columns]
    for _ in range(3):
        whole = sum(widths)
        widths = [
            max(width, whole * min(need, _LINE // 2) / _LINE) for width, need in zip(widths, letters, strict=True)
        ]
    return widths


def _badge(badge: Badge) -> Data:
    return {"t": _pieces(badge.text), "tone": badge.tone, "shape": SHAPES.get(badge.tone, "")}


def _language(language: str) -> str:
    return language if re.fullmatch(r"[a-z]{2,3}", language) else "en"


def _is_address(href: str) -> bool:
    if len(href) > _URL_LIMIT or not href.isascii() or not href.isprintable() or " " in href:
        return False
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _ids(document: Document) -> Iterator[str]:
    for _, _, section in numbered(document):
        yield section.id
        for block in _every(section.blocks):
            match block:
                case Card() | Table():
                    yield block.id
                case Chart():
                    yield block.id
                    yield block.table.id


def _every(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Card | Fold):
            yield from _every(block.blocks)


def _listed_cards(document: Document) -> int:
    sections = (section for _, _, section in numbered(document))
    return sum(isinstance(b, Card) and b.listed for section in sections for b in _every(section.blocks))
