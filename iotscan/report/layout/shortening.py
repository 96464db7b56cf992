"""A document for paper: of a very large one, what nobody would leaf through is counted and not laid out.

Where hundreds of places have the same weakness, the first tell what there is to know of it; a file of some thousand
pages takes gigabytes to typeset and serves nobody. What was left out is said where it would have stood.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from iotscan.report.document import Block, Callout, Card, Document, Fold, Section, plain

MOST: Final = 1000
"""Parts without an entry in the contents, as places of findings: up to so many, all are laid out."""
FIRST: Final = 5
"""Of each row of them, in a document that has more."""
EVIDENCE: Final = 300
"""Cards of an appendix."""


def shortened(document: Document) -> Document:
    """The same document where it is not too large for paper."""
    within = FIRST if sum(_parts(section) for section in document.sections) > MOST else MOST
    return replace(document, sections=tuple(_section(section, within) for section in document.sections))


def _parts(section: Section) -> int:
    return _inner(section.blocks) + sum(_parts(inner) for inner in section.sections)


def _inner(blocks: Sequence[Block]) -> int:
    return sum((isinstance(b, Card) and not b.listed) + _inner(b.blocks) for b in blocks if isinstance(b, Card | Fold))


def _section(section: Section, within: int) -> Section:
    first = EVIDENCE if section.is_appendix else within
    return replace(
        section,
        blocks=tuple(_row(section.blocks, first, within, is_whole=section.is_appendix)),
        sections=tuple(_section(inner, within) for inner in section.sections),
    )


def _row(blocks: Sequence[Block], first: int, within: int, *, is_whole: bool = False) -> Iterator[Block]:
    """Blocks with their first cards; a note stands in the place of the others. Listed ones count if ``is_whole``."""
    cards = [b for b in blocks if isinstance(b, Card) and (is_whole or not b.listed)]
    left = {id(card) for card in cards[first:]}
    noted = False
    for block in blocks:
        if id(block) in left:
            if not noted:
                yield _note(len(left), len(cards))
                noted = True
        elif isinstance(block, Card | Fold):
            yield replace(block, blocks=tuple(_row(block.blocks, within, within)))
        else:
            yield block


def _note(left: int, whole: int) -> Callout:
    told = f"{left:,} more of {whole:,} are not laid out on paper: the HTML page and the run file tell each."
    return Callout(tone="info", spans=plain(told))
