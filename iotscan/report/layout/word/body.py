"""The text of the Word document: cover, contents, sections, a string for each piece."""

from collections.abc import Iterable, Iterator

from iotscan.report.document import (
    Badge,
    Block,
    Bullets,
    Callout,
    Card,
    Chart,
    Code,
    Document,
    Facts,
    Fold,
    Paragraph,
    Section,
    Table,
    numbered,
)
from iotscan.report.layout.word.marks import Marks
from iotscan.report.layout.word.markup import attribute, field, lines, link_inside, paragraph, run, shape
from iotscan.report.layout.word.styles import DEEPEST, NUMBERS, tone_style
from iotscan.report.layout.word.tables import chart, facts, table

MOST_LISTED = 300
"""Cards that the contents name; with more of them they name sections alone."""
_CONTENTS = 3
"""Levels in the contents."""
_CALLOUTS = {
    **dict.fromkeys(("critical", "high", "fail", "e", "f"), "CalloutDanger"),
    **dict.fromkeys(("low", "info", "pass", "a", "b"), "CalloutNote"),
}


class Body:
    """Writes the pieces. ``width`` is that of a line in twentieths of a point."""

    def __init__(self, document: Document, width: int) -> None:
        self._document = document
        self._width = width
        self.marks = Marks(document)
        listed = sum(isinstance(b, Card) and b.listed for _, _, s in numbered(document) for b in _cards(s.blocks))
        self._lists_cards = listed <= MOST_LISTED

    def cover(self, logo: str) -> Iterator[str]:
        """What stands before the contents. ``logo`` is the run that shows it, or empty."""
        document = self._document
        if logo:
            yield paragraph(logo, "Logo")
        yield paragraph(run(document.title), "TitleBrief" if document.is_brief else "Title")
        if document.subtitle:
            yield paragraph(run(document.subtitle), "Subtitle")
        if document.has_status:
            yield paragraph(run(document.status), "StatusRibbon")
        if document.brand.company:
            yield paragraph(run(document.brand.company), "Company")
        yield facts(Facts(rows=document.facts), self.marks, self._width)
        if document.classification:
            yield paragraph(run(document.classification), "Classification")

    def contents(self) -> Iterator[str]:
        """The table of contents as a field that holds entries already."""
        entries = list(self._entries())
        yield paragraph(run("Contents"), "TOCHeading")
        if not entries:
            return
        start = (
            '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r><w:r><w:instrText xml:space="preserve"> TOC '
            f"\\o &quot;1-{_CONTENTS}&quot; \\h \\z \\u </w:instrText></w:r>"
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        )
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        for place, (level, number, words, target) in enumerate(entries):
            name = self.marks.name(target)
            shown = run(f"{number}  {words}" if number else words)
            # Which page it is on only the program knows that lays it out: it adds the numbers when it updates them.
            entry = link_inside(name, shown)
            is_last = place == len(entries) - 1
            yield paragraph((start if not place else "") + entry + (end if is_last else ""), f"TOC{level}")

    def _entries(self) -> Iterator[tuple[int, str, str, str]]:
        for number, depth, section in numbered(self._document):
            if depth <= _CONTENTS and section.id:
                yield depth, number, section.title, section.id
            if self._lists_cards and depth < _CONTENTS:
                for card in _cards(section.blocks):
                    if card.listed and card.id:
                        yield depth + 1, "", card.title, card.id

    def sections(self) -> Iterator[str]:
        """All sections."""
        for number, depth, section in numbered(self._document):
            yield self._heading(section, depth, is_appendix=number[0].isalpha())
            yield from self.blocks(section.blocks, depth + 1)

    def _heading(self, section: Section, depth: int, *, is_appendix: bool) -> str:
        style = f"{'Appendix' if is_appendix else 'Heading'}{min(depth, DEEPEST)}"
        return paragraph(self.marks.placed(section.id, run(section.title)), style)

    def blocks(self, blocks: Iterable[Block], depth: int) -> Iterator[str]:
        """The blocks; ``depth`` is the level of a card among them."""
        for block in blocks:
            match block:
                case Paragraph():
                    yield self._paragraph(block)
                case Bullets():
                    yield from self._bullets(block)
                case Code():
                    if block.label:
                        yield paragraph(run(block.label), "CodeLabel")
                    yield paragraph(lines(block.text.split("\n")), "Code")
                case Facts():
                    yield facts(block, self.marks, self._width)
                case Table():
                    yield from table(block, self.marks, self._width)
                case Chart():
                    yield from chart(block, self.marks, self._width)
                case Callout():
                    sign = shape(block.tone, tone_style(block.tone))
                    style = _CALLOUTS.get(block.tone, "CalloutWarning")
                    yield paragraph(sign + self.marks.spans(block.spans), style)
                case Card():
                    yield from self._card(block, depth)
                case Fold():
                    yield paragraph(run(block.summary), "FoldSummary")
                    yield from self.blocks(block.blocks, depth)

    def _paragraph(self, block: Paragraph) -> str:
        words = self.marks.spans(block.spans)
        if block.editable:
            return paragraph(self.marks.commented(words), "ToEdit")
        # Strong words alone lead to what follows.
        is_lead = bool(words) and all(span.kind == "strong" or not span.text.strip() for span in block.spans)
        return paragraph(words, "Lead") if is_lead else _normal(words)

    def _card(self, block: Card, depth: int) -> Iterator[str]:
        kind = "Card" if block.listed and self._lists_cards else "CardUnlisted"
        yield paragraph(self.marks.placed(block.id, run(block.title)), f"{kind}{min(depth, DEEPEST)}")
        if badges := [_badge(badge) for badge in block.badges if badge.text]:
            yield paragraph(run(" · ").join(badges), "Badges")
        yield from self.blocks(block.blocks, depth + 1)

    def _bullets(self, block: Bullets) -> Iterator[str]:
        style, more = "ListBullet", ""
        if block.numbered:
            number = self.marks.list_id(NUMBERS)
            style, more = "ListNumber", f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'
        for item in block.items:
            yield paragraph(self.marks.spans(item), style, more)

    def header(self, *, is_first: bool) -> str:
        """What stands at the top: on the cover only what every page has to say."""
        document = self._document
        warning = paragraph(run(document.warning), "Warning") if document.warning else ""
        if is_first:
            return warning or paragraph("", "Header")
        left = " · ".join(word for word in (document.title, document.status if document.has_status else "") if word)
        return warning + paragraph(f"{run(left)}{_TAB}{run(document.classification)}", "Header")

    def footer(self) -> str:
        """What stands at the bottom: the assessor's words, and which page of how many it is."""
        document = self._document
        left = document.footer or document.brand.company
        pages = f"{run('Page ')}{field('PAGE', '1')}{run(' of ')}{field('NUMPAGES', '1')}"
        return paragraph(f"{run(left)}{_TAB}{pages}", "Footer")

    def comments(self, author: str, date: str) -> Iterator[str]:
        """A comment for each paragraph that waits for a person's judgement."""
        note = paragraph(run(_ASKED), "CommentText")
        for number in range(self.marks.comments):
            who = f'w:id="{number}" w:author="{attribute(author)}" w:date="{date}" w:initials="i"'
            yield f"<w:comment {who}>{note}</w:comment>"


_ASKED = "Written from the data of the run. Say here what it means: your judgement."
_TAB = "<w:r><w:tab/></w:r>"


def _normal(words: str) -> str:
    return f"<w:p>{words}</w:p>" if words else ""


def _badge(badge: Badge) -> str:
    style = tone_style(badge.tone) or "Strong"
    return shape(badge.tone, style) + run(badge.text, style)


def _cards(blocks: Iterable[Block]) -> Iterator[Card]:
    """The cards that stand in a section or in its folds, not those inside cards."""
    for block in blocks:
        if isinstance(block, Card):
            yield block
        elif isinstance(block, Fold):
            yield from _cards(block.blocks)
