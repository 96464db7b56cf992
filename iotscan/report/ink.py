"""How words get onto a rich console: marks, colours, widths. Nothing here is ever read as markup."""

from collections.abc import Iterable

import msgspec
from rich.cells import cell_len
from rich.console import Console, OverflowMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from iotscan.model.vocabulary import Severity
from iotscan.report.words import typewritten

PROSE = 116
"""Columns that prose and details use at most: longer lines are hard to read."""
TABLE = 180
"""Columns that a table uses at most."""

SEVERITY_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
LETTER_STYLES = {"A": "green", "B": "green", "C": "yellow", "D": "yellow", "E": "red", "F": "bold red"}


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """The shapes of one alphabet. Severity reads without colour in both."""

    severity: dict[Severity, str]
    count: dict[Severity, str]
    """Head of a column that counts."""
    filled: str
    empty: str
    prompt: str = "$"


UNICODE = Marks(
    severity=dict(zip(Severity, ("●", "▲", "◆", "▽", "○"), strict=True)),
    count=dict(zip(Severity, ("●C", "▲H", "◆M", "▽L", "○I"), strict=True)),
    filled="━",
    empty="─",
)
ASCII = Marks(
    severity=dict(zip(Severity, ("[C]", "[H]", "[M]", "[L]", "[I]"), strict=True)),
    count=dict(zip(Severity, ("[C]", "[H]", "[M]", "[L]", "[I]"), strict=True)),
    filled="=",
    empty="-",
)


class Ink:
    """Writes on one console in one alphabet. Every string goes through :meth:`text`."""

    def __init__(self, console: Console, *, ascii: bool) -> None:
        self._console = console
        self.ascii = ascii or console.options.ascii_only
        self.marks = ASCII if self.ascii else UNICODE
        self.width = console.width
        # rich cuts with an ellipsis that is no ASCII.
        self.cut: OverflowMethod = "crop" if self.ascii else "ellipsis"

    def text(self, words: str, style: str = "") -> Text:
        """``words`` as they are, in the console's alphabet."""
        if self.ascii:
            words = typewritten(words)
        return Text(words, style=style)

    def join(self, *pieces: tuple[str, str]) -> Text:
        """One line of (words, style) pieces."""
        return Text.assemble(*(self.text(words, style) for words, style in pieces))

    def letter(self, shown: str, width: int = 2) -> Text:
        """A grade, right-aligned so that letters stand under one another."""
        words = self.text(shown, LETTER_STYLES.get(shown[-1:], "dim"))
        words.pad_left(max(0, width + self.ascii - len(words)))
        return words

    def severity(self, severity: Severity, words: str = "") -> Text:
        """Shape and word."""
        return self.text(f"{self.marks.severity[severity]} {words or severity.value}", SEVERITY_STYLES[severity])

    def bar(self, part: int, whole: int, cells: int = 12) -> Text:
        """How much of the whole: never full before it is, never empty once it has begun."""
        filled = round(cells * part / whole) if whole else 0
        if 0 < part < whole:
            filled = min(max(filled, 1), cells - 1)
        return self.join((self.marks.filled * filled, ""), (self.marks.empty * (cells - filled), "dim"))

    def heading(self, words: str, detail: Text | None = None) -> None:
        """A section's first line, with an empty one before it."""
        line = self.text(words.upper(), "bold")
        if detail is not None:
            line = Text.assemble(line, "  ", detail)
        self.blank()
        self.say(line)

    def blank(self) -> None:
        """An empty line."""
        self._console.print()

    def say(self, line: Text, indent: int = 0) -> None:
        """A paragraph, wrapped and indented."""
        width = min(self.width, PROSE)
        self._console.print(
            Padding(line, (0, 0, 0, indent), expand=False), width=width, highlight=False, emoji=False, markup=False
        )

    def command(self, words: str, indent: int = 0, note: str = "") -> None:
        """A command on a line of its own that the terminal wraps, so that it is copied whole."""
        line = self.join((" " * indent, ""), (f"{self.marks.prompt} ", "dim"), (words, "bold"))
        if note and line.cell_len + cell_len(note) + 4 <= min(self.width, PROSE):
            line.append_text(self.text(f"  # {note}", "dim"))
        elif note:
            self.say(self.text(f"# {note}", "dim"), indent)
        self._console.print(line, soft_wrap=True, highlight=False, emoji=False, markup=False)

    def grid(self, *columns: "Column", rows: Iterable[tuple[Text, ...]], indent: int = 2, header: bool = False) -> None:
        """Rows in columns without lines between them."""
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=header, header_style="dim")
        for column in columns:
            table.add_column(
                self.text(column.title),
                justify="right" if column.right else "left",
                no_wrap=not column.wraps,
                overflow="fold" if column.wraps else self.cut,
                max_width=column.most or None,
                min_width=column.least or None,
            )
        for row in rows:
            table.add_row(*row)
        wide = min(self.width, TABLE if header else PROSE)
        self._console.print(
            Padding(table, (0, 0, 0, indent), expand=False), width=wide, highlight=False, emoji=False, markup=False
        )


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a grid: at least ``least`` and at most ``most`` cells wide (0: as it comes)."""

    title: str = ""
    right: bool = False
    wraps: bool = False
    least: int = 0
    most: int = 0
