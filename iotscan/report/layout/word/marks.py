"""What runs through the whole Word document: bookmarks, links to the web, numbered lists, comments."""

import re
from collections.abc import Iterable, Iterator

from iotscan.report.document import Block, Card, Chart, Document, Fold, Span, Spans, Table, numbered
from iotscan.report.layout.addresses import web_address
from iotscan.report.layout.word.markup import field, link_inside, link_outside, run

MOST_COMMENTS = 200
"""Comments that a person walks through; the style of what is to be edited marks all of it anyway."""


class Marks:
    """Ids that a link may lead to are known from the start; everything else is counted while the text is written."""

    def __init__(self, document: Document) -> None:
        self._bookmarks: dict[str, str] = {}
        for _, _, section in numbered(document):
            self._add(section.id)
            for block in inside(section.blocks):
                if isinstance(block, Card | Table | Chart):
                    self._add(block.id)
        self._placed: set[str] = set()
        self.links: dict[str, str] = {}
        """Address on the web -> id of its relationship."""
        self.lists = 0
        self.comments = 0
        self._captions = {"Table": 0, "Figure": 0}

    def _add(self, id: str) -> None:
        if id and id not in self._bookmarks:
            # A name is a letter, then letters, digits and _, 40 characters at most.
            plain = re.sub(r"[^A-Za-z0-9]", "_", id)[:28]
            self._bookmarks[id] = f"b_{plain}_{len(self._bookmarks) + 1}"

    def name(self, id: str) -> str:
        """The bookmark of an id, empty where nothing has it."""
        return self._bookmarks.get(id, "")

    def placed(self, id: str, content: str) -> str:
        """``content`` as the place to which links to ``id`` lead; the first that has the id is it."""
        name = self.name(id)
        if not name or id in self._placed:
            return content
        self._placed.add(id)
        number = len(self._placed)
        return f'<w:bookmarkStart w:id="{number}" w:name="{name}"/>{content}<w:bookmarkEnd w:id="{number}"/>'

    def caption(self, kind: str, words: str) -> str:
        """``Table 3: words``, the number as a field."""
        self._captions[kind] += 1
        number = field(f"SEQ {kind} \\* ARABIC", str(self._captions[kind]))
        return run(f"{kind} ") + number + run(f": {words}" if words else "")

    def list_id(self, first: int) -> int:
        """The id of the next numbered list: each counts from one."""
        self.lists += 1
        return first + self.lists

    def commented(self, content: str) -> str:
        """``content`` with a comment on it, as long as a person would read them."""
        if self.comments >= MOST_COMMENTS:
            return content
        number, self.comments = self.comments, self.comments + 1
        reference = (
            f'<w:r><w:rPr><w:rStyle w:val="CommentReference"/></w:rPr><w:commentReference w:id="{number}"/></w:r>'
        )
        return f'<w:commentRangeStart w:id="{number}"/>{content}<w:commentRangeEnd w:id="{number}"/>{reference}'

    def spans(self, spans: Spans, tone: str = "") -> str:
        """Runs and links; ``tone`` is the character style of what is plain text."""
        return "".join(self._span(span, tone) for span in spans)

    def _span(self, span: Span, tone: str) -> str:
        if span.kind == "strong":
            return run(span.text, tone or "Strong")
        if span.kind == "code":
            return run(span.text, "CodeCharacter")
        if span.kind == "link" and span.text:
            if span.href.startswith("#"):
                name = self.name(span.href[1:])
                return link_inside(name, run(span.text, "Hyperlink")) if name else run(span.text)
            address = web_address(span.href)
            if address:
                relation = self.links.setdefault(address, f"rIdLink{len(self.links) + 1}")
                return link_outside(relation, run(span.text, "Hyperlink"))
        return run(span.text, tone)


def inside(blocks: Iterable[Block]) -> Iterator[Block]:
    """All blocks, those of cards, folds and charts too, in the order in which they stand."""
    for block in blocks:
        yield block
        if isinstance(block, Card | Fold):
            yield from inside(block.blocks)
        elif isinstance(block, Chart):
            yield block.table
