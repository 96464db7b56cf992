"""Small questions that the templates ask of blocks. Answers are of closed lists or numbers: safe as attributes."""

import re
from collections.abc import Set
from typing import Final, get_args

from iotscan.report.document import Bar, Block, Card, Table, Tone
from iotscan.report.words import clean

_TONES: Final = frozenset(get_args(Tone))
_WEB: Final = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&*+,;=%()'-]+")


def kind(block: Block) -> str:
    """The name of a kind of block."""
    return str(block.__struct_config__.tag)


def sought(card: Card) -> str:
    """The words of a card that only a filter sees: nobody looks at them, so that they are made printable here."""
    return clean(card.search, 2000)


def tone(given: str) -> str:
    """A tone as the name of a class: only our own words ever become one."""
    return given if given in _TONES else ""


def target(href: str, ids: Set[str]) -> str:
    """Where a link may lead: to the web, or to what is in this page; anything else is no link."""
    if href.startswith("#"):
        return href if href[1:] in ids else ""
    return href if _WEB.fullmatch(href) else ""


def weights(table: Table) -> tuple[int, ...]:
    """The share of each column in steps of five per cent; none where all weigh the same."""
    given = [max(column.weight, 0.05) for column in table.columns]
    if len(set(given)) < 2:
        return ()
    return tuple(min(90, max(5, 5 * round(20 * weight / sum(given)))) for weight in given)


def shares(bar: Bar) -> tuple[tuple[str, str, str], ...]:
    """(what, start, width) of each share of a bar in per cent with two digits, as SVG wants them."""
    total = sum(part.count for part in bar.parts)
    made, done = [], 0
    for part in bar.parts:
        if part.count > 0:
            made.append((part.what, f"{100 * done / total:.2f}", f"{100 * part.count / total:.2f}"))
        done += part.count
    return tuple(made)
