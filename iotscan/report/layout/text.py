"""The document as plain lines for a terminal or a pipe: tables as wide as there is room."""

from collections.abc import Iterable, Iterator
from io import StringIO

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from iotscan.report.document import (
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
    Table,
    numbered,
    words_of,
)
from iotscan.report.layout.markdown import LEGEND, drawn
from iotscan.report.layout.shapes import shaped
from iotscan.report.layout.visible import visible

WIDTH = 100
"""Columns where nobody says how many there are."""


def render(document: Document, width: int = WIDTH) -> str:
    """The whole of it, ending in a newline. Nothing in it steers a terminal."""
    paper = _Paper(width)
    paper.say(document.title)
    about = (
        document.subtitle,
        document.status if document.has_status else "",
        document.classification,
        document.made,
        document.brand.company,
    )
    paper.say(" · ".join(word for word in about if word))
    if document.warning:
        paper.say(document.warning)
    paper.blocks((Facts(rows=document.facts),))
    for number, depth, section in numbered(document):
        paper.blank()
        title = f"{number} {section.title}"
        paper.say(title.upper() if depth == 1 else title)
        paper.blocks(section.blocks)
    return "".join(f"{line.rstrip()}\n" for line in paper.text.rstrip().split("\n"))


class _Paper:
    """Lines of one width."""

    def __init__(self, width: int) -> None:
        self._out = StringIO()
        self._console = Console(
            file=self._out, width=max(width, 40), no_color=True, force_terminal=False, markup=False, emoji=False,
            highlight=False, legacy_windows=False,
        )  # fmt: skip

    @property
    def text(self) -> str:
        return self._out.getvalue()

    def blank(self) -> None:
        self._console.print()

    def say(self, words: str, indent: int = 0) -> None:
        if not indent:
            self._console.print(Text(visible(words), overflow="fold"))
            return
        grid = Grid.grid(padding=0)
        grid.add_column(width=indent)
        grid.add_column(overflow="fold")
        grid.add_row(Text(""), Text(visible(words)))
        self._console.print(grid)

    def blocks(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            self._block(block)

    def _block(self, block: Block) -> None:
        match block:
            case Paragraph() | Callout():
                self.say(words_of(block.spans))
            case Bullets():
                for place, item in enumerate(block.items, start=1):
                    self._beside(f"{place}." if block.numbered else "-", words_of(item))
            case Code():
                if block.label:
                    self.say(block.label)
                for line in block.text.split("\n"):
                    self.say(line, indent=4)
            case Facts():
                for row in block.rows:
                    self.say(f"{row.name}: {words_of(row.spans)}")
            case Table():
                self._table(block)
            case Chart():
                self.say(block.title)
                self.say(LEGEND)
                for bar in block.bars:
                    self.say(f"{drawn(bar.parts)} {bar.shown} {bar.label}")
                self._table(block.table)
            case Card():
                self.blank()
                badges = ", ".join(shaped(badge.text, badge.tone) for badge in block.badges)
                self.say(f"{block.title}{f'  [{badges}]' if badges else ''}")
                self.blocks(block.blocks)
            case Fold():
                self.say(block.summary)
                self.blocks(block.blocks)

    def _beside(self, mark: str, words: str) -> None:
        grid = Grid.grid(padding=(0, 1, 0, 0))
        grid.add_column()
        grid.add_column(overflow="fold")
        grid.add_row(Text(mark), Text(visible(words)))
        self._console.print(grid)

    def _table(self, block: Table) -> None:
        if not block.columns:
            return
        if block.caption:
            self.say(block.caption)
        grid = Grid(box=SIMPLE, show_edge=False, pad_edge=False, show_lines=True, expand=True)
        for column in block.columns:
            number = column.kind == "number"
            title = Text(visible(column.title))
            grid.add_column(title, justify="right" if number else "left", overflow="fold", ratio=_ratio(column.weight))
        for row in _cells(block.rows):
            grid.add_row(*row)
        self._console.print(grid)


def _ratio(weight: float) -> int:
    return max(1, round(weight * 10))


def _cells(rows: Iterable[tuple[Cell, ...]]) -> Iterator[list[Text]]:
    for row in rows:
        yield [Text(visible(shaped(words_of(cell.spans), cell.tone)) if cell.spans else "") for cell in row]
