"""An audit report as data: sections of blocks, the one view model that every document format lays out.

It holds words and numbers, no layout: a writer (:mod:`iotscan.report.layout`) knows blocks and nothing of runs, a
section (:mod:`iotscan.report.audit`) knows the run and nothing of formats. All text is one printable line (code may
hold line feeds) and unescaped: each writer escapes for its own format.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from iotscan.model.brand import Brand

Tone = Literal[
    "", "critical", "high", "medium", "low", "info", "pass", "fail", "warn", "unknown", "a", "b", "c", "d", "e", "f"
]
"""What a word stands for, so that a writer may give it a shape and a colour beside the word: a severity, an outcome,
the letter of a grade. Never the only sign."""
Status = Literal["DRAFT", "FINAL", "INCOMPLETE RUN"]


class Span(msgspec.Struct, frozen=True):
    """Some words of a line. ``href`` of a link is ``#id`` of a section, card or table, or an http(s) address."""

    text: str
    kind: Literal["text", "strong", "code", "link"] = "text"
    href: str = ""


Spans = tuple[Span, ...]


class Paragraph(msgspec.Struct, frozen=True, kw_only=True, tag="paragraph"):
    """A paragraph. One that is ``editable`` waits for the judgement of the person who signs: writers mark it."""

    spans: Spans
    editable: bool = False


class Bullets(msgspec.Struct, frozen=True, kw_only=True, tag="bullets"):
    """A list."""

    items: tuple[Spans, ...]
    numbered: bool = False


class Code(msgspec.Struct, frozen=True, kw_only=True, tag="code"):
    """Lines to copy, or that a device sent. ``label`` says which, as ``Check it yourself``."""

    text: str
    label: str = ""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A name and what it is."""

    name: str
    spans: Spans


class Facts(msgspec.Struct, frozen=True, kw_only=True, tag="facts"):
    """Names and values, a line each."""

    rows: tuple[Fact, ...]


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A cell of a table."""

    spans: Spans
    tone: Tone = ""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column. ``weight`` is its share of the width beside the others."""

    title: str
    weight: float = 1.0
    kind: Literal["text", "number", "code"] = "text"


class Table(msgspec.Struct, frozen=True, kw_only=True, tag="table"):
    """A table. The first cell of a row is its heading. Every row has as many cells as there are columns."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A share of a bar, by count. The unknown one is hatched."""

    what: Literal["passed", "failed", "unknown"]
    count: int


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar: its name, the letter or word at its end, its shares."""

    label: str
    shown: str
    tone: Tone = ""
    parts: tuple[Part, ...]


class Chart(msgspec.Struct, frozen=True, kw_only=True, tag="chart"):
    """Bars of equal length, each with its shares, and the same as a table for whoever cannot see them.

    ``description`` says in a sentence what the eye would.
    """

    id: str
    title: str
    description: str
    bars: tuple[Bar, ...]
    table: Table


class Callout(msgspec.Struct, frozen=True, kw_only=True, tag="callout"):
    """What must not be overlooked."""

    tone: Tone
    spans: Spans


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """A word beside a heading: severity, status, confidence."""

    text: str
    tone: Tone = ""


class Card(msgspec.Struct, frozen=True, kw_only=True, tag="card"):
    """A part with a heading of its own that is found by its ``id``: a finding, a device.

    ``search`` are words by which a filter finds it beside what stands in it. ``listed`` ones stand in the contents and
    in the outline.
    """

    id: str
    title: str
    badges: tuple[Badge, ...] = ()
    blocks: tuple["Block", ...]
    search: str = ""
    listed: bool = True


class Fold(msgspec.Struct, frozen=True, kw_only=True, tag="fold"):
    """What a screen may close and paper shows: ``summary`` says what is inside."""

    summary: str
    blocks: tuple["Block", ...]


Block = Paragraph | Bullets | Code | Facts | Table | Chart | Callout | Card | Fold


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A section: numbered by its place, an appendix by a letter. ``filterable`` ones hold cards in a long row."""

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple["Section", ...] = ()
    is_appendix: bool = False
    filterable: bool = False


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report. ``facts`` stand on the cover.

    ``made`` is the day it was written (``2026-11-27``); ``footer`` stands on every page, with the classification;
    ``warning`` is what every page has to say first (not redacted), empty where nothing need be said.
    """

    title: str
    subtitle: str
    status: Status
    classification: str
    language: str = "en"
    made: str
    facts: tuple[Fact, ...]
    footer: str = ""
    warning: str = ""
    sections: tuple[Section, ...]
    brand: Brand = Brand()
    is_brief: bool = False
    """A page or two: no cover of its own and no contents."""

    @property
    def has_status(self) -> bool:
        """False for a page that nobody signs, as long as it is whole."""
        return not self.is_brief or self.status == "INCOMPLETE RUN"


def plain(text: str) -> Spans:
    """``text`` as it stands."""
    return (Span(text),) if text else ()


def cell(text: str, tone: Tone = "") -> Cell:
    """A cell with these words."""
    return Cell(spans=plain(text), tone=tone)


def words_of(spans: Spans) -> str:
    """What spans say, without what they look like."""
    return "".join(span.text for span in spans)


def numbered(document: Document) -> Iterator[tuple[str, int, Section]]:
    """(``6.2`` or ``A``, depth from 1, section) of every section in the order in which they stand."""
    number, letter = 0, 0
    for section in document.sections:
        if section.is_appendix:
            letter += 1
            yield from _numbered(section, _letters(letter), 1)
        else:
            number += 1
            yield from _numbered(section, str(number), 1)


def _letters(number: int) -> str:
    return (
        chr(ord("A") + number - 1)
        if number <= 26
        else f"{chr(ord('A') + (number - 1) // 26 - 1)}{_letters((number - 1) % 26 + 1)}"
    )


def _numbered(section: Section, number: str, depth: int) -> Iterator[tuple[str, int, Section]]:
    yield number, depth, section
    for place, inner in enumerate(section.sections, start=1):
        yield from _numbered(inner, f"{number}.{place}", depth + 1)
