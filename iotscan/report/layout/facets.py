"""By what a row of cards can be sifted: the words of their badges, and the elements."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

import msgspec

from iotscan.model.vocabulary import Element, Severity
from iotscan.report.document import Block, Card, Fold, Section

SHAPES: Final = MappingProxyType(
    {
        **dict(zip(map(str, Severity), ("●", "▲", "◆", "▽", "○"), strict=True)),
        "pass": "✓", "fail": "✕", "warn": "!", "unknown": "?",
    }
)  # fmt: skip
"""A shape for each tone that is no letter; the severities' are those of the terminal."""
_SEVERITIES: Final = tuple(map(str, Severity))
_ELEMENTS: Final = tuple(e.value for e in Element)
_MOST: Final = 15
"""Words beyond which a choice would be a list of names; the text field finds those."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to choose by. ``options`` are (token, word, tone); ``is_toned`` ones are switched on and off."""

    name: str
    options: tuple[tuple[str, str, str], ...]
    is_toned: bool = False


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """The choices of one section, and how many cards they sift."""

    choices: tuple[Choice, ...]
    total: int
    tokens_by_word: dict[str, str]

    def tokens(self, card: Card) -> str:
        """The tokens of a card, as its ``data-k``."""
        return " ".join(dict.fromkeys(self.tokens_by_word[w] for w in _words(card) if w in self.tokens_by_word))


def facets(section: Section) -> Facets:
    """What the cards of a section, and of those in it, can be sifted by."""
    cards = tuple(_cards(section))
    seen = dict.fromkeys(word for card in cards for word in _words(card))
    severities = [word for word in _SEVERITIES if word in seen]
    elements = [word for word in _ELEMENTS if word in seen]
    others = sorted(word for word in seen if word not in _SEVERITIES and word not in _ELEMENTS)
    made = (
        _choice("Severity", "s", severities, is_toned=True),
        _choice("Element", "e", elements),
        _choice("Marked", "m", others if len(others) <= _MOST else []),
    )
    choices = tuple(choice for choice in made if len(choice.options) > 1)
    tokens = {word: token for choice in choices for token, word, _ in choice.options}
    return Facets(choices=choices, total=len(cards), tokens_by_word=tokens)


def severity(card: Card) -> str:
    """The severity that a card wears, or nothing."""
    return next((badge.tone for badge in card.badges if badge.tone in _SEVERITIES), "")


def _choice(name: str, letter: str, words: Iterable[str], *, is_toned: bool = False) -> Choice:
    options = tuple((f"{letter}{place}", word, word if is_toned else "") for place, word in enumerate(words))
    return Choice(name=name, options=options, is_toned=is_toned)


def _words(card: Card) -> Iterator[str]:
    """The words by which a card is chosen: its severity, its elements, what else its badges say."""
    worn = severity(card)
    if worn:
        yield worn
    for badge in card.badges:
        if badge.tone != worn or not worn:
            yield badge.text.lower() if badge.text.lower() in _ELEMENTS else badge.text
    yield from (word for word in card.search.split() if word in _ELEMENTS)


def _cards(section: Section) -> Iterator[Card]:
    yield from _in_blocks(section.blocks)
    for inner in section.sections:
        yield from _cards(inner)


def _in_blocks(blocks: tuple[Block, ...]) -> Iterator[Card]:
    for block in blocks:
        if isinstance(block, Card):
            yield block
        elif isinstance(block, Fold):
            yield from _in_blocks(block.blocks)
