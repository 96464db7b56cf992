"""Tables of the Word document, and bars as tables: shaded cells stay editable and need no program that draws."""

from collections.abc import Iterator

from iotscan.report.document import Bar, Cell, Chart, Column, Facts, Table
from iotscan.report.layout.shapes import SHAPES, shares
from iotscan.report.layout.word.marks import Marks
from iotscan.report.layout.word.markup import TABLE_END, cell, paragraph, row, run, shape, table_start
from iotscan.report.layout.word.styles import tone_style

STEPS = 40
"""Columns that a bar is made of."""
_GAP = paragraph("", "TableGap")
"""Two tables that touch would be one."""
_HELD = 12
"""Rows of facts that are kept together."""
_STYLES = {"text": "TableText", "number": "TableNumber", "code": "TableCode"}
_SHADES = {
    "passed": '<w:shd w:val="clear" w:color="auto" w:fill="1E6B2E"/>',
    "failed": '<w:shd w:val="clear" w:color="auto" w:fill="A61B1B"/>',
    "unknown": '<w:shd w:val="diagStripe" w:color="BDBDBD" w:fill="FFFFFF"/>',
}
_SIGNS = {"passed": SHAPES["pass"], "failed": SHAPES["fail"], "unknown": SHAPES["unknown"]}
_LEGEND = f"{_SIGNS['passed']} passed   {_SIGNS['failed']} failed   {_SIGNS['unknown']} not assessed"


def table(block: Table, marks: Marks, width: int) -> Iterator[str]:
    """A table with its caption, a piece a row."""
    yield paragraph(marks.placed(block.id, marks.caption("Table", block.caption)), "Caption")
    if not block.columns:
        return
    widths = _widths([column.weight for column in block.columns], width)
    yield table_start("ReportTable", widths, block.caption)
    heads = (
        paragraph(run(column.title), "TableNumberHeading" if column.kind == "number" else "TableHeading")
        for column in block.columns
    )
    yield row((cell(head, wide) for head, wide in zip(heads, widths, strict=True)), is_head=True)
    for line in block.rows:
        yield row(
            cell(_cell(one, column, marks), wide) for one, column, wide in zip(line, block.columns, widths, strict=True)
        )
    yield TABLE_END + _GAP


def _cell(one: Cell, column: Column, marks: Marks) -> str:
    style = tone_style(one.tone)
    sign = shape(one.tone, style) if one.spans else ""
    return paragraph(sign + marks.spans(one.spans, style), _STYLES[column.kind])


def _widths(weights: list[float], width: int) -> list[int]:
    whole = sum(weights) or 1.0
    widths = [int(width * weight / whole) for weight in weights]
    widths[-1] += width - sum(widths)
    return widths


def facts(block: Facts, marks: Marks, width: int) -> str:
    """Names and values as a table without a head."""
    if not block.rows:
        return ""
    widths = _widths([1, 3], width)
    # A short one stays on one page, with what stands above it.
    held = len(block.rows) - 1 if len(block.rows) <= _HELD else 2
    rows = (
        row(
            (
                cell(paragraph(run(fact.name), "FactName" if place < held else "FactEnd"), widths[0]),
                cell(paragraph(marks.spans(fact.spans), "TableText"), widths[1]),
            )
        )
        for place, fact in enumerate(block.rows)
    )
    return f"{table_start('FactTable', widths, has_head=False)}{''.join(rows)}{TABLE_END}{_GAP}"


def chart(block: Chart, marks: Marks, width: int) -> Iterator[str]:
    """The bars, then the same as a table of numbers."""
    yield paragraph(marks.placed(block.id, marks.caption("Figure", block.title)), "Caption")
    yield paragraph(run(_LEGEND), "ChartLegend")
    label, shown = width // 4, width // 10
    step = (width - label - shown) // STEPS
    yield table_start("BarTable", [label, *([step] * STEPS), shown], block.title, block.description, has_head=False)
    for bar in block.bars:
        yield row((_named(bar, label), *_bar(bar, step), _letter(bar, shown)))
    yield TABLE_END + _GAP
    if block.description:
        yield paragraph(run(block.description), "ChartDescription")
    yield from table(block.table, marks, width)


def _named(bar: Bar, width: int) -> str:
    return cell(paragraph(run(bar.label), "FactName"), width)


def _letter(bar: Bar, width: int) -> str:
    return cell(paragraph(run(bar.shown, tone_style(bar.tone)), "TableText"), width)


def _bar(bar: Bar, step: int) -> Iterator[str]:
    steps = shares(bar.parts, STEPS)
    if not steps:
        yield cell(paragraph(run("nothing to assess"), "BarUnknown"), step * STEPS, STEPS)
    for part, wide in steps:
        said = f"{_SIGNS[part.what]} {part.count}"
        # What does not fit stands in the table below.
        said = said if wide > len(said) else ""
        yield cell(paragraph(run(said), f"Bar{part.what.capitalize()}"), step * wide, wide, _SHADES[part.what])
