"""The table of devices or images on a terminal: as many columns as fit, the telling ones first."""

from collections.abc import Iterator

from rich.text import Text

from iotscan.model.vocabulary import Severity
from iotscan.report.columns import Field, show_columns
from iotscan.report.content import OwnerRow
from iotscan.report.ink import SEVERITY_STYLES, Column, Ink

COUNTED = tuple(s for s in Severity if s is not Severity.INFO)
ELEMENTS = ("hw", "up", "com", "key", "cld")


def show_roster(ink: Ink, rows: tuple[OwnerRow, ...]) -> None:
    """Write one line a device or image."""
    show_columns(ink, _always(ink, rows), _where_room(ink, rows))


def _always(ink: Ink, rows: tuple[OwnerRow, ...]) -> Iterator[Field]:
    def grade(row: OwnerRow) -> Text:
        return Text.assemble(ink.letter(row.shown), ink.text(f" {row.graded}/5", "dim"))

    narrow = ink.width < 76
    yield Field(column=Column(title="grade"), cells=[grade(r) for r in rows])
    yield Field(
        column=Column(title="address", wraps=True, most=24 if narrow else 48), cells=[ink.text(r.address) for r in rows]
    )
    yield Field(column=Column(title="name", most=16 if narrow else 24), cells=[ink.text(r.label, "bold") for r in rows])
    for severity in COUNTED:
        counts = [r.findings.get(severity, 0) for r in rows]
        cells = [ink.text(str(n), SEVERITY_STYLES[severity]) if n else ink.text("·", "dim") for n in counts]
        yield Field(column=Column(title=ink.marks.count[severity], right=True), cells=cells)


def _where_room(ink: Ink, rows: tuple[OwnerRow, ...]) -> Iterator[list[Field]]:
    """Groups of columns that come or stay away together, the most telling first."""
    assessed = [ink.text(f"{r.assessed}/{r.total}") for r in rows]
    yield [Field(column=Column(title="assessed", right=True), cells=assessed)]
    letters = [[ink.letter(e.shown) for e in r.elements] or [ink.text("")] * len(ELEMENTS) for r in rows]
    columns = zip(*letters, strict=True)
    yield [Field(column=Column(title=e, right=True), cells=list(c)) for e, c in zip(ELEMENTS, columns, strict=True)]
    what = [ink.text(" ".join(w for w in (r.vendor, r.model) if w)) for r in rows]
    yield [Field(column=Column(title="what it is", least=14, most=40), cells=what)]
    speaks = [ink.text(", ".join(r.protocols), "dim") for r in rows]
    if any(r.protocols for r in rows):
        yield [Field(column=Column(title="speaks", least=14, most=48), cells=speaks)]
